/**
 * The services of an issuer, embedded, out of the resources of this folder. For servers.
 */
import { IssuerServices, type ServingIssuers } from "@effekten/services"
import { Effect, Layer } from "effect"
import { issuerServicesOf } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { issuedCampaigns, issuedListings } from "./IssuedCampaigns.ts"
import { distributionPlatforms, issuedProducts, issuers } from "./IssuedProducts.ts"
import type { Showing } from "./Showing.ts"

/** @category layers */
export const layer: Layer.Layer<never, never, Intake | Showing> = Layer.effect(
  IssuerServices,
  Effect.map(Effect.context<Intake | Showing>(), (context): ServingIssuers =>
    issuerServicesOf([
      issuers(context),
      issuedProducts(context),
      distributionPlatforms(context),
      issuedListings(context),
      issuedCampaigns(context)
    ])
  )
).pipe(Layer.fresh)
