/**
 * Several writers over one log: each instruction takes effect once, and a contended group makes progress. For a developer that changes the
 * executor.
 */
import { assert, describe, it } from "@effect/vitest"
import { EventStoreError } from "@effekten/event-store"
import type { Executor } from "@effekten/registrar"
import { Investors } from "@effekten/services"
import { Effect, type Fiber, Result, Scheduler, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { offering, person } from "./fixture.ts"
import { as, codeOf, kept, type LogShape, open, openExecutor, withReceipt } from "./parts.ts"
import { refusalOf, signing, sold } from "./sale.ts"

/** Counts what an executor asks of its log. */
const counting = () => {
  const counts = { appended: 0, refused: 0, exclusive: 0 }
  const wrap = (log: LogShape): LogShape => ({
    ...log,
    append: (events, condition) =>
      Effect.tap(
        // The moment in which another writer may come first.
        Effect.tapError(Effect.andThen(Effect.yieldNow, log.append(events, condition)), (error) =>
          Effect.sync(() => void (error._tag === "AppendConditionFailed" && counts.refused++))
        ),
        () => Effect.sync(() => void counts.appended++)
      ),
    appendExclusive: (after, query, decide) => {
      counts.exclusive++
      return log.appendExclusive(after, query, decide)
    }
  })
  return { counts, wrap }
}

describe("promise 2, with several writers over one log", () => {
  it.live(
    "200 signings of 1 by three writers from an allocation of 100: 100 have it, 100 are told that nothing is left",
    () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const sale = yield* sold(keep, 100)
        const { counts, wrap } = counting()
        const executors = [
          yield* openExecutor(keep, wrap, { maximumGroup: 8 }),
          yield* openExecutor(keep, wrap, { maximumGroup: 16 }),
          yield* openExecutor(keep, wrap)
        ]
        const answers = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, n) => n),
          (n) => executors[n % executors.length]!.execute(signing(keep, sale, n)),
          { concurrency: "unbounded" }
        )
        const refusals = answers.map(refusalOf)
        assert.lengthOf(
          refusals.filter((code) => code === undefined),
          100
        )
        assert.lengthOf(
          refusals.filter((code) => code === "allocation_exhausted"),
          100
        )
        assert.isTrue(answers.every(({ replayed }) => !replayed))
        assert.isAbove(counts.refused, 0, "the writers were in each other's way")
        assert.isAtLeast(counts.exclusive, counts.refused, "and each took the lock for it")
        assert.strictEqual(new Set(answers.map(({ position }) => position)).size, 200)
      }).pipe(Effect.scoped)
  )

  it.live("I-23: the same key at two writers at once is one effect, told by both", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const sale = yield* sold(keep, 100)
      const executors = [yield* openExecutor(keep), yield* openExecutor(keep)]
      for (let n = 0; n < 20; n++) {
        const [one, other] = yield* Effect.all(
          executors.map((executor, index) => executor.execute(signing(keep, sale, 2 * n + index, `both-${n}`))),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([one!.replayed, other!.replayed].sort(), [false, true])
        assert.strictEqual(one!.position, other!.position)
        assert.deepStrictEqual(
          one!.events.map(({ id, data }) => ({ id, data })),
          other!.events.map(({ id, data }) => ({ id, data }))
        )
      }
    }).pipe(Effect.scoped)
  )

  it.live("two whole registers over one log: the same key at both is one effect and one answer", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const registers = [yield* open(keep), yield* open(keep)]
      const { platform } = yield* Effect.provideContext(offering(), registers[0]!)
      const call = withReceipt(Effect.flatMap(Investors, (investors) => investors.create(person, { key: "key" }))).pipe(
        as(platform)
      )
      const answers = yield* Effect.all(
        Array.from({ length: 16 }, (_, n) => Effect.provideContext(call, registers[n % 2]!)),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(
        answers.filter(({ replayed }) => replayed === false),
        1
      )
      for (const { result } of answers) assert.deepStrictEqual(result, answers[0]!.result)
    }).pipe(Effect.scoped)
  )

  it.live("what others append between two groups is seen by the next decision, with or without a conflict", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const sale = yield* sold(keep, 3)
      const { counts, wrap } = counting()
      const one = yield* openExecutor(keep, wrap)
      const other = yield* openExecutor(keep)
      const codes: Array<unknown> = []
      for (let n = 0; n < 6; n++)
        codes.push(refusalOf(yield* (n % 2 === 0 ? one : other).execute(signing(keep, sale, n))))
      const full = "allocation_exhausted"
      assert.deepStrictEqual(codes, [undefined, undefined, undefined, full, full, full])
      assert.strictEqual(counts.exclusive, 0)
    }).pipe(Effect.scoped)
  )

  it.live(
    "who loses decides the next under the lock at once, longer each time, until nobody is in the way any more",
    () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const sale = yield* sold(keep, 100)
        const { counts, wrap } = counting()
        const other = yield* openExecutor(keep)
        let meanwhile: Effect.Effect<unknown, unknown> = Effect.void
        const one = yield* openExecutor(keep, (log) => {
          const counted = wrap(log)
          return {
            ...counted,
            append: (events, condition) =>
              Effect.andThen(Effect.orDie(Effect.suspend(() => meanwhile)), counted.append(events, condition))
          }
        })
        let n = 0
        const told = { refused: 0, exclusive: 0, appended: 0 }
        /** What one more signing does to the log: by its last try. */
        const next = Effect.gen(function* () {
          assert.isUndefined(refusalOf(yield* one.execute(signing(keep, sale, n++))))
          const did = counts.refused > told.refused ? "lost" : counts.exclusive > told.exclusive ? "locked" : "free"
          Object.assign(told, counts)
          return did
        })
        const some = (count: number) => Effect.forEach(Array.from({ length: count }), () => next)
        assert.deepStrictEqual(yield* some(2), ["free", "free"])
        meanwhile = Effect.suspend(() => other.execute(signing(keep, sale, 1_000 + n++)))
        assert.deepStrictEqual(yield* some(4), ["lost", "locked", "locked", "lost"])
        meanwhile = Effect.void
        assert.deepStrictEqual(yield* some(6), ["locked", "locked", "locked", "locked", "free", "free"])
        meanwhile = Effect.suspend(() => other.execute(signing(keep, sale, 1_000 + n++)))
        assert.deepStrictEqual(yield* some(4), ["lost", "locked", "locked", "lost"])
      }).pipe(Effect.scoped)
  )

  it.live(
    "what others append between a group's reading and its append, without concerning it, is not passed over",
    () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const busy = yield* sold(keep, 2)
        const quiet = yield* sold(keep, 2)
        const { counts, wrap } = counting()
        const other = yield* openExecutor(keep)
        let meanwhile: Effect.Effect<unknown, unknown> = Effect.void
        const one = yield* openExecutor(keep, (log) => {
          const counted = wrap(log)
          return {
            ...counted,
            append: (events, condition) =>
              Effect.andThen(Effect.orDie(Effect.suspend(() => meanwhile)), counted.append(events, condition))
          }
        })
        assert.isUndefined(refusalOf(yield* one.execute(signing(keep, busy, 1))))
        meanwhile = other.execute(signing(keep, busy, 2))
        assert.isUndefined(refusalOf(yield* one.execute(signing(keep, quiet, 3))))
        meanwhile = Effect.void
        assert.strictEqual(counts.exclusive, 0)
        assert.strictEqual(refusalOf(yield* one.execute(signing(keep, busy, 4))), "allocation_exhausted")
      }).pipe(Effect.scoped)
  )
})

/** Runs what is ready in an order that the seed decides, and changes fibers in the middle of what they do. */
class SeededScheduler implements Scheduler.Scheduler {
  readonly executionMode = "sync" as const
  readonly tasks: Array<() => void> = []
  readonly random: () => number
  armed = false
  constructor(seed: number) {
    let state = seed >>> 0
    this.random = () => {
      state = (state + 0x6d2b79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), 1 | state)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
    }
  }
  shouldYield(fiber: Fiber.Fiber<unknown, unknown>) {
    return fiber.currentOpCount > 1 && this.random() < 0.2
  }
  makeDispatcher() {
    const run = () => {
      while (this.tasks.length > 0) this.tasks.splice(Math.floor(this.random() * this.tasks.length), 1)[0]!()
    }
    return {
      scheduleTask: (task: () => void) => {
        this.tasks.push(task)
        if (this.armed) return
        this.armed = true
        queueMicrotask(() => {
          this.armed = false
          run()
        })
      },
      flush: run
    }
  }
}

/** A log whose appends take their time, so that the next group is decided meanwhile; and of which some end in the dark. */
const slow =
  (random: () => number) =>
  (log: LogShape): LogShape => ({
    ...log,
    append: (events, condition) =>
      Effect.gen(function* () {
        for (let steps = Math.floor(random() * 12); steps > 0; steps--) yield* Effect.yieldNow
        const fate = random()
        if (fate < 0.1) return yield* new EventStoreError({ reason: "unknown", message: "it was not committed" })
        const appended = yield* log.append(events, condition)
        for (let steps = Math.floor(random() * 12); steps > 0; steps--) yield* Effect.yieldNow
        if (fate < 0.2) return yield* new EventStoreError({ reason: "unknown", message: "it was committed" })
        return appended
      })
  })

/** What three writers with overlapping keys, and callers that leave, make of an allocation of 5. */
const interleaved = Effect.fnUntraced(function* (random: () => number) {
  const keep = yield* kept
  const sale = yield* sold(keep, 5)
  const executors: ReadonlyArray<Executor["Service"]> = [
    yield* openExecutor(keep, slow(random), { maximumGroup: 3 }),
    yield* openExecutor(keep, random() < 0.5 ? undefined : slow(random)),
    yield* openExecutor(keep, slow(random), { maximumGroup: 1 })
  ]
  // 24 instructions under 12 keys: each key is used at two different writers.
  const calls = Array.from({ length: 24 }, (_, n) =>
    Effect.result(
      Effect.retry(
        executors[(n % 12) % 3 === n % 3 && n >= 12 ? (n + 1) % 3 : n % 3]!.execute(
          signing(keep, sale, n, `k${n % 12}`)
        ),
        // As a client does, with the same key.
        { while: (failure) => failure._tag === "Unavailable" }
      )
    )
  )
  const leaving = Array.from({ length: 6 }, (_, n) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(executors[n % 3]!.execute(signing(keep, sale, 100 + n, `leaving${n}`)))
      for (let steps = 0; steps < n; steps++) yield* Effect.yieldNow
      yield* Effect.interruptible(Effect.suspend(() => Effect.andThen(Effect.yieldNow, interrupt(fiber))))
    })
  )
  const [answers] = yield* Effect.all(
    [Effect.all(calls, { concurrency: "unbounded" }), Effect.all(leaving, { concurrency: "unbounded" })],
    { concurrency: "unbounded" }
  )
  return { keep, sale, answers }
})

const interrupt = <A, E>(fiber: Fiber.Fiber<A, E>) => Effect.sync(() => fiber.interruptUnsafe())

const run = (seed: number, world: (random: () => number) => Effect.Effect<void, unknown, Scope.Scope>) => {
  const scheduler = new SeededScheduler(seed)
  return Effect.runPromise(
    Effect.andThen(TestClock.setTime(Date.UTC(2026, 0, 1)), Effect.scoped(world(scheduler.random))).pipe(
      Effect.provide(TestClock.layer()),
      Effect.provideService(Scheduler.Scheduler, scheduler)
    ) as Effect.Effect<void, unknown>
  )
}

describe("promises 2 and 4, in any order of steps", () => {
  it("writers, repeats, callers that leave, appends that take their time or end in the dark: never more than the allocation, one effect per key, everyone is answered", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0 }), (seed) =>
        run(
          seed,
          Effect.fnUntraced(function* (random) {
            const { keep, answers } = yield* interleaved(random)
            assert.lengthOf(answers, 24)
            const positions = new Map<number, Set<number | undefined>>()
            for (const [n, answer] of answers.entries()) {
              assert.isTrue(Result.isSuccess(answer), codeOf(answer))
              const known = positions.get(n % 12) ?? new Set()
              known.add(Result.isSuccess(answer) ? answer.success.position : undefined)
              positions.set(n % 12, known)
            }
            for (const places of positions.values()) assert.strictEqual(places.size, 1, "one key, one place in the log")
            const events = keep.storage.log
            const instructions = events.flatMap(({ tags }) => tags.filter((tag) => tag.startsWith("instruction:")))
            assert.strictEqual(new Set(instructions).size, instructions.length, "one instruction, one effect")
            assert.lengthOf(
              events.filter(({ type }) => type === "InvestmentSigned"),
              5
            )
          })
        )
      ),
      { numRuns: 40 }
    )
  })
})
