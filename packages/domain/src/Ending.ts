/**
 * How an investment ends: rejected, cancelled, or unpaid. For platforms, issuers, the registrar and the clock.
 *
 * Before delivery an end returns the units to the campaign. After delivery the lot stays with the investor and is blocked.
 */
import { Schema } from "effect"
import * as Command from "./Command.ts"
import { read, refuse, type Decision, type DecisionContext } from "./Decision.ts"
import { InvestmentCancelledAfterDelivery, InvestmentEnded } from "./events/InvestmentEvents.ts"
import { InvestmentId } from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as Investor from "./Investor.ts"
import * as InvestmentStatus from "./InvestmentStatus.ts"
import * as Times from "./Times.ts"
import { instantOf, laterOf, microsPerDay, type Instant } from "./Timestamp.ts"

/** How an investment ends before delivery: its units go back to the campaign. @category events */
export const ended = (
  investment: Investment.Subscribed,
  status: InvestmentStatus.End,
  endedAt: Instant,
  late: boolean
) => {
  const { investmentId, investorId, campaignId, units } = investment
  return InvestmentEnded.make({ investmentId, investorId, campaignId, units, status, endedAt: endedAt.text, late })
}

/** The issuer refuses the subscription instead of accepting it. @category commands */
export const RejectInvestment = Command.make("RejectInvestment", {
  input: { investmentId: InvestmentId },
  *decide({ investmentId }, _personal, context) {
    const investment = yield* Investment.find(investmentId, context)
    const { end } = investment
    if (end !== undefined) return yield* refuse({ code: "investment_ended", details: { status: end } })
    if (investment.delivered) return yield* refuse({ code: "already_delivered" })
    if (investment.acceptedAt !== undefined) return yield* refuse({ code: "already_accepted" })
    return [ended(investment, "REJECTION", laterOf(context.receivedAt, investment.signedAt), false)]
  },
  recall: (events) => ({ investmentId: Command.recorded(events, "InvestmentEnded").investmentId })
})

/** The last moment a cancellation may bear: `cancellationDays` × 24 hours after acceptance. `undefined`: none is granted. */
const cancellationPeriodEnd = (investment: Investment.Subscribed): number | undefined =>
  investment.acceptedAt === undefined || investment.cancellationDays === undefined
    ? undefined
    : instantOf(investment.acceptedAt).micros + investment.cancellationDays * microsPerDay

const cancellation = {
  investmentId: InvestmentId,
  cancelledAt: Schema.optionalKey(Times.Stated),
  late: Schema.Boolean
}
type Cancellation = Schema.Struct.Type<typeof cancellation>

/** The rules of a cancellation, but for the one that came later. */
function* cancelled(investment: Investment.State, input: Cancellation, context: DecisionContext): Decision {
  if (investment._tag === "Transferred") return yield* refuse({ code: "not_cancellable" })
  const { investmentId, productId, end, delivered, acceptedAt, signedAt } = investment
  if (end !== undefined) return yield* refuse({ code: "investment_ended", details: { status: end } })
  const cancelledAt = Times.statedInstant(input.cancelledAt, signedAt, context)
  yield* Times.check(signedAt, [cancelledAt], context)
  if (Investment.hasCreditInFlight(investment)) return yield* refuse({ code: "credit_in_flight" })
  const late = input.late && context.platform === undefined
  if (acceptedAt !== undefined && !late) {
    const last = cancellationPeriodEnd(investment)
    if (last === undefined || cancelledAt.micros > last) return yield* refuse({ code: "cancellation_period_over" })
  }
  if (delivered) {
    const credit = Investment.deliveringCredit(investment)
    if (credit === undefined) throw new Error("delivered without a credit")
    const { walletId } = credit
    const data = { investmentId, productId, walletId, cancelledAt: cancelledAt.text, late }
    return [InvestmentCancelledAfterDelivery.make(data)]
  }
  // Distinguished by whether an acceptance is recorded now, not by the dates they bear.
  return [ended(investment, acceptedAt === undefined ? "ABORTION" : "CANCELLATION", cancelledAt, late)]
}

/**
 * The investor withdraws. The day of the declaration counts: a declaration made in time and reported late is in time. With `late` the
 * registrar enters a late declaration; from a platform it has no effect.
 *
 * @category commands
 */
export const CancelInvestment = Command.make("CancelInvestment", {
  input: cancellation,
  *decide(input, _personal, context) {
    const investment = yield* Investment.find(input.investmentId, context)
    // Nothing is written about an investor whose data are erased, not even a late cancellation.
    const investor = yield* read(Investor.model(investment.investorId))
    if (investor?.erased === true) return yield* refuse({ code: "investor_erased" })
    return yield* cancelled(investment, input, context)
  },
  formerly: [
    function* (input, _personal, context) {
      return yield* cancelled(yield* Investment.find(input.investmentId, context), input, context)
    }
  ],
  recall: (events) => {
    const after = Command.findRecorded(events, "InvestmentCancelledAfterDelivery")?.data
    if (after !== undefined) {
      return { investmentId: after.investmentId, cancelledAt: after.cancelledAt, late: after.late }
    }
    const { investmentId, endedAt, late } = Command.recorded(events, "InvestmentEnded")
    return { investmentId, cancelledAt: endedAt, late }
  }
})

/** When payment is due, in microseconds; `undefined` while no deadline runs, which is in every status but `ACCEPTED`. @category computing */
export const paymentDue = ({
  acceptedAt,
  acceptedSince,
  paymentDays
}: Pick<Investment.Subscribed, "acceptedAt" | "acceptedSince" | "paymentDays">): number | undefined =>
  acceptedAt === undefined || acceptedSince === undefined || paymentDays === undefined
    ? undefined
    : Math.max(instantOf(acceptedAt).micros, acceptedSince.micros) + paymentDays * microsPerDay

const isOverdue = (investment: Investment.Subscribed, at: Instant): boolean => {
  const due = paymentDue(investment)
  return due !== undefined && at.micros > due
}

/** The clock's instruction; each deadline has its own. @category commands */
export const EnforcePaymentDeadline = Command.make("EnforcePaymentDeadline", {
  input: { investmentId: InvestmentId },
  *decide({ investmentId }, _personal, context) {
    const investment = yield* Investment.find(investmentId, context)
    if (investment.end !== undefined) {
      return yield* refuse({ code: "investment_ended", details: { status: investment.end } })
    }
    if (investment._tag === "Transferred" || !isOverdue(investment, context.receivedAt)) {
      return yield* refuse({ code: "deadline_not_reached", details: { status: InvestmentStatus.of(investment) } })
    }
    return [ended(investment, "PAYMENT_MISSING", laterOf(context.receivedAt, investment.signedAt), false)]
  },
  recall: (events) => ({ investmentId: Command.recorded(events, "InvestmentEnded").investmentId })
})
