/**
 * Redemptions: the ledger task that burns units. For platforms, the ledger, and the person who resolves.
 *
 * The request chooses and reserves its lots; settling reads only the task, because nothing else can make the outcome wrong.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import { command, findRecorded, recorded } from "./Command.ts"
import { model, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import {
  RedemptionFailed,
  RedemptionOutcomeUnknown,
  RedemptionRequested,
  RedemptionSubmitted,
  UnitsRedeemed
} from "./events/RedemptionEvents.ts"
import { chooseLots } from "./Fifo.ts"
import { free, Holding } from "./Holding.ts"
import { InvestorId, type PlatformId, ProductId, RedemptionId, WalletId } from "./Id.ts"
import { findInvestor, visibleOfInvestor } from "./Investor.ts"
import { FailureReason, onReport, onVerdict, Outcome, Resolution, type TaskStatus, Verdict } from "./LedgerTask.ts"
import { Product } from "./Product.ts"
import { redemptionTag } from "./Tag.ts"
import { isUnits } from "./Units.ts"
import { findWalletOf } from "./Wallet.ts"

/** @category models */
export interface RedemptionState {
  readonly platform: PlatformId | undefined
  readonly request: Recorded<"RedemptionRequested">["data"]
  readonly status: TaskStatus
  readonly submitted: boolean
}

/** @category decision models */
export const Redemption = (id: RedemptionId) =>
  model({
    name: "Redemption",
    types: [
      "RedemptionRequested",
      "RedemptionSubmitted",
      "UnitsRedeemed",
      "RedemptionFailed",
      "RedemptionOutcomeUnknown"
    ],
    tags: [redemptionTag(id)],
    initial: undefined,
    evolve: (state: RedemptionState | undefined, event): RedemptionState | undefined => {
      switch (event.type) {
        case "RedemptionRequested":
          return { platform: event.meta.platform, request: event.data, status: "processing", submitted: false }
        case "RedemptionSubmitted":
          return state && { ...state, submitted: true }
        case "UnitsRedeemed":
          return state && { ...state, status: "succeeded" }
        case "RedemptionFailed":
          return state && { ...state, status: "failed" }
        case "RedemptionOutcomeUnknown":
          return state && { ...state, status: "unknown" }
      }
    }
  })

/** Takes free units only: not reserved, not frozen, not blocked. @category commands */
export const RequestRedemption = command("RequestRedemption", {
  input: {
    redemptionId: RedemptionId,
    investorId: InvestorId,
    productId: ProductId,
    walletId: WalletId,
    units: Schema.Finite
  },
  *decide(input, _personal, context) {
    const { investorId, productId, walletId, units } = input
    const investor = yield* findInvestor(investorId, context)
    const wallet = yield* findWalletOf(investorId, walletId, context)
    const product = yield* read(Product(productId))
    // A product that was never listed on the investor's platform is none of its business.
    if (product === undefined || !product.everListedOn.some((platform) => platform === investor.platform)) {
      return yield* refuse({ code: "product_not_found" })
    }
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (product.terms.kind === "ewpg") return yield* refuse({ code: "redemption_of_crypto_security" })
    if (product.paused) return yield* refuse({ code: "product_paused" })
    if (wallet.frozen) return yield* refuse({ code: "wallet_frozen" })
    const holding = yield* read(Holding(productId, walletId))
    if (units > free(holding)) return yield* refuse({ code: "insufficient_units", details: { free: free(holding) } })
    const lots = chooseLots(holding, units)
    if (lots === undefined) return yield* refuse({ code: "too_many_lots" })
    return [RedemptionRequested.make({ ...input, lots })]
  },
  recall: (events) => {
    const { lots: _lots, ...input } = recorded(events, "RedemptionRequested")
    return input
  }
})

function* findRedemption(id: RedemptionId, context: DecisionContext): Generator<Read | Refuse, RedemptionState, any> {
  const state = yield* read(Redemption(id))
  const redemption = yield* visibleOfInvestor(state && { ...state, investorId: state.request.investorId }, context)
  return redemption ?? (yield* refuse({ code: "task_not_found" }))
}

/** Claims the task: whoever gets an event back, and nobody else, may submit it to the ledger. @category commands */
export const SubmitRedemption = command("SubmitRedemption", {
  input: { redemptionId: RedemptionId },
  *decide({ redemptionId }, _personal, context) {
    const { status, submitted } = yield* findRedemption(redemptionId, context)
    return status === "processing" && !submitted ? [RedemptionSubmitted.make({ redemptionId })] : []
  },
  recall: (events) => recorded(events, "RedemptionSubmitted")
})

const succeeded = ({ request }: RedemptionState, resolution: Resolution | undefined) =>
  UnitsRedeemed.make({ ...request, resolution })

const failed = (
  { request: { redemptionId, productId, walletId } }: RedemptionState,
  reason: FailureReason | undefined,
  resolution: Resolution | undefined
) =>
  RedemptionFailed.make({
    redemptionId,
    productId,
    walletId,
    reason: reason ?? "unspecified",
    resolution
  })

/** What the ledger reports is always recorded, whatever was frozen, paused or closed since. @category commands */
export const SettleRedemption = command("SettleRedemption", {
  input: { redemptionId: RedemptionId, outcome: Outcome, reason: Schema.optionalKey(FailureReason) },
  *decide({ redemptionId, outcome, reason }, _personal, context) {
    const redemption = yield* findRedemption(redemptionId, context)
    const response = onReport[redemption.status][outcome]
    if (response === "no_op") return []
    if (response !== "takes_effect") return yield* refuse({ code: response })
    switch (outcome) {
      case "succeeded":
        return [succeeded(redemption, undefined)]
      case "failed":
        return [failed(redemption, reason, undefined)]
      case "unknown":
        return [RedemptionOutcomeUnknown.make({ redemptionId })]
    }
  },
  recall: (events) => {
    const { redemptionId, outcome, reason } = outcomeOf(events)
    return { redemptionId, outcome, reason }
  }
})

/** A person decides what the ledger could not say; the units were reserved until now. @category commands */
export const ResolveRedemption = command("ResolveRedemption", {
  input: {
    redemptionId: RedemptionId,
    outcome: Verdict,
    reason: Schema.optionalKey(FailureReason),
    resolution: Resolution
  },
  *decide({ redemptionId, outcome, reason, resolution }, _personal, context) {
    const redemption = yield* findRedemption(redemptionId, context)
    const response = onVerdict[redemption.status]
    if (response === "no_op") return []
    if (response !== "takes_effect") return yield* refuse({ code: response })
    return [outcome === "succeeded" ? succeeded(redemption, resolution) : failed(redemption, reason, resolution)]
  },
  recall: (events) => {
    const { redemptionId, outcome, reason, resolution } = outcomeOf(events)
    if (outcome === "unknown" || resolution === undefined) throw new TypeError("no resolution among the events")
    return { redemptionId, outcome, resolution, reason }
  }
})

const outcomeOf = (events: Parameters<typeof recorded>[0]) => {
  const done = findRecorded(events, "UnitsRedeemed")?.data
  if (done !== undefined) return { ...done, outcome: "succeeded" as const, reason: undefined }
  const failure = findRecorded(events, "RedemptionFailed")?.data
  if (failure !== undefined) return { ...failure, outcome: "failed" as const, resolution: failure.resolution }
  const unknown = recorded(events, "RedemptionOutcomeUnknown")
  return { ...unknown, outcome: "unknown" as const, reason: undefined, resolution: undefined }
}
