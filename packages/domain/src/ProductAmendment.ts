/**
 * Amending a product: what of its terms may change, and how far. For the issuer, whose instruction is its consent (eWpG § 18(1)).
 *
 * Terms bind a subscription as they stood at its signing. So an amendment changes no subscription.
 */
import { Equal, Schema } from "effect"
import * as Campaign from "./Campaign.ts"
import * as Command from "./Command.ts"
import { read, refuse } from "./Decision.ts"
import { amendedTerms, ProductAmended } from "./events/PlatformEvents.ts"
import { ProductId } from "./Id.ts"
import * as Product from "./Product.ts"
import { isUnits } from "./Units.ts"

/** The input accepts numbers that are no units, so that their refusal has its code. */
const asked = {
  ...amendedTerms,
  issueVolume: Schema.optionalKey(Schema.Finite),
  stepSize: Schema.optionalKey(Schema.Finite)
}

type Asked = Schema.Struct.Type<typeof asked>

/** The terms with every member named. */
const everyTerm = <T extends Asked>(terms: T) => ({
  name: terms.name,
  productType: terms.productType,
  nominalValue: terms.nominalValue,
  issuancePrice: terms.issuancePrice,
  issueVolume: terms.issueVolume,
  stepSize: terms.stepSize,
  agioPercent: terms.agioPercent,
  paymentDays: terms.paymentDays,
  cancellationDays: terms.cancellationDays,
  lockedUntil: terms.lockedUntil,
  network: terms.network
})

/** Of what is asked for, what is not so already. */
const differing = (terms: Product.Terms, change: Asked): Asked => {
  const before: { readonly [term: string]: unknown } = terms
  return Object.fromEntries(Object.entries(change).filter(([name, term]) => !Equal.equals(before[name] ?? null, term)))
}

/** The members that differ take effect together. @category commands */
export const AmendProduct = Command.make("AmendProduct", {
  input: { productId: ProductId, ...asked },
  *decide({ productId, ...change }) {
    const product = yield* read(Product.model(productId))
    if (product === undefined) return yield* refuse({ code: "product_not_found" })
    const amendment = differing(product.terms, change)
    if (Object.keys(amendment).length === 0) return []
    const { issueVolume, stepSize } = amendment
    if (issueVolume !== undefined && !isUnits(issueVolume)) return yield* refuse({ code: "units_invalid" })
    if (stepSize !== undefined && !isUnits(stepSize)) return yield* refuse({ code: "units_invalid" })
    if (issueVolume !== undefined && issueVolume < product.terms.issueVolume) {
      if (issueVolume < (yield* Campaign.committed(productId)))
        return yield* refuse({ code: "issue_volume_below_allocations" })
    }
    return [ProductAmended.make({ ...everyTerm(amendment), productId, issueVolume, stepSize })]
  },
  recall: (events) => {
    const amended = Command.recorded(events, "ProductAmended")
    return { ...everyTerm(amended), productId: amended.productId }
  }
})
