/**
 * The endpoints of OAuth: a token for a client, and its end. For the server. They answer in the words of RFC 6749 §5 and RFC 7009 §2,
 * whatever is wrong.
 */
import { Effect, Redacted } from "effect"
import { HttpServerResponse } from "effect/http"
import { oauth as endpoints, type TokenError } from "../contract/Contract.ts"
import { edgeProblem } from "../contract/Problem.ts"
import { OAuth, TokenRefused, type TooManyRefusals } from "../oauth/OAuth.ts"
import type { OAuthStoreError } from "../oauth/OAuthStore.ts"
import { storeUnavailable } from "./Authentication.ts"
import { credentialsOf, type Form, formOf, invalidRequest } from "./ClientCredentials.ts"
import type { Exchange, Refused } from "./Exchange.ts"
import { type Limits, maximumTokenRequest } from "./Limits.ts"
import { mediaTypeOf, readBytes } from "./RequestBody.ts"
import type { Route } from "./Table.ts"

type Response = HttpServerResponse.HttpServerResponse
type Failure = TokenRefused | TooManyRefusals | OAuthStoreError | Refused

/** Of every answer that may hold a token (RFC 6749 §5.1). */
const uncached = { "cache-control": "no-store", pragma: "no-cache" }

const refusedResponse = (body: TokenError, status: number, headers: { readonly [name: string]: string } = {}) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { ...uncached, ...headers } })

const tokenRefused = ({ notes }: Exchange, refused: TokenRefused): Response => {
  if (refused.error !== "invalid_client") return refusedResponse(refused.body, 400)
  notes.refusal = "client"
  notes.client = refused.client
  return refusedResponse(refused.body, 401, { "www-authenticate": 'Basic realm="effekten"' })
}

const tooMany = ({ notes }: Exchange, { client, retryAfter }: TooManyRefusals): Response => {
  notes.refusal = "client"
  notes.client = client
  return refusedResponse(
    { error: "temporarily_unavailable", error_description: "Too many wrong secrets come in." },
    429,
    { "retry-after": String(retryAfter) }
  )
}

const unsupportedGrant = new TokenRefused({
  error: "unsupported_grant_type",
  description: "The only grant is client_credentials."
})

const readForm = Effect.fnUntraced(function* ({ request }: Exchange, { bodyTimeout }: Limits) {
  const bytes = yield* readBytes(request, maximumTokenRequest, bodyTimeout)
  // A secret in the address would stand in the logs of every proxy.
  if (request.url.includes("?")) {
    return yield* invalidRequest("Parameters belong into the body, not into the address.")
  }
  if (mediaTypeOf(request.headers["content-type"] ?? "") !== "application/x-www-form-urlencoded") {
    return yield* invalidRequest("The body must be application/x-www-form-urlencoded.")
  }
  return yield* Effect.fromResult(formOf(bytes))
})

const explained = (exchange: Exchange, failure: Failure): Response => {
  switch (failure._tag) {
    case "TokenRefused":
      return tokenRefused(exchange, failure)
    case "TooManyRefusals":
      return tooMany(exchange, failure)
    case "OAuthStoreError":
      return storeUnavailable(exchange, failure)
    case "Refused":
      // Only the status shows that a body is too large or too slow.
      return refusedResponse(
        invalidRequest(failure.detail).body,
        edgeProblem(failure.code, "", exchange).status,
        failure.headers
      )
  }
}

type Answer = (form: Form, authorization: string | undefined) => Effect.Effect<Response, Failure>

const issuing = (oauth: OAuth["Service"]): Answer =>
  Effect.fnUntraced(function* (form, authorization) {
    const grant = form.get("grant_type")
    if (grant === undefined) return yield* invalidRequest("The parameter grant_type is missing.")
    if (grant !== "client_credentials") return yield* unsupportedGrant
    const credentials = yield* Effect.fromResult(credentialsOf(form, authorization))
    const issued = yield* oauth.issue({ ...credentials, scope: form.get("scope") })
    return HttpServerResponse.jsonUnsafe(issued, { headers: uncached })
  })

const revoking = (oauth: OAuth["Service"]): Answer =>
  Effect.fnUntraced(function* (form, authorization) {
    const credentials = yield* Effect.fromResult(credentialsOf(form, authorization))
    const token = form.get("token")
    if (token === undefined) return yield* invalidRequest("The parameter token is missing.")
    yield* oauth.revoke({ ...credentials, token: Redacted.make(token) })
    return HttpServerResponse.empty({ status: 200, headers: uncached })
  })

/** @category constructors */
export const make = (limits: Limits): Effect.Effect<ReadonlyArray<Route>, never, OAuth> =>
  Effect.map(OAuth, (oauth) => {
    const { revoke, token } = endpoints.endpoints
    const route = (path: string, answer: Answer): Route => ({
      method: "POST",
      path,
      isId: () => true,
      answer: (exchange) =>
        Effect.flatMap(readForm(exchange, limits), (form) =>
          answer(form, exchange.request.headers["authorization"])
        ).pipe(Effect.catch((failure) => Effect.succeed(explained(exchange, failure))))
    })
    return [route(token.path, issuing(oauth)), route(revoke.path, revoking(oauth))]
  })
