/**
 * The instant it is, as events bear it: microseconds. For all code that stamps or compares.
 */
import { type Instant, instantOfMicros } from "@effekten/domain"
import { Clock, Effect } from "effect"

/** @category clock */
export const now: Effect.Effect<Instant> = Effect.map(Clock.currentTimeNanos, (nanos) =>
  instantOfMicros(Number(nanos / 1000n))
)
