/**
 * The services of an issuer, embedded, out of the resources of this folder. For servers.
 */
import { IssuerServices } from "@effekten/services"
import { Effect, Layer } from "effect"
import { Blobs } from "../documents/Blobs.ts"
import { issuerServicesOf } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { issuedCampaigns, issuedListings } from "./IssuedCampaigns.ts"
import { issuedInvestments } from "./IssuedInvestments.ts"
import { distributionPlatforms, issuedProducts } from "./IssuedProducts.ts"
import { issuers } from "./Issuers.ts"
import { issuedTerms } from "./IssuedTerms.ts"
import type { Showing } from "./Showing.ts"

/** @category layers */
export const layer: Layer.Layer<never, never, Blobs | Intake | Showing> = Layer.effect(
  IssuerServices,
  Effect.gen(function* () {
    const context = yield* Effect.context<Intake | Showing>()
    return issuerServicesOf([
      issuers(context),
      issuedProducts(context),
      distributionPlatforms(context),
      issuedListings(context),
      issuedCampaigns(context),
      issuedTerms(context, yield* Blobs),
      issuedInvestments(context)
    ])
  })
).pipe(Layer.fresh)
