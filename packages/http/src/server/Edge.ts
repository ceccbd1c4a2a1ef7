/**
 * What every request and every answer passes: a request id, security headers, and a problem for every failure. For the server.
 */
import { Checking } from "@effekten/services"
import { Cause, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApi, HttpApiError } from "effect/http-api"
import { type DistributionApi, prefixes } from "../contract/Contract.ts"
import { Exchange, Refused, refusal } from "./Exchange.ts"
import { Limits } from "./Limits.ts"

type Response = HttpServerResponse.HttpServerResponse

/** Names a request, in the request and in the answer. @category values */
export const requestIdHeader = "x-request-id"

const acceptableRequestId = /^[A-Za-z0-9._-]{1,64}$/

/** A name or an address, and a port. */
const acceptableHost = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** Headers of every answer. There are none for CORS: pages of other origins have no business here. @category values */
export const securityHeaders: { readonly [name: string]: string } = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

/** Routes beside the API's. @category values */
export const paths = { openApi: "/openapi.json", docs: "/docs", live: "/livez", ready: "/readyz" } as const

interface RouteMethods {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

const routeMethods = (api: typeof DistributionApi): ReadonlyArray<RouteMethods> => {
  const routes = new Map<string, Set<string>>()
  const add = (path: string, method: string) => routes.set(path, (routes.get(path) ?? new Set()).add(method))
  for (const path of Object.values(paths)) add(path, "GET")
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      for (const prefix of prefixes) add(`${prefix}${endpoint.path}`, endpoint.method)
    }
  })
  return [...routes].map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/\/$/, "").replace(/:\w+/g, "[^/]+")}/?$`),
    methods: methods.has("GET") ? methods.add("HEAD") : methods
  }))
}

/** The methods of an unanswered path; empty if the server has no such path. */
const allowedAt = (routes: ReadonlyArray<RouteMethods>, path: string): ReadonlyArray<string> =>
  [...new Set(routes.flatMap(({ methods, pattern }) => (pattern.test(path) ? [...methods] : [])))].sort()

const schemaError = (cause: Cause.Cause<unknown>): HttpApiError.HttpApiSchemaError | undefined => {
  for (const reason of cause.reasons) {
    if (reason._tag === "Die" && HttpApiError.HttpApiSchemaError.is(reason.defect)) return reason.defect
  }
  return undefined
}

const isRouteNotFound = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some(
    (reason) =>
      reason._tag === "Fail" &&
      reason.error instanceof HttpServerError.HttpServerError &&
      reason.error.reason._tag === "RouteNotFound"
  )

/** Why a request is refused by its headers alone, if it is. */
const unacceptable = (request: HttpServerRequest.HttpServerRequest, limits: Limits): Refused | undefined => {
  if (Object.keys(request.headers).length > limits.headers) {
    return new Refused({ code: "headers_too_large", detail: "The request has too many headers." })
  }
  return acceptableHost.test(request.headers["host"] ?? "")
    ? undefined
    : new Refused({ code: "invalid_request", detail: "The Host header is missing or malformed." })
}

interface EdgeOptions {
  /** The contract whose paths are known here. */
  readonly api: typeof DistributionApi
  /** The server is going away: answers close their connection. */
  readonly isDraining: () => boolean
}

/** Wraps the routes. @category constructors */
export const make = Effect.fnUntraced(function* <E, R>(app: Effect.Effect<Response, E, R>, options: EdgeOptions) {
  const random = yield* SecureRandom.SecureRandom
  const limits = yield* Limits
  const routes = routeMethods(options.api)

  const ofCause = Effect.fnUntraced(function* (cause: Cause.Cause<E>, method: string) {
    const exchange = yield* Exchange
    const refused = (problem: ConstructorParameters<typeof Refused>[0]) => refusal(new Refused(problem), exchange)
    if (isRouteNotFound(cause)) {
      const allowed = allowedAt(routes, exchange.path)
      if (allowed.length === 0) return refused({ code: "not_found", detail: "There is nothing here." })
      const allow = [...allowed, "OPTIONS"].join(", ")
      return method === "OPTIONS"
        ? HttpServerResponse.empty({ status: 204, headers: { allow } })
        : refused({ code: "method_not_allowed", detail: "This path has other methods.", headers: { allow } })
    }
    const invalid = schemaError(cause)
    // A text that cannot be an id names nothing: the same as an id that no object has.
    if (invalid?.kind === "Params") return refused({ code: "not_found", detail: "There is no such object." })
    if (invalid?.kind === "Query" || invalid?.kind === "Headers") {
      const errors = Checking.memberErrors(invalid.cause.issue)
      return refused({ code: "invalid_request", detail: "The request is not valid.", errors })
    }
    yield* Effect.logError("a request failed unexpectedly", cause)
    return refused({
      code: "internal_error",
      detail: "Something went wrong here. Repeat the request with the same key."
    })
  })

  return Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const given = request.headers[requestIdHeader]
    const exchange: Exchange = {
      requestId:
        given !== undefined && acceptableRequestId.test(given)
          ? given
          : Buffer.from(yield* random.randomBytes(16)).toString("hex"),
      path: request.url.split(/[?#]/, 1)[0] ?? "/",
      responseHeaders: new Map()
    }
    const refused = unacceptable(request, limits)
    const answer: Response =
      refused === undefined
        ? yield* app.pipe(
            // A client that went away gets no answer, and the cause stays what it was.
            Effect.catchCauseIf(
              (cause) => !Cause.hasInterrupts(cause),
              (cause) => ofCause(cause, request.method)
            ),
            Effect.provideService(Exchange, exchange),
            Effect.annotateLogs("request_id", exchange.requestId)
          )
        : refusal(refused, exchange)
    return HttpServerResponse.setHeaders(answer, {
      ...securityHeaders,
      ...(options.isDraining() ? { connection: "close" } : {}),
      [requestIdHeader]: exchange.requestId,
      ...Object.fromEntries(exchange.responseHeaders),
      ...answer.headers
    })
  })
})
