/**
 * Crediting: the decisions on the ledger task that delivers an investment's units to its wallet. For platforms, the ledger, and the person
 * that resolves what the ledger could not say.
 */
import { command, recorded } from "./Command.ts"
import { creditTypes, type CreditState } from "./Credit.ts"
import { read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import {
  CreditFailed,
  CreditOutcomeUnknown,
  CreditRequested,
  CreditSubmitted,
  UnitsCredited
} from "./events/CreditEvents.ts"
import { CreditId, InvestmentId } from "./Id.ts"
import { findInvestment, hasCreditInFlight, Investment } from "./Investment.ts"
import { investmentStatus } from "./InvestmentStatus.ts"
import { Investor, visibleOfInvestor } from "./Investor.ts"
import {
  recordedOutcome,
  recordedResolution,
  reportMembers,
  resolveTask,
  resolutionMembers,
  settleTask,
  submitTask,
  type TaskKind
} from "./Task.ts"

const key = { creditId: CreditId, investmentId: InvestmentId }

/** At most one credit of an investment is live or has succeeded. @category commands */
export const RequestCredit = command("RequestCredit", {
  input: key,
  *decide({ creditId, investmentId }, _personal, context) {
    const investment = yield* findInvestment(investmentId, context)
    const { investorId, productId, walletId, units, delivered, end } = investment
    if (delivered) return yield* refuse({ code: "already_delivered" })
    if (end !== undefined) return yield* refuse({ code: "investment_ended", details: { status: end } })
    if (hasCreditInFlight(investment)) return yield* refuse({ code: "credit_in_flight" })
    const status = investmentStatus(investment)
    if (status !== "PAID") return yield* refuse({ code: "investment_not_paid", details: { status } })
    if (walletId === undefined) return yield* refuse({ code: "wallet_missing" })
    const investor = yield* read(Investor(investorId))
    if (investor?.kycStatus === "INSUFFICIENT") return yield* refuse({ code: "kyc_insufficient" })
    return [CreditRequested.make({ creditId, investmentId, investorId, productId, walletId, units })]
  },
  recall: (events) => {
    const { creditId, investmentId } = recorded(events, "CreditRequested")
    return { creditId, investmentId }
  }
})

function* findCredit(
  { creditId, investmentId }: { readonly creditId: CreditId; readonly investmentId: InvestmentId },
  context: DecisionContext
): Generator<Read | Refuse, CreditState, any> {
  const investment = yield* visibleOfInvestor(yield* read(Investment(investmentId)), context)
  const credit = investment?.credits.find(({ id }) => id === creditId)
  return credit ?? (yield* refuse({ code: "task_not_found" }))
}

const credits: TaskKind<CreditState> = {
  submitted: ({ id, investmentId }) => CreditSubmitted.make({ creditId: id, investmentId }),
  succeeded: ({ id, investmentId, investorId, productId, walletId, units }, resolution) =>
    UnitsCredited.make({ creditId: id, investmentId, investorId, productId, walletId, units, resolution }),
  failed: ({ id, investmentId }, reason, resolution) =>
    CreditFailed.make({ creditId: id, investmentId, reason, resolution }),
  unknown: ({ id, investmentId }) => CreditOutcomeUnknown.make({ creditId: id, investmentId })
}

/** @category commands */
export const SubmitCredit = command("SubmitCredit", {
  input: key,
  *decide(input, _personal, context) {
    return submitTask(credits, yield* findCredit(input, context))
  },
  recall: (events) => recorded(events, "CreditSubmitted")
})

/** @category commands */
export const SettleCredit = command("SettleCredit", {
  input: { ...key, ...reportMembers },
  *decide(input, _personal, context) {
    return yield* settleTask(credits, yield* findCredit(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason } = recordedOutcome(events, creditTypes)
    return { creditId: data.creditId, investmentId: data.investmentId, outcome, reason }
  }
})

/** @category commands */
export const ResolveCredit = command("ResolveCredit", {
  input: { ...key, ...resolutionMembers },
  *decide(input, _personal, context) {
    return yield* resolveTask(credits, yield* findCredit(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason, resolution } = recordedResolution(events, creditTypes)
    return { creditId: data.creditId, investmentId: data.investmentId, outcome, reason, resolution }
  }
})
