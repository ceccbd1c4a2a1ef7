/**
 * The issuer's side: platforms, issuers, products, where they are listed, campaigns. For the registrar's reads.
 *
 * No platform has any of these objects. Never show one to a platform: how much others sell is no business of its own.
 */
import { type Events, type Id, type Product, Tag, type Timestamp, type Units } from "@effekten/domain"
import { type Amended, created, type Created, createdWithPersonal, entity, withAmendment } from "./Entity.ts"
import { keyWithin, partsOfKey, type Projection } from "./Projection.ts"

/** No platform has it, and its list is the register's. @category models */
export interface OfRegister extends Created {
  readonly platform: null
}

const ofRegister = { platform: null } as const
const scope = (): string => ""

/** A platform. @category models */
export interface PlatformState extends OfRegister {
  readonly id: Id.PlatformId
  readonly name: string
}

/** Keyed by platform, all in one list. @category projections */
export const platforms: Projection<PlatformState> = entity({
  name: "platforms",
  version: 1,
  types: ["PlatformRegistered"],
  key: (event) => event.data.platformId,
  evolve: (state: PlatformState | undefined, event) =>
    state ?? { ...ofRegister, id: event.data.platformId, name: event.data.name, ...created(event) },
  scope,
  query: (key) => [{ types: platforms.types, tags: [Tag.platform(key as Id.PlatformId)] }]
})

/** An issuer without what is personal. @category models */
export interface IssuerState extends OfRegister, Amended<Events.IssuerMember> {
  readonly id: Id.IssuerId
}

/** Keyed by issuer, all in one list. @category projections */
export const issuers: Projection<IssuerState> = entity({
  name: "issuers",
  version: 2,
  types: ["IssuerRegistered", "IssuerAmended"],
  key: (event) => event.data.issuerId,
  evolve: (state: IssuerState | undefined, event): IssuerState | undefined => {
    if (event.type === "IssuerRegistered")
      return state ?? { ...ofRegister, id: event.data.issuerId, ...createdWithPersonal(event), amendments: [] }
    return state && { ...state, ...withAmendment(state, event, event.data.members) }
  },
  scope,
  subject: (state) => Tag.issuer(state.id),
  query: (key) => [{ types: issuers.types, tags: [Tag.issuer(key as Id.IssuerId)] }]
})

type Terms = Product.Terms

/** A product as its terms stand: a missing one is null. @category models */
export type ProductState = OfRegister & {
  readonly [Term in keyof Terms]-?: object extends Pick<Terms, Term> ? Terms[Term] | null : Terms[Term]
} & {
  /** No unit of it moves. */
  readonly paused: boolean
}

/** Every term named. */
const everyTerm = (terms: Terms) => ({
  ...terms,
  isin: terms.isin ?? null,
  nominalValue: terms.nominalValue ?? null,
  issuancePrice: terms.issuancePrice ?? null,
  agioPercent: terms.agioPercent ?? null,
  paymentDays: terms.paymentDays ?? null,
  cancellationDays: terms.cancellationDays ?? null,
  lockedUntil: terms.lockedUntil ?? null,
  network: terms.network ?? null
})

/** Keyed by product, all in one list. @category projections */
export const products: Projection<ProductState> = entity({
  name: "products",
  version: 2,
  types: ["ProductRegistered", "ProductAmended", "ProductPaused", "ProductResumed"],
  key: (event) => event.data.productId,
  evolve: (state: ProductState | undefined, event): ProductState | undefined => {
    switch (event.type) {
      case "ProductRegistered":
        return state ?? { ...ofRegister, ...everyTerm(event.data), paused: false, ...created(event) }
      case "ProductAmended":
        return state && { ...state, ...event.data }
      case "ProductPaused":
        return state && { ...state, paused: true }
      case "ProductResumed":
        return state && { ...state, paused: false }
    }
  },
  scope,
  query: (key) => [{ types: products.types, tags: [Tag.product(key as Id.ProductId)] }]
})

/** A product on a platform, now or once. @category models */
export interface ListingState extends OfRegister {
  readonly productId: Id.ProductId
  readonly platformId: Id.PlatformId
  /** Whether the platform may sell it now. */
  readonly listed: boolean
}

/** Keyed by product and platform, listed by product. @category projections */
export const listings: Projection<ListingState> = entity({
  name: "listings",
  version: 1,
  types: ["ProductListed", "ProductDelisted"],
  key: ({ data }) => keyWithin(data.productId, data.platformId),
  evolve: (state: ListingState | undefined, event) => {
    const { platformId, productId } = event.data
    const listed = event.type === "ProductListed"
    return state === undefined
      ? { ...ofRegister, productId, platformId, listed, ...created(event) }
      : { ...state, listed }
  },
  scope: (state) => state.productId,
  query: (key) => [{ types: listings.types, tags: [Tag.product(partsOfKey(key)[0] as Id.ProductId)] }]
})

/** A version of the deposited terms of a product. @category models */
export interface TermsState extends OfRegister {
  readonly productId: Id.ProductId
  readonly version: Units.Units
  readonly documentId: Id.DocumentId
  /** SHA-256 of the content. */
  readonly digest: string
}

/** Keyed by product and version, listed by product. @category projections */
export const terms: Projection<TermsState> = entity({
  name: "terms",
  version: 1,
  types: ["TermsDeposited"],
  key: ({ data }) => keyWithin(data.productId, String(data.version)),
  evolve: (state: TermsState | undefined, event) => state ?? { ...ofRegister, ...event.data, ...created(event) },
  scope: (state) => state.productId,
  query: (key) => [{ types: terms.types, tags: [Tag.product(partsOfKey(key)[0] as Id.ProductId)] }]
})

/** A campaign, and how much of it is taken. @category models */
export interface CampaignState extends OfRegister {
  readonly id: Id.CampaignId
  readonly productId: Id.ProductId
  readonly platformId: Id.PlatformId
  readonly allocation: number
  /** Units of subscriptions that are open or delivered. */
  readonly usedUnits: number
  readonly opensAt: Timestamp.Timestamp
  readonly closesAt: Timestamp.Timestamp | null
  readonly reviewRequired: boolean
  /** Nobody closed it; its window is another matter. */
  readonly open: boolean
}

/** Keyed by campaign, all in one list. @category projections */
export const campaigns: Projection<CampaignState> = entity({
  name: "campaigns",
  version: 3,
  types: [
    "CampaignOpened",
    "CampaignResized",
    "CampaignClosed",
    "InvestmentSigned",
    "InvestmentEnded",
    "RegisterChangeReversed"
  ],
  key: (event) => event.data.campaignId,
  evolve: (state: CampaignState | undefined, event) => {
    switch (event.type) {
      case "CampaignOpened": {
        const { campaignId, closesAt, ...terms } = event.data
        const fresh = { open: true, usedUnits: 0, closesAt: closesAt ?? null }
        return state ?? { ...ofRegister, id: campaignId, ...terms, ...fresh, ...created(event) }
      }
      case "CampaignResized":
        return state && { ...state, allocation: event.data.allocation }
      case "CampaignClosed":
        return state && { ...state, open: false }
      case "InvestmentSigned":
        return state && { ...state, usedUnits: state.usedUnits + event.data.units }
      case "InvestmentEnded":
        return state && { ...state, usedUnits: state.usedUnits - event.data.units }
      case "RegisterChangeReversed":
        return event.data.releases === true && state !== undefined
          ? { ...state, usedUnits: state.usedUnits - event.data.units }
          : state
    }
  },
  scope,
  query: (key) => [{ types: campaigns.types, tags: [Tag.campaign(key as Id.CampaignId)] }]
})
