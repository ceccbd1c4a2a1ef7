/**
 * Sending again what failed for no lasting reason: when, how often, after how long, until when. A layer that can be used alone.
 */
import { Clock, Duration, Effect, Layer, Random, Result } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { Deadline, Unavailable } from "@effekten/services"
import * as ClientAttempt from "./ClientAttempt.ts"
import { settle } from "./ClientBounds.ts"
import { type Budget, makeBudget, repeatCost, throttledRepeatCost } from "./ClientBudget.ts"
import { around, type Call, CurrentCall, leftOf, makeCall, told, transportError } from "./ClientCall.ts"
import { hasKey, isRead } from "./ClientIdempotency.ts"

/** @category models */
export interface RetryOptions {
  /** Attempts of one call, the first included. Default: 3; 1 means no repeats. */
  readonly attempts?: number | undefined
  /** How long a call may take, with all its attempts and waits. Told to the server. Default: 60 s. */
  readonly deadline?: Duration.Input | undefined
  /** How long one attempt may take. Default: 30 s. */
  readonly timeout?: Duration.Input | undefined
  /** The first wait is anywhere from nothing to this; each further one may be twice as long. Default: 50 ms. */
  readonly base?: Duration.Input | undefined
  /** The same where the server asked for less, with 429 or 503. Default: 1 s. */
  readonly throttledBase?: Duration.Input | undefined
  /** No wait is longer by chance. Default: 20 s. */
  readonly maximum?: Duration.Input | undefined
  /** Which requests may be sent again although they bring no key and are no reads. Default: none. */
  readonly isSafe?: ((request: HttpClientRequest.HttpClientRequest) => boolean) | undefined
}

/** Tells the server which attempt this is: `2/3`. @category values */
export const attemptHeader = "x-attempt"
/** Milliseconds a call may take at most, whatever its options say: about eleven days. */
const longestDeadline = 1e9
/** Milliseconds that must be left of a call for another attempt. @category values */
export const minimumAttempt = 20

const millis = (given: Duration.Input | undefined, otherwise: Duration.Input): number =>
  Duration.toMillis(Duration.fromInputUnsafe(given ?? otherwise))

/**
 * Milliseconds to wait before attempt `retry + 2`: anywhere from nothing to `min(maximum, base × 2^retry)` ("full jitter"), and no less than
 * the server asked for.
 *
 * @category constructors
 */
export const delayBefore = (
  options: RetryOptions | undefined,
  retry: number,
  { isThrottled, wait }: Pick<ClientAttempt.Verdict, "isThrottled" | "wait">
): Effect.Effect<number> =>
  Effect.map(Random.next, (chance) => {
    const base = isThrottled ? millis(options?.throttledBase, "1 second") : millis(options?.base, "50 millis")
    return Math.max(
      chance * Math.min(millis(options?.maximum, "20 seconds"), base * 2 ** Math.min(retry, 52)),
      wait ?? 0
    )
  })

/** Without a key a repeat could have a second effect, and a stream has been read. */
const isRepeatable = (request: HttpClientRequest.HttpClientRequest, { isSafe }: RetryOptions): boolean =>
  (isRead(request) || hasKey(request) || isSafe?.(request) === true) && request.body._tag !== "Stream"

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : "")

type Outcome = Result.Result<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** What is wrong with an outcome; nothing if it is a success that answers the call. */
const judged = (request: HttpClientRequest.HttpClientRequest, outcome: Outcome, call: Call) =>
  Effect.gen(function* () {
    if (Result.isFailure(outcome)) return ClientAttempt.ofError(request, outcome.failure)
    const response = outcome.success
    const read = yield* Effect.result(response.text)
    if (Result.isFailure(read)) return ClientAttempt.ofError(request, read.failure)
    if (response.status >= 200 && response.status < 300) {
      return call.isUnderstood(response, read.success) ? undefined : ClientAttempt.misunderstood(request)
    }
    return ClientAttempt.ofResponse(request, response, read.success, yield* Clock.currentTimeMillis)
  })

const late = (request: HttpClientRequest.HttpClientRequest, call: Call): HttpClientError.HttpClientError => {
  const message = "No answer came in time."
  return transportError(
    request,
    message,
    call.isWaiting ? new ClientAttempt.NotSent({ failure: new Unavailable({ executed: "no", message }) }) : undefined
  )
}

interface Repeating {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly next: HttpClient.HttpClient["execute"]
  readonly call: Call
  readonly budget: Budget
  readonly options: RetryOptions
  readonly attempts: number
}

const attempt = ({ attempts, call, next, options, request }: Repeating, number: number): Effect.Effect<Outcome> =>
  Effect.flatMap(leftOf(call), (left) => {
    const numbered = told(HttpClientRequest.setHeader(request, attemptHeader, `${number}/${attempts}`), left)
    return Effect.flatMap(next(numbered), (response) => settle(response, request)).pipe(
      Effect.timeoutOrElse({
        duration: Math.min(left, millis(options.timeout, "30 seconds")),
        orElse: () => Effect.fail(late(request, call))
      }),
      Effect.result
    )
  })

const repeated = (repeating: Repeating): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const { attempts, budget, call, options, request } = repeating
    const origin = originOf(request.url)
    let cost = 1
    for (let number = 1; ; number++) {
      call.isWaiting = false
      const outcome = yield* attempt(repeating, number)
      const verdict = yield* judged(request, outcome, call)
      if (verdict === undefined) {
        budget.give(origin, cost)
        return outcome
      }
      ClientAttempt.note(call, verdict)
      if (number >= attempts || !verdict.isRetryable || !isRepeatable(request, options)) return outcome
      const delay = yield* delayBefore(options, number - 1, verdict)
      if (delay + minimumAttempt > (yield* leftOf(call))) return outcome
      cost = verdict.isThrottled ? throttledRepeatCost : repeatCost
      if (!budget.take(origin, cost)) return outcome
      if (verdict.executed === "unknown") call.isDoubtful = true
      yield* Effect.sleep(delay)
    }
  })

/**
 * Repeats attempts that may succeed later. A request that an outer layer repeats already is passed on as it is: repeats are not multiplied.
 *
 * @category computing
 */
export const retrying = (
  client: HttpClient.HttpClient,
  options: RetryOptions = {},
  budget: Budget = makeBudget()
): HttpClient.HttpClient => {
  const attempts = Math.max(1, Math.floor(options.attempts ?? 3))
  return around(client, (request, next) =>
    request.headers[attemptHeader] !== undefined
      ? next(request)
      : Effect.gen(function* () {
          const call = (yield* CurrentCall) ?? makeCall()
          const now = yield* Clock.currentTimeNanos
          // A caller may give a single call less time, as it does embedded.
          const whole = Duration.millis(Math.min(millis(options.deadline, "60 seconds"), longestDeadline))
          call.deadline = now + BigInt(Math.ceil(Duration.toMillis(yield* Deadline.shortened(whole)) * 1e6))
          const repeating: Repeating = { request, next, call, budget, options, attempts }
          return yield* Effect.fromResult(yield* Effect.provideService(repeated(repeating), CurrentCall, call))
        })
  )
}

/** Repeats attempts that may succeed later, within a budget that the users of this layer share. @category layers */
export const layer = (options?: RetryOptions): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) => retrying(client, options))
  )
