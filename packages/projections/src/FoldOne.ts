/**
 * One object's state, folded from its own events alone, at the head or as of any position. For reads by id.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import { Effect, Stream } from "effect"
import type { LoggedEvent, Log, LogQuery, Projection } from "./Projection.ts"

/** Up to which position; the head, if not said. @category models */
export interface Options {
  readonly to?: Position
}

/** Events of an object that are kept in memory until its state says where else to look. Most objects have fewer. */
const keptEvents = 1_000

/**
 * Reads the events of one object and folds them. Where a state names further events (`more`), these are read too, and all are folded again
 * in the order of the log. `undefined` where there is no such object at that position.
 *
 * @category projections
 */
export const fold = Effect.fnUntraced(function* <S>(
  log: Log,
  projection: Projection<S>,
  key: string,
  options: Options = {}
): Effect.fn.Return<S | undefined, EventStoreError> {
  const query = projection.query(key)
  if (projection.more === undefined) return yield* foldQuery(log, projection, key, query, options)
  // Both readings must end at one position: otherwise the second might show a later state than the first.
  const to = options.to ?? (yield* log.head)
  const own = yield* log.readAll(query, { to, limit: keptEvents + 1 })
  const few = own.length <= keptEvents
  const state = few ? foldEvents(projection, key, own) : yield* foldQuery(log, projection, key, query, { to })
  const more = state === undefined ? undefined : projection.more(state)
  if (more === undefined) return state
  const others = few ? yield* log.readAll(more, { to, limit: keptEvents + 1 }) : []
  return few && others.length <= keptEvents
    ? foldEvents(projection, key, inOrder(own, others))
    : yield* foldQuery(log, projection, key, either(query, more), { to })
})

/** The events of two readings by position, each once. */
const inOrder = (a: ReadonlyArray<LoggedEvent>, b: ReadonlyArray<LoggedEvent>): ReadonlyArray<LoggedEvent> => {
  const all: Array<LoggedEvent> = []
  let next = 0
  for (const event of a) {
    for (; next < b.length && b[next]!.position <= event.position; next++)
      if (b[next]!.position < event.position) all.push(b[next]!)
    all.push(event)
  }
  return next < b.length ? [...all, ...b.slice(next)] : all
}

/** Some steps of a projection for one key, from a state on. @category projections */
export const foldEvents = <S>(
  projection: Projection<S>,
  key: string,
  events: ReadonlyArray<LoggedEvent>,
  from?: S
): S | undefined => {
  let state = from
  for (const event of events) state = foldEvent(projection, key, state, event)
  return state
}

/** What matches the one or the other. @category computing */
export const either = (a: LogQuery, b: LogQuery): LogQuery => (a === "all" || b === "all" ? "all" : [...a, ...b])

const foldQuery = <S>(
  log: Log,
  projection: Projection<S>,
  key: string,
  query: LogQuery,
  options: Options
): Effect.Effect<S | undefined, EventStoreError> =>
  Stream.runFold(
    log.read(query, options),
    (): S | undefined => undefined,
    (state, event) => foldEvent(projection, key, state, event)
  )

/** One step of a projection for one key; events about other objects change nothing. @category projections */
export const foldEvent = <S>(
  projection: Projection<S>,
  key: string,
  state: S | undefined,
  event: LoggedEvent
): S | undefined => (projection.keys(event).includes(key) ? (projection.evolve(state, event, key) ?? state) : state)
