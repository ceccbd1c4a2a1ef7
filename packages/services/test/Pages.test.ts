/**
 * A list as a stream: all of it, once each, in order, whatever pages fail on the way. For callers of lists.
 */
import { expect, it } from "@effect/vitest"
import { Effect, Schedule, Stream } from "effect"
import * as fc from "fast-check"
import { Pages, type PageOptions, type SeenPage, Unavailable } from "../src/index.ts"

const failure = new Unavailable({ executed: "no", message: "Not now." })

/** Numbers from 0 on, a page at a time; each call takes one turn of the script, and fails where it says so. */
const listing = (count: number, script: ReadonlyArray<boolean>) => {
  const calls: Array<PageOptions> = []
  const list = (page: PageOptions = {}): Effect.Effect<SeenPage<number>, Unavailable> =>
    Effect.suspend(() => {
      calls.push(page)
      if (script[calls.length - 1] === true) return Effect.fail(failure)
      const start = Number(page.cursor ?? 0)
      const end = Math.min(count, start + (page.limit ?? 3))
      const results = Array.from({ length: end - start }, (_, at) => start + at)
      return Effect.succeed({ count, results, ...(end < count ? { next: String(end) } : {}) })
    })
  return { calls, list }
}

const collected = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), (all) => Array.from(all))

it.effect("R-23 a stream goes on where a page failed: no gap, nothing twice", () =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(20),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        async (count, limit, script) => {
          const { list } = listing(count, script)
          const stream = Pages.stream(list, { limit, schedule: Schedule.forever })
          expect(await Effect.runPromise(collected(stream))).toEqual(Array.from({ length: count }, (_, at) => at))
        }
      )
    )
  )
)

it.effect("R-23 without a schedule a failed page ends the stream, and the last page's cursor continues it", () =>
  Effect.gen(function* () {
    const { calls, list } = listing(7, [false, false, true])
    const seen: Array<SeenPage<number>> = []
    const error = yield* Effect.flip(
      Stream.runForEach(Pages.pages(list, { limit: 2 }), (page) => Effect.sync(() => seen.push(page)))
    )
    expect(error).toEqual(failure)
    const cursor = seen.at(-1)?.next
    expect(yield* collected(Pages.stream(list, { limit: 2, cursor }))).toEqual([4, 5, 6])
    expect(calls.map(({ limit }) => limit)).toEqual(calls.map(() => 2))
  })
)

it.effect("asks for no page that no reader needs", () =>
  Effect.gen(function* () {
    const { calls, list } = listing(9, [])
    expect(yield* collected(Stream.take(Pages.stream(list), 2))).toEqual([0, 1])
    expect(calls).toEqual([{}])
  })
)
