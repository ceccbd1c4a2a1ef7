/**
 * What a subscription promises: history, then live, without a gap and without a duplicate. For the contract kit.
 */
import { deepStrictEqual, equal } from "node:assert/strict"
import { Effect, Fiber, Queue, Stream } from "effect"
import { nonEmpty } from "../building/Attempt.ts"
import { rememberedEvents } from "../building/Wake.ts"
import type { Position } from "../port/Event.ts"
import { matches } from "../port/Matching.ts"
import type { Query } from "../port/Query.ts"
import { type Case, caseNeeding, type KitStore, property } from "./Case.ts"
import { type KitEvent, kitCatalogue, note } from "./KitEvent.ts"

const HISTORY = 1_500
const LIVE = 200
/** What marks the end of a log for the subscribers of a test. */
const LAST = "last"

const appendMany = (store: KitStore, size: number) =>
  store.append(nonEmpty(Array.from({ length: size }, (_, index) => note([index % 2 === 0 ? "even" : "odd"]))))

/** @category values */
export const subscribeCases: ReadonlyArray<Case> = [
  {
    name: "promise 7: subscribers see history and what comes meanwhile, each event once, in order",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* appendMany(store, HISTORY)
        const total = HISTORY + LIVE
        const subscribers = yield* Effect.forEach([0, 1, 700, HISTORY - 1, HISTORY], (after) =>
          Effect.map(
            Effect.forkChild(Stream.runCollect(store.subscribe("all", after).pipe(Stream.take(total - after)))),
            (fiber) => ({ after, fiber })
          )
        )
        for (let index = 0; index < LIVE; index += 2) {
          yield* appendMany(store, 2)
          if (index % 10 === 0) yield* Effect.yieldNow
        }
        for (const { after, fiber } of subscribers)
          deepStrictEqual(
            (yield* Fiber.join(fiber)).map(({ position }) => position),
            Array.from({ length: total - after }, (_, index) => after + index + 1)
          )
      })
  },
  {
    name: "a subscription to a query passes over the rest and goes on waiting",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* appendMany(store, 2)
        const fiber = yield* Effect.forkChild(
          Stream.runCollect(store.subscribe([{ tags: ["odd"] }], 2).pipe(Stream.take(3)))
        )
        for (let round = 0; round < 3; round++) {
          yield* appendMany(store, 2)
          yield* Effect.yieldNow
        }
        deepStrictEqual(
          (yield* Fiber.join(fiber)).map(({ position }) => position),
          [4, 6, 8]
        )
      })
  },
  caseNeeding(
    ["reopen"],
    "promise 7: a subscriber sees what this store and another on the same log append, in whatever turns, each event once, in order",
    (world) =>
      Effect.gen(function* () {
        const { fastCheck, make, reopen } = world
        const turn = fastCheck.record({
          own: fastCheck.boolean(),
          tags: fastCheck.array(fastCheck.constantFrom("even", "odd", "neither"), { minLength: 1, maxLength: 4 }),
          pause: fastCheck.boolean()
        })
        yield* property(
          world,
          fastCheck.record({ before: fastCheck.nat(3), turns: fastCheck.array(turn, { maxLength: 12 }) }),
          ({ before, turns }) =>
            Effect.gen(function* () {
              const store = yield* make(kitCatalogue)
              const other = yield* reopen(store, kitCatalogue)
              const queries: ReadonlyArray<Query<KitEvent>> = [
                "all",
                [{ tags: ["odd"] }],
                [{ tags: ["even"] }, { tags: [LAST] }]
              ]
              const appended: Array<ReadonlyArray<string>> = []
              const append = (to: KitStore, tags: ReadonlyArray<string>) => {
                appended.push(...tags.map((tag) => [tag]))
                return to.append(nonEmpty(tags.map((tag) => note([tag]))))
              }
              for (let index = 0; index < before; index++) yield* append(store, ["odd"])
              const subscribers = yield* Effect.forEach(
                queries.flatMap((query) => [store, other].map((from) => ({ query, from }))),
                ({ query, from }) =>
                  Effect.map(
                    Effect.forkChild(
                      from.subscribe(query === "all" ? query : [...query, { tags: [LAST] }], 0).pipe(
                        Stream.takeUntil(({ tags }) => tags.includes(LAST)),
                        Stream.map(({ position }) => position),
                        Stream.runCollect
                      )
                    ),
                    (fiber) => ({ query, fiber })
                  )
              )
              for (const { own, pause, tags } of turns) {
                yield* append(own ? store : other, tags)
                if (pause) yield* Effect.yieldNow
              }
              yield* append(turns.length % 2 === 0 ? store : other, [LAST])
              for (const { query, fiber } of subscribers)
                deepStrictEqual(
                  yield* Fiber.join(fiber),
                  appended.flatMap((tags, index) =>
                    tags[0] === LAST || matches(query, { type: "", tags }) ? [index + 1] : []
                  )
                )
            })
        )
      })
  ),
  {
    name: "promise 7: a slow subscriber sees all that came meanwhile, however much it was, and holds nobody up",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const seen: Array<Position> = []
        const goOn = yield* Queue.unbounded<void>()
        const fiber = yield* Effect.forkChild(
          store.subscribe([{ tags: ["odd"] }], 0).pipe(
            Stream.runForEach(({ position }) => {
              seen.push(position)
              return Queue.take(goOn)
            })
          )
        )
        // Few that are still remembered when it looks again, then more than that, then few again.
        const batches = [2, 6, rememberedEvents + 100, rememberedEvents + 100, 2, 4]
        for (const size of batches) {
          yield* appendMany(store, size)
          yield* Effect.yieldNow
          yield* Queue.offer(goOn, undefined)
          yield* Effect.yieldNow
        }
        const expected = batches.reduce((sum, size) => sum + size, 0) / 2
        while (seen.length < expected) {
          yield* Queue.offer(goOn, undefined)
          yield* Effect.yieldNow
        }
        deepStrictEqual(
          seen,
          Array.from({ length: expected }, (_, index) => 2 * index + 2)
        )
        equal(fiber.pollUnsafe(), undefined)
      })
  },
  {
    name: "a subscription can be left while it waits",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const fiber = yield* Effect.forkChild(Stream.runDrain(store.subscribe("all", 0)))
        yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        yield* appendMany(store, 1)
        equal(yield* store.head, 1)
      })
  }
]
