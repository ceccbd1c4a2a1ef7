/**
 * Facts about platforms, issuers, products and campaigns: what is on sale, where, and how much of it. For readers of the log.
 */
import { Schema } from "effect"
import { Basis } from "../Basis.ts"
import { define } from "../Event.ts"
import { CampaignId, DocumentId, IssuerId, PlatformId, ProductId } from "../Id.ts"
import { Isin } from "../Isin.ts"
import { Money, Percent } from "../Money.ts"
import { BankAccount, LegalPerson, NaturalPerson } from "../Person.ts"
import * as Tag from "../Tag.ts"
import { Digest, PublicName } from "../Text.ts"
import { Timestamp } from "../Timestamp.ts"
import { UnitCount, Units } from "../Units.ts"

/** Crypto security under the eWpG, or digital security outside of it. @category schemas */
export const ProductKind = Schema.Literals(["ewpg", "digital"])
export type ProductKind = typeof ProductKind.Type

/** @category schemas */
export const ProductType = Schema.Literals([
  "DIGITAL_COMPANY_SHARE",
  "BOND",
  "SUBORDINATED_LOAN",
  "PARTICIPATION_PAPER",
  "PARTICIPATION_RIGHT",
  "AIF",
  "DEBT_SECURITY",
  "CONVERTIBLE_BOND",
  "FUND_SHARE"
])
export type ProductType = typeof ProductType.Type

/** A ledger by name, `ETH-MAINNET` for example. @category schemas */
export const Network = Schema.String.check(Schema.isPattern(/^[A-Z0-9-]{1,40}$/, { expected: "a network's name" }))

/** Whole days. @category schemas */
export const Days = UnitCount

/** What a product is; `nominalValue` or `issuancePrice`. @category schemas */
export const productTerms = {
  productId: ProductId,
  issuerId: IssuerId,
  name: PublicName,
  productType: ProductType,
  kind: ProductKind,
  isin: Schema.optionalKey(Isin),
  nominalValue: Schema.optionalKey(Money),
  issuancePrice: Schema.optionalKey(Money),
  issueVolume: Units,
  stepSize: Units,
  agioPercent: Schema.optionalKey(Percent),
  paymentDays: Schema.optionalKey(Days),
  cancellationDays: Schema.optionalKey(Days),
  lockedUntil: Schema.optionalKey(Timestamp),
  network: Schema.optionalKey(Network)
}

/**
 * What may change of a product, each member only where it does; `null` ends an optional term. Never the issuer, the kind or the ISIN: they
 * say which security it is.
 *
 * @category schemas
 */
export const amendedTerms = {
  name: Schema.optionalKey(PublicName),
  productType: Schema.optionalKey(ProductType),
  nominalValue: Schema.optionalKey(Schema.NullOr(Money)),
  issuancePrice: Schema.optionalKey(Schema.NullOr(Money)),
  issueVolume: Schema.optionalKey(Units),
  stepSize: Schema.optionalKey(Units),
  agioPercent: Schema.optionalKey(Schema.NullOr(Percent)),
  paymentDays: Schema.optionalKey(Schema.NullOr(Days)),
  cancellationDays: Schema.optionalKey(Schema.NullOr(Days)),
  lockedUntil: Schema.optionalKey(Schema.NullOr(Timestamp)),
  network: Schema.optionalKey(Schema.NullOr(Network))
}

/** The persons that act for an issuer, and the account where it is paid. @category schemas */
export const issuerPersonal = {
  naturalPerson: Schema.optionalKey(NaturalPerson),
  legalPerson: Schema.optionalKey(LegalPerson),
  bankAccount: Schema.optionalKey(BankAccount)
}

/** What may change of what is known of an issuer. @category schemas */
export const IssuerMember = Schema.Literals(["naturalPerson", "legalPerson", "bankAccount"])
/** @category values */
export type IssuerMember = typeof IssuerMember.Type

/** What an amendment sets, each member as a whole. Null takes it away. @category schemas */
export const issuerChanges = {
  naturalPerson: Schema.optionalKey(Schema.NullOr(NaturalPerson)),
  legalPerson: Schema.optionalKey(Schema.NullOr(LegalPerson)),
  bankAccount: Schema.optionalKey(Schema.NullOr(BankAccount))
}

export const PlatformRegistered = define("PlatformRegistered", {
  data: { platformId: PlatformId, name: PublicName },
  tags: (data) => [Tag.platform(data.platformId)]
})

export const IssuerRegistered = define("IssuerRegistered", {
  data: { issuerId: IssuerId },
  personal: { fields: issuerPersonal, subject: (data) => Tag.issuer(data.issuerId) },
  tags: (data) => [Tag.issuer(data.issuerId)]
})

export const IssuerAmended = define("IssuerAmended", {
  data: { issuerId: IssuerId, members: Schema.Array(IssuerMember) },
  personal: { fields: issuerChanges, subject: (data) => Tag.issuer(data.issuerId) },
  tags: (data) => [Tag.issuer(data.issuerId)]
})

export const ProductRegistered = define("ProductRegistered", {
  data: productTerms,
  tags: (data) => [Tag.product(data.productId)]
})

export const ProductAmended = define("ProductAmended", {
  data: { productId: ProductId, ...amendedTerms },
  tags: (data) => [Tag.product(data.productId)]
})

/**
 * The terms as a document (eWpG § 5): public, numbered from 1 within the product, never erased. `digest` is the SHA-256 of the content.
 */
export const TermsDeposited = define("TermsDeposited", {
  data: { productId: ProductId, version: Units, documentId: DocumentId, digest: Digest },
  tags: (data) => [Tag.product(data.productId), Tag.document(data.documentId)]
})

/** No new credit, redemption or transfer; what is under way is settled. */
export const ProductPaused = define("ProductPaused", {
  data: { productId: ProductId, basis: Basis },
  tags: (data) => [Tag.product(data.productId)]
})

export const ProductResumed = define("ProductResumed", {
  data: { productId: ProductId, basis: Basis },
  tags: (data) => [Tag.product(data.productId)]
})

export const ProductListed = define("ProductListed", {
  data: { productId: ProductId, platformId: PlatformId },
  tags: (data) => [Tag.product(data.productId)]
})

export const ProductDelisted = define("ProductDelisted", {
  data: { productId: ProductId, platformId: PlatformId },
  tags: (data) => [Tag.product(data.productId)]
})

export const CampaignOpened = define("CampaignOpened", {
  data: {
    campaignId: CampaignId,
    productId: ProductId,
    platformId: PlatformId,
    allocation: Units,
    opensAt: Timestamp,
    closesAt: Schema.optionalKey(Timestamp),
    reviewRequired: Schema.Boolean
  },
  tags: (data) => [Tag.campaign(data.campaignId), Tag.product(data.productId)]
})

export const CampaignResized = define("CampaignResized", {
  data: { campaignId: CampaignId, productId: ProductId, allocation: Units },
  tags: (data) => [Tag.campaign(data.campaignId), Tag.product(data.productId)]
})

export const CampaignClosed = define("CampaignClosed", {
  data: { campaignId: CampaignId, productId: ProductId },
  tags: (data) => [Tag.campaign(data.campaignId), Tag.product(data.productId)]
})
