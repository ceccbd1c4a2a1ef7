/**
 * What the log promises when many callers write at once, when it is opened again, and when its rows are edited. For the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { Deferred, Effect, Fiber, Result, Stream } from "effect"
import type { Query } from "../port/Query.ts"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { type KitEvent, kitCatalogue, name, note, opened } from "./KitEvent.ts"

/** Groups appended at once. */
const GROUPS = 100
/** How many callers contend for the same thing. */
const CREATORS = 16

/** Which groups the log holds, and that each is whole: `size` events side by side. */
const groupsIn = (store: KitStore, size: number) =>
  Effect.map(store.readAll("all"), (events) => {
    const groups = new Map<string, number>()
    for (const [index, { tags, position }] of events.entries()) {
      equal(position, index + 1)
      if (index % size === 0) groups.set(tags[0] ?? "", position)
      else equal(tags[0], events[index - (index % size)]?.tags[0])
    }
    return groups
  })

/** @category values */
export const faultCases: ReadonlyArray<Case> = [
  {
    name: `promise 5: of ${GROUPS} groups appended at once, half of them conditional, every acknowledged one is stored and no other`,
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const outcomes = yield* Effect.forEach(
          Array.from({ length: GROUPS }, (_, group) => group),
          (group) =>
            Effect.result(
              store.append(
                [note([`${group}`, `kind:${group % 10}`]), note([`${group}`])],
                group % 2 === 0 ? undefined : { failIfEventsMatch: [{ tags: [`kind:${group % 10}`] }] }
              )
            ),
          { concurrency: "unbounded" }
        )
        const stored = yield* groupsIn(store, 2)
        for (const [group, outcome] of outcomes.entries()) {
          if (Result.isSuccess(outcome)) equal(stored.get(`${group}`), outcome.success.first)
          else {
            equal(outcome.failure._tag, "AppendConditionFailed")
            equal(stored.has(`${group}`), false)
          }
        }
        // Five kinds were contended for, and one of each got through.
        equal(outcomes.filter(Result.isSuccess).length, GROUPS / 2 + 5)
      })
  },
  {
    name: "promise 4: creators of one thing that read, decide and append race: it is made once, and everyone else finds it",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const thing: Query<KitEvent> = [{ types: ["Opened"], tags: ["account:one"] }]
        // All have read, and found nothing, before the first of them appends: the worst that can happen.
        const everybodyHasRead = yield* Deferred.make<void>()
        let readers = 0
        const create: Effect.Effect<"made" | "found", unknown> = Effect.gen(function* () {
          const after = yield* store.head
          const found = yield* store.readAll(thing, { to: after })
          if (++readers === CREATORS) yield* Deferred.succeed(everybodyHasRead, undefined)
          if (found.length > 0) return "found"
          yield* Deferred.await(everybodyHasRead)
          const tried = yield* Effect.result(store.append([opened("one")], { failIfEventsMatch: thing, after }))
          if (Result.isSuccess(tried)) return "made"
          if (tried.failure._tag !== "AppendConditionFailed") return yield* tried.failure
          return yield* create
        })
        const answers = yield* Effect.forEach(Array.from({ length: CREATORS }), () => create, {
          concurrency: "unbounded"
        })
        equal(answers.filter((answer) => answer === "made").length, 1)
        equal((yield* store.readAll(thing)).length, 1)
      })
  },
  {
    name: "a success beside a conflict: an append that is refused takes no other along",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["taken"])])
        const taken = { failIfEventsMatch: [{ tags: ["taken"] }], after: 0 } as const
        const [refused, free, exclusive, invalid] = yield* Effect.all(
          [
            Effect.result(store.append([note(["refused"])], taken)),
            Effect.result(store.append([note(["free"])], { failIfEventsMatch: [{ tags: ["free"] }], after: 0 })),
            Effect.result(
              store.appendExclusive(0, "all", () => Result.succeed({ events: [note(["exclusive"])], answer: 1 }))
            ),
            Effect.result(store.append([note(["\udfff"])]))
          ],
          { concurrency: "unbounded" }
        )
        deepStrictEqual(
          [refused._tag, free._tag, exclusive._tag, invalid._tag],
          ["Failure", "Success", "Success", "Failure"]
        )
        deepStrictEqual((yield* store.readAll("all")).flatMap(({ tags }) => tags).sort(), [
          "exclusive",
          "free",
          "taken"
        ])
      })
  },
  {
    name: "a decision that throws under the lock writes nothing, and leaves the lock",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const died = yield* Effect.exit(
          store.appendExclusive(0, "all", () => {
            throw new Error("a defect")
          })
        )
        equal(died._tag, "Failure")
        equal((yield* store.append([note(["a"])])).first, 1)
      })
  },
  caseNeeding(
    ["reopen"],
    "promise 5: a log opened again in the midst of appends holds every acknowledged one, whole and at its place",
    ({ make, reopen }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const acknowledged = new Map<string, number>()
        const writing = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: GROUPS }, (_, group) => `${group}`),
            (group) =>
              Effect.tap(store.append([note([group]), note([group])]), ({ first }) =>
                Effect.sync(() => acknowledged.set(group, first))
              ),
            { concurrency: 4 }
          )
        )
        while (acknowledged.size < GROUPS / 4) yield* Effect.sleep("1 millis")
        const known = new Map(acknowledged)
        const again = yield* reopen(store, kitCatalogue)
        equal(again.logId, store.logId)
        const stored = yield* groupsIn(again, 2)
        for (const [group, first] of known) equal(stored.get(group), first)
        yield* Fiber.interrupt(writing)
        yield* again.append([note(["after"])])
      })
  ),
  caseNeeding(
    ["edit"],
    "promise 6: a body edited behind the store's back is found on read, on verification, by its position, and by nobody who does not read it",
    ({ make, edit }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"], "one"), note(["b"], "two"), name("c", "Erika")])
        yield* edit(store, 2, (body) => body.replace("two", "too"))
        for (const read of [
          store.readAll("all"),
          store.readAll("all", { backwards: true }),
          store.readAll([{ tags: ["b"] }])
        ]) {
          const failed = yield* Effect.flip(read)
          deepStrictEqual([failed.reason, failed.position], ["damaged", 2])
        }
        equal((yield* store.readAll([{ tags: ["a"] }])).length, 1)
        // A verification finds it too: the body has another leaf than the stored one.
        const parts = yield* Stream.runCollect(store.inspect())
        deepStrictEqual(
          parts.flatMap(({ parted }) => parted.map(({ position }) => position)),
          [2]
        )
        // The personal part is bound to its event: under another id it does not open.
        yield* edit(store, 3, (body) => body.replace(/"id":"[^"]*"/, '"id":"other"'))
        const revealed = yield* Effect.flip(store.reveal([3]))
        ok(revealed.reason === "damaged" && revealed.position === 3)
      })
  )
]
