/**
 * The check of a bearer token (RFC 6750), before anything of a request is looked at. For the server.
 */
import { type Scope, Unavailable } from "@effekten/services"
import { Effect, Option, Redacted } from "effect"
import type { HttpServerResponse } from "effect/http"
import { edgeProblem, failureResponse, toResponse } from "../contract/Problem.ts"
import type { Principal } from "../contract/Scope.ts"
import { OAuth } from "../oauth/OAuth.ts"
import type { OAuthStoreError } from "../oauth/OAuthStore.ts"
import type { Exchange } from "./Exchange.ts"
import { RateLimit } from "./RateLimit.ts"

type Response = HttpServerResponse.HttpServerResponse

/** Clients cannot be looked up now. @category conversions */
export const storeUnavailable = (exchange: Exchange, cause: OAuthStoreError): Response => {
  exchange.notes.refusal = "store"
  exchange.notes.cause = cause
  return failureResponse(new Unavailable({ executed: "no", message: "The OAuth store failed.", cause }), exchange)
}

const challenge = 'Bearer realm="effekten"'

/** The header that says of a token that it is not valid. @category values */
export const tokenChallenge = { "www-authenticate": `${challenge}, error="invalid_token"` }

/** The header that says of a token which scope it lacks. @category constructors */
export const scopeChallenge = (lacking: Scope): Record<string, string> => ({
  "www-authenticate": `${challenge}, error="insufficient_scope", scope="${lacking}"`
})

const unauthorized = (exchange: Exchange, refusal: "credentials" | "token"): Response => {
  exchange.notes.refusal = refusal
  const isKnown = refusal === "credentials"
  const detail = isKnown ? "Send a bearer token." : "The token is unknown or has expired."
  return toResponse(
    edgeProblem("unauthorized", detail, exchange),
    isKnown ? { "www-authenticate": challenge } : tokenChallenge
  )
}

const insufficient = (exchange: Exchange, lacking: Scope): Response => {
  exchange.notes.refusal = "scope"
  const detail = `The token lacks the scope ${lacking}.`
  return toResponse(edgeProblem("insufficient_scope", detail, exchange), scopeChallenge(lacking))
}

/** A scheme is named in any case, and blanks follow it (RFC 9110 §11.1). */
const bearer = /^bearer +([^ ].*)$/is

/** Answers a platform, if the request bears its token. */
type Admit = (
  exchange: Exchange,
  scope: Scope,
  answer: (principal: Principal["Service"]) => Effect.Effect<Response>
) => Effect.Effect<Response>

/** Checks the token and its scope before anything of a request is looked at, and counts the request. @category constructors */
export const make: Effect.Effect<Admit, never, OAuth | RateLimit> = Effect.gen(function* () {
  const oauth = yield* OAuth
  const limit = yield* RateLimit
  return (exchange, scope, answer) => {
    const token = bearer.exec(exchange.request.headers["authorization"] ?? "")?.[1]
    if (token === undefined) return Effect.succeed(unauthorized(exchange, "credentials"))
    return Effect.matchEffect(oauth.authenticate(Redacted.make(token)), {
      onFailure: (error) => Effect.succeed(storeUnavailable(exchange, error)),
      onSuccess: (found) => {
        if (Option.isNone(found)) return Effect.succeed(unauthorized(exchange, "token"))
        const principal = found.value
        exchange.notes.client = principal.clientId
        return limit.answer(
          exchange,
          principal.clientId,
          principal.scopes.has(scope)
            ? Effect.suspend(() => answer(principal))
            : Effect.sync(() => insufficient(exchange, scope))
        )
      }
    })
  }
})
