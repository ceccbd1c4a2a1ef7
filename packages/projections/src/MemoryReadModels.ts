/**
 * Read models in memory, gone with the process. For tests, and for registers that are small or not kept.
 */
import { maximumPageSize } from "@effekten/services"
import { Effect, Layer, Result, Semaphore } from "effect"
import { pageOf, sliceOf } from "./Cursor.ts"
import type * as Projection from "./Projection.ts"
import * as Projections from "./Projections.ts"
import * as ReadModels from "./ReadModels.ts"
import * as Views from "./Views.ts"

/**
 * Folded from the first event when they are first asked.
 *
 * @category constructors
 */
export const make = (options: {
  readonly log: Projection.Log
  readonly projections?: ReadonlyArray<Projection.Any>
}): ReadModels.Shape => {
  const { log } = options
  const views = Views.make(options.projections ?? Projections.all)
  const one = Semaphore.makeUnsafe(1)

  const catchUp = ReadModels.catchingUp(
    log,
    one,
    () => views.position,
    (from) =>
      Effect.map(log.readAll("all", { from, limit: ReadModels.batchSize }), (events) => {
        for (const event of events) views.apply(event)
        return events.length
      })
  )

  // Sorted when it is asked for, and once for all pages as long as nothing happens.
  const orders = new Map<
    string,
    { readonly position: number; readonly all: ReadonlyArray<ReadModels.Ranked<unknown>> }
  >()
  const orderOf = <S>(projection: Projection.Projection<S>): ReadonlyArray<ReadModels.Ranked<S>> => {
    const known = orders.get(projection.name)
    if (known?.position === views.position) return known.all as ReadonlyArray<ReadModels.Ranked<S>>
    const all: Array<ReadModels.Ranked<S>> = []
    for (const [key, state] of views.all(projection)) {
      const rank = projection.rank?.(state)
      if (rank !== undefined) all.push({ rank, key, state })
    }
    all.sort((a, b) => (isBehind(a, b) ? 1 : -1))
    orders.set(projection.name, { position: views.position, all })
    return all
  }

  return {
    catchUp,
    ranked: (projection, { after, limit }) =>
      Effect.map(catchUp, () => {
        const all = orderOf(projection)
        const first = after === undefined ? 0 : firstBehind(all, after)
        return all.slice(first, first + Math.min(limit, maximumPageSize))
      }),
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

type Place = Pick<ReadModels.Ranked<unknown>, "rank" | "key">

const isBehind = (a: Place, b: Place): boolean => (a.rank === b.rank ? a.key > b.key : a.rank > b.rank)

/** Index of the first that is behind a place. */
const firstBehind = (all: ReadonlyArray<Place>, place: Place): number => {
  let [low, high] = [0, all.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBehind(all[middle]!, place)) high = middle
    else low = middle + 1
  }
  return low
}

/** @category layers */
export const layer = <E, R>(log: Effect.Effect<Projection.Log, E, R>): Layer.Layer<ReadModels.ReadModels, E, R> =>
  Layer.effect(
    ReadModels.ReadModels,
    Effect.map(log, (log) => make({ log }))
  )
