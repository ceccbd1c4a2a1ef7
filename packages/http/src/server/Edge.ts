/**
 * What every request and every answer passes: a request id, security headers, and a problem for every failure. For the server.
 */
import { Checking } from "@effekten/services"
import { Cause, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiError } from "effect/http-api"
import type { DistributionApi } from "../contract/Contract.ts"
import { isArriving, unacceptable } from "./Acceptable.ts"
import * as Allowed from "./Allowed.ts"
import { Exchange, Refused, refusal } from "./Exchange.ts"
import { Limits } from "./Limits.ts"
import { HasDocs } from "./Links.ts"

type Response = HttpServerResponse.HttpServerResponse

/** Names a request: the client's own name for it, if it has one, else ours. @category values */
export const requestIdHeader = "x-request-id"
/** Our name for a request that has a name of the client's too. */
const correlationHeader = "x-correlation-id"

const acceptableRequestId = /^[A-Za-z0-9._-]{1,64}$/

/** Headers of every answer. There are none for CORS: pages of other origins have no business here. @category values */
export const securityHeaders: { readonly [name: string]: string } = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

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

interface EdgeOptions {
  /** The contract whose paths are known here. */
  readonly api: typeof DistributionApi
  /** The paths beside the API's. */
  readonly beside: ReadonlyArray<string>
  /** The server is going away: answers close their connection. */
  readonly isDraining: () => boolean
}

/** Names that are drawn at once: a call of the system for each would be a tenth of what the edge does for a GET. */
const namesDrawn = 256
/** Bytes of a name. */
const nameBytes = 16

/** Draws the names of requests. */
const naming = ({ randomBytes }: SecureRandom.SecureRandom["Service"]): Effect.Effect<string> => {
  let drawn = ""
  let used = 0
  const take = () => drawn.slice(used, (used += nameBytes * 2))
  const draw = Effect.map(randomBytes(nameBytes * namesDrawn), (bytes) => {
    drawn = Buffer.from(bytes).toString("hex")
    used = 0
    return take()
  })
  return Effect.suspend(() => (used < drawn.length ? Effect.succeed(take()) : draw))
}

/** Wraps the routes. @category constructors */
export const make = Effect.fnUntraced(function* <E, R>(app: Effect.Effect<Response, E, R>, options: EdgeOptions) {
  const newName = naming(yield* SecureRandom.SecureRandom)
  const limits = yield* Limits
  const hasDocs = yield* HasDocs
  const methodsOf = Allowed.make(options.api, options.beside)

  const ofCause = Effect.fnUntraced(function* (cause: Cause.Cause<E>, method: string) {
    const exchange = yield* Exchange
    const refused = (problem: ConstructorParameters<typeof Refused>[0]) => refusal(new Refused(problem), exchange)
    if (isRouteNotFound(cause)) {
      const methods = methodsOf(exchange.path)
      if (methods.length === 0) return refused({ code: "not_found", detail: "There is nothing here." })
      const allow = methods.join(", ")
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
    const exchange: Exchange = {
      requestId: yield* newName,
      path: request.url.split(/[?#]/, 1)[0] ?? "/",
      responseHeaders: new Map(),
      notes: {}
    }
    const refused = unacceptable(request, limits, exchange.path)
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
    // A body that came with its head is complete a moment later. What still drips in after the answer must not look like a request.
    if (isArriving(request)) yield* Effect.yieldNow
    // A problem names the page that explains it, where there is one.
    const said = hasDocs ? answer : HttpServerResponse.removeHeader(answer, "link")
    return HttpServerResponse.setHeaders(said, {
      ...securityHeaders,
      ...(options.isDraining() || isArriving(request) ? { connection: "close" } : {}),
      ...namesOf(request.headers[requestIdHeader], exchange),
      ...Object.fromEntries(exchange.responseHeaders),
      ...said.headers
    })
  })
})

/** A client's name for its request is told to that client alone: any text may stand in it, a person's name too. */
const namesOf = (given: string | undefined, { requestId }: Exchange): { readonly [header: string]: string } =>
  given !== undefined && acceptableRequestId.test(given)
    ? { [requestIdHeader]: given, [correlationHeader]: requestId }
    : { [requestIdHeader]: requestId }
