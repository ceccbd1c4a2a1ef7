/**
 * The decision models of a register, all at one head of the log: cached, brought forward by what others append, loaded where they are not at
 * hand. For {@link Deciding}.
 */
import type { Decision } from "@effekten/domain"
import type { EventStoreError, Position } from "@effekten/event-store"
import { Effect, type Scope, Stream } from "effect"
import { Log } from "../log/Log.ts"
import * as DecisionCache from "./DecisionCache.ts"
import { keeping, load as loadModel, Snapshots } from "./Snapshots.ts"

/** New events of others that are folded into the cache; beyond that it starts afresh. */
const maximumCatchUp = 50_000

/** @category models */
export interface DecisionModels {
  readonly cache: DecisionCache.DecisionCache
  /** Folds into the cache what others have appended up to the head, which is given back. */
  readonly bringToHead: Effect.Effect<Position, EventStoreError>
  /** Loads a model as it is where the cache stands. */
  readonly load: (model: Decision.Model<unknown>) => Effect.Effect<void, EventStoreError>
}

/** @category constructors */
export const make: Effect.Effect<DecisionModels, EventStoreError, Log | Scope.Scope> = Effect.gen(function* () {
  const log = yield* Log
  const snapshots = yield* Snapshots
  const cache = DecisionCache.make()
  cache.clear(yield* log.head)
  yield* keeping(cache, snapshots)

  const bringTo = Effect.fnUntraced(function* (head: Position) {
    if (head === cache.position) return
    if (head - cache.position > maximumCatchUp) return cache.clear(head)
    yield* log
      .read("all", { from: cache.position + 1, to: head })
      .pipe(
        Stream.runForEachArray((events) => Effect.sync(() => cache.apply(events, events[events.length - 1]!.position)))
      )
  })

  return {
    cache,
    bringToHead: Effect.gen(function* () {
      const head = yield* log.head
      yield* bringTo(head)
      cache.trim()
      return head
    }),
    load: (model) =>
      Effect.map(loadModel(log, snapshots, model, cache.position), ({ state, events }) =>
        cache.put(model, state, events)
      )
  }
})
