/**
 * The endpoints of OAuth: a token for a client, and its end. For the server. They answer in the words of RFC 6749 §5 and RFC 7009 §2,
 * whatever is wrong.
 */
import { Effect, Redacted } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { DistributionApi, TokenError } from "../contract/Contract.ts"
import { edgeProblem } from "../contract/Problem.ts"
import { OAuth, TokenRefused, type TooManyRefusals } from "../oauth/OAuth.ts"
import type { OAuthStoreError } from "../oauth/OAuthStore.ts"
import { storeUnavailable } from "./Authentication.ts"
import { credentialsOf, type Form, formOf, invalidRequest } from "./ClientCredentials.ts"
import { Exchange, type Refused } from "./Exchange.ts"
import { Limits, maximumTokenRequest } from "./Limits.ts"
import { mediaTypeOf, readBytes } from "./RequestBody.ts"

type Response = HttpServerResponse.HttpServerResponse
type Failure = TokenRefused | TooManyRefusals | OAuthStoreError | Refused

/** Of every answer that may hold a token (RFC 6749 §5.1). */
const uncached = { "cache-control": "no-store", pragma: "no-cache" }

const refusedResponse = (body: TokenError, status: number, headers: { readonly [name: string]: string } = {}) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { ...uncached, ...headers } })

const tokenRefused = (refused: TokenRefused) =>
  Effect.map(Exchange, ({ notes }) => {
    if (refused.error !== "invalid_client") return refusedResponse(refused.body, 400)
    notes.refusal = "client"
    notes.client = refused.client
    return refusedResponse(refused.body, 401, { "www-authenticate": 'Basic realm="effekten"' })
  })

const tooMany = ({ client, retryAfter }: TooManyRefusals) =>
  Effect.map(Exchange, ({ notes }) => {
    notes.refusal = "client"
    notes.client = client
    return refusedResponse(
      { error: "temporarily_unavailable", error_description: "Too many wrong secrets come in." },
      429,
      { "retry-after": String(retryAfter) }
    )
  })

const unsupportedGrant = new TokenRefused({
  error: "unsupported_grant_type",
  description: "The only grant is client_credentials."
})

const readForm = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { bodyTimeout } = yield* Limits
  const bytes = yield* readBytes(maximumTokenRequest, bodyTimeout)
  // A secret in the address would stand in the logs of every proxy.
  if (request.originalUrl.includes("?")) {
    return yield* invalidRequest("Parameters belong into the body, not into the address.")
  }
  if (mediaTypeOf(request.headers["content-type"] ?? "") !== "application/x-www-form-urlencoded") {
    return yield* invalidRequest("The body must be application/x-www-form-urlencoded.")
  }
  return yield* Effect.fromResult(formOf(bytes))
})

/** Reads the form, and answers every failure. */
const answering = <R>(
  request: HttpServerRequest.HttpServerRequest,
  answer: (form: Form, authorization: string | undefined) => Effect.Effect<Response, Failure, R>
) =>
  Effect.flatMap(readForm, (form) => answer(form, request.headers["authorization"])).pipe(
    Effect.provideService(HttpServerRequest.HttpServerRequest, request),
    Effect.catchTags({
      TokenRefused: tokenRefused,
      TooManyRefusals: tooMany,
      // Only the status shows that a body is too large or too slow.
      Refused: (refused: Refused) =>
        Effect.map(Exchange, (exchange) =>
          refusedResponse(
            invalidRequest(refused.detail).body,
            edgeProblem(refused.code, "", exchange).status,
            refused.headers
          )
        ),
      OAuthStoreError: storeUnavailable
    })
  )

/** @category layers */
export const layer = (api: typeof DistributionApi) =>
  HttpApiBuilder.group(
    api,
    "oauth",
    Effect.fnUntraced(function* (handlers) {
      const oauth = yield* OAuth
      const token = Effect.fnUntraced(function* (form: Form, authorization: string | undefined) {
        const grant = form.get("grant_type")
        if (grant === undefined) return yield* invalidRequest("The parameter grant_type is missing.")
        if (grant !== "client_credentials") return yield* unsupportedGrant
        const credentials = yield* Effect.fromResult(credentialsOf(form, authorization))
        const issued = yield* oauth.issue({ ...credentials, scope: form.get("scope") })
        return HttpServerResponse.jsonUnsafe(issued, { headers: uncached })
      })
      const revoke = Effect.fnUntraced(function* (form: Form, authorization: string | undefined) {
        const credentials = yield* Effect.fromResult(credentialsOf(form, authorization))
        const token = form.get("token")
        if (token === undefined) return yield* invalidRequest("The parameter token is missing.")
        yield* oauth.revoke({ ...credentials, token: Redacted.make(token) })
        return HttpServerResponse.empty({ status: 200, headers: uncached })
      })
      return handlers
        .handleRaw("token", ({ request }) => answering(request, token))
        .handleRaw("revoke", ({ request }) => answering(request, revoke))
    })
  )
