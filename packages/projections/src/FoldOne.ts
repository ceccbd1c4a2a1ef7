/**
 * One object's state, folded from its own events alone, at the head or as of any position. For reads by id.
 */
import type { EventStoreError, Position, Query } from "@effekten/event-store"
import { Effect, Stream } from "effect"
import type { LoggedEvent, Log, Projection } from "./Projection.ts"

/** Up to which position; the head, if not said. @category models */
export interface FoldOptions {
  readonly to?: Position
}

/**
 * Reads the events of one object and folds them. Where a state names further events (`more`), both are read again as one, so that they
 * are folded in the order of the log. `undefined` where there is no such object at that position.
 *
 * @category folding
 */
export const fold = Effect.fnUntraced(function* <S>(
  log: Log,
  projection: Projection<S>,
  key: string,
  options: FoldOptions = {}
): Effect.fn.Return<S | undefined, EventStoreError> {
  const query = projection.query(key)
  if (projection.more === undefined) return yield* foldQuery(log, projection, key, query, options)
  // Both readings end at one position, or the second might tell of a state the first did not.
  const to = options.to ?? (yield* log.head)
  const state = yield* foldQuery(log, projection, key, query, { to })
  const more = state === undefined ? undefined : projection.more(state)
  return more === undefined ? state : yield* foldQuery(log, projection, key, either(query, more), { to })
})

const either = (a: Query, b: Query): Query => (a === "all" || b === "all" ? "all" : [...a, ...b])

const foldQuery = <S>(
  log: Log,
  projection: Projection<S>,
  key: string,
  query: Query,
  options: FoldOptions
): Effect.Effect<S | undefined, EventStoreError> =>
  Stream.runFold(
    log.read(query, options),
    (): S | undefined => undefined,
    (state, event) => foldEvent(projection, key, state, event)
  )

/** One step of a projection for one key; events about other objects change nothing. @category folding */
export const foldEvent = <S>(
  projection: Projection<S>,
  key: string,
  state: S | undefined,
  event: LoggedEvent
): S | undefined => (projection.keys(event).includes(key) ? (projection.evolve(state, event, key) ?? state) : state)
