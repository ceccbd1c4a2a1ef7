/**
 * The scopes of the Distribution API. For the descriptions of operations, for tokens and for clients.
 *
 * Identifications and wallets belong to investors, redemptions and transfers to investments. Reading a document needs the scope that wrote it: the API
 * has no other scope.
 */
import { Schema } from "effect"

/** @category models */
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
