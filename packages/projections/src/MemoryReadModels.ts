/**
 * Read models in memory, gone with the process. For tests, and for registers that are small or not kept.
 */
import { Effect, Layer, Result, Semaphore } from "effect"
import { pageOf, sliceOf } from "./Cursor.ts"
import type { AnyProjection, Log } from "./Projection.ts"
import { allProjections } from "./Projections.ts"
import { batchSize, catchingUp, ReadModels, type ReadModelsShape } from "./ReadModels.ts"
import { makeViews } from "./Views.ts"

/**
 * Folded from the first event when they are first asked.
 *
 * @category constructors
 */
export const make = (options: {
  readonly log: Log
  readonly projections?: ReadonlyArray<AnyProjection>
}): ReadModelsShape => {
  const { log } = options
  const views = makeViews(options.projections ?? allProjections)
  const one = Semaphore.makeUnsafe(1)

  const catchUp = catchingUp(
    log,
    one,
    () => views.position,
    (from) =>
      Effect.map(log.readAll("all", { from, limit: batchSize }), (events) => {
        for (const event of events) views.apply(event)
        return events.length
      })
  )

  return {
    catchUp,
    page: (projection, scope, page) =>
      Effect.flatMap(catchUp, () => {
        const keys = views.keys(projection, scope)
        const slice = sliceOf(projection.name, keys.length, page)
        if (Result.isFailure(slice)) return Effect.fail(slice.failure)
        const { first, last } = slice.success
        const results = keys.slice(first - 1, Math.max(first - 1, last)).map((key) => views.get(projection, key)!)
        return Effect.succeed(pageOf(projection.name, keys.length, slice.success, results))
      }),
    get: (projection, key) => Effect.map(catchUp, () => views.get(projection, key))
  }
}

/** @category layers */
export const layer = <E, R>(log: Effect.Effect<Log, E, R>): Layer.Layer<ReadModels, E, R> =>
  Layer.effect(
    ReadModels,
    Effect.map(log, (log) => make({ log }))
  )
