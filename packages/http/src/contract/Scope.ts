/**
 * What an endpoint asks of a request, and the platform or issuer behind a bearer token. For the contract and the server.
 */
import type { Party, Scope } from "@effekten/services"
import { Context } from "effect"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"

/** The scope an endpoint needs: an annotation of the contract. @category services */
export class RequiredScope extends Context.Service<RequiredScope, Scope>()("effekten/http/RequiredScope") {}

/** Whether an endpoint needs an idempotency key, or takes one. @category services */
export class TakesIdempotencyKey extends Context.Service<TakesIdempotencyKey, "required" | "optional">()(
  "effekten/http/TakesIdempotencyKey"
) {}

/** The platform or the issuer that a valid token speaks for. @category services */
export class Principal extends Context.Service<
  Principal,
  Party & { readonly clientId: string; readonly scopes: ReadonlySet<string> }
>()("effekten/http/Principal") {}

/** Asks for a bearer token that holds the endpoint's scope, before anything of the request is decoded. @category services */
export class BearerToken extends HttpApiMiddleware.Service<BearerToken, { provides: Principal; requires: never }>()(
  "effekten/http/BearerToken",
  { security: { oauth2: HttpApiSecurity.bearer } }
) {}
