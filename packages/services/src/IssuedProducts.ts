/**
 * What an issuer sells through the API: its products, and the platforms that may sell them. For clients of issuers.
 *
 * Members have the names of the API's pages. Those of the register's own side stand in `Products.ts`.
 */
import { Id, Money, Timestamp, Units } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, optional, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import { productTerms } from "./Products.ts"
import * as Resource from "./Resource.ts"

/** Terms that may change, but for the days. */
const changing = {
  name: productTerms.name,
  productType: productTerms.productType,
  /** Units that may ever be issued (eWpG § 17(1) no. 2). */
  maxIssuableAmount: plain(Units.Sent),
  stepSize: productTerms.stepSize
}

/** Terms that may be missing. */
const missable = {
  nominalValue: productTerms.nominalValue,
  issuancePrice: productTerms.issuancePrice,
  agioPercent: productTerms.agioPercent,
  /** Days to pay after acceptance. Missing: the deadline does not run. */
  paymentDeadline: productTerms.paymentDays,
  /** Days the investor may cancel after acceptance. Missing: no such right. */
  cancellationDeadline: productTerms.cancellationDays,
  lockedUntil: productTerms.lockedUntil,
  network: productTerms.network
}

const terms = {
  issuerId: productTerms.issuerId,
  ...changing,
  ewpg: productTerms.ewpg,
  isin: productTerms.isin,
  ...missable
}

/** Terms of a product, with exactly one price: that which is announced. @category schemas */
export const CreateIssuedProduct = input("CreateIssuedProduct", {
  ...terms,
  /** True: `nominalValue` is given. False: `issuancePrice` is. */
  provideNominalValue: optional(plain(Schema.Boolean))
})
export type CreateIssuedProduct = typeof CreateIssuedProduct.Type

/** A term that may be ended: null ends it. */
const ending = <S extends Schema.Codec<any, any>>(schema: S) => optional(plain(Schema.NullOr(schema)))

const days = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3650 }))

/**
 * Changed terms of a product, at least one of them. They bind what is signed from then on.
 *
 * @category schemas
 */
export const AmendIssuedProduct = input("AmendIssuedProduct", {
  name: optional(changing.name),
  productType: optional(changing.productType),
  maxIssuableAmount: optional(changing.maxIssuableAmount),
  stepSize: optional(changing.stepSize),
  nominalValue: ending(Money.Sent),
  issuancePrice: ending(Money.Sent),
  agioPercent: ending(Money.Percent),
  paymentDeadline: ending(days),
  cancellationDeadline: ending(days),
  lockedUntil: ending(Timestamp.Timestamp)
}).check(Schema.isMinProperties(1, { expected: "a term to change" }))
export type AmendIssuedProduct = typeof AmendIssuedProduct.Type

/** A product with all its terms: a missing one is null. @category models */
export const IssuedProduct = answer("IssuedProduct", {
  id: Id.ProductId,
  ...terms,
  provideNominalValue: Schema.Boolean,
  /** `PAUSED`: no unit of it moves. */
  status: Schema.Literals(["ACTIVE", "PAUSED"]),
  createdAt: Timestamp.Timestamp
})
export type IssuedProduct = typeof IssuedProduct.Type

/** @category schemas */
export const issuedProductAnswer = Answer.first("IssuedProduct", IssuedProduct)

/** @category services */
export class IssuedProducts extends Resource.Served<IssuedProducts>()(
  "effekten/services/IssuedProducts",
  "issued-products",
  {
    create: Operation.command({
      operation: "RegisterProduct",
      route: "POST /issuer/v2/products/",
      scope: "products:write",
      ids: [],
      input: CreateIssuedProduct,
      answer: issuedProductAnswer,
      refusals: ["issuer_not_found"],
      summary: "Register a product",
      example: {
        issuer_id: "01a20498-e0f8-7335-89aa-5e34f450b3a2",
        name: "Example note",
        product_type: "DEBT_SECURITY",
        ewpg: false,
        provide_nominal_value: true,
        nominal_value: { amount: "100000", decimals: 2, currency: "EUR" },
        max_issuable_amount: 10_000,
        step_size: 1
      }
    }),
    list: Operation.list({
      reading: "ListIssuedProducts",
      route: "GET /issuer/v2/products/",
      scope: "products:read",
      ids: [],
      answer: issuedProductAnswer,
      refusals: [],
      summary: "List the products of the issuer"
    }),
    get: Operation.read({
      reading: "GetIssuedProduct",
      route: "GET /issuer/v2/products/:id/",
      scope: "products:read",
      ids: [Id.ProductId],
      answer: issuedProductAnswer,
      refusals: ["product_not_found"],
      summary: "Read a product of the issuer"
    }),
    /** The issuer's instruction is its consent (eWpG § 18(1)). */
    amend: Operation.command({
      operation: "AmendProduct",
      route: "PATCH /issuer/v2/products/:id/",
      scope: "products:write",
      key: "optional",
      ids: [Id.ProductId],
      input: AmendIssuedProduct,
      reads: {
        merges: true,
        notOffered: {
          issuer_id: "The issuer of a product stays.",
          ewpg: "What a product is stays.",
          isin: "The ISIN of a product stays."
        },
        unused: ["provide_nominal_value"]
      },
      answer: issuedProductAnswer,
      refusals: ["issue_volume_below_allocations", "product_not_found"],
      summary: "Change terms of a product",
      example: { payment_deadline: 14 }
    })
  }
) {}

/** A platform that products can be listed on. @category models */
export const DistributionPlatform = answer("DistributionPlatform", {
  id: Id.PlatformId,
  platformCompanyName: Schema.String,
  /** Whether products may be listed there. */
  isAllowed: Schema.Boolean
})
export type DistributionPlatform = typeof DistributionPlatform.Type

/** For reads alone: no instruction is answered with it. @category schemas */
export const distributionPlatformAnswer = Answer.first("DistributionPlatform", DistributionPlatform)

/** @category services */
export class DistributionPlatforms extends Resource.Served<DistributionPlatforms>()(
  "effekten/services/DistributionPlatforms",
  "distribution-platforms",
  {
    list: Operation.list({
      reading: "ListDistributionPlatforms",
      route: "GET /issuer/v2/distribution-platforms/",
      scope: "products:read",
      ids: [],
      answer: distributionPlatformAnswer,
      refusals: [],
      summary: "List the platforms that products can be listed on"
    }),
    get: Operation.read({
      reading: "GetDistributionPlatform",
      route: "GET /issuer/v2/distribution-platforms/:id/",
      scope: "products:read",
      ids: [Id.PlatformId],
      answer: distributionPlatformAnswer,
      refusals: ["platform_not_found"],
      summary: "Read a platform that products can be listed on"
    })
  }
) {}
