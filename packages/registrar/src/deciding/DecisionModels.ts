/**
 * The decision models of a register, all at one head of the log: cached, brought forward by what other writers append, and loaded when
 * missing. For {@link Deciding}.
 *
 * The log may be put back behind a running register: by a standby that is promoted while it is behind, or by a backup. Then everything here
 * is of a history that is no more. It is dropped, and folded again from what the log has.
 */
import type { Decision } from "@effekten/domain"
import { type Bookmark, type EventStoreError, History } from "@effekten/event-store"
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
  readonly bringToHead: Effect.Effect<Bookmark, EventStoreError>
  /** Loads a model as it is at the position of the cache. */
  readonly load: (model: Decision.Model<unknown>) => Effect.Effect<void, EventStoreError>
}

/** @category constructors */
export const make: Effect.Effect<DecisionModels, EventStoreError, Log | Scope.Scope> = Effect.gen(function* () {
  const log = yield* Log
  const snapshots = yield* Snapshots
  const cache = DecisionCache.make(yield* log.bookmark())
  yield* keeping(cache, snapshots)

  /** The head, if the cache is of the log's history; else the cache starts again there, empty. */
  const headOfHistory = Effect.catchIf(
    Effect.suspend(() => log.bookmark(cache.at)),
    History.isOtherHistory,
    Effect.fnUntraced(function* (error) {
      const known = cache.at
      const head = yield* log.bookmark()
      cache.clear(head)
      yield* snapshots.lookAgain
      yield* Effect.logError(
        `The log was put back behind this register: it knew position ${known.position} with leaf ${known.leaf}, and the log ends at position ${head.position} with leaf ${head.leaf}. What was derived is dropped and folded again; what was acknowledged in between is lost. See docs/operations/postgres.md, "When history was lost"`,
        error
      )
      return head
    })
  )

  const bringTo = Effect.fnUntraced(function* (head: Bookmark) {
    const { position } = cache.at
    if (head.position === position) return
    if (head.position - position > maximumCatchUp) return cache.clear(head)
    yield* log.read("all", { from: position + 1, to: head.position }).pipe(
      Stream.runForEachArray((events) =>
        Effect.sync(() => cache.apply(events, events.at(-1)?.position === head.position ? head : undefined))
      ),
      // Half of what came is worse than nothing.
      Effect.onError(() => Effect.sync(() => cache.clear(head)))
    )
  })

  return {
    cache,
    bringToHead: Effect.gen(function* () {
      const head = yield* headOfHistory
      yield* bringTo(head)
      cache.trim()
      return head
    }),
    load: (model) =>
      Effect.map(loadModel(log, snapshots, model, cache.at.position), ({ state, events }) =>
        cache.put(model, state, events)
      )
  }
})
