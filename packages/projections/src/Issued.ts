/**
 * What an issuer has: itself, its products and their campaigns. For the reads of issuers, each of its own.
 */
import { campaigns, type CampaignState, issuers, type IssuerState, products, type ProductState } from "./Offerings.ts"
import type { Projection } from "./Projection.ts"

/** Keyed by issuer, listed by itself. @category projections */
export const ownIssuers: Projection<IssuerState> = {
  ...issuers,
  name: "own_issuers",
  scope: (state) => state.id
}

/** Keyed by product, listed by issuer. @category projections */
export const issuedProducts: Projection<ProductState> = {
  ...products,
  name: "issued_products",
  scope: (state) => state.issuerId
}

/** Keyed by campaign, listed by product. @category projections */
export const issuedCampaigns: Projection<CampaignState> = {
  ...campaigns,
  name: "issued_campaigns",
  scope: (state) => state.productId
}
