/**
 * The scopes of the API and who holds them: the platform behind a bearer token. For the contract and the server.
 */
import type { PlatformId } from "@effekten/domain"
import { Context, Schema } from "effect"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"

/**
 * The scopes of the Distribution API. Identifications and wallets belong to investors, redemptions to investments, and reading a document
 * needs the scope that wrote it: the API has no other.
 *
 * @category models
 */
export const Scope = Schema.Literals([
  "investors:read",
  "investors:write",
  "investments:read",
  "investments:write",
  "documents:write"
])
export type Scope = typeof Scope.Type

/** All of them. @category values */
export const scopes: ReadonlyArray<Scope> = Scope.literals

/** The scope an endpoint needs: an annotation of the contract. @category annotations */
export class RequiredScope extends Context.Service<RequiredScope, Scope>()("effekten/http/RequiredScope") {}

/** Whether an endpoint needs an idempotency key, or takes one. @category annotations */
export class TakesIdempotencyKey extends Context.Service<TakesIdempotencyKey, "required" | "optional">()(
  "effekten/http/TakesIdempotencyKey"
) {}

/** Whoever a valid token speaks for. @category services */
export class Principal extends Context.Service<
  Principal,
  { readonly platform: PlatformId; readonly clientId: string; readonly scopes: ReadonlySet<string> }
>()("effekten/http/Principal") {}

/** Asks for a bearer token that holds the endpoint's scope, before anything of the request is decoded. @category middleware */
export class BearerToken extends HttpApiMiddleware.Service<BearerToken, { provides: Principal; requires: never }>()(
  "effekten/http/BearerToken",
  { security: { oauth2: HttpApiSecurity.bearer } }
) {}
