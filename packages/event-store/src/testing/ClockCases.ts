/**
 * What a log promises of time: one instant per append, never back, never before what its events name, and loudly where a clock leaps. For
 * the contract kit.
 */
import { deepStrictEqual, equal, match } from "node:assert/strict"
import { Clock, Effect, Logger, Result } from "effect"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { kitCatalogue, note } from "./KitEvent.ts"

const noon = Date.UTC(2026, 0, 1, 12)
const hour = 3_600_000

/** Clocks that say what they are told, for everything around them: the time of day, and what has been counted. */
const atTime = (millis: number, counted = millis) => {
  const nanos = BigInt(millis) * 1_000_000n
  const monotonic = BigInt(counted) * 1_000_000n
  return Effect.provideService(Clock.Clock, {
    currentTimeMillisUnsafe: () => millis,
    currentTimeMillis: Effect.succeed(millis),
    currentTimeNanosUnsafe: () => nanos,
    currentTimeNanos: Effect.succeed(nanos),
    monotonicTimeNanosUnsafe: () => monotonic,
    monotonicTimeNanos: Effect.succeed(monotonic),
    sleep: () => Effect.void
  })
}

/** Appends at noon and so much later, of which so much was counted, and returns what was logged. */
const leaping = (store: KitStore, later: number, counted: number, reopened = store) =>
  Effect.gen(function* () {
    const said: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => void said.push(String(message)))
    yield* store.append([note(["a"])]).pipe(atTime(noon, noon))
    yield* reopened
      .append([note(["a"])])
      .pipe(atTime(noon + later, noon + counted), Effect.provide(Logger.layer([logger])))
    return said.join("\n")
  })

/** @category values */
export const clockCases: ReadonlyArray<Case> = [
  {
    name: "recordedAt is one instant per append, in UTC, and never before the head's",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const at = (millis: number) => store.append([note(["a"]), note(["a"])]).pipe(atTime(millis))
        const noon = Date.UTC(2026, 0, 1, 12)
        const first = yield* at(noon)
        const back = yield* at(noon - 3_600_000)
        const later = yield* at(noon + 1)
        equal(first.recordedAt, "2026-01-01T12:00:00.000Z")
        equal(back.recordedAt, first.recordedAt)
        equal(later.recordedAt, "2026-01-01T12:00:00.001Z")
        deepStrictEqual(
          (yield* store.readAll("all")).map((event) => event.meta.recordedAt),
          [first, first, back, back, later, later].map(({ recordedAt }) => recordedAt)
        )
      })
  },
  {
    name: "no event is recorded before the instant that its metadata name, which may have more digits",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make({ ...kitCatalogue, notBefore: ({ source }) => source ?? "" })
        const at = (source: string) =>
          store
            .append([
              { ...note(["a"]), meta: { actor: "kit", source: "2026-01-01T11:00:00.000000Z" } },
              { ...note(["a"]), meta: { actor: "kit", source } }
            ])
            .pipe(
              atTime(noon),
              Effect.map(({ recordedAt }) => recordedAt)
            )
        equal(yield* at("2026-01-01T12:00:00.000000Z"), "2026-01-01T12:00:00.000Z")
        equal(yield* at("2026-01-01T12:00:00.000001Z"), "2026-01-01T12:00:00.001Z")
        equal(yield* at("2026-01-01T12:00:00.001000Z"), "2026-01-01T12:00:00.001Z")
        equal(yield* at("2026-01-01T12:00:59.999999Z"), "2026-01-01T12:01:00.000Z")
        equal(
          (yield* store
            .appendExclusive(8, [{ tags: ["a"] }], () =>
              Result.succeed({
                events: [{ ...note(["a"]), meta: { actor: "kit", source: "2026-01-01T12:02:00.000001Z" } }],
                answer: undefined
              })
            )
            .pipe(atTime(noon))).appended?.recordedAt,
          "2026-01-01T12:02:00.001Z"
        )
      })
  },
  {
    name: "an append whose clock went ahead of what was counted is told, with both instants; one after a rest is not",
    run: ({ make }) =>
      Effect.gen(function* () {
        equal(yield* leaping(yield* make(kitCatalogue), 100 * 24 * hour, 100 * 24 * hour), "")
        equal(yield* leaping(yield* make(kitCatalogue), hour / 2, 0), "")
        match(
          yield* leaping(yield* make(kitCatalogue), 12 * 8766 * hour, hour),
          /The event at position 2 is stamped 2038-01-01T12:00:00.000Z, and the one before it 2026-01-01T12:00:00.000Z/
        )
      })
  },
  caseNeeding(["reopen"], "the first append of a process that is far after the last one of another is told", (world) =>
    Effect.gen(function* () {
      const store = yield* world.make(kitCatalogue)
      const reopened = yield* world.reopen(store, kitCatalogue)
      match(yield* leaping(store, 12 * 8766 * hour, 0, reopened), /The event at position 2 is stamped 2038-01-01/)
      const other = yield* world.make(kitCatalogue)
      equal(yield* leaping(other, 20 * 24 * hour, 0, yield* world.reopen(other, kitCatalogue)), "")
    })
  )
]
