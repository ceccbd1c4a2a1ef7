/**
 * Platforms, products and campaigns: what the issuer's side sets up before anyone can subscribe. Never made through the distribution API.
 */
import {
  CampaignId,
  Isin,
  IssuerId,
  Money,
  Network,
  Percent,
  PlatformId,
  ProductId,
  ProductType,
  PublicName,
  Timestamp,
  Units
} from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { wire } from "./Wire.ts"

/** @category models */
export const Platform = answer("Platform", { id: PlatformId, name: PublicName })
export type Platform = typeof Platform.Type

/** @category answers */
export const platformAnswer = Answer.first("Platform", Platform)

/** @category inputs */
export const RegisterPlatform = wire({ name: PublicName })
export type RegisterPlatform = typeof RegisterPlatform.Type

/** @category models */
export const Issuer = answer("Issuer", { id: IssuerId })
export type Issuer = typeof Issuer.Type

/** @category answers */
export const issuerAnswer = Answer.first("Issuer", Issuer)

/** Terms of a product. Exactly one of `nominalValue` and `issuancePrice`. @category inputs */
export const RegisterProduct = wire({
  issuerId: IssuerId,
  name: PublicName,
  productType: ProductType,
  /** True for a crypto security (eWpG § 4(3)), false for a digital security. */
  ewpg: Schema.Boolean,
  isin: Schema.optionalKey(Isin),
  nominalValue: Schema.optionalKey(Money),
  issuancePrice: Schema.optionalKey(Money),
  /** Units that may ever be issued (eWpG § 17(1) no. 2). */
  issueVolume: Units,
  /** Subscriptions come in multiples of it. */
  stepSize: Units,
  agioPercent: Schema.optionalKey(Percent),
  /** Days to pay after acceptance. Missing: the deadline does not run. */
  paymentDays: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3650 }))),
  /** Days the investor may cancel after acceptance. Missing: no such right. */
  cancellationDays: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3650 }))),
  network: Schema.optionalKey(Network)
})
export type RegisterProduct = typeof RegisterProduct.Type

/** @category models */
export const Product = answer("Product", {
  id: ProductId,
  issuerId: IssuerId,
  name: PublicName,
  ewpg: Schema.Boolean,
  issueVolume: Units,
  stepSize: Units
})
export type Product = typeof Product.Type

/** @category answers */
export const productAnswer = Answer.first("Product", Product)

/** Units of a product offered on one platform. @category inputs */
export const OpenCampaign = wire({
  productId: ProductId,
  platformId: PlatformId,
  allocation: Units,
  /** Missing means at once. */
  opensAt: Schema.optionalKey(Timestamp),
  closesAt: Schema.optionalKey(Timestamp),
  /** Subscriptions wait for an outside review. Default: no. */
  reviewRequired: Schema.optionalKey(Schema.Boolean)
})
export type OpenCampaign = typeof OpenCampaign.Type

/** @category models */
export const Campaign = answer("Campaign", {
  id: CampaignId,
  productId: ProductId,
  platformId: PlatformId,
  allocation: Units
})
export type Campaign = typeof Campaign.Type

/** @category answers */
export const campaignAnswer = Answer.first("Campaign", Campaign)

/** @category services */
export class Platforms extends Resource.Service<Platforms>()("effekten/services/Platforms", "platforms", {
  register: Operation.command({
    operation: "RegisterPlatform",
    ids: [],
    input: RegisterPlatform,
    answer: platformAnswer,
    refusals: [],
    summary: "Register a distribution platform",
    example: { name: "Example platform" }
  })
}) {}

/** @category services */
export class Products extends Resource.Service<Products>()("effekten/services/Products", "products", {
  /** Registers an issuer; its persons and accounts come with the issuer's own API. */
  registerIssuer: Operation.bare({
    operation: "RegisterIssuer",
    ids: [],
    answer: issuerAnswer,
    refusals: [],
    summary: "Register an issuer"
  }),
  register: Operation.command({
    operation: "RegisterProduct",
    ids: [],
    input: RegisterProduct,
    answer: productAnswer,
    refusals: ["issuer_not_found"],
    summary: "Register a product",
    example: {
      issuer_id: "01a20498-e0f8-7335-89aa-5e34f450b3a2",
      name: "Example note",
      product_type: "DEBT_SECURITY",
      ewpg: false,
      nominal_value: { amount: "100000", decimals: 2, currency: "EUR" },
      issue_volume: 10_000,
      step_size: 1
    }
  }),
  /** Lets a platform sell the product. */
  list: Operation.bare({
    operation: "ListProduct",
    ids: [ProductId, PlatformId],
    refusals: ["platform_not_found", "product_not_found"],
    summary: "List a product on a platform"
  }),
  /** No new campaign and no new subscription there; holders still redeem. */
  delist: Operation.bare({
    operation: "DelistProduct",
    ids: [ProductId, PlatformId],
    refusals: ["platform_not_found", "product_not_found"],
    summary: "End the listing of a product on a platform"
  })
}) {}

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
  /** No new subscription; what is signed goes on. */
  close: Operation.bare({
    operation: "CloseCampaign",
    ids: [CampaignId],
    refusals: ["campaign_not_found"],
    summary: "Close a campaign"
  })
}) {}
