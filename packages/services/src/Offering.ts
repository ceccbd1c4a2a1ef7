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
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import { wire } from "./Wire.ts"

/** @category models */
export const Platform = wire({ id: PlatformId, name: PublicName })
export type Platform = typeof Platform.Type

/** @category inputs */
export const RegisterPlatform = wire({ name: PublicName })
export type RegisterPlatform = typeof RegisterPlatform.Type

/** @category models */
export const Issuer = wire({ id: IssuerId })
export type Issuer = typeof Issuer.Type

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
export const Product = wire({
  id: ProductId,
  issuerId: IssuerId,
  name: PublicName,
  ewpg: Schema.Boolean,
  issueVolume: Units,
  stepSize: Units
})
export type Product = typeof Product.Type

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
export const Campaign = wire({ id: CampaignId, productId: ProductId, platformId: PlatformId, allocation: Units })
export type Campaign = typeof Campaign.Type

/** @category services */
export class Platforms extends Context.Service<
  Platforms,
  {
    readonly register: (input: RegisterPlatform, options?: CommandOptions) => Effect.Effect<Platform, CommandFailure>
  }
>()("effekten/services/Platforms") {}

/** @category services */
export class Products extends Context.Service<
  Products,
  {
    /** Registers an issuer; its persons and accounts come with the issuer's own API. */
    readonly registerIssuer: (options?: CommandOptions) => Effect.Effect<Issuer, CommandFailure>
    readonly register: (input: RegisterProduct, options?: CommandOptions) => Effect.Effect<Product, CommandFailure>
    /** Lets a platform sell the product. */
    readonly list: (
      product: ProductId,
      platform: PlatformId,
      options?: CommandOptions
    ) => Effect.Effect<void, CommandFailure>
    /** No new campaign and no new subscription there; holders still redeem. */
    readonly delist: (
      product: ProductId,
      platform: PlatformId,
      options?: CommandOptions
    ) => Effect.Effect<void, CommandFailure>
  }
>()("effekten/services/Products") {}

/** @category services */
export class Campaigns extends Context.Service<
  Campaigns,
  {
    readonly open: (input: OpenCampaign, options?: CommandOptions) => Effect.Effect<Campaign, CommandFailure>
    /** No new subscription; what is signed goes on. */
    readonly close: (campaign: CampaignId, options?: CommandOptions) => Effect.Effect<void, CommandFailure>
  }
>()("effekten/services/Campaigns") {}
