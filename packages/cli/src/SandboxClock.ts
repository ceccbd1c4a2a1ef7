/**
 * A clock that is set forward and never back. For `serve --sandbox`: days pass when a developer says so. It must not be given to what other
 * machines rely on, such as tokens; it counts seconds as every clock does.
 */
import { Clock, Duration, Effect } from "effect"

/** So far ahead of the real time a sandbox goes at most: further than any period of the register. @category values */
export const furthestAhead = Duration.days(30 * 365)

/** A shorter sleep is a pause between two tries, and an advance leaves it alone. A longer one waits for an instant. */
const shortestWait = Duration.minutes(1)

/** @category models */
export interface SandboxClock {
  readonly clock: Clock.Clock
  /** How far it is ahead of the real time. */
  readonly ahead: () => Duration.Duration
  /** Sets it so far ahead of the real time. What is less than before changes nothing. Wakes what has slept long enough. */
  readonly setAhead: (by: Duration.Duration) => Effect.Effect<void>
}

/** A clock that is not ahead yet. @category constructors */
export const make = (real: Clock.Clock): SandboxClock => {
  let ahead = 0
  const waiting = new Set<() => void>()
  const millis = () => real.currentTimeMillisUnsafe() + ahead
  const nanos = () => real.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n

  const awoken = (until: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const look = () => {
        if (millis() < until) return
        waiting.delete(look)
        resume(Effect.void)
      }
      waiting.add(look)
      // It may have been set forward since the sleep began.
      look()
      return Effect.sync(() => void waiting.delete(look))
    })
  const sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Duration.isLessThan(duration, shortestWait)
      ? real.sleep(duration)
      : Effect.suspend(() => {
          const until = millis() + Duration.toMillis(duration)
          return Effect.raceFirst(real.sleep(duration), awoken(until))
        })

  return {
    clock: {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: real.monotonicTimeNanos,
      sleep
    },
    ahead: () => Duration.millis(ahead),
    setAhead: (by) =>
      Effect.sync(() => {
        ahead = Math.max(ahead, Math.round(Duration.toMillis(by)))
        for (const look of Array.from(waiting)) look()
      })
  }
}
