/**
 * The current instant in microseconds, as events have it. For all code that stamps or compares.
 */
import { Timestamp } from "@effekten/domain"
import { type Clock, Effect } from "effect"

/** @category computing */
export const instantOf = (clock: Clock.Clock): Timestamp.Instant =>
  Timestamp.instantOfMicros(Number(clock.currentTimeNanosUnsafe() / 1000n))

/** @category computing */
export const now: Effect.Effect<Timestamp.Instant> = Effect.clockWith((clock) => Effect.succeed(instantOf(clock)))
