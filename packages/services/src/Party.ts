/**
 * For whom a client of the API speaks: a platform, or an issuer. For tokens, and for servers of both.
 */
import type { Id } from "@effekten/domain"

/** A platform, or an issuer; never both. @category models */
export type Party =
  | { readonly platform: Id.PlatformId; readonly issuer?: undefined }
  | { readonly issuer: Id.IssuerId; readonly platform?: undefined }

/** @category models */
export type PartyId = Id.PlatformId | Id.IssuerId

/** @category conversions */
export const partyId = (party: Party): PartyId => party.platform ?? party.issuer
