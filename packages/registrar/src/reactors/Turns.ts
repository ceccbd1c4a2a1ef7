/**
 * What reactors of the clock have in common. They work in turns, do a bounded number of things in each, and sleep until the next is due. For
 * retention, and for payment deadlines.
 */
import { type Events, Timestamp } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { Duration, Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { now } from "../base/Now.ts"
import type { TrustedTime } from "../log/TrustedTime.ts"

/** Objects of one round: what is read at a time. @category values */
export const maximumAtOnce = 100
/** At most so many of these are in the executor's queue at a time: all other instructions find their place between them. @category values */
export const maximumInFlight = 16
/** The clock sleeps at least so long. */
const shortestSleep = Duration.seconds(1)
/** After a turn that was cut off by its maximum. What was done within it counts for the next turn, whichever process takes that. @category values */
export const pauseAfterMaximum = Duration.hours(1)

const microsOf = (duration: Duration.Duration): number => Duration.toMillis(duration) * 1000

/**
 * The number of the turn, so long after the due instant. Each turn is an instruction of its own, because a recorded refusal is its answer
 * forever. The obstacle may go without moving the due instant: a node's clock was wrong, for example. Within a turn nothing is recorded
 * twice.
 *
 * @category computing
 */
export const turnOf = (dueMicros: number, at: Timestamp.Instant, length: Duration.Duration): number =>
  Math.floor((at.micros - dueMicros) / microsOf(length))

/**
 * How long to sleep until an instant. It is counted from now, for a clock may have been set forward during the turn. Rounded up to whole
 * milliseconds, so that the clock does not wake too early.
 *
 * @category computing
 */
export const sleepUntil = (
  time: TrustedTime["Service"],
  dueMicros: number | undefined,
  longest: Duration.Duration
): Effect.Effect<Duration.Duration, SqlError> =>
  dueMicros === undefined
    ? Effect.succeed(longest)
    : Effect.map(time.reading, ({ at }) =>
        Duration.clamp(Duration.millis(Math.ceil((dueMicros - at.micros) / 1000)), {
          minimum: shortestSleep,
          maximum: longest
        })
      )

/**
 * How many events of a type the clock has recorded within an hour, by the log. So a process that starts, or takes the lease, goes on counting.
 *
 * @category computing
 */
export const doneLately = Effect.fnUntraced(function* (
  log: Pick<Projection.Log, "readAll">,
  type: Events.EventType,
  most: number
): Effect.fn.Return<number, EventStoreError> {
  const { micros } = yield* now
  const done = yield* log.readAll([{ types: [type] }], { backwards: true, limit: most })
  // By the instant of receipt: what is recorded may be stamped ahead.
  return done.filter(
    ({ meta }) =>
      meta.actor === "clock" &&
      Math.abs(micros - Timestamp.instantOf(meta.receivedAt).micros) < microsOf(pauseAfterMaximum)
  ).length
})
