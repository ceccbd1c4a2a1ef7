/**
 * What a platform may sell: products that are listed for it, and its campaigns. For the reads of platforms, each of its own.
 */
import { type Id, Tag } from "@effekten/domain"
import { created, type Created, entity } from "./Entity.ts"
import { campaigns, type CampaignState } from "./Offerings.ts"
import { keyWithin, partsOfKey, type Projection } from "./Projection.ts"

/** A product that a platform may sell, or might once. Its terms stand with the product. @category models */
export interface OfferState extends Created {
  readonly platform: Id.PlatformId
  readonly productId: Id.ProductId
  /** Whether the platform may sell it now. */
  readonly listed: boolean
}

/** The key of a product on a platform. @category constructors */
export const offerKey = (platform: Id.PlatformId, product: Id.ProductId): string => keyWithin(platform, product)

/** Keyed by {@link offerKey}, listed by platform. @category projections */
export const offers: Projection<OfferState> = entity({
  name: "offers",
  version: 1,
  types: ["ProductListed", "ProductDelisted"],
  key: ({ data }) => offerKey(data.platformId, data.productId),
  evolve: (state: OfferState | undefined, event): OfferState => {
    const { platformId, productId } = event.data
    const listed = event.type === "ProductListed"
    return state === undefined ? { platform: platformId, productId, listed, ...created(event) } : { ...state, listed }
  },
  scope: (state) => state.platform,
  query: (key) => [{ types: offers.types, tags: [Tag.product(partsOfKey(key)[1] as Id.ProductId)] }]
})

/** A campaign as its platform has it. @category models */
export interface OfferedCampaignState extends Omit<CampaignState, "platform"> {
  readonly platform: Id.PlatformId
}

/** Keyed by campaign, listed by platform. @category projections */
export const offeredCampaigns: Projection<OfferedCampaignState> = {
  name: "offered_campaigns",
  version: 3,
  types: campaigns.types,
  keys: (event) => campaigns.keys(event),
  evolve: (state, event, key) => {
    const before = state && { ...state, platform: null }
    const after = campaigns.evolve(before, event, key)
    if (after === undefined || after === before) return state
    return { ...after, platform: after.platformId }
  },
  scope: (state) => state.platform,
  filters: { productId: (state) => state.productId },
  query: (key) => campaigns.query(key)
}
