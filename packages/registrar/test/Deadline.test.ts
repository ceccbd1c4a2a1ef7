/**
 * A call that was told "no" at its deadline has no effect, at no time. For a developer that changes the executor.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Commands, Id } from "@effekten/domain"
import { AppendConditionFailed } from "@effekten/event-store"
import { Deadline, Unavailable } from "@effekten/services"
import { Effect, Exit, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import { gate, instruction, type Kept, kept, type LogShape, openExecutor, turn, type Wrap } from "./parts.ts"

const uuid = (n: number) => `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`

const registering = (n: number): Commands.Command => ({
  operation: "RegisterPlatform",
  input: { platformId: Id.PlatformId.make(uuid(n)), name: "Plattform" }
})

const opened = Effect.fnUntraced(function* (wrap?: Wrap) {
  const keep = yield* kept
  const executor = yield* openExecutor(keep, wrap)
  return {
    keep,
    execute: (n: number) => executor.execute(instruction(keep, registering(n), { key: `key-${n}` }))
  }
})

/** The numbers of the commands in the log. */
const recorded = ({ storage }: Kept): ReadonlyArray<number> =>
  storage.log.map(({ body }) => Number(/0198c0de-0000-7000-8000-(\d{12})/.exec(body)![1]))

const expectTold = (result: Result.Result<unknown, unknown>) => {
  assert(Result.isFailure(result) && result.failure instanceof Unavailable)
  assert.deepStrictEqual([result.failure.executed, result.failure.code], ["no", "deadline_exceeded"])
}

const now = { startImmediately: true } as const

describe("R-11: a call's deadline", () => {
  it.effect("that passes while it waits is told at once, and the instruction leaves the queue", () =>
    Effect.gen(function* () {
      const turnstile = gate()
      const wrap: Wrap = (log) => ({
        ...log,
        append: (events, condition) => Effect.andThen(turnstile.pass, log.append(events, condition))
      })
      const { execute, keep } = yield* opened(wrap)
      const first = yield* Effect.forkChild(execute(1), now)
      yield* turnstile.reached
      const late = yield* Effect.forkChild(Effect.result(Deadline.within(execute(2), "1 second")), now)
      const patient = yield* Effect.forkChild(Deadline.within(execute(3), "1 minute"), now)
      yield* TestClock.adjust("1 second")
      expectTold(yield* Fiber.join(late))
      yield* turnstile.open
      yield* Fiber.joinAll([first, patient])
      assert.deepStrictEqual(recorded(keep), [1, 3])
      // The key is free.
      assert.isFalse((yield* execute(2)).replayed)
    })
  )

  it.effect("that passes between its decision and the commit of its group takes it out of the group", () =>
    Effect.gen(function* () {
      let prepared = 0
      const wrap: Wrap = (log) => ({
        ...log,
        prepare: (event) =>
          // The three are decided. Then the time is over for the second.
          Effect.andThen(++prepared === 3 ? TestClock.adjust("1 second") : Effect.void, log.prepare(event))
      })
      const { execute, keep } = yield* opened(wrap)
      const [first, second, third] = yield* Effect.all(
        [execute(1), Effect.result(Deadline.within(execute(2), "1 second")), Deadline.within(execute(3), "2 seconds")],
        { concurrency: "unbounded" }
      )
      expectTold(second)
      assert.deepStrictEqual([first.position, third.position, recorded(keep)], [1, 2, [1, 3]])
    })
  )

  it.effect("that passes while the group waits for the writer lock takes it out, too", () =>
    Effect.gen(function* () {
      let isFirst = true
      const wrap: Wrap = (log): LogShape => ({
        ...log,
        append: (events, condition) => {
          if (!isFirst) return log.append(events, condition)
          isFirst = false
          return Effect.fail(new AppendConditionFailed({ message: "another writer was faster" }))
        },
        appendExclusive: (...args) => Effect.andThen(TestClock.adjust("1 second"), log.appendExclusive(...args))
      })
      const { execute, keep } = yield* opened(wrap)
      const [, second] = yield* Effect.all([execute(1), Effect.result(Deadline.within(execute(2), "1 second"))], {
        concurrency: "unbounded"
      })
      expectTold(second)
      assert.deepStrictEqual(recorded(keep), [1])
    })
  )

  it.effect("that passes once the commit has begun changes nothing: the answer is that of the register", () =>
    Effect.gen(function* () {
      const wrap: Wrap = (log) => ({
        ...log,
        append: (events, condition) => Effect.andThen(TestClock.adjust("1 hour"), log.append(events, condition))
      })
      const { execute, keep } = yield* opened(wrap)
      assert.isFalse((yield* Deadline.within(execute(1), "1 second")).replayed)
      assert.deepStrictEqual(recorded(keep), [1])
    })
  )

  it.effect("inside another one is the earlier of both", () =>
    Effect.gen(function* () {
      const inner = Deadline.within(Deadline.Deadline, "1 second")
      const outer = yield* Deadline.within(Deadline.Deadline, "1 second")
      assert.strictEqual(yield* Deadline.within(inner, "1 minute"), outer)
      assert.strictEqual(yield* Deadline.within(Deadline.within(Deadline.Deadline, "1 minute"), "1 second"), outer)
    })
  )

  it.effect("at random: what was told `no` is not in the log, and what was answered is there once", () =>
    Effect.gen(function* () {
      for (let seed = 1; seed <= 60; seed++) {
        let state = seed
        const random = (below: number) => {
          state = (state * 48_271) % 2_147_483_647
          return state % below
        }
        const wait = (below: number) => Effect.suspend(() => Effect.sleep(random(below)))
        const wrap: Wrap = (log) => ({
          ...log,
          prepare: (event) => Effect.andThen(wait(3), log.prepare(event)),
          append: (events, condition) => Effect.andThen(wait(20), log.append(events, condition))
        })
        const { told, answered, keep } = yield* Effect.scoped(
          Effect.gen(function* () {
            const { execute, keep } = yield* opened(wrap)
            const fibers = yield* Effect.forEach(Array.from({ length: 30 }), (_, n) =>
              Effect.forkChild(Effect.andThen(wait(60), Effect.exit(Deadline.within(execute(n), 1 + random(40)))), now)
            )
            while (fibers.some((fiber) => fiber.pollUnsafe() === undefined)) {
              yield* TestClock.adjust(1)
              yield* turn
            }
            const exits = yield* Fiber.joinAll(fibers)
            const numbers = exits.map((exit, n) => [Exit.isSuccess(exit), n] as const)
            return {
              keep,
              answered: numbers.flatMap(([isAnswered, n]) => (isAnswered ? [n] : [])),
              told: exits.filter((exit) => JSON.stringify(exit).includes('"deadline_exceeded"'))
            }
          })
        )
        assert.strictEqual(told.length + answered.length, 30, `seed ${seed}`)
        assert.deepStrictEqual(
          recorded(keep).toSorted((a, b) => a - b),
          answered,
          `seed ${seed}`
        )
      }
    })
  )
})
