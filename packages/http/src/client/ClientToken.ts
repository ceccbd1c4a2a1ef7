/**
 * The client's access token: fetched once for all waiting calls, renewed before it expires. For the client.
 */
import { Rejection, Unavailable } from "@effekten/services"
import { Clock, Deferred, Effect, Exit, Redacted, Result, Schema } from "effect"
import { HttpClientRequest } from "effect/http"
import {
  around,
  type AttemptClient,
  type AttemptFailed,
  notAnswered,
  ofResponse,
  reconsidered
} from "./ClientOutcome.ts"
import { TokenError } from "../contract/Contract.ts"

/** @category models */
export interface TokenOptions {
  /** Where the API is mounted: `https://example.org/api/external`. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
  /** What the token shall be good for. Default: all the client may do. */
  readonly scopes?: ReadonlyArray<string> | undefined
}

/** A token is renewed a tenth of its life before its end, at most so many seconds before. */
const maximumEarliness = 300
/** Seconds between attempts to renew a token that is still good. */
const renewalPause = 10
/** Seconds a token is taken to live if the server does not say. */
const assumedLifetime = 300

/** More tolerant than the contract: other servers spell the type in other ways. */
const Answer = Schema.fromJsonString(
  Schema.Struct({ access_token: Schema.String, expires_in: Schema.optionalKey(Schema.Finite) })
)

interface Token {
  readonly value: Redacted.Redacted
  /** Nanoseconds of the monotonic clock. */
  readonly expiresAt: bigint
  renewAt: bigint
}

/** Access to the current token. @category models */
export interface Tokens {
  /** A token that has not expired. */
  readonly current: Effect.Effect<Redacted.Redacted, AttemptFailed>
  /** Forgets a token that was refused, unless it has been replaced already. */
  readonly forget: (token: Redacted.Redacted) => Effect.Effect<void>
}

const nanos = (seconds: number): bigint => BigInt(Math.round(seconds * 1e9))

const decodeError = Schema.decodeUnknownResult(Schema.fromJsonString(TokenError))

/** The token endpoint's refusals, in the words of the services. @category conversions */
export const ofTokenResponse: typeof ofResponse = (request, response, body) => {
  const failed = ofResponse(request, response, body)
  const error = Result.getOrUndefined(decodeError(body))
  if (error === undefined || !(failed.failure instanceof Rejection)) return failed
  const [code, status] =
    error.error === "invalid_client"
      ? ["unauthorized", 401]
      : error.error === "invalid_scope" || error.error === "unauthorized_client"
        ? ["insufficient_scope", 403]
        : ["invalid_request", 400]
  const message = error.error_description ?? `The token endpoint refused: ${error.error}.`
  return reconsidered(failed, { failure: new Rejection({ code, status, message }) })
}

/** The call itself was never sent, so whatever the token endpoint did, the call had no effect. */
const unsent = (failed: AttemptFailed): AttemptFailed => {
  const { failure } = failed
  return reconsidered(failed, {
    retryable: false,
    executed: "no",
    failure:
      failure._tag === "Unavailable"
        ? new Unavailable({ executed: "no", message: "No access token could be had.", cause: failure })
        : failure
  })
}

/** Asks the token endpoint for a new token. */
const fetching = (client: AttemptClient, options: TokenOptions): Effect.Effect<Token, AttemptFailed> => {
  const request = HttpClientRequest.post(`${options.url}/oauth/token`).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bodyUrlParams({
      grant_type: "client_credentials",
      client_id: options.clientId,
      client_secret: Redacted.value(options.clientSecret),
      ...(options.scopes === undefined ? {} : { scope: options.scopes.join(" ") })
    })
  )

  return Effect.gen(function* () {
    // The life of a token is counted from before it was asked for: an error on the safe side.
    const now = yield* Clock.currentTimeNanos
    const response = yield* client.execute(request)
    const answer = yield* response.text.pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(Answer)),
      Effect.mapError(() =>
        notAnswered(request, { certain: true, retryable: false, message: "The token endpoint's answer is no token." })
      )
    )
    const lifetime = Math.max(0, answer.expires_in ?? assumedLifetime)
    return {
      value: Redacted.make(answer.access_token),
      expiresAt: now + nanos(lifetime),
      renewAt: now + nanos(lifetime - Math.min(maximumEarliness, lifetime / 10))
    }
  })
}

/**
 * Tokens from a token endpoint, asked through `client`. Calls that arrive while a token is being fetched share its outcome; a failure is
 * shared too, then forgotten. `invalid_client` ends it: no further token is asked for.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (client: AttemptClient, options: TokenOptions) {
  const scope = yield* Effect.scope
  let token: Token | undefined
  let pending: Deferred.Deferred<Token, AttemptFailed> | undefined
  let ended: AttemptFailed | undefined

  const fetch = fetching(client, options)

  const settle = (deferred: Deferred.Deferred<Token, AttemptFailed>, exit: Exit.Exit<Token, AttemptFailed>) =>
    Effect.suspend(() => {
      pending = undefined
      if (Exit.isSuccess(exit)) token = exit.value
      return Deferred.done(deferred, exit)
    })

  /** One request for all waiting calls. It belongs to the client, not to the first call: its interruption must not hurt the others. */
  const renewed: Effect.Effect<Token, AttemptFailed> = Effect.suspend(() => {
    if (ended !== undefined) return Effect.fail(ended)
    if (pending !== undefined) return Deferred.await(pending)
    const deferred = Deferred.makeUnsafe<Token, AttemptFailed>()
    pending = deferred
    return fetch.pipe(
      Effect.tapError((failed) =>
        Effect.sync(() => {
          if (failed.failure._tag === "Rejection" && failed.failure.code === "unauthorized") ended = unsent(failed)
        })
      ),
      Effect.mapError(unsent),
      Effect.onExit((exit) => settle(deferred, exit)),
      Effect.forkIn(scope),
      Effect.andThen(Deferred.await(deferred))
    )
  })

  const tokens: Tokens = {
    current: Effect.gen(function* () {
      const now = yield* Clock.currentTimeNanos
      const held = token
      if (held === undefined || now >= held.expiresAt) return (yield* renewed).value
      if (now < held.renewAt) return held.value
      return yield* renewed.pipe(
        Effect.map(({ value }) => value),
        Effect.catch(() => {
          held.renewAt = now + nanos(renewalPause)
          return Effect.succeed(held.value)
        })
      )
    }),
    forget: (refused) =>
      Effect.sync(() => {
        if (token !== undefined && Redacted.value(token.value) === Redacted.value(refused)) token = undefined
      })
  }
  return tokens
})

/**
 * Sends every request with the current token. A token that is refused as invalid is replaced, and the request is sent once more.
 *
 * @category computing
 */
export const authenticated = (client: AttemptClient, tokens: Tokens): AttemptClient =>
  around(client, (request, next) => {
    const send = Effect.gen(function* () {
      const token = yield* tokens.current
      return yield* next(HttpClientRequest.bearerToken(request, token)).pipe(
        Effect.tapError((failed) => (failed.tokenRefused ? tokens.forget(token) : Effect.void))
      )
    })
    return Effect.catchIf(
      send,
      (failed) => failed.tokenRefused,
      () => send
    )
  })
