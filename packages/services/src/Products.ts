/**
 * Issuers, products and where they are listed: what has to be there before a campaign. For the issuer's side; never made through the
 * distribution API.
 */
import { Basis, Events, Id, Isin, Money, Text, Timestamp, Units } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { amendIssuer, issuerAnswer } from "./Issuers.ts"
import { answer, input, optional, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"

const dayCount = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3650 }))
const days = optional(plain(dayCount))

const product = {
  issuerId: plain(Id.IssuerId),
  name: plain(Text.PublicName),
  /** True for a crypto security (eWpG § 4(3)), false for a digital security. */
  ewpg: plain(Schema.Boolean),
  /** Units that may ever be issued (eWpG § 17(1) no. 2). */
  issueVolume: plain(Units.Sent),
  /** Subscriptions come in multiples of it. */
  stepSize: plain(Units.Sent)
}

/** Every term of a product. @category schemas */
export const productTerms = {
  ...product,
  productType: plain(Events.ProductType),
  isin: optional(plain(Isin.Isin)),
  nominalValue: optional(plain(Money.Sent)),
  issuancePrice: optional(plain(Money.Sent)),
  agioPercent: optional(plain(Money.Percent)),
  /** Days to pay after acceptance. Missing: the deadline does not run. */
  paymentDays: days,
  /** Days the investor may cancel after acceptance. Missing: no such right. */
  cancellationDays: days,
  /** Until when no unit is transferred. */
  lockedUntil: optional(plain(Timestamp.Timestamp)),
  network: optional(plain(Events.Network))
}

/** Terms of a product. Exactly one of `nominalValue` and `issuancePrice`. @category schemas */
export const RegisterProduct = input("RegisterProduct", productTerms)
export type RegisterProduct = typeof RegisterProduct.Type

/** A term that may be ended: null ends it. */
const ending = <S extends Schema.Codec<any, any>>(schema: S) => optional(plain(Schema.NullOr(schema)))

/**
 * Changed terms of a product, at least one of them. They bind what is signed from then on.
 *
 * @category schemas
 */
export const AmendProduct = input("AmendProduct", {
  name: optional(plain(Text.PublicName)),
  productType: optional(plain(Events.ProductType)),
  issueVolume: optional(plain(Units.Sent)),
  stepSize: optional(plain(Units.Sent)),
  nominalValue: ending(Money.Sent),
  issuancePrice: ending(Money.Sent),
  agioPercent: ending(Money.Percent),
  paymentDays: ending(dayCount),
  cancellationDays: ending(dayCount),
  lockedUntil: ending(Timestamp.Timestamp),
  network: ending(Events.Network)
}).check(Schema.isMinProperties(1, { expected: "a term to change" }))
export type AmendProduct = typeof AmendProduct.Type

/** @category models */
export const Product = answer("Product", { id: Id.ProductId, ...product })
export type Product = typeof Product.Type

/** @category schemas */
export const productAnswer = Answer.first("Product", Product)

/** A product with all its terms: a missing one is null. @category models */
export const ProductTerms = answer("ProductTerms", {
  id: Id.ProductId,
  ...productTerms,
  /** No unit of it moves. */
  paused: Schema.Boolean,
  createdAt: Timestamp.Timestamp
})
export type ProductTerms = typeof ProductTerms.Type

/** For reads alone: no instruction is answered with it. @category schemas */
export const productTermsAnswer = Answer.first("ProductTerms", ProductTerms)

/** Where a product is listed, or was. @category models */
export const Listing = answer("Listing", {
  productId: Id.ProductId,
  platformId: Id.PlatformId,
  /** Whether the platform may sell it now. */
  listed: Schema.Boolean,
  /** When it was listed there first. */
  createdAt: Timestamp.Timestamp
})
export type Listing = typeof Listing.Type

/** For reads alone. @category schemas */
export const listingAnswer = Answer.first("Listing", Listing)

/** @category services */
export class Products extends Resource.Service<Products>()("effekten/services/Products", "products", {
  /** Registers an issuer, of which nothing else is known yet. */
  registerIssuer: Operation.bare({
    operation: "RegisterIssuer",
    ids: [],
    answer: issuerAnswer,
    refusals: [],
    summary: "Register an issuer"
  }),
  amendIssuer,
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
  /** The issuer's instruction is its consent (eWpG § 18(1)). */
  amend: Operation.command({
    operation: "AmendProduct",
    ids: [Id.ProductId],
    input: AmendProduct,
    refusals: ["issue_volume_below_allocations", "product_not_found"],
    summary: "Change terms of a product",
    example: { payment_days: 14 }
  }),
  /** No new credit, redemption or transfer; what is under way is settled, and subscriptions go on. For the registrar. */
  pause: Operation.command({
    operation: "PauseProduct",
    ids: [Id.ProductId],
    input: Basis.Basis,
    refusals: ["product_not_found"],
    summary: "Let no units of a product move",
    example: "administrative_act"
  }),
  /** For the registrar. */
  resume: Operation.command({
    operation: "ResumeProduct",
    ids: [Id.ProductId],
    input: Basis.Basis,
    refusals: ["product_not_found"],
    summary: "Let units of a product move again",
    example: "administrative_act"
  }),
  /** Lets a platform sell the product. */
  list: Operation.bare({
    operation: "ListProduct",
    ids: [Id.ProductId, Id.PlatformId],
    refusals: ["platform_not_found", "product_not_found"],
    summary: "List a product on a platform"
  }),
  /** No new campaign and no new subscription there; holders still redeem. */
  delist: Operation.bare({
    operation: "DelistProduct",
    ids: [Id.ProductId, Id.PlatformId],
    refusals: ["platform_not_found", "product_not_found"],
    summary: "End the listing of a product on a platform"
  }),
  get: Operation.read({
    reading: "GetProduct",
    ids: [Id.ProductId],
    answer: productTermsAnswer,
    refusals: ["product_not_found"],
    summary: "Read a product"
  }),
  listAll: Operation.list({
    reading: "ListProducts",
    ids: [],
    answer: productTermsAnswer,
    refusals: [],
    summary: "List the products"
  }),
  /** The platforms on which a product is listed, or was. */
  listings: Operation.list({
    reading: "ListListings",
    ids: [Id.ProductId],
    answer: listingAnswer,
    refusals: ["product_not_found"],
    summary: "List where a product is listed"
  }),
  getIssuer: Operation.read({
    reading: "GetIssuer",
    ids: [Id.IssuerId],
    answer: issuerAnswer,
    refusals: ["issuer_not_found"],
    summary: "Read an issuer"
  }),
  listIssuers: Operation.list({
    reading: "ListIssuers",
    ids: [],
    answer: issuerAnswer,
    refusals: [],
    summary: "List the issuers"
  })
}) {}
