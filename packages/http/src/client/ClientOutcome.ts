/**
 * What became of one attempt to call the API: an answer, or a failure that says whether anything may have happened. For the client.
 */
import { type CommandFailure, NotFound, Rejection, Unavailable } from "@effekten/services"
import { Data, type Duration, Effect } from "effect"
import { Headers, HttpClient, type HttpClientError, type HttpClientRequest, type HttpClientResponse } from "effect/http"
import { redactedHeaders } from "../contract/IdempotencyKey.ts"
import { read as readProblem, toFailure } from "../contract/Problem.ts"

/** A failed attempt. @category errors */
export class AttemptFailed extends Data.TaggedError("AttemptFailed")<{
  readonly failure: CommandFailure
  /** Whether a repeat may succeed. */
  readonly retryable: boolean
  /** The server asked for less: wait longer. */
  readonly throttled: boolean
  /** Seconds the server asked to wait. */
  readonly retryAfter: number | undefined
  /** The token was refused as unknown or expired. */
  readonly tokenRefused: boolean
  /** Whether this attempt had its effect: certainly not; perhaps; or it was answered for good. */
  readonly executed: "no" | "unknown" | "answered"
}> {}

/** The same attempt, seen otherwise. @category conversions */
export const reconsidered = (
  failed: AttemptFailed,
  changes: Partial<Pick<AttemptFailed, "failure" | "retryable" | "executed">>
): AttemptFailed =>
  new AttemptFailed({
    failure: changes.failure ?? failed.failure,
    retryable: changes.retryable ?? failed.retryable,
    executed: changes.executed ?? failed.executed,
    throttled: failed.throttled,
    retryAfter: failed.retryAfter,
    tokenRefused: failed.tokenRefused
  })

/** A client whose attempts fail in these words. @category models */
export type AttemptClient = HttpClient.HttpClient.With<AttemptFailed>

/** Puts a function around a client's requests. @category computing */
export const around = <E, R, E2, R2>(
  client: HttpClient.HttpClient.With<E, R>,
  f: (
    request: HttpClientRequest.HttpClientRequest,
    next: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, E2, R2>
): HttpClient.HttpClient.With<E2, R2> =>
  HttpClient.makeWith<E2, R2, E2, R2>(
    (request) => Effect.flatMap(request, (request) => f(request, client.execute)),
    Effect.succeed
  )

const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
/** Statuses that say the request was not carried out: it did not arrive whole, or was turned away. */
const untouchedStatuses: ReadonlySet<number> = new Set([408, 425, 429])

const hasProperty = <Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> =>
  typeof value === "object" && value !== null && name in value

/** Errors while a connection was being made: of the socket, the look-up of the name, or undici. */
const isConnectError = (error: unknown): boolean => {
  if (hasProperty(error, "errors") && Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.every(isConnectError)
  }
  if (hasProperty(error, "syscall")) return error.syscall === "connect" || error.syscall === "getaddrinfo"
  if (hasProperty(error, "code") && error.code === "UND_ERR_CONNECT_TIMEOUT") return true
  return hasProperty(error, "cause") && isConnectError(error.cause)
}

/** `Retry-After` in seconds; dates and nonsense are ignored. */
const retryAfterOf = (response: HttpClientResponse.HttpClientResponse): number | undefined => {
  const text = response.headers["retry-after"]
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** A method without an effect: nothing is ever unknown about it. @category predicates */
export const isRead = (request: HttpClientRequest.HttpClientRequest): boolean =>
  request.method === "GET" || request.method === "HEAD"

/** No answer, or none that can be understood. @category constructors */
export const notAnswered = (
  request: HttpClientRequest.HttpClientRequest,
  options: {
    readonly certain: boolean
    readonly retryable: boolean
    readonly message: string
    readonly cause?: unknown
  }
): AttemptFailed => {
  const executed = options.certain || isRead(request) ? "no" : "unknown"
  return new AttemptFailed({
    failure: new Unavailable({
      executed,
      message: options.message,
      ...(options.cause === undefined ? {} : { cause: options.cause })
    }),
    retryable: options.retryable,
    throttled: false,
    retryAfter: undefined,
    tokenRefused: false,
    executed
  })
}

/** A request that failed without an answer. */
const ofTransport = (
  request: HttpClientRequest.HttpClientRequest,
  error: HttpClientError.HttpClientError
): AttemptFailed => {
  switch (error.reason._tag) {
    case "EncodeError":
    case "InvalidUrlError":
      return notAnswered(request, { certain: true, retryable: false, message: error.message, cause: error })
    default:
      return notAnswered(request, {
        certain: isConnectError(error),
        retryable: true,
        message: error.message,
        cause: error
      })
  }
}

/** An answer that is no success. @category conversions */
export const ofResponse = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  body: string
): AttemptFailed => {
  const { status } = response
  const problem = readProblem(status, body)
  const retryAfter = retryAfterOf(response)
  const inProgress = problem?.code === "idempotency_in_progress"
  const retryable = (retryableStatuses.has(status) || inProgress) && problem?.retryable !== false
  const refused = status >= 400 && status < 500 && !untouchedStatuses.has(status) && !inProgress
  const common = { retryable, throttled: status === 429 || status === 503, retryAfter }
  if (refused) {
    return new AttemptFailed({
      ...common,
      failure: problem === undefined ? withoutProblem(status) : toFailure(problem),
      tokenRefused: status === 401 && /error="?invalid_token/.test(response.headers["www-authenticate"] ?? ""),
      // Only what the register recorded is the answer for good; all else says no more than that this attempt did nothing.
      executed: status === 409 || status === 422 ? "answered" : "no"
    })
  }
  const untouched = untouchedStatuses.has(status) || problem?.executed === "no" || isRead(request)
  const executed = untouched ? "no" : "unknown"
  return new AttemptFailed({
    ...common,
    failure: new Unavailable({
      executed,
      message: problem?.detail ?? `The server answered with status ${status}.`,
      ...(retryAfter === undefined ? {} : { retryAfter })
    }),
    tokenRefused: false,
    executed
  })
}

/** An answer from something that is not this API, a proxy perhaps. */
const withoutProblem = (status: number): Rejection | NotFound =>
  status === 404
    ? new NotFound({ code: "not_found", message: "The server answered with status 404." })
    : new Rejection({ code: `http_${status}`, status, message: `The server answered with status ${status}.` })

/**
 * Makes every attempt end in an answer that is a success, read to its end, or in an {@link AttemptFailed}; at the latest after `timeout`.
 *
 * @category computing
 */
export const attempting = (
  client: HttpClient.HttpClient,
  options: { readonly timeout: Duration.Input; readonly onRefusal?: typeof ofResponse }
): AttemptClient =>
  around(client, (request, next) =>
    Effect.gen(function* () {
      const response = yield* next(request)
      const body = yield* response.text
      if (response.status >= 200 && response.status < 300) return response
      return yield* (options.onRefusal ?? ofResponse)(request, response, body)
    }).pipe(
      Effect.mapError((error) => (error._tag === "AttemptFailed" ? error : ofTransport(request, error))),
      Effect.timeoutOrElse({
        duration: options.timeout,
        orElse: () =>
          Effect.fail(notAnswered(request, { certain: false, retryable: true, message: "No answer came in time." }))
      }),
      Effect.provideService(Headers.CurrentRedactedNames, redactedHeaders)
    )
  )
