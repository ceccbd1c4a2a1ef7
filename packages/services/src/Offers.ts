/**
 * What a platform may sell: products that are listed for it, and its campaigns. For platforms, which read it and change nothing of it.
 */
import { Id, Timestamp } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { campaignState, campaignTerms } from "./Campaigns.ts"
import { answer } from "./Member.ts"
import * as Operation from "./Operation.ts"
import { productTerms } from "./Products.ts"
import * as Resource from "./Resource.ts"
import { depositedTermsAnswer } from "./TermsDeposits.ts"

/** A product with all its terms: a missing one is null. @category models */
export const OfferedProduct = answer("OfferedProduct", {
  id: Id.ProductId,
  ...productTerms,
  /** Whether it may be sold now. Once it no longer is, holders still redeem. */
  listed: Schema.Boolean,
  /** No unit of it moves. */
  paused: Schema.Boolean,
  /** When it was listed first. */
  createdAt: Timestamp.Timestamp
})
export type OfferedProduct = typeof OfferedProduct.Type

/** For reads alone: no instruction is answered with it. @category schemas */
export const offeredProductAnswer = Answer.first("OfferedProduct", OfferedProduct)

/** A campaign, and what of it is free. @category models */
export const OfferedCampaign = answer("OfferedCampaign", {
  id: Id.CampaignId,
  productId: campaignTerms.productId,
  allocation: campaignTerms.allocation,
  /** Units that can still be subscribed, if the campaign is open and its window is. */
  freeUnits: Schema.Int,
  ...campaignState
})
export type OfferedCampaign = typeof OfferedCampaign.Type

/** For reads alone. @category schemas */
export const offeredCampaignAnswer = Answer.first("OfferedCampaign", OfferedCampaign)

/** @category services */
export class OfferedProducts extends Resource.Served<OfferedProducts>()(
  "effekten/services/OfferedProducts",
  "products",
  {
    list: Operation.list({
      reading: "ListOfferedProducts",
      route: "GET /v2/products/",
      scope: "investments:read",
      ids: [],
      answer: offeredProductAnswer,
      refusals: [],
      summary: "List the products that may be sold"
    }),
    get: Operation.read({
      reading: "GetOfferedProduct",
      route: "GET /v2/products/:id/",
      scope: "investments:read",
      ids: [Id.ProductId],
      answer: offeredProductAnswer,
      refusals: ["product_not_found"],
      summary: "Read a product"
    }),
    /** They are public (eWpG § 5): a platform that may sell the product, or might once, sees every version. */
    terms: Operation.list({
      reading: "ListOfferedTerms",
      route: "GET /v2/products/:id/terms/",
      scope: "investments:read",
      ids: [Id.ProductId],
      answer: depositedTermsAnswer,
      refusals: ["product_not_found"],
      summary: "List the versions of the terms of a product"
    })
  }
) {}

/** @category services */
export class OfferedCampaigns extends Resource.Served<OfferedCampaigns>()(
  "effekten/services/OfferedCampaigns",
  "campaigns",
  {
    list: Operation.list({
      reading: "ListOfferedCampaigns",
      route: "GET /v2/campaigns/",
      scope: "investments:read",
      ids: [],
      filters: { productId: Id.ProductId },
      answer: offeredCampaignAnswer,
      refusals: [],
      summary: "List the campaigns"
    }),
    get: Operation.read({
      reading: "GetOfferedCampaign",
      route: "GET /v2/campaigns/:id/",
      scope: "investments:read",
      ids: [Id.CampaignId],
      answer: offeredCampaignAnswer,
      refusals: ["campaign_not_found"],
      summary: "Read a campaign"
    })
  }
) {}
