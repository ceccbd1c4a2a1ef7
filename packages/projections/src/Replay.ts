/**
 * The whole log, folded from nothing up to a position. For `effekten replay`, for questions about many objects at a past position, and for
 * tests.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import { Effect, Stream } from "effect"
import type * as Projection from "./Projection.ts"
import * as Views from "./Views.ts"

/** How far a replay has come. @category models */
export interface Progress {
  readonly position: Position
  /** Where it will end. */
  readonly to: Position
}

/** @category models */
export interface Options {
  /** Last position to fold, inclusive; the head at the start, if not said. A position past the head means the head. */
  readonly to?: Position
  /** Called after each chunk of the log. */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
}

/**
 * Gives every event of the log to each of `folds`, in order, and returns the position reached.
 *
 * @category running
 */
export const into = Effect.fnUntraced(function* (
  log: Projection.Log,
  folds: ReadonlyArray<Views.Fold>,
  options: Options = {}
): Effect.fn.Return<Position, EventStoreError> {
  const head = yield* log.head
  const to = Math.min(options.to ?? head, head)
  if (to <= 0) return 0
  yield* Stream.runForEachArray(log.read("all", { to }), (events) => {
    for (const event of events) for (const fold of folds) fold.apply(event)
    const last = events[events.length - 1]
    return options.onProgress === undefined || last === undefined
      ? Effect.void
      : options.onProgress({ position: last.position, to })
  })
  return to
})

/**
 * What the log up to a position means, for some projections.
 *
 * @example
 * ```ts
 * const then = yield* Replay.run(log, [Projections.holdings], { to: position })
 * const holding = then.get(Projections.holdings, Projections.holdingKey(product, wallet))
 * ```
 *
 * @category running
 */
export const run = Effect.fnUntraced(function* (
  log: Projection.Log,
  projections: ReadonlyArray<Projection.Any>,
  options: Options = {}
): Effect.fn.Return<Views.Views, EventStoreError> {
  const views = Views.make(projections)
  yield* into(log, [views], options)
  return views
})
