/**
 * Crediting: the decisions on the ledger task that delivers an investment's units to its wallet. For platforms, for the ledger, and for the
 * person that resolves an unknown outcome.
 */
import * as Command from "./Command.ts"
import * as Credit from "./Credit.ts"
import { read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import {
  CreditFailed,
  CreditOutcomeUnknown,
  CreditRequested,
  CreditSubmitted,
  UnitsCredited
} from "./events/CreditEvents.ts"
import { CreditId, InvestmentId } from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as InvestmentStatus from "./InvestmentStatus.ts"
import * as Investor from "./Investor.ts"
import * as Product from "./Product.ts"
import * as Task from "./Task.ts"

const key = { creditId: CreditId, investmentId: InvestmentId }

/** At most one credit of an investment is live or has succeeded. @category commands */
export const RequestCredit = Command.make("RequestCredit", {
  input: key,
  *decide({ creditId, investmentId }, _personal, context) {
    const investment = yield* Investment.find(investmentId, context)
    const { investorId, productId, walletId, units, delivered, end } = investment
    if (delivered) return yield* refuse({ code: "already_delivered" })
    if (end !== undefined) return yield* refuse({ code: "investment_ended", details: { status: end } })
    if (Investment.hasCreditInFlight(investment)) return yield* refuse({ code: "credit_in_flight" })
    const status = InvestmentStatus.of(investment)
    if (status !== "PAID") return yield* refuse({ code: "investment_not_paid", details: { status } })
    if (walletId === undefined) return yield* refuse({ code: "wallet_missing" })
    const investor = yield* read(Investor.model(investorId))
    if (investor?.kycStatus === "INSUFFICIENT") return yield* refuse({ code: "kyc_insufficient" })
    if ((yield* read(Product.model(productId)))?.paused) return yield* refuse({ code: "product_paused" })
    return [CreditRequested.make({ creditId, investmentId, investorId, productId, walletId, units })]
  },
  recall: (events) => {
    const { creditId, investmentId } = Command.recorded(events, "CreditRequested")
    return { creditId, investmentId }
  }
})

function* findCredit(
  { creditId, investmentId }: { readonly creditId: CreditId; readonly investmentId: InvestmentId },
  context: DecisionContext
): Generator<Read | Refuse, Credit.State, any> {
  const investment = yield* Investor.visibleObject(yield* read(Investment.model(investmentId)), context)
  const credit = investment?.credits.find(({ id }) => id === creditId)
  return credit ?? (yield* refuse({ code: "task_not_found" }))
}

const credits: Task.Kind<Credit.State> = {
  submitted: ({ id, investmentId }) => CreditSubmitted.make({ creditId: id, investmentId }),
  succeeded: ({ id, investmentId, investorId, productId, walletId, units }, resolution) =>
    UnitsCredited.make({ creditId: id, investmentId, investorId, productId, walletId, units, resolution }),
  failed: ({ id, investmentId }, reason, resolution) =>
    CreditFailed.make({ creditId: id, investmentId, reason, resolution }),
  unknown: ({ id, investmentId }) => CreditOutcomeUnknown.make({ creditId: id, investmentId })
}

/** @category commands */
export const SubmitCredit = Command.make("SubmitCredit", {
  input: key,
  *decide(input, _personal, context) {
    return Task.submit(credits, yield* findCredit(input, context))
  },
  recall: (events) => Command.recorded(events, "CreditSubmitted")
})

/** @category commands */
export const SettleCredit = Command.make("SettleCredit", {
  input: { ...key, ...Task.reportMembers },
  *decide(input, _personal, context) {
    return yield* Task.settle(credits, yield* findCredit(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason } = Task.recordedOutcome(events, Credit.types)
    return { creditId: data.creditId, investmentId: data.investmentId, outcome, reason }
  }
})

/** @category commands */
export const ResolveCredit = Command.make("ResolveCredit", {
  input: { ...key, ...Task.resolutionMembers },
  *decide(input, _personal, context) {
    return yield* Task.resolve(credits, yield* findCredit(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason, resolution } = Task.recordedResolution(events, Credit.types)
    return { creditId: data.creditId, investmentId: data.investmentId, outcome, reason, resolution }
  }
})
