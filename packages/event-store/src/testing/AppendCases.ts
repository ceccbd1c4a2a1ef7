/**
 * What appending promises: atomic, dense, conditional, in time, within limits. For the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { Effect, Fiber, Result } from "effect"
import { nonEmpty } from "../building/Attempt.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import type { Case, KitStore } from "./Case.ts"
import { kitCatalogue, note, opened } from "./KitEvent.ts"

/** Racing fibers. Enough that every interleaving the scheduler likes comes up. */
const RACERS = 16

const count = (store: KitStore) => Effect.map(store.readAll("all"), (events) => events.length)

/** @category values */
export const appendCases: ReadonlyArray<Case> = [
  {
    name: "promise 6: positions are dense from 1 and a group is adjacent, in order",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        equal(yield* store.head, 0)
        yield* store.writable
        const first = yield* store.append([note(["a"], "1"), note(["a"], "2")])
        const second = yield* store.append([note(["a"], "3")])
        deepStrictEqual([first.first, first.last, second.first, second.last], [1, 2, 3, 3])
        const events = yield* store.readAll("all")
        deepStrictEqual(
          events.map((event) => [event.position, event.type === "Noted" && event.data.text]),
          [
            [1, "1"],
            [2, "2"],
            [3, "3"]
          ]
        )
        equal(yield* store.head, 3)
      })
  },
  {
    name: "promise 6: groups appended at once stay whole and leave no gap",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const groups = Array.from({ length: RACERS }, (_, group) => group)
        const appended = yield* Effect.forEach(
          groups,
          (group) => store.append([note([`${group}`], "0"), note([`${group}`], "1"), note([`${group}`], "2")]),
          { concurrency: "unbounded" }
        )
        const events = yield* store.readAll("all")
        deepStrictEqual(
          events.map(({ position }) => position),
          Array.from({ length: RACERS * 3 }, (_, index) => index + 1)
        )
        appended.forEach(({ first, last }, group) => {
          equal(last, first + 2)
          deepStrictEqual(
            events.slice(first - 1, last).map((event) => event.tags[0]),
            [`${group}`, `${group}`, `${group}`]
          )
        })
      })
  },
  {
    name: "promise 4: of appends racing under one condition exactly one wins",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        for (const after of [undefined, 0]) {
          const tag = `key-${after}`
          const before = yield* store.head
          const condition = {
            failIfEventsMatch: [{ tags: [tag] }] as const,
            ...(after === undefined ? {} : { after: before })
          }
          const outcomes = yield* Effect.forEach(
            Array.from({ length: RACERS }),
            () => Effect.result(store.append([note([tag]), note(["other"])], condition)),
            { concurrency: "unbounded" }
          )
          equal(outcomes.filter(Result.isSuccess).length, 1)
          for (const outcome of outcomes)
            if (Result.isFailure(outcome)) equal(outcome.failure._tag, "AppendConditionFailed")
          equal(yield* store.head, before + 2)
        }
      })
  },
  {
    name: "a condition fails on a matching event after its position, names it, and writes nothing",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"]), note(["b"]), note(["a"])])
        const failed = yield* Effect.flip(
          store.append([note(["c"])], { failIfEventsMatch: [{ tags: ["a"] }], after: 1 })
        )
        equal(failed._tag, "AppendConditionFailed")
        if (failed._tag === "AppendConditionFailed") ok(failed.position === undefined || failed.position === 3)
        equal(yield* store.head, 3)
        yield* store.append([note(["c"])], { failIfEventsMatch: [{ tags: ["a"] }], after: 3 })
        yield* store.append([note(["c"])], { failIfEventsMatch: [{ tags: ["b"] }], after: 2 })
        yield* store.append([note(["c"])], { failIfEventsMatch: [{ tags: ["none"] }] })
        equal(
          (yield* Effect.flip(store.append([note(["c"])], { failIfEventsMatch: "all", after: 5 })))._tag,
          "AppendConditionFailed"
        )
        equal(yield* store.head, 6)
      })
  },
  {
    name: "an append after a refused one works, and takes the next position",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"])])
        yield* Effect.flip(store.append([note(["a"])], { failIfEventsMatch: [{ tags: ["a"] }] }))
        yield* Effect.flip(store.append([note(["a"]), note(["\ud800"])]))
        const { first } = yield* store.append([note(["a"])])
        equal(first, 2)
        equal(yield* count(store), 2)
      })
  },
  {
    name: "what is stored does not change with the caller's object, nor with what was read",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const event = { ...note(["a"], "before"), data: { tags: ["a"], text: "before" } }
        const prepared = yield* store.prepare(event)
        event.data.text = "after"
        event.data.tags.push("b")
        yield* store.append([prepared])
        const other = { ...note(["c"], "before"), data: { tags: ["c"], text: "before" } }
        yield* store.append([other])
        other.data.text = "after"
        for (let round = 0; round < 2; round++) {
          const [one, two] = yield* store.readAll("all")
          deepStrictEqual(one?.data, { tags: ["a"], text: "before" })
          deepStrictEqual(two?.data, { tags: ["c"], text: "before" })
          deepStrictEqual(prepared.event.data, { tags: ["a"], text: "before" })
          if (one !== undefined) Object.assign(one.data, { text: "read" })
        }
      })
  },
  {
    name: "appendExclusive hands over what is new, appends under the lock, and nothing on a refusal",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([opened("x"), note(["a"]), note(["b"])])
        const done = yield* store.appendExclusive(1, [{ tags: ["a"] }], (news, head) => {
          deepStrictEqual(
            news.map(({ position }) => position),
            [2]
          )
          equal(head.position, 3)
          return Result.succeed({ events: [note(["a"], "new")], answer: "yes" })
        })
        deepStrictEqual([done.answer, done.appended?.first, done.appended?.last], ["yes", 4, 4])
        equal(yield* Effect.flip(store.appendExclusive(0, "all", () => Result.fail("no" as const))), "no")
        const none = yield* store.appendExclusive(0, "all", () => Result.succeed({ events: [], answer: 1 }))
        deepStrictEqual(none, { appended: undefined, answer: 1 })
        const invalid = yield* Effect.flip(
          store.appendExclusive(0, "all", () => Result.succeed({ events: [note(["ok"]), note(["\udfff"])], answer: 1 }))
        )
        equal(invalid._tag, "InvalidEvent")
        equal((yield* store.append([note(["after"])])).first, 5)
      })
  },
  {
    name: "appendExclusive hands over so many of what is new as are asked for, from either end",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"]), note(["a"]), note(["b"]), note(["a"]), note(["a"])])
        const seen = (after: number, options: { readonly backwards?: boolean; readonly limit?: number }) =>
          Effect.map(
            store.appendExclusive(
              after,
              [{ tags: ["a"] }],
              (news) => Result.succeed({ events: [], answer: news.map(({ position }) => position) }),
              options
            ),
            ({ answer }) => answer
          )
        deepStrictEqual(yield* seen(1, {}), [2, 4, 5])
        deepStrictEqual(yield* seen(1, { limit: 2 }), [2, 4])
        deepStrictEqual(yield* seen(0, { backwards: true, limit: 1 }), [5])
        deepStrictEqual(yield* seen(1, { backwards: true }), [5, 4, 2])
        deepStrictEqual(yield* seen(4, { backwards: true, limit: 3 }), [5])
        deepStrictEqual(yield* seen(0, { limit: 0 }), [])
        deepStrictEqual(yield* seen(5, { backwards: true, limit: 1 }), [])
      })
  },
  {
    name: "a decision under the lock is made once, and never after its append has ended, however that ends",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const decisions = yield* Effect.forEach(
          Array.from({ length: RACERS }, (_, racer) => racer),
          (racer) =>
            Effect.gen(function* () {
              const made = { times: 0, over: false, late: false }
              const deciding = yield* Effect.forkChild(
                Effect.exit(
                  store.appendExclusive(0, "all", () => {
                    made.times += 1
                    made.late ||= made.over
                    if (racer % 4 === 1) return Result.fail("no" as const)
                    if (racer % 4 === 2) throw new Error("a defect")
                    return Result.succeed({ events: [note(["a"])], answer: racer })
                  })
                )
              )
              if (racer % 4 === 3) yield* Fiber.interrupt(deciding)
              else yield* Fiber.await(deciding)
              made.over = true
              return { racer, made }
            }),
          { concurrency: "unbounded" }
        )
        // Time for a decision that comes too late.
        yield* store.append([note(["b"])])
        yield* Effect.sleep("1 millis")
        for (const { made, racer } of decisions)
          deepStrictEqual(made, { times: racer % 4 === 3 ? Math.min(made.times, 1) : 1, over: true, late: false })
      })
  },
  {
    name: "promise 2: decisions under the lock never miss one another",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        // Everyone takes one of the units that are left: as many must win as there are units.
        const units = RACERS / 2
        const outcomes = yield* Effect.forEach(
          Array.from({ length: RACERS }),
          () =>
            Effect.result(
              store.appendExclusive(0, [{ tags: ["taken"] }], (news) =>
                news.length < units
                  ? Result.succeed({ events: [note(["taken"])], answer: news.length })
                  : Result.fail("sold out" as const)
              )
            ),
          { concurrency: "unbounded" }
        )
        equal(outcomes.filter(Result.isSuccess).length, units)
        equal(yield* store.head, units)
      })
  },
  {
    name: "promise 5: an append that is interrupted happened whole or not at all",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        for (let round = 0; round < RACERS; round++) {
          const fiber = yield* Effect.forkChild(store.append([note(["a"]), note(["a"])]))
          if (round % 2 === 0) yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
          equal((yield* store.head) % 2, 0)
        }
        yield* store.append([note(["a"])])
      })
  },
  {
    name: "limits: what fits is stored, one more is refused and nothing of its group is written",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const tags = (size: number) => Array.from({ length: size }, (_, index) => `t${index}`)
        yield* store.append([note(tags(StoreLimits.tagsPerEvent))])
        const tooMany = yield* Effect.flip(store.append([note(["a"]), note(tags(StoreLimits.tagsPerEvent + 1))]))
        ok(tooMany._tag === "InvalidEvent" && tooMany.reason === "too_many_tags")
        const repeated = note([...tags(StoreLimits.tagsPerEvent), "t0"])
        yield* store.append([repeated])

        const empty = (yield* store.prepare({ ...note([], ""), id: "size" })).bytes
        // A character of two bytes: it is bytes that count.
        const rest = StoreLimits.bodyBytes - empty
        const fits = { ...note([], "é".repeat(Math.floor(rest / 2)) + "x".repeat(rest % 2)), id: "size" }
        equal((yield* store.prepare(fits)).bytes, StoreLimits.bodyBytes)
        yield* store.append([fits])
        const tooLarge = yield* Effect.flip(
          store.append([note(["a"]), { ...fits, data: { ...fits.data, text: `${fits.data.text}x` } }])
        )
        ok(tooLarge._tag === "InvalidEvent" && tooLarge.reason === "too_large")
        equal(yield* store.head, 3)

        const many = yield* Effect.forEach(Array.from({ length: StoreLimits.eventsPerAppend }), () =>
          store.prepare(note([]))
        )
        const overfull = yield* Effect.flip(store.append(nonEmpty([...many, note([])])))
        equal(overfull._tag, "InvalidEvent")
        equal((yield* store.append(nonEmpty(many))).last, 3 + StoreLimits.eventsPerAppend)
      })
  },
  {
    name: "an event the catalogue does not know, or whose data, metadata or text do not fit, is refused",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const good = note(["a"])
        const cases: ReadonlyArray<readonly [string, object]> = [
          ["unknown_type", { ...good, type: "Invented" }],
          ["unknown_type", { ...good, type: "toString" }],
          ["schema", { ...good, data: { tags: ["a"] } }],
          ["schema", { ...good, data: { ...good.data, more: 1 } }],
          ["schema", { ...good, meta: {} }],
          ["schema", { ...good, meta: { actor: "kit", recordedAt: "2026-01-01T00:00:00.000Z" } }],
          ["schema", { ...good, personal: { name: "Erika" } }],
          ["not_canonical", note(["a"], "\ud83d")],
          ["not_canonical", note(["\ude00"])],
          ["not_canonical", { ...good, id: "\ud83d" }],
          ["not_canonical", { ...good, meta: { actor: "\ud83d" } }]
        ]
        for (const [reason, event] of cases) {
          const refused = yield* Effect.flip(store.append([event as typeof good]))
          deepStrictEqual([refused._tag, refused._tag === "InvalidEvent" && refused.reason], ["InvalidEvent", reason])
        }
        equal(yield* store.head, 0)
        yield* store.append([note(["a"], '😀 \u2028 \u0000 " \\ é')])
        const [event] = yield* store.readAll("all")
        ok(event?.type === "Noted" && event.data.text === '😀 \u2028 \u0000 " \\ é')
      })
  }
]
