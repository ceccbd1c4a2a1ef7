/**
 * The scopes of the Distribution API. For the descriptions of operations, for tokens and for clients.
 *
 * Identifications and wallets belong to investors, redemptions and transfers to investments. Reading a document needs the scope that wrote it: the API
 * has no other scope. Campaigns and listings belong to products.
 */
import { Schema } from "effect"
import type { Party } from "./Party.ts"

/** @category models */
export const Scope = Schema.Literals([
  "investors:read",
  "investors:write",
  "investments:read",
  "investments:write",
  "documents:write",
  "issuers:read",
  "issuers:write",
  "products:read",
  "products:write"
])
export type Scope = typeof Scope.Type

/** All that a client of a platform may have. @category values */
export const scopes: ReadonlyArray<Scope> = [
  "investors:read",
  "investors:write",
  "investments:read",
  "investments:write",
  "documents:write"
]

/** All that a client of an issuer may have. @category values */
export const issuerScopes: ReadonlyArray<Scope> = [
  "issuers:read",
  "issuers:write",
  "products:read",
  "products:write",
  "investments:read"
]

/** All that a client may have. @category computing */
export const scopesOf = (party: Party): ReadonlyArray<Scope> => (party.issuer === undefined ? scopes : issuerScopes)
