/**
 * Transfers: the ledger task that moves units to another wallet. For platforms, for the registrar, for the ledger, for the person that
 * resolves an unknown outcome, and for reads.
 *
 * The request chooses and reserves its lots and fixes the recipient's investment. Settling reads only the task: whatever became of either
 * wallet since, nothing can make the outcome wrong. The sender must learn nothing of the recipient but that the address can receive.
 */
import { Schema } from "effect"
import { Basis } from "./Basis.ts"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import { EthereumAddress } from "./EthereumAddress.ts"
import { filing } from "./events/Filing.ts"
import type { EveryMember } from "./Event.ts"
import {
  TransferFailed,
  TransferOutcomeUnknown,
  TransferRequested,
  TransferSubmitted,
  UnitsTransferred
} from "./events/TransferEvents.ts"
import { takeLots } from "./Fifo.ts"
import * as Freezing from "./Freezing.ts"
import { InvestmentId, type InvestorId, type PlatformId, ProductId, TransferId, WalletId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import * as Product from "./Product.ts"
import * as Tag from "./Tag.ts"
import * as Task from "./Task.ts"
import { instantOf } from "./Timestamp.ts"
import { isUnits, type Units } from "./Units.ts"
import { platformOf } from "./Visibility.ts"
import * as Wallet from "./Wallet.ts"

/** What the sender may know. @category models */
export interface State extends Task.Progress {
  readonly id: TransferId
  readonly platform: PlatformId | null
  /** The sender. */
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly targetAddress: EthereumAddress
  readonly units: Units
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 2

/** @category values */
export const types = {
  requested: "TransferRequested",
  submitted: "TransferSubmitted",
  succeeded: "UnitsTransferred",
  failed: "TransferFailed",
  unknown: "TransferOutcomeUnknown"
} as const satisfies Task.Types

/** @category models */
export type Event = Recorded<(typeof types)[keyof typeof types]>

const transferOf = ({ data, meta }: Recorded<"TransferRequested">): State => ({
  id: data.transferId,
  platform: data.sourcePlatform ?? platformOf(meta),
  investorId: data.sourceInvestorId,
  productId: data.productId,
  walletId: data.sourceWalletId,
  targetAddress: data.targetAddress,
  units: data.units,
  ...Task.initial
})

/** The transfer after one more of its events. @category computing */
export const after = (transfer: State | undefined, event: Event): State | undefined =>
  event.type === "TransferRequested" ? transferOf(event) : transfer && Task.after(transfer, event.type, types)

/** A transfer and what was requested, which its outcome repeats. @category models */
export interface RequestedTransfer extends State {
  readonly requested: Recorded<"TransferRequested">["data"]
}

/** @category decision models */
export const model = (id: TransferId) =>
  decisionModel({
    name: "Transfer",
    types: Task.listOf(types),
    tags: [Tag.transfer(id)],
    initial: undefined,
    evolve: (state: RequestedTransfer | undefined, event): RequestedTransfer | undefined =>
      event.type === "TransferRequested"
        ? { ...transferOf(event), requested: event.data }
        : state && Task.after(state, event.type, types)
  })

/** Where units may arrive. */
interface Target {
  readonly wallet: Wallet.State
  readonly investor: Investor.State
}

/** One refusal for every reason on the far side: another platform's wallet is nobody's business. */
function* findTarget(address: EthereumAddress): Generator<Read | Refuse, Target, any> {
  const registered = yield* read(Wallet.atAddress(address))
  const wallet = registered && (yield* read(Wallet.model(registered.id)))
  const investor = wallet && (yield* read(Investor.model(wallet.investorId)))
  if (wallet === undefined || investor === undefined) return yield* refuse({ code: "target_cannot_receive" })
  const receives = !investor.erased && investor.kycStatus !== "INSUFFICIENT"
  return receives ? { wallet, investor } : yield* refuse({ code: "target_cannot_receive" })
}

const asked = {
  transferId: TransferId,
  /** Of the investment that the recipient will have. */
  recipientInvestmentId: InvestmentId,
  sourceWalletId: WalletId,
  productId: ProductId,
  targetAddress: EthereumAddress,
  units: Schema.Finite
}

/** Takes free units only: neither reserved, nor blocked, nor frozen. */
function* request(
  input: Schema.Struct.Type<typeof asked> & { readonly units: Units },
  source: Wallet.State,
  { investor, wallet }: Target
): Generator<
  Read | Refuse,
  Omit<EveryMember<Recorded<"TransferRequested">["data"]>, "forced" | "sourcePlatform">,
  any
> {
  return {
    ...input,
    sourceInvestorId: source.investorId,
    targetWalletId: wallet.id,
    recipientInvestorId: wallet.investorId,
    recipientPlatform: investor.platform ?? undefined,
    lots: yield* takeLots(input.productId, input.sourceWalletId, input.units)
  }
}

/** What an instruction asked for, from its event. */
const recallAsked = (events: Parameters<typeof Command.recorded>[0]) => {
  const { forced, productId, recipientInvestmentId, sourceWalletId, targetAddress, transferId, units } =
    Command.recorded(events, "TransferRequested")
  return {
    asked: { transferId, recipientInvestmentId, sourceWalletId, productId, targetAddress, units },
    forced
  }
}

/** By the holder, through a platform. @category commands */
export const RequestTransfer = Command.make("RequestTransfer", {
  input: asked,
  *decide(input, _personal, context) {
    const { productId, sourceWalletId, targetAddress, units } = input
    const source = yield* Wallet.find(sourceWalletId, context)
    const sender = yield* Investor.find(source.investorId, context)
    const product = yield* read(Product.model(productId))
    // A product that was never listed on the sender's platform is none of its business.
    if (product === undefined || !product.everListedOn.some((platform) => platform === sender.platform))
      return yield* refuse({ code: "product_not_found" })
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (source.kind !== "managed") return yield* refuse({ code: "wallet_not_managed" })
    if (yield* read(Freezing.ofWallet(sourceWalletId))) return yield* refuse({ code: "wallet_frozen" })
    if (product.paused) return yield* refuse({ code: "product_paused" })
    const { lockedUntil } = product.terms
    if (lockedUntil !== undefined && context.receivedAt.micros < instantOf(lockedUntil).micros)
      return yield* refuse({ code: "locked_up" })
    if (targetAddress === source.address) return yield* refuse({ code: "same_wallet" })
    const target = yield* findTarget(targetAddress)
    const receives =
      target.wallet.receivingEnabled && product.listedOn.some((platform) => platform === target.investor.platform)
    if (!receives) return yield* refuse({ code: "target_cannot_receive" })
    const requested = yield* request({ ...input, units }, source, target)
    return [TransferRequested.make({ ...requested, forced: undefined, sourcePlatform: undefined }, undefined)]
  },
  recall: (events) => recallAsked(events).asked
})

/**
 * By the registrar, without the holder: a court decided it, for example (eWpG § 18). No frozen wallet, no pause, no lock-up and no listing
 * stops it. Frozen, blocked and reserved units bind it as they bind any other transfer. Both platforms see what they may.
 *
 * @category commands
 */
export const ForceTransfer = Command.make("ForceTransfer", {
  input: { ...asked, basis: Basis },
  personal: filing,
  *decide({ basis, ...input }, personal, context) {
    const source = yield* Wallet.find(input.sourceWalletId, context)
    const sender = yield* Investor.find(source.investorId, context)
    if ((yield* read(Product.model(input.productId))) === undefined) return yield* refuse({ code: "product_not_found" })
    if (!isUnits(input.units)) return yield* refuse({ code: "units_invalid" })
    if (input.targetAddress === source.address) return yield* refuse({ code: "same_wallet" })
    const requested = yield* request({ ...input, units: input.units }, source, yield* findTarget(input.targetAddress))
    const sourcePlatform = sender.platform ?? undefined
    return [TransferRequested.make({ ...requested, forced: basis, sourcePlatform }, personal)]
  },
  recall: (events) => {
    const { asked, forced } = recallAsked(events)
    if (forced === undefined) throw new TypeError("a transfer without a basis was not forced")
    return { ...asked, basis: forced }
  }
})

const key = { transferId: TransferId }

/** The transfer, for this client. @category predicates */
export function* find(
  { transferId }: { readonly transferId: TransferId },
  context: DecisionContext
): Generator<Read | Refuse, RequestedTransfer, any> {
  const transfer = yield* Investor.visibleObject(yield* read(model(transferId)), context)
  return transfer ?? (yield* refuse({ code: "task_not_found" }))
}

const transfers: Task.Kind<RequestedTransfer> = {
  submitted: ({ id }) => TransferSubmitted.make({ transferId: id }),
  succeeded: ({ requested }, resolution) =>
    UnitsTransferred.make({
      ...requested,
      recipientPlatform: requested.recipientPlatform,
      forced: requested.forced,
      sourcePlatform: requested.sourcePlatform,
      resolution
    }),
  failed: (
    { requested: { transferId, productId, sourceWalletId, targetWalletId, recipientInvestorId } },
    reason,
    resolution
  ) =>
    TransferFailed.make({
      transferId,
      productId,
      sourceWalletId,
      targetWalletId,
      recipientInvestorId,
      reason,
      resolution
    }),
  unknown: ({ id }) => TransferOutcomeUnknown.make({ transferId: id })
}

/** @category commands */
export const SubmitTransfer = Command.make("SubmitTransfer", {
  input: key,
  *decide(input, _personal, context) {
    return Task.submit(transfers, yield* find(input, context))
  },
  recall: (events) => Command.recorded(events, "TransferSubmitted")
})

/** @category commands */
export const SettleTransfer = Command.make("SettleTransfer", {
  input: { ...key, ...Task.reportMembers },
  *decide(input, _personal, context) {
    return yield* Task.settle(transfers, yield* find(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason } = Task.recordedOutcome(events, types)
    return { transferId: data.transferId, outcome, reason }
  }
})

/** The units were reserved until now. @category commands */
export const ResolveTransfer = Command.make("ResolveTransfer", {
  input: { ...key, ...Task.resolutionMembers },
  *decide(input, _personal, context) {
    return yield* Task.resolve(transfers, yield* find(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason, resolution } = Task.recordedResolution(events, types)
    return { transferId: data.transferId, outcome, reason, resolution }
  }
})
