/**
 * The check of a bearer token (RFC 6750), before anything of a request is looked at. For the server.
 */
import { Unavailable } from "@effekten/services"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { edgeProblem, failureResponse, toResponse } from "../contract/Problem.ts"
import { BearerToken, Principal, RequiredScope } from "../contract/Scope.ts"
import { OAuth } from "../oauth/OAuth.ts"
import type { OAuthStoreError } from "../oauth/OAuthStore.ts"
import { Exchange } from "./Exchange.ts"
import { RateLimit } from "./RateLimit.ts"

/** Clients cannot be looked up now. @category conversions */
export const storeUnavailable = (cause: OAuthStoreError) =>
  Effect.map(Exchange, (exchange) => {
    exchange.notes.refusal = "store"
    exchange.notes.cause = cause
    return failureResponse(new Unavailable({ executed: "no", message: "The OAuth store failed.", cause }), exchange)
  })

const challenge = 'Bearer realm="effekten"'

const insufficient = (exchange: Exchange, lacking: string) => {
  exchange.notes.refusal = "scope"
  return toResponse(edgeProblem("insufficient_scope", `The token lacks the scope ${lacking}.`, exchange), {
    "www-authenticate": `${challenge}, error="insufficient_scope", scope="${lacking}"`
  })
}

/** Checks the token and the endpoint's scope, and provides the calling platform. @category layers */
export const bearerToken: Layer.Layer<BearerToken, never, OAuth | RateLimit> = Layer.effect(
  BearerToken,
  Effect.gen(function* () {
    const oauth = yield* OAuth
    const limit = yield* RateLimit
    return BearerToken.of({
      oauth2: (httpEffect, { credential, endpoint, group }) =>
        Effect.gen(function* () {
          const exchange = yield* Exchange
          const { notes } = exchange
          notes.operation = `${group.identifier}.${endpoint.identifier}`
          if (Redacted.value(credential) === "") {
            notes.refusal = "credentials"
            return toResponse(edgeProblem("unauthorized", "Send a bearer token.", exchange), {
              "www-authenticate": challenge
            })
          }
          const principal = Option.getOrUndefined(yield* oauth.authenticate(credential))
          if (principal === undefined) {
            notes.refusal = "token"
            return toResponse(edgeProblem("unauthorized", "The token is unknown or has expired.", exchange), {
              "www-authenticate": `${challenge}, error="invalid_token"`
            })
          }
          notes.client = principal.clientId
          const scope = Context.getOption(endpoint.annotations, RequiredScope)
          // An endpoint that names no scope refuses every token.
          return yield* limit.answer(
            principal.clientId,
            Option.isSome(scope) && principal.scopes.has(scope.value)
              ? Effect.provideService(httpEffect, Principal, principal)
              : Effect.sync(() =>
                  insufficient(
                    exchange,
                    Option.getOrElse(scope, () => "")
                  )
                )
          )
        }).pipe(Effect.catchTag("OAuthStoreError", storeUnavailable))
    })
  })
).pipe(Layer.fresh)
