/**
 * Sending again what failed for no lasting reason: when, how often, after how long. For the client.
 */
import { Duration, Effect, Random } from "effect"
import { HttpClientRequest } from "effect/http"
import { Unavailable } from "@effekten/services"
import { hasKey } from "./ClientKey.ts"
import { around, type AttemptClient, type AttemptFailed, isRead, reconsidered } from "./ClientOutcome.ts"

/** @category models */
export interface RetryOptions {
  /** Attempts of one call, the first included. Default: 3; 1 means no repeats. */
  readonly attempts?: number | undefined
  /** The first wait is anywhere from nothing to this; each further one may be twice as long. Default: 50 ms. */
  readonly base?: Duration.Input | undefined
  /** The same where the server asked for less, with 429 or 503. Default: 1 s. */
  readonly throttledBase?: Duration.Input | undefined
  /** No wait is longer by chance. Default: 20 s. */
  readonly maximum?: Duration.Input | undefined
}

/** Tells the server which attempt this is: `2/3`. @category values */
export const attemptHeader = "x-attempt"

/** Milliseconds a server's `Retry-After` may add to a wait. @category values */
export const maximumHintExcess = 5000

const millis = (given: Duration.Input | undefined, otherwise: Duration.Input): number =>
  Duration.toMillis(Duration.fromInputUnsafe(given ?? otherwise))

/**
 * Milliseconds to wait before attempt `retry + 2`: anywhere from nothing to `min(maximum, base × 2^retry)` ("full jitter"). Or what the
 * server asked for, as far as it adds at most {@link maximumHintExcess}.
 *
 * @category constructors
 */
export const delayBefore = (options: RetryOptions | undefined, retry: number, failed: AttemptFailed) =>
  Effect.map(Random.next, (chance) => {
    const base = failed.throttled ? millis(options?.throttledBase, "1 second") : millis(options?.base, "50 millis")
    const backoff = chance * Math.min(millis(options?.maximum, "20 seconds"), base * 2 ** Math.min(retry, 52))
    const hint = (failed.retryAfter ?? 0) * 1000
    return Math.max(backoff, Math.min(hint, backoff + maximumHintExcess))
  })

/** Without a key a repeat could have a second effect. @category predicates */
export const isRepeatable = (request: HttpClientRequest.HttpClientRequest): boolean =>
  isRead(request) || hasKey(request)

/**
 * "Had no effect" is a promise about the whole call: it does not hold when an earlier attempt may have had an effect. What the register has
 * recorded under the key is the answer to all attempts.
 */
const withDoubt = (failed: AttemptFailed): AttemptFailed =>
  failed.executed === "no"
    ? reconsidered(failed, {
        executed: "unknown",
        failure: new Unavailable({
          executed: "unknown",
          message: "The last attempt was refused, but an earlier one may have had its effect.",
          cause: failed.failure
        })
      })
    : failed

/** Repeats attempts that may succeed later. @category computing */
export const retrying = (
  client: AttemptClient,
  options?: RetryOptions,
  repeatable: (request: HttpClientRequest.HttpClientRequest) => boolean = isRepeatable
): AttemptClient => {
  const attempts = Math.max(1, Math.floor(options?.attempts ?? 3))
  return around(client, (request, next) => {
    const attempt = (number: number, doubtful: boolean): ReturnType<typeof next> =>
      next(HttpClientRequest.setHeader(request, attemptHeader, `${number}/${attempts}`)).pipe(
        Effect.catch((failed) => {
          const inDoubt = doubtful || failed.executed === "unknown"
          if (number === attempts || !failed.retryable || !repeatable(request)) {
            return Effect.fail(doubtful ? withDoubt(failed) : failed)
          }
          return Effect.flatMap(delayBefore(options, number - 1, failed), (delay) =>
            Effect.andThen(Effect.sleep(delay), attempt(number + 1, inDoubt))
          )
        })
      )
    return attempt(1, false)
  })
}
