/**
 * A clock that begins three days ago, so that none beside it contradicts where it is set forward. For the tests of what the passing of time
 * brings about.
 */
import { type Clock, Duration, Effect } from "effect"

export const lateClock = (real: Clock.Clock) => {
  let behind = Duration.toMillis("3 days")
  const millis = () => real.currentTimeMillisUnsafe() - behind
  const nanos = () => real.currentTimeNanosUnsafe() - BigInt(behind) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    // Looks again and again, for the time may have been set forward.
    sleep: Effect.fnUntraced(function* (duration) {
      const until = millis() + Duration.toMillis(duration)
      while (millis() < until) yield* real.sleep(Duration.millis(Math.min(50, until - millis())))
    })
  }
  /** Sets it so many milliseconds behind the real time; where they are negative, ahead of it. */
  const setBehind = (by: number): void => void (behind = by)
  return { clock, setBehind }
}
