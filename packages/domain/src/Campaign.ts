/**
 * Campaigns: offerings of part of a product on one platform, and how much of each is used. For the issuer side and for signing.
 *
 * An open campaign takes its whole allocation of the issue volume; a closed campaign takes what it uses. So what is released in a closed
 * campaign may be offered again.
 */
import { Schema } from "effect"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type DecisionContext, type Read } from "./Decision.ts"
import { CampaignClosed, CampaignOpened, CampaignResized } from "./events/PlatformEvents.ts"
import { CampaignId, PlatformId, ProductId } from "./Id.ts"
import * as Product from "./Product.ts"
import * as Tag from "./Tag.ts"
import { instantOf, Timestamp, type Instant } from "./Timestamp.ts"
import { isUnits, type UnitCount, type Units } from "./Units.ts"

/** @category models */
export interface State {
  readonly platform: PlatformId
  readonly productId: ProductId
  readonly allocation: Units
  readonly opensAt: Instant
  readonly closesAt: Instant | undefined
  readonly reviewRequired: boolean
  /** Not closed; its window is another matter. */
  readonly open: boolean
}

/** @category decision models */
export const model = (id: CampaignId) =>
  decisionModel({
    name: "Campaign",
    types: ["CampaignOpened", "CampaignResized", "CampaignClosed"],
    tags: [Tag.campaign(id)],
    initial: undefined,
    evolve: (state: State | undefined, event) => {
      switch (event.type) {
        case "CampaignOpened": {
          const { platformId, productId, allocation, opensAt, closesAt, reviewRequired } = event.data
          return {
            platform: platformId,
            productId,
            allocation,
            opensAt: instantOf(opensAt),
            closesAt: closesAt === undefined ? undefined : instantOf(closesAt),
            reviewRequired,
            open: true
          }
        }
        case "CampaignResized":
          return state && { ...state, allocation: event.data.allocation }
        case "CampaignClosed":
          return state && { ...state, open: false }
      }
    }
  })

/** One campaign of a product, as its committed volume needs it. @category models */
export interface Share {
  readonly campaignId: CampaignId
  readonly allocation: Units
  readonly open: boolean
}

const none: ReadonlyArray<Share> = []

/** The campaigns of a product. @category decision models */
export const ofProduct = (id: ProductId) =>
  decisionModel({
    name: "Campaigns",
    version: 2,
    types: ["CampaignOpened", "CampaignResized", "CampaignClosed"],
    tags: [Tag.product(id)],
    initial: none,
    evolve: (state: ReadonlyArray<Share>, event) => {
      const { campaignId } = event.data
      const changed = (change: Partial<Share>) =>
        state.map((share) => (share.campaignId === campaignId ? { ...share, ...change } : share))
      switch (event.type) {
        case "CampaignOpened":
          return [...state, { campaignId, allocation: event.data.allocation, open: true }]
        case "CampaignResized":
          return changed({ allocation: event.data.allocation })
        case "CampaignClosed":
          return changed({ open: false })
      }
    }
  })

/** The units of a campaign taken by subscriptions that are open or delivered. @category decision models */
export const used = (id: CampaignId) =>
  decisionModel({
    name: "Used",
    version: 2,
    types: ["InvestmentSigned", "InvestmentEnded", "RegisterChangeReversed"],
    tags: [Tag.campaign(id)],
    initial: 0,
    evolve: (used: UnitCount, event) => {
      if (event.type === "InvestmentSigned") return used + event.data.units
      // The credit of an investment that goes on is reversed: its units stay its own.
      return event.type === "RegisterChangeReversed" && event.data.releases !== true ? used : used - event.data.units
    }
  })

/** The units of a product's issue volume that campaigns have taken. @category computing */
export function* committed(productId: ProductId): Generator<Read, UnitCount, any> {
  let units = 0
  for (const share of yield* read(ofProduct(productId))) {
    units += share.open ? share.allocation : yield* read(used(share.campaignId))
  }
  return units
}

/** Whether a campaign takes subscriptions at the moment of receipt; both ends of its window belong to it. @category predicates */
export const takesSubscriptions = (campaign: State, context: DecisionContext): boolean =>
  campaign.open &&
  campaign.opensAt.micros <= context.receivedAt.micros &&
  (campaign.closesAt === undefined || context.receivedAt.micros <= campaign.closesAt.micros)

/** @category commands */
export const OpenCampaign = Command.make("OpenCampaign", {
  input: {
    campaignId: CampaignId,
    productId: ProductId,
    platformId: PlatformId,
    allocation: Schema.Finite,
    opensAt: Timestamp,
    closesAt: Schema.optionalKey(Timestamp),
    reviewRequired: Schema.Boolean
  },
  *decide(input) {
    const product = yield* read(Product.model(input.productId))
    if (product === undefined) return yield* refuse({ code: "product_not_found" })
    if ((yield* read(model(input.campaignId))) !== undefined) return []
    if (!product.listedOn.includes(input.platformId)) return yield* refuse({ code: "product_not_listed" })
    if (!isUnits(input.allocation)) return yield* refuse({ code: "units_invalid" })
    const free = product.terms.issueVolume - (yield* committed(input.productId))
    if (input.allocation > free) return yield* refuse({ code: "issue_volume_exceeded", details: { free } })
    return [CampaignOpened.make({ ...input, closesAt: input.closesAt })]
  },
  recall: (events) => {
    const data = Command.recorded(events, "CampaignOpened")
    return { ...data, closesAt: data.closesAt }
  }
})

/**
 * Changes how much is offered, down to what is subscribed and up to what the issue volume has room for.
 *
 * @category commands
 */
export const ResizeCampaign = Command.make("ResizeCampaign", {
  input: { campaignId: CampaignId, allocation: Schema.Finite },
  *decide({ campaignId, allocation }) {
    const campaign = yield* read(model(campaignId))
    if (campaign === undefined) return yield* refuse({ code: "campaign_not_found" })
    const { productId } = campaign
    if (allocation === campaign.allocation) return []
    if (!campaign.open) return yield* refuse({ code: "campaign_not_open" })
    if (!isUnits(allocation)) return yield* refuse({ code: "units_invalid" })
    if (allocation < campaign.allocation) {
      if (allocation < (yield* read(used(campaignId)))) return yield* refuse({ code: "allocation_below_use" })
    } else {
      const product = yield* read(Product.model(productId))
      if (product === undefined) return yield* refuse({ code: "product_not_found" })
      // What the campaign has itself is a part of what is committed.
      const free = product.terms.issueVolume - ((yield* committed(productId)) - campaign.allocation)
      if (allocation > free) return yield* refuse({ code: "issue_volume_exceeded", details: { free } })
    }
    return [CampaignResized.make({ campaignId, productId, allocation })]
  },
  recall: (events) => {
    const { campaignId, allocation } = Command.recorded(events, "CampaignResized")
    return { campaignId, allocation }
  }
})

/** Ends new signatures; acceptance, payment and credit go on. @category commands */
export const CloseCampaign = Command.make("CloseCampaign", {
  input: { campaignId: CampaignId },
  *decide({ campaignId }) {
    const campaign = yield* read(model(campaignId))
    if (campaign === undefined) return yield* refuse({ code: "campaign_not_found" })
    return campaign.open ? [CampaignClosed.make({ campaignId, productId: campaign.productId })] : []
  },
  recall: (events) => ({ campaignId: Command.recorded(events, "CampaignClosed").campaignId })
})
