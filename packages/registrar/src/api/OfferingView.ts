/**
 * What is shown of a product and of a campaign. For the views of the registrar, of issuers and of platforms, which add the
 * names and members of their own.
 */
import type { Projections } from "@effekten/projections"

/** The terms of a product: a missing one is null. @category computing */
export const termsOf = (state: Projections.ProductState) => ({
  issuerId: state.issuerId,
  name: state.name,
  productType: state.productType,
  ewpg: state.kind === "ewpg",
  isin: state.isin,
  nominalValue: state.nominalValue,
  issuancePrice: state.issuancePrice,
  agioPercent: state.agioPercent,
  issueVolume: state.issueVolume,
  stepSize: state.stepSize,
  paymentDays: state.paymentDays,
  cancellationDays: state.cancellationDays,
  lockedUntil: state.lockedUntil,
  network: state.network
})

/** What a campaign offers, and when. @category computing */
export const campaignOf = (state: Omit<Projections.CampaignState, "platform">) => ({
  id: state.id,
  productId: state.productId,
  allocation: state.allocation,
  opensAt: state.opensAt,
  closesAt: state.closesAt,
  reviewRequired: state.reviewRequired,
  open: state.open,
  createdAt: state.createdAt
})
