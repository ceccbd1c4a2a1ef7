/**
 * Products: their terms, and the platforms that may sell them. For the issuer side; never made through the distribution API.
 */
import { Schema } from "effect"
import { Basis } from "./Basis.ts"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse } from "./Decision.ts"
import {
  ProductDelisted,
  ProductListed,
  ProductPaused,
  ProductRegistered,
  ProductResumed,
  productTerms
} from "./events/PlatformEvents.ts"
import { withoutUndefined } from "./Event.ts"
import { PlatformId, ProductId } from "./Id.ts"
import * as Platform from "./Platform.ts"
import * as Tag from "./Tag.ts"
import { isUnits } from "./Units.ts"

/** @category models */
export type Terms = Recorded<"ProductRegistered">["data"]

/** @category models */
export interface State {
  /** As they stand, after every amendment. */
  readonly terms: Terms
  /** No new credit, redemption or transfer. */
  readonly paused: boolean
  readonly listedOn: ReadonlyArray<PlatformId>
  /** Holders may still redeem where it was listed once. */
  readonly everListedOn: ReadonlyArray<PlatformId>
}

/** What an amendment says of the terms. */
type Amendment = Omit<Recorded<"ProductAmended">["data"], "productId">

/** What is not named stays, and what is named as `null` is gone. */
const amended = <T>(term: T | undefined, change: T | null | undefined): T | undefined =>
  change === undefined ? term : (change ?? undefined)

/** The terms after an amendment. A term that is forgotten here does not compile. */
const withAmendment = (terms: Terms, change: Amendment): Terms =>
  withoutUndefined<Terms>({
    productId: terms.productId,
    issuerId: terms.issuerId,
    name: change.name ?? terms.name,
    productType: change.productType ?? terms.productType,
    kind: terms.kind,
    isin: terms.isin,
    nominalValue: amended(terms.nominalValue, change.nominalValue),
    issuancePrice: amended(terms.issuancePrice, change.issuancePrice),
    issueVolume: change.issueVolume ?? terms.issueVolume,
    stepSize: change.stepSize ?? terms.stepSize,
    agioPercent: amended(terms.agioPercent, change.agioPercent),
    paymentDays: amended(terms.paymentDays, change.paymentDays),
    cancellationDays: amended(terms.cancellationDays, change.cancellationDays),
    lockedUntil: amended(terms.lockedUntil, change.lockedUntil),
    network: amended(terms.network, change.network)
  })

const types = [
  "ProductRegistered",
  "ProductAmended",
  "ProductPaused",
  "ProductResumed",
  "ProductListed",
  "ProductDelisted"
] as const

const evolve = (state: State | undefined, event: Recorded<(typeof types)[number]>): State | undefined => {
  switch (event.type) {
    case "ProductRegistered":
      return { terms: event.data, paused: false, listedOn: [], everListedOn: [] }
    case "ProductAmended":
      return state && { ...state, terms: withAmendment(state.terms, event.data) }
    case "ProductPaused":
      return state && { ...state, paused: true }
    case "ProductResumed":
      return state && { ...state, paused: false }
    case "ProductListed": {
      if (state === undefined) return state
      const platform = event.data.platformId
      const everListedOn = state.everListedOn.includes(platform)
        ? state.everListedOn
        : [...state.everListedOn, platform]
      return { ...state, listedOn: [...state.listedOn, platform], everListedOn }
    }
    case "ProductDelisted":
      return state && { ...state, listedOn: state.listedOn.filter((id) => id !== event.data.platformId) }
  }
}

/** The terms of a product, and where it is or was listed. @category decision models */
export const model = (id: ProductId) =>
  decisionModel({
    name: "Product",
    types,
    tags: [Tag.product(id)],
    initial: undefined,
    evolve
  })

/** The input accepts numbers that are no units, so that their refusal has its code. */
const offeredTerms = { ...productTerms, issueVolume: Schema.Finite, stepSize: Schema.Finite }

/** The terms with every optional member named. */
const everyTerm = <T extends Schema.Struct.Type<typeof offeredTerms>>(terms: T) => ({
  ...terms,
  isin: terms.isin,
  nominalValue: terms.nominalValue,
  issuancePrice: terms.issuancePrice,
  agioPercent: terms.agioPercent,
  paymentDays: terms.paymentDays,
  cancellationDays: terms.cancellationDays,
  lockedUntil: terms.lockedUntil,
  network: terms.network
})

/** Volume and step are checked by the decision. @category commands */
export const RegisterProduct = Command.make("RegisterProduct", {
  input: offeredTerms,
  *decide(input) {
    if (!(yield* read(Platform.issuer(input.issuerId)))) return yield* refuse({ code: "issuer_not_found" })
    if (!isUnits(input.issueVolume) || !isUnits(input.stepSize)) return yield* refuse({ code: "units_invalid" })
    if ((yield* read(model(input.productId))) !== undefined) return []
    return [ProductRegistered.make(everyTerm(input))]
  },
  recall: (events) => everyTerm(Command.recorded(events, "ProductRegistered"))
})

/** Lets a platform sell a product. @category commands */
export const ListProduct = Command.make("ListProduct", {
  input: { productId: ProductId, platformId: PlatformId },
  *decide({ productId, platformId }) {
    const product = yield* read(model(productId))
    if (product === undefined) return yield* refuse({ code: "product_not_found" })
    if (!(yield* read(Platform.model(platformId)))) return yield* refuse({ code: "platform_not_found" })
    return product.listedOn.includes(platformId) ? [] : [ProductListed.make({ productId, platformId })]
  },
  recall: (events) => Command.recorded(events, "ProductListed")
})

/** Ends the sale on a platform; holders there keep what they have and may redeem it. @category commands */
export const DelistProduct = Command.make("DelistProduct", {
  input: { productId: ProductId, platformId: PlatformId },
  *decide({ productId, platformId }) {
    const product = yield* read(model(productId))
    if (product === undefined) return yield* refuse({ code: "product_not_found" })
    if (!(yield* read(Platform.model(platformId)))) return yield* refuse({ code: "platform_not_found" })
    return product.listedOn.includes(platformId) ? [ProductDelisted.make({ productId, platformId })] : []
  },
  recall: (events) => Command.recorded(events, "ProductDelisted")
})

/**
 * Stops new credits, redemptions and transfers of the product. What is under way is settled; subscriptions go on.
 *
 * @category commands
 */
export const PauseProduct = Command.make("PauseProduct", {
  input: { productId: ProductId, basis: Basis },
  *decide({ productId, basis }) {
    const product = yield* read(model(productId))
    if (product === undefined) return yield* refuse({ code: "product_not_found" })
    return product.paused ? [] : [ProductPaused.make({ productId, basis })]
  },
  recall: (events) => Command.recorded(events, "ProductPaused")
})

/** Lets units move again. @category commands */
export const ResumeProduct = Command.make("ResumeProduct", {
  input: { productId: ProductId, basis: Basis },
  *decide({ productId, basis }) {
    const product = yield* read(model(productId))
    if (product === undefined) return yield* refuse({ code: "product_not_found" })
    return product.paused ? [ProductResumed.make({ productId, basis })] : []
  },
  recall: (events) => Command.recorded(events, "ProductResumed")
})
