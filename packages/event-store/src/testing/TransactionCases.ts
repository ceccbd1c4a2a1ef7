/**
 * What a log promises while other processes write: a reader never sees a hole, and no caller waits for another program's transaction. For
 * the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { Effect, Fiber, Result, Stream } from "effect"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { kitCatalogue, note } from "./KitEvent.ts"

/** Appends of each writer. */
const APPENDS = 20
/** How often to look while a transaction is open. */
const LOOKS = 20

type Seen = ReadonlyArray<string>

/** What a reader sees of the log: dense, ending with the head or behind it, and going on from what was seen before. */
const look = Effect.fnUntraced(function* (store: KitStore, before: Seen) {
  const head = yield* store.head
  const events = yield* store.readAll("all")
  deepStrictEqual(
    events.map(({ position }) => position),
    events.map((_, index) => index + 1)
  )
  ok(events.length >= head, `the head is ${head}, and ${events.length} events are read after it`)
  const ids = events.map(({ id }) => id)
  deepStrictEqual(ids.slice(0, before.length), before)
  return ids
})

/** @category values */
export const transactionCases: ReadonlyArray<Case> = [
  caseNeeding(
    ["reopen"],
    "promise 6: while several stores append to one log, a reader sees a beginning of it at every look, and never a hole",
    ({ make, reopen }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const writers = [store, yield* reopen(store, kitCatalogue), yield* reopen(store, kitCatalogue)]
        const reader = yield* reopen(store, kitCatalogue)
        const writing = yield* Effect.forkChild(
          Effect.forEach(
            writers.flatMap((writer) => Array.from({ length: APPENDS }, () => writer)),
            (writer) => writer.append([note(["a"]), note(["b"])]),
            { concurrency: writers.length, discard: true }
          )
        )
        let seen: Seen = []
        while (writing.pollUnsafe() === undefined) {
          seen = yield* look(reader, seen)
          yield* Effect.yieldNow
        }
        yield* Fiber.join(writing)
        equal((yield* look(reader, seen)).length, 2 * APPENDS * writers.length)
      })
  ),
  caseNeeding(
    ["appendLate"],
    "promise 6: beside a transaction that commits late, a reader sees what came before it, and never a hole",
    ({ appendLate, make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"], "first")])
        const following = yield* Effect.forkChild(
          Stream.runCollect(store.subscribe("all", 0).pipe(Stream.takeUntil(({ tags }) => tags.includes("last"))))
        )
        const late = note(["late"], "late")
        const commit = yield* appendLate(store, late)
        const beside = yield* Effect.forkChild(store.append([note(["b"], "beside")]))
        let seen: Seen = []
        for (let round = 0; round < LOOKS; round++) {
          seen = yield* look(store, seen)
          yield* Effect.yieldNow
        }
        ok(!seen.includes(late.id), "what is not committed is not seen")
        yield* commit
        yield* Fiber.join(beside)
        yield* store.append([note(["last"])])
        const all = yield* look(store, seen)
        equal(all.length, 4)
        deepStrictEqual(
          (yield* Fiber.join(following)).map(({ id }) => id),
          all
        )
      })
  ),
  caseNeeding(
    ["appendLate"],
    "promise 2: a conditional append that waited for a late commit is decided on what that has written",
    ({ appendLate, make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        let looked: ReadonlyArray<string> = []
        const commit = yield* appendLate(store, note(["seat"], "late"))
        const condition = { failIfEventsMatch: [{ tags: ["seat"] }], after: 0 } as const
        const appending = yield* Effect.forkChild(Effect.result(store.append([note(["seat"])], condition)))
        const deciding = yield* Effect.forkChild(
          Effect.result(
            store.appendExclusive(0, condition.failIfEventsMatch, (news) => {
              looked = news.map(({ id }) => id)
              return news.length === 0
                ? Result.succeed({ events: [note(["seat"])], answer: 1 })
                : Result.fail("taken" as const)
            })
          )
        )
        for (let round = 0; round < LOOKS; round++) yield* Effect.andThen(store.head, Effect.yieldNow)
        yield* commit
        const won = [yield* Fiber.join(appending), yield* Fiber.join(deciding)].map(({ _tag }) => _tag === "Success")
        const [first] = yield* store.readAll([{ tags: ["seat"] }])
        ok(first?.type === "Noted" && won.filter(Boolean).length <= 1)
        // Where a store lets other transactions pass, any of them may be first. The others have seen the first one.
        if (first.data.text !== "late") return
        deepStrictEqual(won, [false, false])
        deepStrictEqual(looked, [first.id])
      })
  ),
  caseNeeding(
    ["writeElsewhere"],
    "a transaction that has written in another database of the server, and stays open, holds nobody up",
    ({ make, writeElsewhere }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const following = yield* Effect.forkChild(Stream.runCollect(Stream.take(store.subscribe("all", 0), APPENDS)))
        yield* writeElsewhere(store)
        for (let round = 1; round <= APPENDS; round++) {
          yield* store.append([note(["a"])])
          equal((yield* store.readAll("all")).length, round)
        }
        equal((yield* Fiber.join(following)).length, APPENDS)
      })
  )
]
