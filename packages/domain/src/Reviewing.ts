/**
 * The outside review of a subscription, where its campaign asks for one: by a liability umbrella, for example. For the registrar, which
 * records what the reviewer decided.
 */
import { Schema } from "effect"
import * as Command from "./Command.ts"
import { refuse } from "./Decision.ts"
import { ended } from "./Ending.ts"
import { InvestmentReviewed } from "./events/InvestmentEvents.ts"
import { InvestmentId } from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as InvestmentStatus from "./InvestmentStatus.ts"
import { laterOf } from "./Timestamp.ts"

/** A review that is refused ends the subscription: `REJECTION`. @category commands */
export const DecideReview = Command.make("DecideReview", {
  input: { investmentId: InvestmentId, passed: Schema.Boolean },
  *decide({ investmentId, passed }, _personal, context) {
    const investment = yield* Investment.find(investmentId, context)
    if (investment._tag === "Transferred" || InvestmentStatus.of(investment) !== "REVIEW_PENDING")
      return yield* refuse({ code: "outside_review_not_open" })
    return passed
      ? [InvestmentReviewed.make({ investmentId })]
      : [ended(investment, "REJECTION", laterOf(context.receivedAt, investment.signedAt), false)]
  },
  recall: (events) => {
    const reviewed = Command.findRecorded(events, "InvestmentReviewed")
    if (reviewed !== undefined) return { investmentId: reviewed.data.investmentId, passed: true }
    return { investmentId: Command.recorded(events, "InvestmentEnded").investmentId, passed: false }
  }
})
