/**
 * Facts about legal holds: that the data of an investor must be kept for a reason of its own. For readers of the log. Only closed codes and
 * instants, no free text.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { InvestorId, LegalHoldId } from "../Id.ts"
import * as Tag from "../Tag.ts"
import { Timestamp } from "../Timestamp.ts"

/**
 * Why data are kept although their time is over. Legal claims need them (GDPR Art. 17(3)(e)). An authority or a court has ordered it. A tax
 * still has to be assessed (AO § 147(3)). Or the person wants them kept for claims of their own (GDPR Art. 18(1)(c)).
 *
 * There is no reason in words, on purpose. It would be about the person and disclosed to them with everything else, also where the law
 * forbids that (GwG § 47). The hold's id leads to the file it belongs to.
 *
 * @category schemas
 */
export const HoldBasis = Schema.Literals(["legal_claims", "authority_order", "tax_assessment", "subject_request"])
export type HoldBasis = typeof HoldBasis.Type

export const LegalHoldPlaced = define("LegalHoldPlaced", {
  data: {
    investorId: InvestorId,
    holdId: LegalHoldId,
    basis: HoldBasis,
    /** When it ends by itself; absent where only a release ends it. */
    until: Schema.optionalKey(Timestamp)
  },
  tags: (data) => [Tag.investor(data.investorId)]
})

export const LegalHoldReleased = define("LegalHoldReleased", {
  data: { investorId: InvestorId, holdId: LegalHoldId },
  tags: (data) => [Tag.investor(data.investorId)]
})
