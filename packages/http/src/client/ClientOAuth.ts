/**
 * The client's access token (OAuth 2, client credentials): fetched once for all waiting calls, renewed before it expires, replaced when it is
 * refused. A layer that can be used alone, inside of retries.
 */
import {
  type CommandFailure,
  type FailureCode,
  Rejection,
  type Scope as ApiScope,
  Unavailable
} from "@effekten/services"
import { Clock, Deferred, Effect, Exit, Layer, Random, Redacted, Result, Schema, type Scope } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as ClientAttempt from "./ClientAttempt.ts"
import * as ClientProblem from "./ClientProblem.ts"
import { bounded, maximumProblemSize, settle } from "./ClientBounds.ts"
import { around, CurrentCall, toldAgain, transportError, waiting } from "./ClientCall.ts"
import { retrying, type RetryOptions } from "./ClientRetry.ts"

/** A client and its secret. @category models */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
}

/** @category models */
export interface OAuthOptions {
  /** Where the API is mounted, `https://example.org/api/external`: its tokens come from `/oauth/token` below. */
  readonly url: string
  /** Read before every request for a token. Once refused, no token is asked for until they are others. */
  readonly credentials: Credentials | Effect.Effect<Credentials>
  /** What the token shall be good for. Default: all the client may do. */
  readonly scopes?: ReadonlyArray<ApiScope> | undefined
  /** How a request for a token is repeated, under a budget of its own. */
  readonly retry?: RetryOptions | undefined
}

/** A token is renewed a tenth of its life before its end, at most so many seconds before. @category values */
export const maximumEarliness = 300
/** Seconds between attempts to renew a token that is still good. */
const renewalPause = 10
/** Seconds a token is taken to live if the server does not say. @category values */
export const assumedLifetime = 300
/** Seconds a token is taken to live at most, whatever the server says. @category values */
export const maximumLifetime = 86_400

interface Token {
  readonly value: Redacted.Redacted
  /** Nanoseconds of the monotonic clock. */
  readonly expiresAt: bigint
  renewAt: bigint
}

/** Access to the current token. */
interface Tokens {
  /** A token that has not expired. */
  readonly current: Effect.Effect<Redacted.Redacted, CommandFailure>
  /** Forgets a token that was refused, unless it has been replaced already. */
  readonly forget: (token: Redacted.Redacted) => Effect.Effect<void>
}

const nanos = (seconds: number): bigint => BigInt(Math.round(seconds * 1e9))

/** A token that can stand in a header. */
const Answer = Schema.fromJsonString(
  Schema.Struct({
    access_token: Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/)),
    expires_in: Schema.optionalKey(Schema.Unknown)
  })
)
const decodeAnswer = Schema.decodeUnknownResult(Answer)

/** Seconds of life: a number, or a text that is one. Anything else says nothing. */
const lifetimeOf = (said: unknown): number => {
  const seconds = typeof said === "string" && /^\s*\d+(?:\.\d+)?\s*$/.test(said) ? Number(said) : said
  return typeof seconds === "number" && !Number.isNaN(seconds)
    ? Math.min(maximumLifetime, Math.max(0, seconds))
    : assumedLifetime
}

const notToken = (message: string): Unavailable => new Unavailable({ executed: "no", message })

/** The refusals of the token endpoint (RFC 6749, section 5.2), in the words of the services. */
const refusals: ReadonlyMap<string, readonly [code: FailureCode, status: number]> = new Map([
  ["invalid_client", ["unauthorized", 401]],
  ["invalid_scope", ["insufficient_scope", 403]],
  ["unauthorized_client", ["insufficient_scope", 403]],
  ["invalid_request", ["invalid_request", 400]],
  ["invalid_grant", ["invalid_request", 400]],
  ["unsupported_grant_type", ["invalid_request", 400]]
])

/** What may be told of an answer. Its own words are not repeated: the endpoint was sent the secret, and may say it back. */
const told = ({ failure, problem }: ClientAttempt.Verdict): string =>
  problem === undefined
    ? failure.message
    : refusals.has(problem.code)
      ? problem.code
      : ClientProblem.statusSentence(problem.status)

/** Why there is no token. The call that waits for it was never sent: whatever the token endpoint did, the call had no effect. */
interface NoToken {
  readonly failure: CommandFailure
  /** The credentials are wrong, and stay wrong. */
  readonly isFinal: boolean
}

const noToken = (verdict: ClientAttempt.Verdict): NoToken => {
  const { failure, problem } = verdict
  const isFinal = problem?.code === "invalid_client"
  const message = told(verdict)
  if (failure._tag === "NotFound") return { isFinal, failure: notToken(`There is no token endpoint: ${message}`) }
  if (failure._tag === "Unavailable") {
    const { cause, retryAfter } = failure
    return {
      isFinal,
      failure: new Unavailable({
        executed: "no",
        message,
        ...(retryAfter === undefined ? {} : { retryAfter }),
        ...(cause === undefined ? {} : { cause })
      })
    }
  }
  const [code, status] = refusals.get(failure.code) ?? ["invalid_request", 400]
  return { isFinal, failure: new Rejection({ code, status, message: `The token endpoint refused: ${message}` }) }
}

/** One request for a token, and its repeats. */
const fetching = (
  client: HttpClient.HttpClient,
  options: OAuthOptions,
  { clientId, clientSecret }: Credentials
): Effect.Effect<Token, NoToken> => {
  const request = HttpClientRequest.post(`${options.url.replace(/\/+$/, "")}/oauth/token`).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bodyUrlParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: Redacted.value(clientSecret),
      ...(options.scopes === undefined ? {} : { scope: options.scopes.join(" ") })
    })
  )
  return Effect.gen(function* () {
    // The life of a token is counted from before it was asked for: an error on the safe side.
    const now = yield* Clock.currentTimeNanos
    const chance = yield* Random.next
    const response = yield* client.execute(request)
    const body = yield* response.text
    if (response.status < 200 || response.status >= 300) {
      return yield* Effect.fail(
        noToken(ClientAttempt.ofResponse(request, response, body, yield* Clock.currentTimeMillis))
      )
    }
    const answer = decodeAnswer(body)
    if (Result.isFailure(answer)) {
      return yield* Effect.fail({ isFinal: false, failure: notToken("The token endpoint's answer is no token.") })
    }
    const lifetime = lifetimeOf(answer.success.expires_in)
    // Clients that were started together shall not renew together.
    const earliness = Math.min(maximumEarliness, lifetime / 10) * (1 + chance / 2)
    return {
      value: Redacted.make(answer.success.access_token),
      expiresAt: now + nanos(lifetime),
      renewAt: now + nanos(lifetime - earliness)
    }
  }).pipe(
    Effect.mapError((error) => ("isFinal" in error ? error : noToken(ClientAttempt.ofError(request, error)))),
    // Its attempts and its deadline are its own, not those of the call that needs a token first.
    Effect.provideService(CurrentCall, undefined)
  )
}

/** Refused for good, and the credentials that were. */
interface Ended {
  readonly failure: CommandFailure
  readonly credentials: Credentials
}

const areSame = (one: Credentials, other: Credentials): boolean =>
  one.clientId === other.clientId && Redacted.value(one.clientSecret) === Redacted.value(other.clientSecret)

/**
 * Tokens from a token endpoint. Calls that arrive while a token is being fetched share its outcome; a failure is shared too, then forgotten.
 * A token that is still good is never waited for: it is renewed beside the calls that use it.
 */
const makeTokens = Effect.fnUntraced(function* (http: HttpClient.HttpClient, options: OAuthOptions) {
  const scope = yield* Effect.scope
  const client = retrying(bounded(http, { answer: maximumProblemSize }), { ...options.retry, isSafe: () => true })
  let token: Token | undefined
  let pending: Deferred.Deferred<Token, CommandFailure> | undefined
  let ended: Ended | undefined

  const fetch: Effect.Effect<Token, CommandFailure> = Effect.gen(function* () {
    const credentials = Effect.isEffect(options.credentials) ? yield* options.credentials : options.credentials
    if (ended !== undefined && areSame(ended.credentials, credentials)) return yield* ended.failure
    return yield* fetching(client, options, credentials).pipe(
      Effect.mapError(({ failure, isFinal }) => {
        if (isFinal) ended = { failure, credentials }
        return failure
      })
    )
  })

  const settled = (deferred: Deferred.Deferred<Token, CommandFailure>, exit: Exit.Exit<Token, CommandFailure>) =>
    Effect.suspend(() => {
      pending = undefined
      if (Exit.isSuccess(exit)) token = exit.value
      return Deferred.done(deferred, exit)
    })

  /** One request for all waiting calls. It belongs to the layer, not to the first call: its interruption must not hurt the others. */
  const renewal: Effect.Effect<Deferred.Deferred<Token, CommandFailure>> = Effect.suspend(() => {
    if (pending !== undefined) return Effect.succeed(pending)
    const deferred = Deferred.makeUnsafe<Token, CommandFailure>()
    pending = deferred
    return fetch.pipe(
      Effect.onExit((exit) => settled(deferred, exit)),
      Effect.forkIn(scope),
      Effect.as(deferred)
    )
  })

  const tokens: Tokens = {
    current: Effect.gen(function* () {
      const now = yield* Clock.currentTimeNanos
      const held = token
      if (held === undefined || now >= held.expiresAt) {
        return (yield* Effect.flatMap(renewal, Deferred.await)).value
      }
      if (now >= held.renewAt) {
        held.renewAt = now + nanos(renewalPause)
        yield* renewal
      }
      return held.value
    }),
    forget: (refused) =>
      Effect.sync(() => {
        if (token !== undefined && Redacted.value(token.value) === Redacted.value(refused)) token = undefined
      })
  }
  return tokens
})

/** Sends every request with the current token. After a 401 the token is renewed once, and the request is sent once more. */
const authenticated = (client: HttpClient.HttpClient, tokens: Tokens): HttpClient.HttpClient =>
  around(client, (request, next) => {
    const current = waiting(tokens.current).pipe(
      Effect.mapError((failure) => transportError(request, failure.message, new ClientAttempt.NotSent({ failure })))
    )
    /** A refused token is forgotten: the next call that needs one asks for another. */
    const send = Effect.gen(function* () {
      const token = yield* current
      const response = yield* next(HttpClientRequest.bearerToken(yield* toldAgain(request), token))
      if (response.status === 401) yield* tokens.forget(token)
      return response
    })
    return Effect.flatMap(send, (response) =>
      response.status !== 401 || request.body._tag === "Stream"
        ? Effect.succeed(response)
        : // Read, so that its connection can be used again. Whatever it says, another token is tried once.
          Effect.andThen(Effect.ignore(settle(response, request)), send)
    )
  })

/**
 * Sends every request with a token, over the client in the context.
 *
 * @category constructors
 */
export const make = (
  client: HttpClient.HttpClient,
  options: OAuthOptions
): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Effect.map(makeTokens(client, options), (tokens) => authenticated(client, tokens))

/** Sends every request with a token. @category layers */
export const layer = (options: OAuthOptions): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.flatMap(HttpClient.HttpClient, (client) => make(client, options))
  )
