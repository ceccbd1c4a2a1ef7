/**
 * Which instant an append bears, and a warning where it is far after the one before. For what writes to a log.
 *
 * Instants in a log never go back. One append under a clock that runs years ahead makes them stand still for years, so it is said at once.
 */
import { Clock, DateTime, Duration, Effect } from "effect"
import type { EventStoreError } from "../port/EventStore.ts"
import type { Landed } from "./History.ts"

/** Between two appends of a process the clock may go ahead of what was counted by so much. */
const toleratedLeap = Duration.hours(1)
/** The first append of a process may be so long after the last one of another. */
const toleratedRest = Duration.days(31)

/** The later of two instants written as {@link Recording.recordedAt}, which sort as text. @category computing */
export const laterInstant = (a: string, b: string): string => (a > b ? a : b)

/**
 * What the clock says, and never before the instants that events must not precede. Rounded up to whole milliseconds, for theirs are in
 * microseconds. A store takes the head's instant where that is later: in the log time may stand still, but never goes back.
 *
 * @category computing
 */
export const instantFor = (events: ReadonlyArray<{ readonly notBefore: string }>): Effect.Effect<string> =>
  Effect.map(Clock.currentTimeNanos, (nanos) => {
    let latest = ""
    for (const { notBefore } of events) if (notBefore > latest) latest = notBefore
    const now = isoOf(Number((nanos + 999_999n) / 1_000_000n))
    return latest.slice(0, isoLength - 1) < now.slice(0, isoLength - 1) ? now : laterInstant(now, roundedUp(latest))
  })

const isoOf = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

/** `2026-11-22T12:00:00.000Z` */
const isoLength = 24

/** An instant with six digits of a second, as one with three that is not before it. */
const roundedUp = (text: string): string => {
  const whole = `${text.slice(0, isoLength - 1)}Z`
  return text.slice(isoLength - 1, -1) === "000" ? whole : isoOf(Date.parse(whole) + 1)
}

/** Watches the instants of appends. @category models */
export interface Stamping {
  /** To be run before each append: at the first one, it looks at the log's last instant. */
  readonly before: Effect.Effect<void>
  readonly after: (landed: Pick<Landed, "first" | "recordedAt">) => Effect.Effect<void>
}

/** @category constructors */
export const makeStamping = (lastInstant: Effect.Effect<string, EventStoreError>): Stamping => {
  let last: { readonly at: string; readonly monotonic: bigint | undefined } | undefined
  return {
    before: Effect.suspend(() =>
      last !== undefined
        ? Effect.void
        : Effect.map(
            // What cannot be read now is no reason against an append.
            Effect.orElseSucceed(lastInstant, () => ""),
            (at) => void (last = { at, monotonic: undefined })
          )
    ),
    after: ({ first, recordedAt }) =>
      Effect.flatMap(Clock.monotonicTimeNanos, (monotonic) => {
        const previous = last
        last = { at: recordedAt, monotonic }
        if (previous === undefined || previous.at === "") return Effect.void
        const leap = Date.parse(recordedAt) - Date.parse(previous.at)
        const counted = previous.monotonic === undefined ? 0 : Number((monotonic - previous.monotonic) / 1_000_000n)
        const tolerated = Duration.toMillis(previous.monotonic === undefined ? toleratedRest : toleratedLeap)
        return leap - counted <= tolerated
          ? Effect.void
          : Effect.logWarning(
              `The event at position ${first} is stamped ${recordedAt}, and the one before it ${previous.at}. ` +
                `If the clock is wrong, put it right: whatever is recorded until then bears no earlier instant`
            )
      })
  }
}
