/**
 * Products: their terms, and the platforms that may sell them. For the issuer side; never made through the distribution API.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse } from "./Decision.ts"
import { ProductDelisted, ProductListed, ProductRegistered, productTerms } from "./events/PlatformEvents.ts"
import { PlatformId, ProductId } from "./Id.ts"
import * as Platform from "./Platform.ts"
import * as Tag from "./Tag.ts"
import { isUnits } from "./Units.ts"

/** @category models */
export interface State {
  readonly terms: Recorded<"ProductRegistered">["data"]
  readonly listedOn: ReadonlyArray<PlatformId>
  /** Holders may still redeem where it was listed once. */
  readonly everListedOn: ReadonlyArray<PlatformId>
}

const evolve = (
  state: State | undefined,
  event: Recorded<"ProductRegistered" | "ProductListed" | "ProductDelisted">
): State | undefined => {
  switch (event.type) {
    case "ProductRegistered":
      return { terms: event.data, listedOn: [], everListedOn: [] }
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
    types: ["ProductRegistered", "ProductListed", "ProductDelisted"],
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
