/**
 * One projection, brought to the head of the log in steps of its own. For the read models in memory and in SQL.
 *
 * No projection may wait for another here: not for its events, its lock or its failure.
 */
import { type Bookmark, EventStoreError, type Position } from "@effekten/event-store"
import { Effect, Schema, Semaphore } from "effect"
import { bookmarkAt, headAfter } from "./History.ts"
import type { Any, Log, LoggedEvent } from "./Projection.ts"
import { type Failure, type Shape, ReadModelsUnavailable } from "./ReadModels.ts"

/** What is to be known of a projection to bring it to the head. */
type Followed = Pick<Any, "name" | "version" | "types">

/** A projection, and where it stands as this process knows it. */
export interface Kept<P extends Followed = Any> {
  readonly projection: P
  /** One request does the work; the others wait, and find it done. */
  readonly one: Semaphore.Semaphore
  /** `undefined` while it is not known: the place of the states has to be asked. */
  at: Bookmark | undefined
  failure: Failure | undefined
}

/** The projections by name, of which nothing is known yet. */
export const keeping = <P extends Followed>(projections: ReadonlyArray<P>): ReadonlyMap<string, Kept<P>> => {
  const all = new Map<string, Kept<P>>()
  for (const projection of projections) {
    if (all.has(projection.name)) throw new RangeError(`two projections are called ${projection.name}`)
    all.set(projection.name, { projection, one: Semaphore.makeUnsafe(1), at: undefined, failure: undefined })
  }
  return all
}

/** A projection among those that are kept. */
export const among = (kept: ReadonlyMap<string, Kept>, { name, version }: Any): Kept => {
  const found = kept.get(name)
  if (found?.projection.version !== version) throw new RangeError(`version ${version} of ${name} is not kept here`)
  return found
}

/** The fold of a projection threw at an event. */
export class FoldFailed extends Schema.TaggedError<FoldFailed>()("FoldFailed", {
  position: Schema.Int,
  cause: Schema.Defect()
}) {}

/** Runs a part of a fold, which is total if it keeps its promise. */
export const folding = <A>(position: Position, part: () => A): A => {
  try {
    return part()
  } catch (cause) {
    throw new FoldFailed({ position, cause })
  }
}

/** Where states are kept. */
export interface Place<E, P extends Followed = Any> {
  /** Where the states stand. */
  readonly ask: (kept: Kept<P>) => Effect.Effect<Bookmark, E | EventStoreError>
  /** Drops, of all projections, the states that another history than the log's has made. */
  readonly dropOthers: Effect.Effect<void, E | EventStoreError>
  /** Folds events into the states, which then stand at `to`. `false` if they do not stand at `from` any more. */
  readonly take: (
    kept: Kept<P>,
    from: Bookmark,
    events: ReadonlyArray<LoggedEvent>,
    to: Bookmark
  ) => Effect.Effect<boolean, E | FoldFailed>
  /** Remembers why the states do not go on, for other processes. */
  readonly note: (kept: Kept<P>, failure: Failure) => Effect.Effect<void, E>
}

/** Positions that a step goes over. */
export interface Options {
  readonly log: Log
  readonly stepSize: number
}

/**
 * Takes steps until the head that was seen at the start is reached, and returns the position. A look at the log follows each step: what is
 * shown after it belongs to the history that the log has then.
 */
export const catchingUp = <E, P extends Followed = Any>({ log, stepSize }: Options, place: Place<E, P>) => {
  const look = looking(log, place)
  const step = stepping(log, place)

  const stepsTo = Effect.fnUntraced(function* (kept: Kept<P>, target: Position) {
    for (let steps = 0; ; steps++) {
      const { at, head } = yield* look(kept)
      if (at.position >= Math.min(target, head.position)) return at.position
      // A long way to the head keeps nothing else from its turn.
      if (steps > 0) yield* Effect.yieldNow
      yield* step(kept, at, head, Math.min(at.position + stepSize, head.position))
    }
  })

  return (kept: Kept<P>): Effect.Effect<Position, E | EventStoreError | ReadModelsUnavailable> =>
    Effect.flatMap(look(kept), ({ at, head }) =>
      at.position >= head.position ? Effect.succeed(at.position) : kept.one.withPermits(1)(stepsTo(kept, head.position))
    )
}

/** Where a projection stands, and the head that follows in the same history. */
const looking = <E, P extends Followed>(log: Log, place: Place<E, P>) => {
  const lookFrom = Effect.fnUntraced(function* (kept: Kept<P>) {
    const at = (kept.at ??= yield* place.ask(kept))
    const head = yield* headAfter(log, at)
    return head === undefined ? undefined : { at, head }
  })
  return Effect.fnUntraced(function* (kept: Kept<P>) {
    const seen = yield* lookFrom(kept)
    if (seen !== undefined) return seen
    kept.at = undefined
    yield* place.dropOthers
    return (
      (yield* lookFrom(kept)) ??
      (yield* new ReadModelsUnavailable({ message: "the log went another way, and again while that was looked at" }))
    )
  })
}

/**
 * The bookmark at a position on the way; `undefined` where the log has gone another way. In this order: if it does so before its events are
 * read, a look finds that one of the two bookmarks is gone.
 */
const between = Effect.fnUntraced(function* (log: Log, from: Bookmark, position: Position) {
  const to = yield* bookmarkAt(log, position)
  const head = yield* headAfter(log, from)
  if (head === undefined || head.position < position) return undefined
  return (
    to ??
    (yield* new ReadModelsUnavailable({
      message: `the log has no position ${position}, but says that its head is ${head.position}`
    }))
  )
})

/** Takes in the events after a bookmark, up to a position. */
const stepping = <E, P extends Followed>(log: Log, place: Place<E, P>) => {
  const step = (
    kept: Kept<P>,
    from: Bookmark,
    head: Bookmark,
    position: Position
  ): Effect.Effect<void, E | EventStoreError | ReadModelsUnavailable> =>
    Effect.gen(function* () {
      const to = position === head.position ? head : yield* between(log, from, position)
      // The log went another way since it was looked at: the next look says so.
      if (to === undefined) return
      const { types } = kept.projection
      const events = yield* log.readAll([{ types }], { from: from.position + 1, to: position })
      const isTaken = yield* place
        .take(kept, from, events, to)
        .pipe(Effect.onError(() => Effect.sync(() => (kept.at = undefined))))
      kept.at = isTaken ? to : undefined
      if (isTaken && kept.failure !== undefined && kept.failure.position <= position) kept.failure = undefined
    }).pipe(
      Effect.catch((error) => {
        const stopped = stopOf(error, from.position, position)
        if (stopped === undefined) return Effect.fail(error as Exclude<typeof error, FoldFailed>)
        // What comes before the event is taken in, so that the position says where it stopped.
        const before = stopped.position - 1
        return before > from.position ? step(kept, from, head, before) : stop(place, kept, stopped)
      })
    )
  return step
}

const stop = Effect.fnUntraced(function* <E, P extends Followed>(
  place: Place<E, P>,
  kept: Kept<P>,
  { cause, position }: Stop
) {
  const { name, version } = kept.projection
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `the list of ${name} (version ${version}) stopped before position ${position}: ${reason}`
  if (kept.failure?.position !== position) {
    kept.failure = { position, message: reason }
    yield* Effect.logError(message, cause)
    yield* place.note(kept, kept.failure)
  }
  return yield* new ReadModelsUnavailable({ message, cause })
})

/** All projections together: each goes its own way, and the failure of one keeps no other from the head. */
export const together = <E>(
  kept: ReadonlyMap<string, Kept>,
  catchUp: (kept: Kept) => Effect.Effect<Position, E>
): { readonly catchUp: Effect.Effect<Position, E>; readonly progress: Shape["progress"] } => ({
  catchUp: Effect.gen(function* () {
    const reached = yield* Effect.forEach(kept.values(), (each) => Effect.result(catchUp(each)))
    return Math.min(...(yield* Effect.forEach(reached, (each) => Effect.fromResult(each))))
  }),
  progress: Effect.sync(() =>
    [...kept.values()].map(({ at, failure, projection: { name, version } }) => ({
      name,
      version,
      position: at?.position,
      failure
    }))
  )
})

/** Says which lists were of another history than the log's. */
export const tellLost = (lost: ReadonlyArray<string>): Effect.Effect<void> =>
  lost.length === 0
    ? Effect.void
    : Effect.logError(
        `The log has another history than these lists were folded from: ${lost.join(", ")}. They were dropped, and are folded again from its first event.`
      )

/** A failure over one event, which no other step over this event avoids. */
interface Stop {
  readonly position: Position
  readonly cause: unknown
}

const stopOf = (error: unknown, after: Position, to: Position): Stop | undefined => {
  const isOfEvent =
    error instanceof FoldFailed ||
    (error instanceof EventStoreError && (error.reason === "damaged" || error.reason === "newer"))
  if (!isOfEvent || error.position === undefined || error.position <= after || error.position > to) return undefined
  return { position: error.position, cause: error instanceof FoldFailed ? error.cause : error }
}
