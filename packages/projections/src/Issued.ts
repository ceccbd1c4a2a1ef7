/**
 * What an issuer has: itself, its products and their campaigns. For the reads of issuers, each of its own.
 */
import { investments, type InvestmentState } from "./Investments.ts"
import { campaigns, type CampaignState, issuers, type IssuerState, products, type ProductState } from "./Offerings.ts"
import type { LoggedEvent, Projection } from "./Projection.ts"

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

const anonymous = (
  state: InvestmentState | undefined,
  event: LoggedEvent,
  key: string
): InvestmentState | undefined => {
  const after = investments.evolve(state, event, key)
  return after === undefined || after === state ? state : { ...after, platform: null, personalAt: [] }
}

/** Keyed by investment, listed by product. Nothing personal is opened for it. @category projections */
export const issuedInvestments: Projection<InvestmentState> = {
  name: "issued_investments",
  version: 2,
  types: investments.types,
  keys: (event) => investments.keys(event),
  evolve: anonymous,
  scope: (state) => state.productId,
  filters: { campaignId: (state) => state.campaignId, status: (state) => state.status },
  query: (key) => investments.query(key),
  more: (state) => investments.more?.(state)
}
