/**
 * Whether the log is stamped ahead. An append under a clock that was wrong bears a later instant than now, and no later event may bear an
 * earlier one. For starts, `verify` and audits.
 */
import { Timestamp } from "@effekten/domain"
import type { EventStoreError, Position } from "@effekten/event-store"
import { Projection } from "@effekten/projections"
import { Effect } from "effect"

/** @category models */
export interface Ahead {
  /** The first event that is stamped later than now. */
  readonly from: Position
  /** Until then every event that is recorded bears this instant. */
  readonly until: Timestamp.Instant
}

/** Two clocks that differ by so little agree. */
const toleratedMicros = Timestamp.microsPerMinute

type Reading = Pick<Projection.Log, "readAll">

const instantAt = (log: Reading, position: Position): Effect.Effect<Timestamp.Instant | undefined, EventStoreError> =>
  Effect.map(log.readAll("all", { from: position, to: position }), ([event]) =>
    event === undefined ? undefined : Timestamp.instantOf(Projection.recordedAt(event))
  )

/** When the last event was recorded. @category computing */
export const lastInstant = (log: Reading): Effect.Effect<Timestamp.Instant | undefined, EventStoreError> =>
  Effect.map(log.readAll("all", { backwards: true, limit: 1 }), ([event]) =>
    event === undefined ? undefined : Timestamp.instantOf(Projection.recordedAt(event))
  )

/** How far the log is ahead of an instant. Instants never go back, so a few reads find the first event. @category computing */
export const stampedAhead = Effect.fnUntraced(function* (
  log: Reading & Pick<Projection.Log, "head">,
  at: Timestamp.Instant
): Effect.fn.Return<Ahead | undefined, EventStoreError> {
  const until = yield* lastInstant(log)
  const latest = at.micros + toleratedMicros
  if (until === undefined || until.micros <= latest) return undefined
  let [before, from] = [0, yield* log.head]
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2)
    const instant = yield* instantAt(log, middle)
    if (instant !== undefined && instant.micros <= latest) before = middle
    else from = middle
  }
  return { from, until }
})

/** In words, for people. @category conversions */
export const describe = ({ from, until }: Ahead, at: Timestamp.Instant): string =>
  `the log is stamped ahead: from position ${from} on its events say up to ${until.text}, ${daysBetween(at, until)} after this machine's clock. Until then whatever is recorded bears that instant`

/** @category conversions */
export const daysBetween = (earlier: Timestamp.Instant, later: Timestamp.Instant): string => {
  const days = (later.micros - earlier.micros) / Timestamp.microsPerDay
  return days < 2 ? `${Math.round(days * 24)} hours` : `${Math.round(days)} days`
}
