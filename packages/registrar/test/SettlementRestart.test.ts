/**
 * Ledger tasks are submitted at most once, through crashes and a ledger that fails. For developers that connect a ledger.
 */
import { assert, describe, it } from "@effect/vitest"
import { type LedgerOutcome, Progress } from "@effekten/registrar"
import { Redemptions } from "@effekten/services"
import { Context, Effect, Stream } from "effect"
import { EventStoreError, History } from "@effekten/event-store"
import { as, gate, kept, scriptedLedger, until, wholeLog } from "./parts.ts"
import { succeeded, failed, paidWith, paid, creditOf, remainingOf, settled, session, typesOf } from "./Paid.ts"

describe("nothing is ever submitted twice, also across a restart", () => {
  for (const [name, find, status] of [
    ["is found at the ledger", () => Effect.succeed(succeeded), "succeeded"],
    ["failed at the ledger", () => Effect.succeed(failed), "failed"],
    ["the ledger has never heard of is unknown", () => Effect.undefined, "unknown"]
  ] as ReadonlyArray<readonly [string, () => Effect.Effect<LedgerOutcome | undefined>, string]>) {
    it.live(`a claim without an outcome that ${name}`, () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const reached = gate()
        const ledger = scriptedLedger({ submit: () => Effect.andThen(reached.pass, Effect.succeed(succeeded)), find })
        const { world, credit } = yield* session(
          keep,
          ledger,
          Effect.gen(function* () {
            const world = yield* paid
            yield* Effect.forkChild(creditOf(world), { startImmediately: true })
            yield* reached.reached
            const requested = (yield* wholeLog).find(({ type }) => type === "CreditRequested")!
            // And the process ends here.
            return { world, credit: (requested.data as { readonly creditId: string }).creditId }
          })
        )
        yield* session(
          keep,
          ledger,
          Effect.gen(function* () {
            assert.strictEqual((yield* settled(world, credit)).status, status)
            assert.deepStrictEqual(ledger.submitted, [credit])
            assert.deepStrictEqual(ledger.found, [credit])
          })
        )
      }).pipe(Effect.scoped)
    )
  }

  it.live("a claim of an earlier run does not pass for a new one, even when no append says how it ended", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const reached = gate()
      const ledger = scriptedLedger({ submit: () => Effect.andThen(reached.pass, Effect.succeed(succeeded)) })
      const world = yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          yield* Effect.forkChild(creditOf(world), { startImmediately: true })
          yield* reached.reached
          return world
        })
      )
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          yield* until(typesOf, (types) => types.includes("CreditOutcomeUnknown"))
          assert.lengthOf(ledger.submitted, 1)
          assert.strictEqual((yield* remainingOf(world)).status, "PAID")
        }),
        (log) => ({
          ...log,
          append: (events, condition) =>
            Effect.andThen(
              log.append(events, condition),
              Effect.fail(new EventStoreError({ reason: "unknown", message: "the connection broke" }))
            )
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a task that was requested, and not claimed, is submitted after the restart", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded) })
      const blind = { ...scriptedLedger({ submit: () => Effect.die("not reached") }) }
      const world = yield* session(
        keep,
        blind,
        Effect.gen(function* () {
          const world = yield* paid
          yield* Effect.forkChild(creditOf(world), { startImmediately: true })
          yield* until(typesOf, (types) => types.includes("CreditRequested"))
          return world
        }),
        (log) => ({ ...log, subscribe: () => Stream.never })
      )
      assert.deepStrictEqual(blind.submitted, [])
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          yield* until(remainingOf(world), ({ status }) => status === "DELIVERED")
          assert.lengthOf(ledger.submitted, 1)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a fault of reading the log interrupts no task under way, and the next one is seen", () =>
    Effect.gen(function* () {
      const waiting = gate()
      let broken = false
      const ledger = scriptedLedger({
        submit: () =>
          ledger.submitted.length === 1
            ? Effect.andThen(waiting.pass, Effect.succeed(succeeded))
            : Effect.succeed(succeeded)
      })
      yield* session(
        yield* kept,
        ledger,
        Effect.gen(function* () {
          const one = yield* paid
          const other = yield* paid
          yield* Effect.forkChild(creditOf(one), { startImmediately: true })
          yield* waiting.reached
          broken = true
          const second = yield* creditOf(other)
          yield* settled(other, second.id)
          yield* waiting.open
          yield* until(remainingOf(one), ({ status }) => status === "DELIVERED")
          assert.lengthOf(new Set(ledger.submitted), 2)
          assert.lengthOf(ledger.submitted, 2)
          assert.deepStrictEqual(ledger.found, [])
          assert.isFalse(broken)
        }),
        (log) => ({
          ...log,
          subscribe: (query, after) =>
            log.subscribe(query, after).pipe(
              Stream.tap(() =>
                Effect.suspend(() => {
                  if (!broken) return Effect.void
                  broken = false
                  return Effect.fail(new EventStoreError({ reason: "unavailable", message: "torn off" }))
                })
              )
            )
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a restart goes on where the last one came to, and asks nothing about what was settled before", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const progress = Context.get(keep.context, Progress)
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded) })
      const last = yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          for (let n = 0; n < 3; n++) {
            const world = yield* paid
            yield* settled(world, (yield* creditOf(world)).id)
          }
          const requests = (yield* wholeLog).filter(({ type }) => type === "CreditRequested")
          const last = requests[requests.length - 1]!.position
          yield* until(progress.get("settlement"), (at) => History.positionOf(at) >= last)
          return last
        })
      )
      const asked: Array<number> = []
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          yield* settled(world, (yield* creditOf(world)).id)
        }),
        (log) => ({
          ...log,
          subscribe: (query, after) => {
            asked.push(History.positionOf(after))
            return log.subscribe(query, after)
          }
        })
      )
      assert.isAtLeast(asked[0]!, last)
      assert.lengthOf(ledger.submitted, 4)
      assert.deepStrictEqual(ledger.found, [])
    }).pipe(Effect.scoped)
  )

  it.live("progress does not pass a task that is under way, however many are settled after it", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const progress = Context.get(keep.context, Progress)
      const waiting = gate()
      const ledger = scriptedLedger({
        submit: () =>
          ledger.submitted.length === 2
            ? Effect.andThen(waiting.pass, Effect.succeed(succeeded))
            : Effect.succeed(succeeded)
      })
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paidWith(400)
          yield* settled(world, (yield* creditOf(world)).id)
          const redeem = Effect.flatMap(Redemptions, (redemptions) =>
            redemptions.create({
              investorId: world.investor,
              productId: world.product,
              walletId: world.wallet,
              units: 1
            })
          ).pipe(as(world.platform))
          yield* Effect.forkChild(redeem, { startImmediately: true })
          yield* waiting.reached
          const stuck = (yield* wholeLog).find(({ type }) => type === "RedemptionRequested")!.position
          yield* Effect.all(
            Array.from({ length: 300 }, () => redeem),
            { concurrency: "unbounded" }
          )
          assert.isBelow(History.positionOf(yield* progress.get("settlement")), stuck)
          yield* waiting.open
          yield* until(progress.get("settlement"), (at) => History.positionOf(at) > stuck)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a late contradiction of the ledger changes nothing", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded), find: () => Effect.succeed(failed) })
      const world = yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          yield* settled(world, (yield* creditOf(world)).id)
          return world
        })
      )
      yield* Context.get(keep.context, Progress).set("settlement", { position: 0, leaf: keep.storage.logId })
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          yield* until(wholeLog, (events) => events[events.length - 1]!.type === "InstructionRejected")
          assert.deepStrictEqual(yield* remainingOf(world), { status: "DELIVERED", remainingUnits: 10 })
          const types = (yield* wholeLog).map(({ type }) => type)
          assert.lengthOf(
            types.filter((type) => type === "CreditSubmitted"),
            1
          )
        })
      )
      assert.lengthOf(ledger.submitted, 1)
    }).pipe(Effect.scoped)
  )
})
