/**
 * Campaigns: units of a product that are offered on a platform. For the issuer's side; never made through the distribution API.
 */
import { Id, Timestamp, Units } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, optional, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"

/** What every campaign is made of. @category schemas */
export const campaignTerms = {
  productId: plain(Id.ProductId),
  platformId: plain(Id.PlatformId),
  allocation: plain(Units.Sent)
}

/** How a campaign stands. @category schemas */
export const campaignState = {
  opensAt: Timestamp.Timestamp,
  closesAt: Schema.NullOr(Timestamp.Timestamp),
  /** Subscriptions wait for an outside review. */
  reviewRequired: Schema.Boolean,
  /** Nobody closed it; its window is another matter. */
  open: Schema.Boolean,
  createdAt: Timestamp.Timestamp
}

/** Units of a product offered on one platform. @category schemas */
export const OpenCampaign = input("OpenCampaign", {
  ...campaignTerms,
  /** Missing means at once. */
  opensAt: optional(plain(Timestamp.Timestamp)),
  closesAt: optional(plain(Timestamp.Timestamp)),
  /** Subscriptions wait for an outside review. Default: no. */
  reviewRequired: optional(plain(Schema.Boolean))
})
export type OpenCampaign = typeof OpenCampaign.Type

/** How much a campaign offers from now on. @category schemas */
export const ResizeCampaign = input("ResizeCampaign", { allocation: campaignTerms.allocation })
export type ResizeCampaign = typeof ResizeCampaign.Type

/** @category models */
export const Campaign = answer("Campaign", { id: Id.CampaignId, ...campaignTerms })
export type Campaign = typeof Campaign.Type

/** @category schemas */
export const campaignAnswer = Answer.first("Campaign", Campaign)

/** A campaign as it stands. @category models */
export const CampaignState = answer("CampaignState", {
  id: Id.CampaignId,
  ...campaignTerms,
  /** Units of subscriptions that are open or delivered. */
  usedUnits: Schema.Int,
  ...campaignState
})
export type CampaignState = typeof CampaignState.Type

/** For reads alone: no instruction is answered with it. @category schemas */
export const campaignStateAnswer = Answer.first("CampaignState", CampaignState)

/** @category services */
export class Campaigns extends Resource.Service<Campaigns>()("effekten/services/Campaigns", "campaigns", {
  open: Operation.command({
    operation: "OpenCampaign",
    ids: [],
    input: OpenCampaign,
    answer: campaignAnswer,
    refusals: ["issue_volume_exceeded", "product_not_found", "product_not_listed"],
    summary: "Offer units of a product on a platform",
    example: {
      product_id: "01a20498-e0fc-7404-b886-798a53ef800f",
      platform_id: "01a20498-e0f1-7652-9bf8-f4733eb353c1",
      allocation: 1_000
    }
  }),
  /** Down to what is subscribed, up to what the issue volume has room for. */
  resize: Operation.command({
    operation: "ResizeCampaign",
    ids: [Id.CampaignId],
    input: ResizeCampaign,
    refusals: ["allocation_below_use", "campaign_not_found", "campaign_not_open", "issue_volume_exceeded"],
    summary: "Change how much a campaign offers",
    example: { allocation: 1_200 }
  }),
  /** No new subscription; what is signed goes on. */
  close: Operation.bare({
    operation: "CloseCampaign",
    ids: [Id.CampaignId],
    refusals: ["campaign_not_found"],
    summary: "Close a campaign"
  }),
  get: Operation.read({
    reading: "GetCampaign",
    ids: [Id.CampaignId],
    answer: campaignStateAnswer,
    refusals: ["campaign_not_found"],
    summary: "Read a campaign"
  }),
  list: Operation.list({
    reading: "ListCampaigns",
    ids: [],
    answer: campaignStateAnswer,
    refusals: [],
    summary: "List the campaigns"
  })
}) {}
