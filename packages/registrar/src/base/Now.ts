/**
 * The current instant in microseconds, as events have it. For all code that stamps or compares.
 */
import { Timestamp } from "@effekten/domain"
import { Clock, Effect } from "effect"

/** @category computing */
export const now: Effect.Effect<Timestamp.Instant> = Effect.map(Clock.currentTimeNanos, (nanos) =>
  Timestamp.instantOfMicros(Number(nanos / 1000n))
)
