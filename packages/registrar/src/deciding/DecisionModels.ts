/**
 * The decision models of a register, all at one head of the log: cached, brought forward by what other writers append, and loaded when
 * missing. For {@link Deciding}.
 */
import type { Decision } from "@effekten/domain"
import type { EventStoreError, Position } from "@effekten/event-store"
import { Effect, type Scope, Stream } from "effect"
import { Log } from "../log/Log.ts"
import * as DecisionCache from "./DecisionCache.ts"
import { keeping, load as loadModel, Snapshots } from "./Snapshots.ts"

/** At most so many new events of other writers are folded into the cache; beyond that it starts empty. */
const maximumCatchUp = 50_000

/** @category models */
export interface DecisionModels {
  readonly cache: DecisionCache.DecisionCache
  /** Folds into the cache what other writers have appended up to the head, and returns the head. */
  readonly bringToHead: Effect.Effect<Position, EventStoreError>
  /** Loads a model as it is at the position of the cache. */
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
