/**
 * How an issuer sells through the API: where its products are listed, and its campaigns there. For clients of issuers.
 *
 * Lists are of one product, which the query names.
 */
import { Id, Timestamp } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { campaignState, campaignTerms, ResizeCampaign } from "./Campaigns.ts"
import { answer, input, optional, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"

const listing = {
  productId: campaignTerms.productId,
  distributionPlatformId: campaignTerms.platformId
}

/** A product for a platform. @category schemas */
export const CreateIssuedListing = input("CreateIssuedListing", listing)
export type CreateIssuedListing = typeof CreateIssuedListing.Type

/** Where a product is listed, or was. @category models */
export const IssuedListing = answer("IssuedListing", {
  ...listing,
  /** Whether the platform may sell it now. */
  listed: Schema.Boolean
})
export type IssuedListing = typeof IssuedListing.Type

/** @category schemas */
export const issuedListingAnswer = Answer.first("IssuedListing", IssuedListing)

/** @category services */
export class IssuedListings extends Resource.Served<IssuedListings>()(
  "effekten/services/IssuedListings",
  "issued-listings",
  {
    create: Operation.command({
      operation: "ListProduct",
      route: "POST /issuer/v2/listings/",
      scope: "products:write",
      ids: [],
      input: CreateIssuedListing,
      answer: issuedListingAnswer,
      refusals: ["platform_not_found", "product_not_found"],
      summary: "Let a platform sell a product",
      example: {
        product_id: "01a20498-e0fc-7404-b886-798a53ef800f",
        distribution_platform_id: "01a20498-e0f1-7652-9bf8-f4733eb353c1"
      }
    }),
    /** No new campaign and no new subscription there; holders still redeem. */
    end: Operation.command({
      operation: "DelistProduct",
      route: "POST /issuer/v2/delistings/",
      scope: "products:write",
      ids: [],
      input: CreateIssuedListing,
      answer: issuedListingAnswer,
      refusals: ["platform_not_found", "product_not_found"],
      summary: "Let a platform no longer sell a product",
      description: "An extension of Effekten. Holders still redeem, and what is signed goes on.",
      example: {
        product_id: "01a20498-e0fc-7404-b886-798a53ef800f",
        distribution_platform_id: "01a20498-e0f1-7652-9bf8-f4733eb353c1"
      }
    }),
    list: Operation.list({
      reading: "ListIssuedListings",
      route: "GET /issuer/v2/listings/",
      scope: "products:read",
      ids: [Id.ProductId],
      asks: ["product_id"],
      answer: issuedListingAnswer,
      refusals: ["product_not_found"],
      summary: "List where a product is listed, or was"
    })
  }
) {}

const campaign = {
  ...listing,
  allocation: campaignTerms.allocation
}

/** Units of a product offered on one platform. @category schemas */
export const CreateIssuedCampaign = input("CreateIssuedCampaign", {
  ...campaign,
  /** Missing means at once. */
  opensAt: optional(plain(Timestamp.Timestamp)),
  closesAt: optional(plain(Timestamp.Timestamp)),
  /** Subscriptions wait for an outside review. Default: no. */
  reviewRequired: optional(plain(Schema.Boolean))
})
export type CreateIssuedCampaign = typeof CreateIssuedCampaign.Type

/** A campaign as it stands. @category models */
export const IssuedCampaign = answer("IssuedCampaign", {
  id: Id.CampaignId,
  ...campaign,
  /** Units of subscriptions that are open or delivered. */
  usedUnits: Schema.Int,
  ...campaignState
})
export type IssuedCampaign = typeof IssuedCampaign.Type

/** @category schemas */
export const issuedCampaignAnswer = Answer.first("IssuedCampaign", IssuedCampaign)

const fixed = "What a campaign offers, where and when, stays."

/** @category services */
export class IssuedCampaigns extends Resource.Served<IssuedCampaigns>()(
  "effekten/services/IssuedCampaigns",
  "issued-campaigns",
  {
    create: Operation.command({
      operation: "OpenCampaign",
      route: "POST /issuer/v2/campaigns/",
      scope: "products:write",
      ids: [],
      input: CreateIssuedCampaign,
      answer: issuedCampaignAnswer,
      refusals: ["issue_volume_exceeded", "product_not_found", "product_not_listed"],
      summary: "Offer units of a product on a platform",
      example: {
        product_id: "01a20498-e0fc-7404-b886-798a53ef800f",
        distribution_platform_id: "01a20498-e0f1-7652-9bf8-f4733eb353c1",
        allocation: 1_000
      }
    }),
    list: Operation.list({
      reading: "ListIssuedCampaigns",
      route: "GET /issuer/v2/campaigns/",
      scope: "products:read",
      ids: [Id.ProductId],
      asks: ["product_id"],
      answer: issuedCampaignAnswer,
      refusals: ["product_not_found"],
      summary: "List the campaigns of a product"
    }),
    get: Operation.read({
      reading: "GetIssuedCampaign",
      route: "GET /issuer/v2/campaigns/:id/",
      scope: "products:read",
      ids: [Id.CampaignId],
      answer: issuedCampaignAnswer,
      refusals: ["campaign_not_found"],
      summary: "Read a campaign of the issuer"
    }),
    /** Down to what is subscribed, up to what the issue volume has room for. */
    resize: Operation.command({
      operation: "ResizeCampaign",
      route: "PATCH /issuer/v2/campaigns/:id/",
      scope: "products:write",
      key: "optional",
      ids: [Id.CampaignId],
      input: ResizeCampaign,
      reads: {
        notOffered: {
          product_id: fixed,
          distribution_platform_id: fixed,
          opens_at: fixed,
          closes_at: fixed,
          review_required: fixed
        }
      },
      answer: issuedCampaignAnswer,
      refusals: ["allocation_below_use", "campaign_not_found", "campaign_not_open", "issue_volume_exceeded"],
      summary: "Change how much a campaign offers",
      example: { allocation: 1_200 }
    }),
    /** No new subscription; what is signed goes on. */
    close: Operation.bare({
      operation: "CloseCampaign",
      route: "POST /issuer/v2/campaigns/:id/closures/",
      scope: "products:write",
      ids: [Id.CampaignId],
      answer: issuedCampaignAnswer,
      refusals: ["campaign_not_found"],
      summary: "Close a campaign"
    })
  }
) {}
