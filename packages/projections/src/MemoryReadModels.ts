/**
 * Read models in memory, gone with the process. For tests, and for registers that are small or not kept.
 */
import type { Bookmark } from "@effekten/event-store"
import { maximumPageSize } from "@effekten/services"
import { Effect, Layer, Result } from "effect"
import { among, catchingUp, type FoldFailed, folding, keeping, type Place, tellLost, together } from "./CatchingUp.ts"
import { type Asked, askedOf, pageOf } from "./Cursor.ts"
import { headAfter } from "./History.ts"
import * as Projection from "./Projection.ts"
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
  const { log, projections = Projections.all } = options
  const kept = keeping(projections)
  const lists = new Map(projections.map((projection) => [projection.name, listOf(projection, log)]))
  const catchUp = catchingUp({ log, stepSize: ReadModels.stepSize }, placeOf(log, lists))

  /** A list is read as of the head. If it was begun anew since, it is brought there again: a part of a list is never shown. */
  const asOfHead = <S, A>(projection: Projection.Projection<S>, read: (list: List) => A) =>
    Effect.gen(function* () {
      const each = among(kept, projection)
      for (;;) {
        const reached = yield* catchUp(each)
        const list = lists.get(projection.name)!
        if (list.at.position >= reached) return read(list)
        each.at = undefined
      }
    })

  return {
    ...together(kept, catchUp),
    ranked: (projection, { after, limit }) =>
      asOfHead(projection, (list) => {
        const all = orderOf(projection, list)
        const first = after === undefined ? 0 : firstBehind(all, after)
        return all.slice(first, first + Math.min(limit, maximumPageSize))
      }),
    page: (projection, scope, page) =>
      Effect.flatMap(
        asOfHead(projection, ({ views }) =>
          Result.map(askedOf(projection.name, page), (asked) => {
            const keys = views.keys(projection, scope)
            const stateAt = (ordinal: number) => views.get(projection, keys[ordinal - 1]!)!
            const ordinals = chosenOf(projection, page?.chosen, keys.length, stateAt)
            const extent = { count: ordinals.length, first: ordinals.at(0) ?? 0, last: ordinals.at(-1) ?? 0 }
            const rows = shownOf(ordinals, asked).map((ordinal) => ({ ordinal, state: stateAt(ordinal) }))
            return pageOf(projection.name, asked, extent, rows)
          })
        ),
        Effect.fromResult
      ),
    get: (projection, key) => asOfHead(projection, ({ views }) => views.get(projection, key))
  }
}

/** Ordinals, lowest first. */
type Ordinals = Pick<ReadonlyArray<number>, "at" | "length" | "slice">

/** All ordinals up to a count, without an array of them: most lists are read whole. */
const upTo = (length: number): Ordinals => ({
  length,
  at: (index) => (length === 0 ? undefined : index < 0 ? length + index + 1 : index + 1),
  slice: (start = 0, end = length) =>
    Array.from({ length: Math.max(0, Math.min(end, length) - start) }, (_, index) => start + index + 1)
})

/** The ordinals of a list whose objects have what is chosen by. */
const chosenOf = <S>(
  projection: Projection.Projection<S>,
  chosen: Projection.Chosen | undefined,
  count: number,
  stateAt: (ordinal: number) => S
): Ordinals => {
  const members = Projection.chosenBy(projection, chosen)
  if (members.length === 0) return upTo(count)
  const has = (state: S) => members.every((member) => projection.filters?.[member]?.(state) === chosen?.[member])
  return upTo(count)
    .slice()
    .filter((ordinal) => has(stateAt(ordinal)))
}

/** Those of a page. */
const shownOf = (ordinals: Ordinals, { limit, ordinal, side }: Asked): ReadonlyArray<number> => {
  let [low, high] = [0, ordinals.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ordinals.at(middle)! < ordinal) low = middle + 1
    else high = middle
  }
  return side === "from" ? ordinals.slice(low, low + limit) : ordinals.slice(Math.max(0, low - limit), low)
}

/** The states of one projection. */
interface List {
  readonly projection: Projection.Any
  readonly views: Views.Views
  at: Bookmark
  /** Sorted when it is asked for, and once for all pages as long as nothing happens. */
  order?: { readonly at: Bookmark; readonly all: ReadonlyArray<ReadModels.Ranked<any>> }
}

const listOf = (projection: Projection.Any, log: Projection.Log): List => ({
  projection,
  views: Views.make([projection]),
  at: { position: 0, leaf: log.logId }
})

const placeOf = (log: Projection.Log, lists: Map<string, List>): Place<never> => ({
  ask: ({ projection }) => Effect.sync(() => lists.get(projection.name)!.at),
  dropOthers: Effect.gen(function* () {
    const lost: Array<string> = []
    for (const [name, { at, projection }] of lists) {
      if ((yield* headAfter(log, at)) !== undefined) continue
      lists.set(name, listOf(projection, log))
      lost.push(`${name} (position ${at.position})`)
    }
    yield* tellLost(lost)
  }),
  take: ({ projection }, from, events, to) =>
    Effect.try({
      try: () => {
        const list = lists.get(projection.name)!
        if (list.at !== from) return false
        // Those before an event that the fold failed over are taken in already.
        for (const event of events)
          if (event.position > list.views.position) folding(event.position, () => list.views.apply(event))
        list.at = to
        return true
      },
      catch: (cause) => cause as FoldFailed
    }),
  note: () => Effect.void
})

const orderOf = <S>(projection: Projection.Projection<S>, list: List): ReadonlyArray<ReadModels.Ranked<S>> => {
  if (list.order?.at === list.at) return list.order.all
  const all: Array<ReadModels.Ranked<S>> = []
  for (const [key, state] of list.views.all(projection)) {
    const rank = projection.rank?.(state)
    if (rank !== undefined) all.push({ rank, key, state })
  }
  all.sort((a, b) => (isBehind(a, b) ? 1 : -1))
  list.order = { at: list.at, all }
  return all
}

type Rank = Pick<ReadModels.Ranked<unknown>, "rank" | "key">

const isBehind = (a: Rank, b: Rank): boolean => (a.rank === b.rank ? a.key > b.key : a.rank > b.rank)

/** Index of the first that is behind a place. */
const firstBehind = (all: ReadonlyArray<Rank>, place: Rank): number => {
  let [low, high] = [0, all.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBehind(all[middle]!, place)) high = middle
    else low = middle + 1
  }
  return low
}

/** @category layers */
export const layer = <E, R>(
  log: Effect.Effect<Projection.Log, E, R>,
  options: { readonly projections?: ReadonlyArray<Projection.Any> } = {}
): Layer.Layer<ReadModels.ReadModels, E, R> =>
  Layer.effect(
    ReadModels.ReadModels,
    Effect.map(log, (log) => make({ ...options, log }))
  )
