/**
 * Credits: the ledger task that delivers an investment's units to its wallet. For platforms, the ledger, and the person who resolves.
 */
import { Schema } from "effect"
import { command, findRecorded, recorded } from "./Command.ts"
import { read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import {
  CreditFailed,
  CreditOutcomeUnknown,
  CreditRequested,
  CreditSubmitted,
  UnitsCredited
} from "./events/CreditEvents.ts"
import { CreditId, InvestmentId } from "./Id.ts"
import { findInvestment, hasCreditInFlight, Investment, type CreditState, type InvestmentState } from "./Investment.ts"
import { investmentStatus } from "./InvestmentStatus.ts"
import { Investor, visibleOfInvestor } from "./Investor.ts"
import { FailureReason, onReport, onVerdict, Outcome, Resolution, Verdict } from "./LedgerTask.ts"
import { Product } from "./Product.ts"

/** At most one credit of an investment is live or has succeeded. @category commands */
export const RequestCredit = command("RequestCredit", {
  input: { creditId: CreditId, investmentId: InvestmentId },
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
    const product = yield* read(Product(productId))
    if (product?.paused === true) return yield* refuse({ code: "product_paused" })
    return [CreditRequested.make({ creditId, investmentId, investorId, productId, walletId, units })]
  },
  recall: (events) => {
    const { creditId, investmentId } = recorded(events, "CreditRequested")
    return { creditId, investmentId }
  }
})

interface Task {
  readonly investment: InvestmentState
  readonly credit: CreditState
}

function* findCredit(
  investmentId: InvestmentId,
  creditId: CreditId,
  context: DecisionContext
): Generator<Read | Refuse, Task, any> {
  const investment = yield* visibleOfInvestor(yield* read(Investment(investmentId)), context)
  const credit = investment?.credits.find((credit) => credit.creditId === creditId)
  if (investment === undefined || credit === undefined) return yield* refuse({ code: "task_not_found" })
  return { investment, credit }
}

/** Claims the task: whoever gets an event back, and nobody else, may submit it to the ledger. @category commands */
export const SubmitCredit = command("SubmitCredit", {
  input: { creditId: CreditId, investmentId: InvestmentId },
  *decide({ creditId, investmentId }, _personal, context) {
    const { credit } = yield* findCredit(investmentId, creditId, context)
    return credit.status === "processing" && !credit.submitted ? [CreditSubmitted.make({ creditId, investmentId })] : []
  },
  recall: (events) => recorded(events, "CreditSubmitted")
})

const succeeded = ({ investment, credit }: Task, resolution: Resolution | undefined) => {
  const { investmentId, investorId, productId } = investment
  const { creditId, walletId, units } = credit
  const data = { creditId, investmentId, investorId, productId, walletId, units }
  return UnitsCredited.make({ ...data, resolution })
}

const failed = ({ investment, credit }: Task, reason: FailureReason | undefined, resolution: Resolution | undefined) =>
  CreditFailed.make({
    creditId: credit.creditId,
    investmentId: investment.investmentId,
    reason: reason ?? "unspecified",
    resolution
  })

/** What the ledger reports is always recorded, whatever was paused or closed since. @category commands */
export const SettleCredit = command("SettleCredit", {
  input: {
    creditId: CreditId,
    investmentId: InvestmentId,
    outcome: Outcome,
    reason: Schema.optionalKey(FailureReason)
  },
  *decide({ creditId, investmentId, outcome, reason }, _personal, context) {
    const task = yield* findCredit(investmentId, creditId, context)
    const response = onReport[task.credit.status][outcome]
    if (response === "no_op") return []
    if (response !== "takes_effect") return yield* refuse({ code: response })
    switch (outcome) {
      case "succeeded":
        return [succeeded(task, undefined)]
      case "failed":
        return [failed(task, reason, undefined)]
      case "unknown":
        return [CreditOutcomeUnknown.make({ creditId, investmentId })]
    }
  },
  recall: (events) => {
    const { creditId, investmentId, outcome, reason } = outcomeOf(events)
    return { creditId, investmentId, outcome, reason }
  }
})

/** A person decides what the ledger could not say. @category commands */
export const ResolveCredit = command("ResolveCredit", {
  input: {
    creditId: CreditId,
    investmentId: InvestmentId,
    outcome: Verdict,
    reason: Schema.optionalKey(FailureReason),
    resolution: Resolution
  },
  *decide({ creditId, investmentId, outcome, reason, resolution }, _personal, context) {
    const task = yield* findCredit(investmentId, creditId, context)
    const response = onVerdict[task.credit.status]
    if (response === "no_op") return []
    if (response !== "takes_effect") return yield* refuse({ code: response })
    return [outcome === "succeeded" ? succeeded(task, resolution) : failed(task, reason, resolution)]
  },
  recall: (events) => {
    const { creditId, investmentId, outcome, reason, resolution } = outcomeOf(events)
    if (outcome === "unknown" || resolution === undefined) throw new TypeError("no resolution among the events")
    return { creditId, investmentId, outcome, resolution, reason }
  }
})

const outcomeOf = (events: Parameters<typeof recorded>[0]) => {
  const done = findRecorded(events, "UnitsCredited")?.data
  if (done !== undefined) return { ...done, outcome: "succeeded" as const, reason: undefined }
  const failure = findRecorded(events, "CreditFailed")?.data
  if (failure !== undefined) return { ...failure, outcome: "failed" as const, resolution: failure.resolution }
  const unknown = recorded(events, "CreditOutcomeUnknown")
  return { ...unknown, outcome: "unknown" as const, reason: undefined, resolution: undefined }
}
