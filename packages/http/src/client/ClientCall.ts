/**
 * What is known of one call while it is under way. For the layers of the client, which are put around one another and share it.
 *
 * A call belongs to one fiber. What it has been sent, and whether it may have had its effect, is written by the layer that knows.
 */
import type { LastProblem } from "@effekten/services"
import { Clock, Context, Effect } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { timeoutHeader } from "../contract/Headers.ts"

/** @category models */
export interface Call {
  /** The idempotency key of all attempts. */
  key: string | undefined
  /** Attempts sent so far. */
  attempts: number
  /** An attempt before the last one may have had its effect. */
  isDoubtful: boolean
  problem: LastProblem | undefined
  /** When the call ends at the latest, in nanoseconds of the monotonic clock. */
  deadline: bigint | undefined
  /** The current attempt waits for a token or for its turn: nothing of it has been sent. */
  isWaiting: boolean
  /** Whether a success can be read as an answer to this call. */
  readonly isUnderstood: (response: HttpClientResponse.HttpClientResponse, body: string) => boolean
}

/** @category constructors */
export const makeCall = (isUnderstood: Call["isUnderstood"] = () => true): Call => ({
  key: undefined,
  attempts: 0,
  isDoubtful: false,
  problem: undefined,
  deadline: undefined,
  isWaiting: false,
  isUnderstood
})

/** The call a request belongs to. @category services */
export const CurrentCall = Context.Reference<Call | undefined>("effekten/http/CurrentCall", {
  defaultValue: () => undefined
})

/** Waits before a request is sent, for a token or for its turn. A call that ends meanwhile was not sent. @category computing */
export const waiting = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(CurrentCall, (call) => {
    if (call === undefined) return effect
    call.isWaiting = true
    return Effect.tap(effect, () => Effect.sync(() => void (call.isWaiting = false)))
  })

/** Milliseconds left of a call. @category computing */
export const leftOf = (call: Call): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeNanos, (now) => Number((call.deadline ?? now) - now) / 1e6)

/** Tells the server what is left of the call. @category computing */
export const told = (request: HttpClientRequest.HttpClientRequest, left: number): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.setHeader(request, timeoutHeader, String(Math.max(1, Math.floor(left))))

/** The request as it is sent after a wait: less is left of its call than it was made with. @category computing */
export const toldAgain = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientRequest.HttpClientRequest> =>
  Effect.flatMap(CurrentCall, (call) =>
    call?.deadline === undefined || request.headers[timeoutHeader] === undefined
      ? Effect.succeed(request)
      : Effect.map(leftOf(call), (left) => told(request, left))
  )

/** Puts a function around a client's requests. @category computing */
export const around = (
  client: HttpClient.HttpClient,
  f: (
    request: HttpClientRequest.HttpClientRequest,
    next: HttpClient.HttpClient["execute"]
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
): HttpClient.HttpClient =>
  HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (request) => Effect.flatMap(request, (request) => f(request, client.execute)),
    Effect.succeed
  )

/** A failure of the connection, in Effect's words: every layer fails as the client below it does. @category constructors */
export const transportError = (
  request: HttpClientRequest.HttpClientRequest,
  description: string,
  cause?: unknown
): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, description, ...(cause === undefined ? {} : { cause }) })
  })
