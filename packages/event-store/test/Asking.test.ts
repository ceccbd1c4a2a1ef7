/** What holds a store to its word, whatever store it is: the assertion around the decision of an exclusive append. */
import { Cause, Clock, Deferred, Effect, Exit, Fiber, Result, Tracer } from "effect"
import { describe, expect, it } from "vitest"
import { Asking, type EventStoreShape } from "@effekten/event-store"
import { type KitEvent, note } from "@effekten/event-store/testing"
import { together } from "../src/postgres/Together.ts"
import { run } from "./Harness.ts"

const head = { position: 0, leaf: "log" }

type Exclusive = EventStoreShape<KitEvent>["appendExclusive"]

/** A store that does with the decision what it likes. */
const storeThat = (append: Exclusive) => Asking.decidingOnce<KitEvent>({ appendExclusive: append })

const outcome = (append: Exclusive) => {
  let made = 0
  return Effect.map(
    Effect.exit(
      storeThat(append)(0, "all", () => {
        made += 1
        return Result.succeed({ events: [note(["a"])], answer: made })
      })
    ),
    (exit) => ({
      made,
      said: Exit.isFailure(exit) ? Cause.pretty(exit.cause).split("\n")[0] : exit.value.answer
    })
  )
}

describe("the decision of an exclusive append", () => {
  it("is called once, or the append dies of it", () =>
    run(
      Effect.gen(function* () {
        const answered = (answer: Result.Result<{ readonly answer: any }, any>) =>
          Effect.succeed({ appended: undefined, answer: Result.getOrThrow(answer).answer })
        expect(yield* outcome((_, __, decide) => answered(decide([], head)))).toEqual({ made: 1, said: 1 })
        expect(
          yield* outcome((_, __, decide) => {
            decide([], head)
            return answered(decide([], head))
          })
        ).toEqual({ made: 1, said: expect.stringContaining("twice") })
        expect(yield* outcome(() => Effect.succeed({ appended: undefined, answer: undefined as never }))).toEqual({
          made: 0,
          said: expect.stringContaining("without its decision")
        })
      })
    ))

  it("can no longer be called when the append has ended", () =>
    run(
      Effect.gen(function* () {
        let late: (() => unknown) | undefined
        const append = storeThat((_, __, decide) => {
          late = () => decide([], head)
          return Effect.never
        })
        const fiber = yield* Effect.forkChild(
          append(0, "all", () => Result.succeed({ events: [], answer: undefined })),
          { startImmediately: true }
        )
        yield* Fiber.interrupt(fiber)
        expect(() => late?.()).toThrow("after it has ended")
      })
    ))
})

describe("a question that many ask in the same turn", () => {
  it("is asked once, with the clock and the tracer of its first caller, and outlives it", () =>
    run(
      Effect.gen(function* () {
        let asked = 0
        const answer = yield* Deferred.make<void>()
        const ask = together((questions: ReadonlyArray<string>) =>
          Effect.gen(function* () {
            asked += 1
            yield* Deferred.await(answer)
            const said = [yield* Clock.currentTimeMillis, (yield* Effect.currentSpan).name] as const
            return questions.map((question) => [question, ...said] as const)
          }).pipe(Effect.withSpan("asking"))
        )
        const spans: Array<string> = []
        const tracer = Tracer.make({
          span: (options) => {
            spans.push(options.name)
            return new Tracer.NativeSpan(options)
          }
        })
        const clock: Clock.Clock = Object.assign(Object.create(yield* Clock.Clock), {
          currentTimeMillis: Effect.succeed(42)
        })
        const first = yield* Effect.forkChild(
          ask("one").pipe(Effect.provideService(Clock.Clock, clock), Effect.provideService(Tracer.Tracer, tracer)),
          { startImmediately: true }
        )
        const second = yield* Effect.forkChild(ask("two"), { startImmediately: true })
        yield* Effect.yieldNow
        yield* Fiber.interrupt(first)
        yield* Deferred.succeed(answer, undefined)
        expect(yield* Fiber.join(second)).toEqual(["two", 42, "asking"])
        expect([asked, spans]).toEqual([1, ["asking"]])
      })
    ))
})
