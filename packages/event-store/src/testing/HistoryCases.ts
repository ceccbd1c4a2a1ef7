/**
 * What positions and bookmarks promise: what is known of another history is refused, wherever it is passed. For the contract kit.
 */
import { deepStrictEqual, equal, match, ok } from "node:assert/strict"
import { Cause, Effect, Exit, Fiber, Queue, Result, Stream } from "effect"
import type { Bookmark } from "../port/Bookmark.ts"
import type { Position } from "../port/Event.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import type { Query } from "../port/Query.ts"
import { type Case, caseNeeding, type KitStore, type World } from "./Case.ts"
import { type KitEvent, kitCatalogue, note } from "./KitEvent.ts"

/** Nothing that is appended here bears it. */
const nothing: Query<KitEvent> = [{ tags: ["nothing"] }]

/** Everything that takes a position to go on from, with one that must be refused. It may write nothing and ask no decision. */
const goingOn = (
  store: KitStore,
  after: Position | Bookmark
): ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string } | EventStoreError>> => [
  store.append([note(["refused"])], { failIfEventsMatch: nothing, after }),
  store.append([note(["refused"])], { failIfEventsMatch: "all", after }),
  store.appendExclusive(after, nothing, () => {
    throw new Error("decided on what is not known")
  }),
  Stream.runDrain(store.subscribe(nothing, after)),
  Stream.runDrain(store.subscribe("all", after))
]

/** All of it is refused, and says where. */
const refuses = Effect.fnUntraced(function* (store: KitStore, after: Position | Bookmark) {
  const before = yield* store.head
  const asked = typeof after === "number" ? [] : [store.bookmark(after)]
  for (const attempt of [...goingOn(store, after), ...asked]) {
    const error = yield* Effect.flip(attempt)
    ok(error._tag === "EventStoreError", error._tag)
    const { position, reason } = error as EventStoreError
    deepStrictEqual([reason, position], ["other_history", typeof after === "number" ? after : after.position])
  }
  equal(yield* store.head, before)
})

/** A log that is put back after its last two events were appended. */
const rewound = Effect.fnUntraced(function* (world: Pick<World, "make"> & Required<Pick<World, "rewind">>) {
  const store = yield* world.make(kitCatalogue)
  const start = yield* store.bookmark()
  yield* store.append([note(["a"], "1"), note(["a"], "2")])
  const kept = yield* store.bookmark()
  const putBack = yield* world.rewind(store)
  const { last, leaf } = yield* store.append([note(["a"], "3"), note(["lost"], "4")])
  return { store, start, kept, putBack, lost: { position: last, leaf } }
})

/** Subscriptions that tell where they are: two of them read to the end, and the third has nothing to read. */
const following = (store: KitStore, end: Bookmark, seen: Queue.Queue<Position>) =>
  Effect.forEach(
    [store.subscribe("all", 0), store.subscribe(nothing, end), store.subscribe([{ tags: ["lost"] }], 0)],
    (events): Effect.Effect<Fiber.Fiber<void, EventStoreError>> =>
      Effect.forkChild(Stream.runForEach(events, ({ position }) => Queue.offer(seen, position)))
  )

/** @category values */
export const historyCases: ReadonlyArray<Case> = [
  {
    name: "a bookmark is the head with the leaf that an append gave its last event, and the log's id before the first",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const start = yield* store.bookmark()
        deepStrictEqual(start, { position: 0, leaf: store.logId })
        const { last, leaf } = yield* store.append([note(["a"]), note(["b"])])
        const second = yield* store.bookmark(start)
        deepStrictEqual(second, { position: last, leaf })
        const [, stored] = yield* Stream.runCollect(store.readStored())
        equal(leaf, Buffer.from(stored?.leaf ?? []).toString("hex"))
        const done = yield* store.appendExclusive(second, "all", (news, head) => {
          deepStrictEqual([news, head], [[], second])
          return Result.succeed({ events: [note(["c"])], answer: undefined })
        })
        const third = { position: 3, leaf: done.appended?.leaf ?? "" }
        for (const known of [start, second, third]) deepStrictEqual(yield* store.bookmark(known), third)
        yield* store.append([note(["d"])], { failIfEventsMatch: "all", after: third })
        const conflict = yield* Effect.flip(store.append([note(["d"])], { failIfEventsMatch: "all", after: second }))
        equal(conflict._tag, "AppendConditionFailed")
        const found = yield* Stream.runCollect(Stream.take(store.subscribe("all", second), 2))
        deepStrictEqual(
          found.map(({ position }) => position),
          [3, 4]
        )
      })
  },
  {
    name: "what goes on after a position beyond the head, or after another log's bookmark, is refused and writes nothing",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const other = yield* make(kitCatalogue)
        yield* refuses(store, 1)
        yield* refuses(store, yield* other.bookmark())
        yield* store.append([note(["a"])])
        yield* other.append([note(["a"])])
        yield* refuses(store, 2)
        yield* refuses(store, Number.MAX_SAFE_INTEGER)
        yield* refuses(store, { position: 0, leaf: other.logId })
        yield* refuses(store, yield* other.bookmark())
        yield* refuses(store, { position: 2, leaf: (yield* store.bookmark()).leaf })
      })
  },
  {
    name: "what is no position is a defect that says so, wherever it is passed",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"])])
        const wrong = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 53, "1", null, {}, { position: "1" }]
        for (const value of wrong) {
          const position = value as Position
          const options = [{ from: position }, { to: position }, { limit: position }]
          const attempts = [
            ...goingOn(store, position),
            store.bookmark(position as unknown as Bookmark),
            store.reveal([position]),
            ...options.flatMap((option) => [
              store.readAll("all", option),
              store.readAll([{ tags: ["a"] }], option),
              Stream.runDrain(store.read("all", option)),
              Stream.runDrain(store.read([{ tags: ["a"] }], option))
            ]),
            ...options
              .slice(0, 2)
              .flatMap((option) => [
                Stream.runDrain(store.readStored(option)),
                Stream.runDrain(store.readLeaves(option))
              ]),
            Stream.runDrain(store.inspect({ to: position }))
          ]
          for (const attempt of attempts) {
            const exit = yield* Effect.exit(attempt)
            ok(Exit.isFailure(exit) && Cause.hasDies(exit.cause), `${String(value)} was taken`)
            match(String(Cause.squash(exit.cause)), /is a whole number from 0 on, not /)
          }
        }
        equal(yield* store.head, 1)
      })
  },
  caseNeeding(["rewind"], "promise 6: what is known of a history is refused once the log was put back", (world) =>
    Effect.gen(function* () {
      const { kept, lost, putBack, start, store } = yield* rewound(world)
      deepStrictEqual(yield* store.bookmark(lost), lost)
      yield* putBack
      deepStrictEqual(yield* store.bookmark(), kept)
      yield* refuses(store, lost)
      // As long again, and then longer: the position is there, and is another one.
      for (const tags of [["b"], ["c"]]) {
        yield* store.append([note(tags), note(tags)])
        yield* refuses(store, lost)
      }
      for (const known of [start, kept]) equal((yield* store.bookmark(known)).position, 6)
      const found = yield* Effect.flip(
        store.append([note(["d"])], { failIfEventsMatch: [{ tags: ["c"] }], after: kept })
      )
      equal(found._tag, "AppendConditionFailed")
      yield* store.append([note(["d"])], { failIfEventsMatch: [{ tags: ["lost"] }], after: kept })
      deepStrictEqual(
        (yield* store.readAll("all")).map(({ tags }) => tags.join()),
        ["a", "a", "b", "b", "c", "c", "d"]
      )
    })
  ),
  caseNeeding(["rewind", "reopen"], "promise 7: a subscription ends with an error once the log was put back", (world) =>
    Effect.gen(function* () {
      for (const byAnother of [false, true])
        for (const again of [0, 1, 2, 3]) {
          const { lost, putBack, store } = yield* rewound(world)
          const writer = byAnother ? yield* world.reopen(store, kitCatalogue) : store
          const seen = yield* Queue.unbounded<Position>()
          const subscriptions = yield* following(store, lost, seen)
          for (let read = 0; read < 5; read++) yield* Queue.take(seen)
          yield* putBack
          for (let appended = 0; appended < again; appended++) yield* writer.append([note(["b"])])
          for (const subscription of subscriptions) {
            const error = yield* Effect.flip(Fiber.join(subscription))
            deepStrictEqual([error.reason, error.position], ["other_history", lost.position])
          }
        }
    })
  ),
  caseNeeding(
    ["rewind", "reopen"],
    "promise 7: a subscription that goes on from what both histories have sees the new one alone",
    (world) =>
      Effect.gen(function* () {
        for (const others of [0, 1, 2, 3]) {
          const { kept, putBack, store } = yield* rewound(world)
          const writer = yield* world.reopen(store, kitCatalogue)
          yield* putBack
          // What this store remembers of its own appends is of the lost history, and nothing has told it so yet.
          for (let appended = 0; appended < others; appended++) yield* writer.append([note(["other"])])
          const { last } = yield* writer.append([note(["end"])])
          const query = [{ tags: ["lost"] }, { tags: ["end"] }] as const
          const again = { while: ({ reason }: EventStoreError) => reason === "other_history" }
          const found = yield* Effect.retry(Stream.runHead(store.subscribe(query, kept)), again)
          equal(found._tag === "Some" && found.value.position, last)
        }
      })
  ),
  caseNeeding(
    ["notify"],
    "a store that is told of nothing new goes on, and its subscriptions wait on",
    ({ make, notify }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"])])
        const subscriptions = yield* Effect.forEach(["b", "c"], (tag) =>
          Effect.forkChild(Stream.runHead(store.subscribe([{ tags: [tag] }], 0)))
        )
        for (let round = 0; round < 3; round++) {
          yield* Effect.yieldNow
          yield* notify(store)
        }
        yield* store.append([note(["b", "c"])])
        for (const subscription of subscriptions) {
          const found = yield* Fiber.join(subscription)
          equal(found._tag === "Some" && found.value.position, 2)
        }
      })
  )
]
