/**
 * The issuer's services, for an issuer that is known only when the request arrives. For servers.
 */
import type { Id } from "@effekten/domain"
import { Context, Effect } from "effect"
import type { CommandFailure } from "./Failure.ts"
import type { Receipt } from "./Instruction.ts"
import { IssuedCampaigns, IssuedListings } from "./IssuedCampaigns.ts"
import { IssuedInvestments } from "./IssuedInvestments.ts"
import { IssuedTerms } from "./IssuedTerms.ts"
import { DistributionPlatforms, IssuedProducts } from "./IssuedProducts.ts"
import { Issuers } from "./Issuers.ts"
import type * as Operation from "./Operation.ts"
import { platformResources, type Repeated } from "./PlatformServices.ts"

export {
  DistributionPlatforms,
  IssuedCampaigns,
  IssuedInvestments,
  IssuedListings,
  IssuedProducts,
  IssuedTerms,
  Issuers
}

/** The resources an issuer uses: what is served over HTTP below `/issuer`. @category values */
export const issuerResources = [
  Issuers,
  IssuedProducts,
  DistributionPlatforms,
  IssuedListings,
  IssuedCampaigns,
  IssuedTerms,
  IssuedInvestments
] as const

/** All that is served over HTTP, in the order of the documents. @category values */
export const servedResources = [...platformResources, ...issuerResources] as const

/** The services an issuer uses. @category models */
export type IssuingService =
  DistributionPlatforms | IssuedCampaigns | IssuedInvestments | IssuedListings | IssuedProducts | Issuers | IssuedTerms

/** The names of an issuer's readings in the record of openings of personal data. @category models */
export type IssuerReading = Operation.ReadingOf<(typeof issuerResources)[number]["resource"]["operations"]>

/** @category models */
export interface ServingIssuers {
  /** The services bound to one issuer: they see and change what is its own only. */
  readonly forIssuer: (issuer: Id.IssuerId) => Context.Context<IssuingService>
  /** As `PlatformServices.repeat` does. */
  readonly repeat: (issuer: Id.IssuerId, repeated: Repeated) => Effect.Effect<Receipt | undefined, CommandFailure>
}

const serving: ServingIssuers = {
  forIssuer: () => Context.makeUnsafe<IssuingService>(new Map()),
  repeat: () => Effect.undefined
}

/** A register provides it. Without it, a server knows no issuer. @category services */
export const IssuerServices = Context.Reference<ServingIssuers>("effekten/services/IssuerServices", {
  defaultValue: () => serving
})
