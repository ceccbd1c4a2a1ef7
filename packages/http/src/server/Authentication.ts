/**
 * The token endpoint, and the check of its bearer tokens. For the server.
 */
import { Unavailable } from "@effekten/services"
import { Context, Effect, Layer, Option, Redacted, Result } from "effect"
import { Base64 } from "effect/encoding"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { DistributionApi } from "../contract/Contract.ts"
import { Exchange, Refused } from "./Exchange.ts"
import { Limits, maximumTokenRequest } from "./Limits.ts"
import { OAuth, TokenRefused } from "../oauth/OAuth.ts"
import type { OAuthStoreError } from "../oauth/OAuthStore.ts"
import { edgeProblem, failureResponse, toResponse } from "../contract/Problem.ts"
import { mediaTypeOf, readBytes } from "./RequestBody.ts"
import { BearerToken, Principal, RequiredScope } from "../contract/Scope.ts"

const storeUnavailable = (cause: OAuthStoreError) =>
  Effect.gen(function* () {
    yield* Effect.logError("the OAuth store failed", cause)
    return failureResponse(
      new Unavailable({ executed: "no", message: "The OAuth store failed.", cause }),
      yield* Exchange
    )
  })

/** Checks the token and the endpoint's scope, and provides the calling platform. @category layers */
export const bearerToken: Layer.Layer<BearerToken, never, OAuth> = Layer.effect(
  BearerToken,
  Effect.gen(function* () {
    const oauth = yield* OAuth
    return BearerToken.of({
      oauth2: (httpEffect, { credential, endpoint }) =>
        Effect.gen(function* () {
          const exchange = yield* Exchange
          const unauthorized = (detail: string, challenge: string) =>
            toResponse(edgeProblem("unauthorized", detail, exchange), { "www-authenticate": challenge })
          if (Redacted.value(credential) === "") return unauthorized("Send a bearer token.", "Bearer")
          const principal = Option.getOrUndefined(yield* oauth.authenticate(credential))
          if (principal === undefined) {
            return unauthorized("The token is unknown or has expired.", 'Bearer error="invalid_token"')
          }
          const scope = Option.getOrUndefined(Context.getOption(endpoint.annotations, RequiredScope))
          // An endpoint that names no scope refuses every token.
          if (scope === undefined || !principal.scopes.has(scope)) {
            return toResponse(edgeProblem("insufficient_scope", `The token lacks the scope ${scope}.`, exchange), {
              "www-authenticate": `Bearer error="insufficient_scope", scope="${scope}"`
            })
          }
          return yield* Effect.provideService(httpEffect, Principal, principal)
        }).pipe(Effect.catchTag("OAuthStoreError", storeUnavailable))
    })
  })
)

interface Credentials {
  readonly clientId: string
  readonly secret: Redacted.Redacted
  readonly scope: string | undefined
}

const invalidRequest = (description: string) => new TokenRefused({ error: "invalid_request", description })

/** `Basic` credentials (RFC 6749 §2.3.1): both parts are form-encoded before they are put together. */
const basicCredentials = (header: string): readonly [id: string, secret: string] | undefined => {
  const encoded = /^basic +(\S+)$/i.exec(header)?.[1]
  const text = encoded === undefined ? undefined : Result.getOrUndefined(Base64.decodeString(encoded))
  const colon = text?.indexOf(":") ?? -1
  if (text === undefined || colon === -1) return undefined
  try {
    const unform = (part: string) => decodeURIComponent(part.replaceAll("+", " "))
    return [unform(text.slice(0, colon)), unform(text.slice(colon + 1))]
  } catch {
    return undefined
  }
}

/** A parameter without a value counts as left out; a parameter sent twice is an error (RFC 6749 §3.2). */
const parameterOf = (form: URLSearchParams, name: string): Result.Result<string | undefined, TokenRefused> => {
  const values = form.getAll(name)
  return values.length > 1
    ? Result.fail(invalidRequest(`The parameter ${name} is repeated.`))
    : Result.succeed(values[0] === "" ? undefined : values[0])
}

const credentialsOf = (
  form: URLSearchParams,
  authorization: string | undefined
): Result.Result<Credentials, TokenRefused> =>
  Result.gen(function* () {
    const grant = yield* parameterOf(form, "grant_type")
    const clientId = yield* parameterOf(form, "client_id")
    const secret = yield* parameterOf(form, "client_secret")
    const scope = yield* parameterOf(form, "scope")
    if (grant === undefined) return yield* Result.fail(invalidRequest("The parameter grant_type is missing."))
    if (grant !== "client_credentials") {
      return yield* Result.fail(
        new TokenRefused({ error: "unsupported_grant_type", description: "The only grant is client_credentials." })
      )
    }
    if (authorization === undefined) {
      if (clientId !== undefined && secret !== undefined) return { clientId, secret: Redacted.make(secret), scope }
      return yield* Result.fail(invalidRequest("Send client_id and client_secret, or HTTP Basic."))
    }
    const basic = basicCredentials(authorization)
    if (basic === undefined) return yield* Result.fail(invalidRequest("The Authorization header is not HTTP Basic."))
    if (secret !== undefined || (clientId !== undefined && clientId !== basic[0])) {
      return yield* Result.fail(invalidRequest("Authenticate in one way only: HTTP Basic or the body."))
    }
    return { clientId: basic[0], secret: Redacted.make(basic[1]), scope }
  })

const refusedResponse = (refused: TokenRefused, status: number, challenged: boolean) =>
  HttpServerResponse.jsonUnsafe(refused.body, {
    status,
    headers: challenged ? { "www-authenticate": 'Basic realm="effekten"' } : {}
  })

/** @category layers */
export const tokenEndpoint = (api: typeof DistributionApi) =>
  HttpApiBuilder.group(
    api,
    "oauth",
    Effect.fnUntraced(function* (handlers) {
      const oauth = yield* OAuth
      return handlers.handleRaw("token", ({ request }) =>
        Effect.gen(function* () {
          const limits = yield* Limits
          const bytes = yield* readBytes(maximumTokenRequest, limits.bodyTimeout)
          if (mediaTypeOf(request.headers["content-type"] ?? "") !== "application/x-www-form-urlencoded") {
            return yield* invalidRequest("The body must be application/x-www-form-urlencoded.")
          }
          const form = new URLSearchParams(new TextDecoder().decode(bytes))
          const credentials = yield* Effect.fromResult(credentialsOf(form, request.headers["authorization"]))
          return HttpServerResponse.jsonUnsafe(yield* oauth.issue(credentials))
        }).pipe(
          Effect.provideService(HttpServerRequest.HttpServerRequest, request),
          Effect.catchTags({
            TokenRefused: (refused) =>
              Effect.succeed(
                refused.error === "invalid_client"
                  ? refusedResponse(refused, 401, request.headers["authorization"] !== undefined)
                  : refusedResponse(refused, 400, false)
              ),
            // The token endpoint speaks RFC 6749 whatever is wrong; only the status shows a body that is too large or too slow.
            Refused: (refused: Refused) =>
              Effect.map(Exchange, (exchange) =>
                refusedResponse(invalidRequest(refused.detail), edgeProblem(refused.code, "", exchange).status, false)
              ),
            OAuthStoreError: storeUnavailable
          })
        )
      )
    })
  )
