/**
 * A store that fails at any step: every caller learns whether its instruction was done, and nothing is done twice. For operators.
 */
import { assert, describe, it } from "@effect/vitest"
import { Id } from "@effekten/domain"
import { Blobs } from "@effekten/registrar"
import { Documents, Investments, Investors } from "@effekten/services"
import { Context, Effect, Fiber, Result, Stream } from "effect"
import { offering, onboarded, person, signedAt } from "./fixture.ts"
import { as, codeOf, instruction, kept, open, openExecutor, withReceipt, looking } from "./parts.ts"
import { uuid, registering, fault, faulty, executedOf } from "./FaultyStore.ts"

describe('R-21, I-22: executed: "no" is never wrong, and no call hangs', () => {
  for (const reason of ["unavailable", "read_only", "damaged"] as const) {
    it.live(`an append that fails with ${reason} leaves nothing, says so, and the same key executes later`, () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const { faults, wrap } = faulty()
        const executor = yield* openExecutor(keep, wrap)
        faults.before = reason
        const call = Effect.result(executor.execute(instruction(keep, registering(1), { key: "key" })))
        assert.strictEqual(executedOf(yield* call), "no")
        assert.lengthOf(keep.storage.log, 0)
        faults.before = undefined
        const later = yield* Effect.fromResult(yield* call)
        assert.deepStrictEqual([later.replayed, later.position], [false, 1])
      }).pipe(Effect.scoped)
    )
  }

  it.live("a store that is closed for writing still tells what was recorded before", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { faults, wrap } = faulty()
      const executor = yield* openExecutor(keep, wrap)
      const old = instruction(keep, registering(1), { key: "old" })
      yield* executor.execute(old)
      faults.before = "read_only"
      const [repeated, fresh] = yield* Effect.all(
        [
          Effect.result(executor.execute(old)),
          Effect.result(executor.execute(instruction(keep, registering(2), { key: "fresh" })))
        ],
        { concurrency: "unbounded" }
      )
      assert.isTrue(Result.isSuccess(repeated) && repeated.success.replayed)
      assert.strictEqual(executedOf(fresh), "no")
    }).pipe(Effect.scoped)
  )

  it.live(
    "an append of unknown outcome that was committed is answered as what it is: done, and for the first time",
    () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const { faults, wrap } = faulty()
        const executor = yield* openExecutor(keep, wrap)
        faults.after = true
        const calls = [1, 2, 3].map((n) => executor.execute(instruction(keep, registering(n), { key: `key-${n}` })))
        const answers = yield* Effect.all(calls, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          answers.map(({ events, replayed }): unknown => [events[0]!.data, replayed]),
          [1, 2, 3].map((n) => [{ platformId: uuid(n), name: "Plattform" }, false])
        )
        faults.after = false
        const again = yield* executor.execute(instruction(keep, registering(1), { key: "key-1" }))
        assert.isTrue(again.replayed)
        assert.strictEqual((yield* executor.execute(instruction(keep, registering(4), { key: "key-4" }))).position, 4)
      }).pipe(Effect.scoped)
  )

  it.live("what lay in the log before an append of unknown outcome is still told as a repeat", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { faults, wrap } = faulty()
      const executor = yield* openExecutor(keep, wrap)
      const old = instruction(keep, registering(1), { key: "old" })
      yield* executor.execute(old)
      faults.after = true
      const [repeated, fresh, twin, other] = yield* Effect.all(
        [
          Effect.result(executor.execute(old)),
          Effect.result(executor.execute(instruction(keep, registering(2), { key: "fresh" }))),
          Effect.result(executor.execute(instruction(keep, registering(3), { key: "fresh" }))),
          Effect.result(executor.execute(instruction(keep, registering(4), { key: "fresh", body: "another" })))
        ],
        { concurrency: "unbounded" }
      )
      const replayed = [repeated, fresh, twin].map((result) => Result.isSuccess(result) && result.success.replayed)
      assert.deepStrictEqual(replayed, [true, false, true])
      assert.strictEqual(codeOf(other), "idempotency_key_reused")
    }).pipe(Effect.scoped)
  )

  it.live("an append of unknown outcome that was not committed is unknown, and the same key executes once", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { faults, wrap } = faulty()
      const executor = yield* openExecutor(keep, wrap)
      faults.before = "unknown"
      const call = Effect.result(executor.execute(instruction(keep, registering(1), { key: "key" })))
      assert.strictEqual(executedOf(yield* call), "unknown")
      faults.before = undefined
      assert.isFalse((yield* Effect.fromResult(yield* call)).replayed)
      assert.isTrue((yield* Effect.fromResult(yield* call)).replayed)
      assert.lengthOf(keep.storage.log, 1)
    }).pipe(Effect.scoped)
  )

  it.live("an append of unknown outcome, after which nothing can be read, is unknown", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { faults, wrap } = faulty()
      const executor = yield* openExecutor(keep, (log) => {
        const wrapped = wrap(log)
        return {
          ...wrapped,
          append: (events, condition) =>
            Effect.andThen(
              log.append(events, condition),
              Effect.suspend(() => {
                faults.reads = true
                return Effect.fail(fault("unknown"))
              })
            )
        }
      })
      const call = Effect.result(executor.execute(instruction(keep, registering(1), { key: "key" })))
      assert.strictEqual(executedOf(yield* call), "unknown")
      faults.reads = false
      assert.isTrue((yield* Effect.fromResult(yield* call)).replayed)
    }).pipe(Effect.scoped)
  )

  it.live("reads that fail end every call, and the executor works again afterwards", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { faults, wrap } = faulty()
      const executor = yield* openExecutor(keep, wrap)
      faults.reads = true
      const calls = Array.from({ length: 8 }, (_, n) =>
        Effect.result(executor.execute(instruction(keep, registering(n), { key: `key-${n}` })))
      )
      const failed = yield* Effect.all(calls, { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(failed.map(executedOf))], ["no"])
      assert.lengthOf(keep.storage.log, 0)
      faults.reads = false
      const answered = yield* Effect.all(calls, { concurrency: "unbounded" })
      assert.isTrue(answered.every((result) => Result.isSuccess(result) && !result.success.replayed))
    }).pipe(Effect.scoped)
  )

  it.live("a recorded instruction whose events cannot be read is not said to be without effect", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      let hidden = false
      const executor = yield* openExecutor(keep, (log) => ({
        ...log,
        // The events of one instruction are gathered from its last one backwards.
        readAll: (query, options) =>
          hidden && options?.backwards === true ? Effect.fail(fault("unavailable")) : log.readAll(query, options)
      }))
      const one = instruction(keep, registering(1), { key: "key" })
      yield* executor.execute(one)
      hidden = true
      assert.strictEqual(executedOf(yield* Effect.result(executor.execute(one))), "unknown")
      const found = yield* Effect.result(executor.find(one))
      assert.isTrue(
        Result.isFailure(found) && found.failure._tag === "Unavailable" && found.failure.executed === "unknown"
      )
    }).pipe(Effect.scoped)
  )

  it.live("nor one whose personal parts cannot be opened when it is answered again", () =>
    Effect.gen(function* () {
      let hidden = false
      const register = yield* open(yield* kept, {
        wrap: (log) => ({
          ...log,
          reveal: (positions) => (hidden ? Effect.fail(fault("unavailable")) : log.reveal(positions))
        })
      })
      yield* Effect.gen(function* () {
        const { platform } = yield* offering()
        const create = as(platform)(Effect.flatMap(Investors, (investors) => investors.create(person, { key: "key" })))
        const made = yield* create
        hidden = true
        assert.strictEqual(codeOf(yield* Effect.result(create)), "Unavailable unknown")
        hidden = false
        assert.deepStrictEqual(yield* create, made)
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )

  it.live("a change that was recorded, but whose answer cannot be read, is unknown to its caller", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      let hide = false
      let appended = false
      const register = yield* open(keep, {
        wrap: (log) => ({
          ...log,
          append: (events, condition) =>
            Effect.tap(log.append(events, condition), () => Effect.sync(() => (appended = hide))),
          read: (query, options) =>
            Stream.suspend(() => (appended ? Stream.fail(fault("unavailable")) : log.read(query, options))),
          readAll: (query, options) =>
            Effect.suspend(() => (appended ? Effect.fail(fault("unavailable")) : log.readAll(query, options)))
        })
      })
      yield* Effect.gen(function* () {
        const { platform, campaign } = yield* offering()
        yield* Effect.gen(function* () {
          const investments = yield* Investments
          const holder = yield* onboarded
          const input = { campaignId: campaign, investorId: holder.investor, units: 1, signedAt }
          const { id } = yield* investments.create(input)
          hide = true
          const amended = yield* Effect.result(investments.amend(id, { acceptedAt: signedAt }, { key: "key" }))
          assert.strictEqual(codeOf(amended), "Unavailable unknown")
          hide = appended = false
          const again = yield* withReceipt(investments.amend(id, { acceptedAt: signedAt }, { key: "key" }))
          assert.isTrue(again.replayed)
        }).pipe(as(platform))
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )
})

describe("I-30: a defect of the store ends every call, and is no end of the executor", () => {
  it.live("the members are told that it is unknown, and a repeat finds out", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      let defect = true
      const executor = yield* openExecutor(keep, (log) => ({
        ...log,
        append: (events, condition) =>
          Effect.andThen(
            log.append(events, condition),
            Effect.suspend(() => (defect ? Effect.die(new Error("after the commit")) : Effect.die(new Error("never"))))
          )
      }))
      const one = instruction(keep, registering(1), { key: "key" })
      assert.strictEqual(executedOf(yield* Effect.result(executor.execute(one))), "unknown")
      defect = false
      assert.isTrue((yield* executor.execute(one)).replayed)
    }).pipe(Effect.scoped)
  )
})

describe("an upload leaves no content behind that no event refers to", () => {
  const pdf = { fileName: "a.pdf", mediaType: "application/pdf", content: new TextEncoder().encode("ASD") }

  it.live("not when it is refused, repeated, or not recorded; and keeps it where nobody knows", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { faults, wrap } = faulty()
      const register = yield* open(keep, { wrap })
      const blobs = Context.get(keep.context, Blobs)
      yield* Effect.gen(function* () {
        const { platform } = yield* offering()
        yield* Effect.gen(function* () {
          const documents = yield* Documents
          yield* Effect.all(
            Array.from({ length: 8 }, () => documents.upload(pdf, { key: "key" })),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(yield* blobs.pending, [])
          faults.before = "unavailable"
          assert.strictEqual(codeOf(yield* Effect.result(documents.upload(pdf, { key: "key-2" }))), "Unavailable no")
          assert.deepStrictEqual(yield* blobs.pending, [])
          faults.before = "unknown"
          assert.strictEqual(
            codeOf(yield* Effect.result(documents.upload(pdf, { key: "key-3" }))),
            "Unavailable unknown"
          )
          assert.lengthOf(yield* blobs.pending, 1, "the next start looks at it")
          faults.before = undefined
          faults.after = true
          const document = yield* documents.upload(pdf, { key: "key-4" })
          assert.lengthOf(yield* blobs.pending, 1)
          assert.strictEqual((yield* blobs.get(looking, document.id))._tag, "Some")
        }).pipe(as(platform))
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )

  it.live(
    "nor when its caller leaves, whenever that is: after the next start each content has its event, and each event its content",
    () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const blobs = Context.get(keep.context, Blobs)
        yield* Effect.gen(function* () {
          const register = yield* open(keep)
          yield* Effect.gen(function* () {
            const { platform } = yield* offering()
            const upload = Effect.flatMap(Documents, (documents) => documents.upload(pdf)).pipe(as(platform))
            for (let steps = 0; steps < 40; steps++) {
              const fiber = yield* Effect.forkChild(upload, { startImmediately: true })
              for (let step = 0; step < steps; step++) yield* Effect.yieldNow
              yield* Fiber.interrupt(fiber)
            }
          }).pipe(Effect.provideContext(register))
        }).pipe(Effect.scoped)
        yield* open(keep)
        assert.deepStrictEqual(yield* blobs.pending, [])
        const uploaded = keep.storage.log.filter(({ type }) => type === "DocumentUploaded")
        assert.isAbove(uploaded.length, 0)
        assert.isBelow(uploaded.length, 40)
        for (const { body } of uploaded) {
          const { data } = JSON.parse(body) as { readonly data: { readonly documentId: Id.DocumentId } }
          assert.strictEqual((yield* blobs.get(looking, data.documentId))._tag, "Some")
        }
      }).pipe(Effect.scoped)
  )
})
