/**
 * What a subscription promises: history, then live, without a gap and without a duplicate. For the contract kit.
 */
import { deepStrictEqual, equal } from "node:assert/strict"
import { Effect, Fiber, Stream } from "effect"
import { nonEmpty } from "../internal/Attempt.ts"
import type { Case, KitStore } from "./Case.ts"
import { kitCatalogue, note } from "./KitEvent.ts"

const HISTORY = 1_500
const LIVE = 200

const appendMany = (store: KitStore, size: number) =>
  store.append(nonEmpty(Array.from({ length: size }, (_, index) => note([index % 2 === 0 ? "even" : "odd"]))))

/** @category cases */
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
        const fiber = yield* Effect.forkChild(
          Stream.runCollect(store.subscribe([{ tags: ["odd"] }], 2).pipe(Stream.take(3)))
        )
        for (let round = 0; round < 4; round++) {
          yield* appendMany(store, 2)
          yield* Effect.yieldNow
        }
        deepStrictEqual(
          (yield* Fiber.join(fiber)).map(({ position }) => position),
          [4, 6, 8]
        )
      })
  },
  {
    name: "a subscription after a position the log has not reached begins behind it",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* appendMany(store, 2)
        const fiber = yield* Effect.forkChild(Stream.runHead(store.subscribe("all", 4)))
        for (let round = 0; round < 3; round++) {
          yield* appendMany(store, 1)
          yield* Effect.yieldNow
        }
        const found = yield* Fiber.join(fiber)
        equal(found._tag === "Some" && found.value.position, 5)
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
