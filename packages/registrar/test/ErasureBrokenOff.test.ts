/**
 * Forgetting that breaks off, whatever broke down on the way. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Tag } from "@effekten/domain"
import { EventStoreError, Vault } from "@effekten/event-store"
import { Blobs } from "@effekten/registrar"
import { Context, Effect } from "effect"
import { as, codeOf, kept, looking, open, turn, type Wrap } from "./parts.ts"
import { executor, history, erase, assertForgotten, wrapped, run } from "./ErasureHistory.ts"

describe("promise 9, D-13: forgetting that breaks off", () => {
  /** Erases over parts whose forgetting fails from the nth step on; then a new process starts over them. */
  const brokenOffAt = (n: number) =>
    run(
      Effect.gen(function* () {
        const parts = yield* kept
        let steps = 0
        let armed = false
        const step = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
          Effect.suspend(() => (armed && ++steps >= n ? Effect.die(new Error("the process ends here")) : effect))
        const made = yield* Effect.scoped(
          Effect.gen(function* () {
            const register = yield* open(wrapped(parts, step), { executor })
            return yield* Effect.gen(function* () {
              const made = yield* history
              armed = true
              const result = yield* Effect.exit(erase(made.leaving))
              return { ...made, failed: result._tag === "Failure" }
            }).pipe(Effect.provideContext(register))
          })
        )
        const register = yield* open(parts, { executor })
        yield* Effect.gen(function* () {
          yield* as(made.platform)(assertForgotten(made))
          const vault = Context.get(parts.context, Vault.Vault)
          const subjects = [Tag.investor(made.leaving), Tag.document(made.protocol.id), Tag.document(made.contract.id)]
          for (const subject of subjects) assert.isTrue(yield* vault.isForgotten(subject))
          assert.isFalse(yield* vault.isForgotten(Tag.document(made.shared.id)))
          const ciphertexts = parts.storage.log.filter((written) => subjects.includes(written.personal?.subject ?? ""))
          assert.deepStrictEqual(ciphertexts, [])
          const blobs = Context.get(parts.context, Blobs)
          for (const { id } of [made.protocol, made.contract])
            assert.isTrue((yield* blobs.get(looking, id))._tag === "None")
          // The repeated request says that it is done now.
          yield* erase(made.leaving)
        }).pipe(Effect.provideContext(register))
        return made.failed
      })
    )

  it.live("at any step is finished by the next start", () =>
    Effect.gen(function* () {
      let failed = 0
      let n = 1
      while (yield* brokenOffAt(n++)) failed++
      // Investor, two documents in log and contents, the note.
      assert.isAtLeast(failed, 6)
    })
  )

  it.live("is not begun anew by every start: only the last erasure is looked at again", () =>
    run(
      Effect.gen(function* () {
        const parts = yield* kept
        const made = yield* Effect.scoped(
          Effect.flatMap(open(parts, { executor }), (register) =>
            Effect.provideContext(
              Effect.tap(history, ({ leaving, staying }) => Effect.andThen(erase(leaving), erase(staying, "other"))),
              register
            )
          )
        )
        const again: Array<string> = []
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            Effect.andThen(
              Effect.sync(() => again.push(subject)),
              log.forget(subject)
            )
        })
        yield* Effect.scoped(open(parts, { executor, wrap }))
        assert.deepStrictEqual(again, [Tag.document(made.shared.id)])
        // A note that fits another log, or none, is no note.
        yield* Context.get(parts.context, Vault.Vault).setNote("{}")
        yield* Effect.scoped(open(parts, { executor, wrap }))
        const subjects = [made.protocol.id, made.contract.id, made.shared.id].map(Tag.document)
        assert.includeMembers(again.slice(1), [Tag.investor(made.leaving), Tag.investor(made.staying), ...subjects])
      })
    )
  )

  it.live("lets all other callers have a turn between two of them, however many there are", () =>
    run(
      Effect.gen(function* () {
        let turns = 0
        const forgottenAt: Array<number> = []
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            Effect.andThen(
              Effect.sync(() => forgottenAt.push(turns)),
              log.forget(subject)
            )
        })
        const register = yield* open(yield* kept, { executor, wrap })
        yield* Effect.gen(function* () {
          const made = yield* history
          yield* Effect.forkScoped(
            Effect.forever(
              Effect.andThen(
                turn,
                Effect.sync(() => turns++)
              )
            )
          )
          yield* erase(made.leaving)
        }).pipe(Effect.provideContext(register))
        assert.isAtLeast(forgottenAt.length, 3)
        assert.isAbove(new Set(forgottenAt).size, 1)
      })
    )
  )

  it.live("is told to the caller: recorded, not yet destroyed; the repeated request finishes it", () =>
    run(
      Effect.gen(function* () {
        let torn = true
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            torn
              ? Effect.fail(new EventStoreError({ reason: "unavailable", message: "the disk is gone" }))
              : log.forget(subject)
        })
        const parts = yield* kept
        const register = yield* open(parts, { executor, wrap })
        yield* Effect.gen(function* () {
          const made = yield* history
          assert.strictEqual(codeOf(yield* Effect.result(erase(made.leaving))), "Unavailable unknown")
          torn = false
          yield* erase(made.leaving)
          assert.isTrue(yield* Context.get(parts.context, Vault.Vault).isForgotten(Tag.investor(made.leaving)))
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})
