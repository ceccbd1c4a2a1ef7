/**
 * Redemptions: the ledger task that burns units. For platforms, the ledger, the person that resolves
 * what the ledger could not say, and for reads.
 *
 * The request chooses and reserves its lots; settling reads only the task, because nothing else can make the outcome wrong.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import { command, recorded } from "./Command.ts"
import { decisionModel, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import {
  type Part,
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
import { Product } from "./Product.ts"
import { redemptionTag } from "./Tag.ts"
import {
  recordedOutcome,
  recordedResolution,
  reportMembers,
  newTask,
  resolveTask,
  resolutionMembers,
  settleTask,
  submitTask,
  taskAfter,
  type TaskKind,
  type TaskProgress,
  type TaskTypes
} from "./Task.ts"
import { isUnits, type Units } from "./Units.ts"
import { platformOf } from "./Visibility.ts"
import { findWalletOf } from "./Wallet.ts"

/** @category models */
export interface RedemptionState extends TaskProgress {
  readonly id: RedemptionId
  readonly platform: PlatformId | null
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly units: Units
}

/** @category values */
export const redemptionTypes = {
  requested: "RedemptionRequested",
  submitted: "RedemptionSubmitted",
  succeeded: "UnitsRedeemed",
  failed: "RedemptionFailed",
  unknown: "RedemptionOutcomeUnknown"
} as const satisfies TaskTypes

/** @category models */
export type RedemptionEvent = Recorded<(typeof redemptionTypes)[keyof typeof redemptionTypes]>

const redemptionOf = ({ data, meta }: Recorded<"RedemptionRequested">): RedemptionState => ({
  id: data.redemptionId,
  platform: platformOf(meta),
  investorId: data.investorId,
  productId: data.productId,
  walletId: data.walletId,
  units: data.units,
  ...newTask
})

/** The redemption after one more of its events. @category computing */
export const redemptionAfter = (
  redemption: RedemptionState | undefined,
  event: RedemptionEvent
): RedemptionState | undefined =>
  event.type === "RedemptionRequested"
    ? redemptionOf(event)
    : redemption && taskAfter(redemption, event.type, redemptionTypes)

/** A redemption and the lots that its outcome takes or releases. */
interface LotsOfRedemption extends RedemptionState {
  readonly lots: ReadonlyArray<Part>
}

/** @category decision models */
export const Redemption = (id: RedemptionId) =>
  decisionModel({
    name: "Redemption",
    types: Object.values(redemptionTypes),
    tags: [redemptionTag(id)],
    initial: undefined,
    evolve: (state: LotsOfRedemption | undefined, event): LotsOfRedemption | undefined =>
      event.type === "RedemptionRequested"
        ? { ...redemptionOf(event), lots: event.data.lots }
        : state && taskAfter(state, event.type, redemptionTypes)
  })

/** Takes free units only: neither reserved nor blocked. @category commands */
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
    yield* findWalletOf(investorId, walletId, context)
    const product = yield* read(Product(productId))
    // A product that was never listed on the investor's platform is none of its business.
    if (product === undefined || !product.everListedOn.some((platform) => platform === investor.platform)) {
      return yield* refuse({ code: "product_not_found" })
    }
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (product.terms.kind === "ewpg") return yield* refuse({ code: "redemption_of_crypto_security" })
    const holding = yield* read(Holding(productId, walletId))
    if (units > free(holding)) return yield* refuse({ code: "insufficient_units", details: { free: free(holding) } })
    const lots = chooseLots(holding, units)
    if (lots === undefined) return yield* refuse({ code: "too_many_lots" })
    return [RedemptionRequested.make({ ...input, lots })]
  },
  recall: (events) => {
    const { redemptionId, investorId, productId, walletId, units } = recorded(events, "RedemptionRequested")
    return { redemptionId, investorId, productId, walletId, units }
  }
})

const key = { redemptionId: RedemptionId }

function* findRedemption(
  { redemptionId }: { readonly redemptionId: RedemptionId },
  context: DecisionContext
): Generator<Read | Refuse, LotsOfRedemption, any> {
  const redemption = yield* visibleOfInvestor(yield* read(Redemption(redemptionId)), context)
  return redemption ?? (yield* refuse({ code: "task_not_found" }))
}

const redemptions: TaskKind<LotsOfRedemption> = {
  submitted: ({ id }) => RedemptionSubmitted.make({ redemptionId: id }),
  succeeded: ({ id, investorId, productId, walletId, units, lots }, resolution) =>
    UnitsRedeemed.make({ redemptionId: id, investorId, productId, walletId, units, lots, resolution }),
  failed: ({ id, productId, walletId }, reason, resolution) =>
    RedemptionFailed.make({ redemptionId: id, productId, walletId, reason, resolution }),
  unknown: ({ id }) => RedemptionOutcomeUnknown.make({ redemptionId: id })
}

/** @category commands */
export const SubmitRedemption = command("SubmitRedemption", {
  input: key,
  *decide(input, _personal, context) {
    return submitTask(redemptions, yield* findRedemption(input, context))
  },
  recall: (events) => recorded(events, "RedemptionSubmitted")
})

/** @category commands */
export const SettleRedemption = command("SettleRedemption", {
  input: { ...key, ...reportMembers },
  *decide(input, _personal, context) {
    return yield* settleTask(redemptions, yield* findRedemption(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason } = recordedOutcome(events, redemptionTypes)
    return { redemptionId: data.redemptionId, outcome, reason }
  }
})

/** The units were reserved until now. @category commands */
export const ResolveRedemption = command("ResolveRedemption", {
  input: { ...key, ...resolutionMembers },
  *decide(input, _personal, context) {
    return yield* resolveTask(redemptions, yield* findRedemption(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason, resolution } = recordedResolution(events, redemptionTypes)
    return { redemptionId: data.redemptionId, outcome, reason, resolution }
  }
})
