/**
 * Reversals: the ledger task by which the registrar undoes a credit, a redemption or a transfer that should not have been entered. For the
 * registrar, for the ledger, and for reads.
 *
 * It undoes one succeeded change on the lots that the change touched, and is not a transfer back: it does not follow FIFO. A pause or a frozen
 * wallet does not stop it, frozen units do. Never touch a buyer in good faith: units that have moved on are not taken.
 */
import { Schema } from "effect"
import { Basis } from "./Basis.ts"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type DecisionContext, type Model, type Read, type Refuse } from "./Decision.ts"
import { filing } from "./events/Filing.ts"
import type { Part } from "./events/Part.ts"
import {
  Change,
  RegisterChangeReversed,
  ReversalFailed,
  ReversalOutcomeUnknown,
  ReversalRequested,
  ReversalSubmitted
} from "./events/ReversalEvents.ts"
import * as Holding from "./Holding.ts"
import {
  type CampaignId,
  type InvestmentId,
  type InvestorId,
  type PlatformId,
  type ProductId,
  type RedemptionId,
  ReversalId,
  type TransferId,
  type WalletId
} from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as Investor from "./Investor.ts"
import * as Redemption from "./Redemption.ts"
import * as Tag from "./Tag.ts"
import * as Task from "./Task.ts"
import { isInFlight } from "./TaskStatus.ts"
import * as Transfer from "./Transfer.ts"
import { isUnits, type UnitCount, type Units } from "./Units.ts"
import { platformOf } from "./Visibility.ts"

/** @category models */
export interface State extends Task.Progress {
  readonly id: ReversalId
  /** None: the registrar's. */
  readonly platform: PlatformId | null
  readonly change: Change
  readonly productId: ProductId
  readonly units: Units
  readonly basis: Basis
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 1

/** @category values */
export const types = {
  requested: "ReversalRequested",
  submitted: "ReversalSubmitted",
  succeeded: "RegisterChangeReversed",
  failed: "ReversalFailed",
  unknown: "ReversalOutcomeUnknown"
} as const satisfies Task.Types

/** @category models */
export type Event = Recorded<(typeof types)[keyof typeof types]>

const reversalOf = ({ data, meta }: Recorded<"ReversalRequested">): State => ({
  id: data.reversalId,
  platform: platformOf(meta),
  change: data.change,
  productId: data.productId,
  units: data.units,
  basis: data.basis,
  ...Task.initial
})

/** The reversal after one more of its events. @category computing */
export const after = (reversal: State | undefined, event: Event): State | undefined =>
  event.type === "ReversalRequested" ? reversalOf(event) : reversal && Task.after(reversal, event.type, types)

/** A reversal and what was requested, which its outcome repeats. */
interface RequestedReversal extends State {
  readonly requested: Recorded<"ReversalRequested">["data"]
}

/** The reversals of one change; all are remembered, so that an old one that answers again is recognised. */
interface OfChange {
  /** Units that were given back. */
  readonly reversed: UnitCount
  readonly tasks: ReadonlyArray<RequestedReversal>
}

const evolve = (state: OfChange, event: Event): OfChange => ({
  reversed: event.type === "RegisterChangeReversed" ? state.reversed + event.data.units : state.reversed,
  tasks:
    event.type === "ReversalRequested"
      ? [...state.tasks, { ...reversalOf(event), requested: event.data }]
      : state.tasks.map((task) => (task.id === event.data.reversalId ? Task.after(task, event.type, types) : task))
})

const reversalsOf = (name: string, tag: string) =>
  decisionModel({ name, types: Task.listOf(types), tags: [tag], initial: { reversed: 0, tasks: [] }, evolve })

/** The reversals of the credits of an investment. @category decision models */
export const ofInvestment = (id: InvestmentId) => reversalsOf("CreditReversals", Tag.investment(id))

/** @category decision models */
export const ofRedemption = (id: RedemptionId) => reversalsOf("RedemptionReversals", Tag.redemption(id))

/** @category decision models */
export const ofTransfer = (id: TransferId) => reversalsOf("TransferReversals", Tag.transfer(id))

const ofChange = (change: Change): Model<OfChange> => {
  switch (change.kind) {
    case "credit":
      return ofInvestment(change.id)
    case "redemption":
      return ofRedemption(change.id)
    case "transfer":
      return ofTransfer(change.id)
  }
}

/** An entry as a reversal would undo it. */
interface Entry {
  readonly productId: ProductId
  readonly campaignId: CampaignId | undefined
  /** As entered. */
  readonly units: Units
  /** Whose lot the entry made, and which one. */
  readonly from:
    { readonly investorId: InvestorId; readonly walletId: WalletId; readonly lot: InvestmentId } | undefined
  /** Whose lots the entry took from, and what of each. */
  readonly to:
    { readonly investorId: InvestorId; readonly walletId: WalletId; readonly lots: ReadonlyArray<Part> } | undefined
}

const ofCredit = (investment: Investment.State): Entry | undefined => {
  const credit = Investment.deliveringCredit(investment)
  if (credit === undefined || investment._tag === "Transferred") return undefined
  const { investorId, productId, units, walletId } = credit
  const { campaignId, investmentId } = investment
  return { productId, campaignId, units, from: { investorId, walletId, lot: investmentId }, to: undefined }
}

/** What the change has entered, for this client; `undefined` while it has entered nothing. */
function* findEntry(change: Change, context: DecisionContext): Generator<Read | Refuse, Entry | undefined, any> {
  switch (change.kind) {
    case "credit":
      return ofCredit(yield* Investment.find(change.id, context))
    case "redemption": {
      const redemption = yield* Redemption.find({ redemptionId: change.id }, context)
      if (redemption.status !== "succeeded") return undefined
      const { investorId, lots, productId, units, walletId } = redemption.requested
      return { productId, campaignId: undefined, units, from: undefined, to: { investorId, walletId, lots } }
    }
    case "transfer": {
      const { requested, status } = yield* Transfer.find({ transferId: change.id }, context)
      if (status !== "succeeded") return undefined
      const { lots, productId, units } = requested
      const { recipientInvestmentId: lot, recipientInvestorId, targetWalletId } = requested
      return {
        productId,
        campaignId: undefined,
        units,
        from: { investorId: recipientInvestorId, walletId: targetWalletId, lot },
        to: { investorId: requested.sourceInvestorId, walletId: requested.sourceWalletId, lots }
      }
    }
  }
}

/** The lots that get units back: the last consumed first, behind those that have theirs already. In rank order. */
const givenBack = (lots: ReadonlyArray<Part>, reversed: UnitCount, units: Units): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let [skipped, needed] = [reversed, units]
  for (const { investmentId, units } of lots.toReversed()) {
    const done = Math.min(skipped, units)
    const given = Math.min(needed, units - done)
    skipped -= done
    needed -= given
    if (given > 0) parts.unshift({ investmentId, units: given })
  }
  return parts
}

/** Only what lies in the lot unbound is taken, and never what frozen units need. */
function* checkTaken({ from, productId }: Entry, units: Units): Generator<Read | Refuse, void, any> {
  if (from === undefined) return
  const holding = yield* read(Holding.model(productId, from.walletId))
  const lots = Holding.lotsOf(holding)
  const lot = lots.find(({ investmentId }) => investmentId === from.lot)
  const remaining = lot === undefined ? 0 : lot.remaining - lot.reserved
  if (units > remaining) return yield* refuse({ code: "units_moved_on", details: { remaining } })
  const atRest = lots.reduce((sum, lot) => sum + lot.remaining - lot.reserved, 0)
  if (atRest - units < holding.frozen) return yield* refuse({ code: "units_frozen" })
}

/** One reversal of a change at a time. A transfer may be reversed in parts, anything else as a whole. @category commands */
export const ReverseChange = Command.make("ReverseChange", {
  input: {
    reversalId: ReversalId,
    change: Change,
    /** Default: all that is left of the change. */
    units: Schema.optionalKey(Schema.Finite),
    basis: Basis
  },
  personal: filing,
  *decide(input, personal, context) {
    const { basis, change, reversalId } = input
    const entry = yield* findEntry(change, context)
    const { reversed, tasks } = yield* read(ofChange(change))
    // A credit that stands has not been reversed: one that was reversed before is another one.
    const left = entry === undefined ? 0 : change.kind === "credit" ? entry.units : entry.units - reversed
    if (entry === undefined || left === 0) return yield* refuse({ code: "change_not_reversible", details: { left } })
    if (tasks.some(({ status }) => isInFlight(status))) return yield* refuse({ code: "reversal_in_flight" })
    const { units = left } = input
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (units > left || (change.kind !== "transfer" && units !== left))
      return yield* refuse({ code: "change_not_reversible", details: { left } })
    const { campaignId, from, productId, to } = entry
    if (to !== undefined && (yield* read(Investor.model(to.investorId)))?.erased === true)
      return yield* refuse({ code: "investor_erased" })
    yield* checkTaken(entry, units)
    const data = {
      reversalId,
      change,
      productId,
      campaignId,
      units,
      fromInvestorId: from?.investorId,
      fromWalletId: from?.walletId,
      toInvestorId: to?.investorId,
      toWalletId: to?.walletId,
      taken: from === undefined ? [] : [{ investmentId: from.lot, units }],
      returned: to === undefined ? [] : givenBack(to.lots, reversed, units),
      basis
    }
    return [ReversalRequested.make(data, personal)]
  },
  recall: (events) => {
    const { basis, change, reversalId, units } = Command.recorded(events, "ReversalRequested")
    return { reversalId, change, units: change.kind === "transfer" ? units : undefined, basis }
  }
})

const key = { reversalId: ReversalId, change: Change }

/** A reversal, and of a credit whether the investment has ended by now. */
interface FoundReversal extends RequestedReversal {
  readonly ended: boolean | undefined
}

function* findReversal(
  { change, reversalId }: { readonly change: Change; readonly reversalId: ReversalId },
  context: DecisionContext
): Generator<Read | Refuse, FoundReversal, any> {
  let ended: boolean | undefined
  if (change.kind === "credit") {
    const investment = yield* Investor.visibleObject(yield* read(Investment.model(change.id)), context)
    if (investment === undefined) return yield* refuse({ code: "task_not_found" })
    ended = investment.end !== undefined
  } else if (change.kind === "redemption") yield* Redemption.find({ redemptionId: change.id }, context)
  else yield* Transfer.find({ transferId: change.id }, context)
  const reversal = (yield* read(ofChange(change))).tasks.find(({ id }) => id === reversalId)
  return reversal === undefined ? yield* refuse({ code: "task_not_found" }) : { ...reversal, ended }
}

const reversals: Task.Kind<FoundReversal> = {
  submitted: ({ change, id }) => ReversalSubmitted.make({ reversalId: id, change }),
  succeeded: ({ ended, requested }, resolution) => {
    const { campaignId, fromInvestorId, fromWalletId, toInvestorId, toWalletId } = requested
    return RegisterChangeReversed.make({
      ...requested,
      campaignId,
      fromInvestorId,
      fromWalletId,
      toInvestorId,
      toWalletId,
      releases: ended,
      resolution
    })
  },
  failed: ({ change, id, requested }, reason, resolution) => {
    const { fromInvestorId, fromWalletId, productId, toInvestorId, toWalletId } = requested
    return ReversalFailed.make({
      reversalId: id,
      change,
      productId,
      fromInvestorId,
      fromWalletId,
      toInvestorId,
      toWalletId,
      reason,
      resolution
    })
  },
  unknown: ({ change, id }) => ReversalOutcomeUnknown.make({ reversalId: id, change })
}

/** @category commands */
export const SubmitReversal = Command.make("SubmitReversal", {
  input: key,
  *decide(input, _personal, context) {
    return Task.submit(reversals, yield* findReversal(input, context))
  },
  recall: (events) => Command.recorded(events, "ReversalSubmitted")
})

/** @category commands */
export const SettleReversal = Command.make("SettleReversal", {
  input: { ...key, ...Task.reportMembers },
  *decide(input, _personal, context) {
    return yield* Task.settle(reversals, yield* findReversal(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason } = Task.recordedOutcome(events, types)
    return { reversalId: data.reversalId, change: data.change, outcome, reason }
  }
})

/** The units were reserved until now. @category commands */
export const ResolveReversal = Command.make("ResolveReversal", {
  input: { ...key, ...Task.resolutionMembers },
  *decide(input, _personal, context) {
    return yield* Task.resolve(reversals, yield* findReversal(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason, resolution } = Task.recordedResolution(events, types)
    return { reversalId: data.reversalId, change: data.change, outcome, reason, resolution }
  }
})
