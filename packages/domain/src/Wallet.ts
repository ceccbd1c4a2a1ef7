/**
 * Wallets: managed by the custodian, or an address the investor controls. One address belongs to one investor forever. For platforms.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type Decision, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import { EthereumAddress } from "./EthereumAddress.ts"
import { type WalletKind, WalletReceivingSet, WalletRegistered } from "./events/WalletEvents.ts"
import * as Investor from "./Investor.ts"
import { type InvestmentId, InvestorId, type PlatformId, WalletId } from "./Id.ts"
import { emptyList, withItems, withoutItem, type ChunkedList } from "./ChunkedList.ts"
import * as Policy from "./Policy.ts"
import * as Tag from "./Tag.ts"
import { type Instant, instantOf, laterOf } from "./Timestamp.ts"
import { platformOf } from "./Visibility.ts"
import type { UnitCount } from "./Units.ts"

/** @category models */
export interface State {
  readonly id: WalletId
  readonly platform: PlatformId | null
  readonly investorId: InvestorId
  readonly kind: WalletKind
  /** In lower case, as recorded. */
  readonly address: EthereumAddress
  readonly receivingEnabled: boolean
  /** A signature has shown that the investor has the key. */
  readonly proven: boolean
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 3

/** @category values */
export const types = ["WalletRegistered", "WalletReceivingSet", "AddressProven"] as const

const registered = ({ data: { walletId, ...registered }, meta }: Recorded<"WalletRegistered">): State => ({
  id: walletId,
  platform: platformOf(meta),
  ...registered,
  proven: false
})

/** The wallet after one more of its events. @category computing */
export const after = (wallet: State | undefined, event: Recorded<(typeof types)[number]>): State | undefined => {
  if (event.type === "WalletRegistered") return registered(event)
  if (wallet === undefined) return undefined
  return event.type === "AddressProven"
    ? { ...wallet, proven: true }
    : { ...wallet, receivingEnabled: event.data.receivingEnabled }
}

/** @category decision models */
export const model = (id: WalletId) =>
  decisionModel({ name: "Wallet", types: types, tags: [Tag.wallet(id)], initial: undefined, evolve: after })

/** @category models */
export interface OfInvestorState {
  readonly walletIds: ReadonlyArray<WalletId>
  readonly managed: WalletId | undefined
}

const none: OfInvestorState = { walletIds: [], managed: undefined }

/** The wallets of an investor, and which one is managed. @category decision models */
export const ofInvestor = (id: InvestorId) =>
  decisionModel({
    name: "Wallets",
    types: ["WalletRegistered"],
    tags: [Tag.investor(id)],
    initial: none,
    evolve: (state: OfInvestorState, { data }) => ({
      walletIds: [...state.walletIds, data.walletId],
      managed: data.kind === "managed" ? data.walletId : state.managed
    })
  })

/** @category models */
export interface UnitsInState {
  /** Whose units these are: a transfer concerns two wallets. */
  readonly walletId: WalletId
  /** Over all products, blocked and reserved ones included. */
  readonly held: UnitCount
  /** Transfers to this wallet, and reversals that give back to it, without a final outcome. */
  readonly arriving: number
  /** The investments that were delivered here, unless that was undone and they are open again. */
  readonly delivered: ChunkedList<InvestmentId>
  /** When units last came or went, or a delivered investment was cancelled. */
  readonly lastAt: Instant | undefined
}

const unitTypes = [
  "UnitsCredited",
  "UnitsRedeemed",
  "TransferRequested",
  "UnitsTransferred",
  "TransferFailed",
  "ReversalRequested",
  "RegisterChangeReversed",
  "ReversalFailed",
  "InvestmentCancelledAfterDelivery"
] as const

const arrived = (state: UnitsInState, investmentId: InvestmentId, units: UnitCount): UnitsInState => ({
  ...state,
  held: state.held + units,
  delivered: withItems(state.delivered, [investmentId])
})

/** Both wallets of a reversal are concerned; it may have but one. */
const reversed = (state: UnitsInState, { data }: Recorded<"RegisterChangeReversed">): UnitsInState => {
  const { change, fromWalletId, releases, toWalletId, units } = data
  if (toWalletId === state.walletId) return { ...state, held: state.held + units, arriving: state.arriving - 1 }
  if (fromWalletId !== state.walletId) return state
  const reopened = change.kind === "credit" && releases !== true
  const delivered = reopened ? withoutItem(state.delivered, change.id) : state.delivered
  return { ...state, held: state.held - units, delivered }
}

const moved = (state: UnitsInState, event: Recorded<(typeof unitTypes)[number]>): UnitsInState => {
  switch (event.type) {
    case "UnitsCredited":
      return arrived(state, event.data.investmentId, event.data.units)
    case "UnitsRedeemed":
      return { ...state, held: state.held - event.data.units }
    case "UnitsTransferred": {
      const { recipientInvestmentId, targetWalletId, units } = event.data
      return targetWalletId === state.walletId
        ? arrived({ ...state, arriving: state.arriving - 1 }, recipientInvestmentId, units)
        : { ...state, held: state.held - units }
    }
    case "TransferRequested":
    case "TransferFailed": {
      const change = event.data.targetWalletId !== state.walletId ? 0 : event.type === "TransferRequested" ? 1 : -1
      return { ...state, arriving: state.arriving + change }
    }
    case "RegisterChangeReversed":
      return reversed(state, event)
    case "ReversalRequested":
    case "ReversalFailed": {
      const change = event.data.toWalletId !== state.walletId ? 0 : event.type === "ReversalRequested" ? 1 : -1
      return { ...state, arriving: state.arriving + change }
    }
    case "InvestmentCancelledAfterDelivery":
      return state
  }
}

/** What is held in a wallet over all products, and what is on its way there. @category decision models */
export const unitsIn = (id: WalletId) =>
  decisionModel({
    name: "WalletUnits",
    version: 3,
    types: unitTypes,
    tags: [Tag.wallet(id)],
    initial: { walletId: id, held: 0, arriving: 0, delivered: emptyList, lastAt: undefined },
    evolve: (state: UnitsInState, event): UnitsInState => {
      const after = moved(state, event)
      // A task that is only asked for, or that failed, has moved nothing.
      if (event.type.endsWith("Requested") || event.type.endsWith("Failed")) return after
      const receivedAt = instantOf(event.meta.receivedAt)
      return { ...after, lastAt: laterOf(receivedAt, state.lastAt ?? receivedAt) }
    }
  })

/** By which wallet an address is taken, as it was registered. @category decision models */
export const atAddress = (address: EthereumAddress) =>
  decisionModel({
    name: "Address",
    types: ["WalletRegistered"],
    tags: [Tag.address(address)],
    initial: undefined,
    evolve: (_none: State | undefined, event): State | undefined => registered(event)
  })

/** The wallet, for this client. @category predicates */
export function* find(id: WalletId, context: DecisionContext): Generator<Read | Refuse, State, any> {
  const wallet = yield* Investor.visibleObject(yield* read(model(id)), context)
  return wallet ?? (yield* refuse({ code: "wallet_not_found" }))
}

/** A wallet of this investor, for this client. @category predicates */
export function* findOf(
  investorId: InvestorId,
  walletId: WalletId,
  context: DecisionContext
): Generator<Read | Refuse, State, any> {
  const wallet = yield* find(walletId, context)
  if (wallet.investorId !== investorId) return yield* refuse({ code: "wallet_of_other_investor" })
  return wallet
}

const input = {
  walletId: WalletId,
  investorId: InvestorId,
  address: EthereumAddress,
  receivingEnabled: Schema.Boolean
}

function* register(kind: WalletKind, data: Schema.Struct.Type<typeof input>, context: DecisionContext): Decision {
  const { investorId, address } = data
  const investor = yield* Investor.find(investorId, context)
  const policy = yield* Policy.inForce()
  if (policy.walletNeedsKyc && investor.kycStatus !== "SUCCESS") return yield* refuse({ code: "kyc_not_successful" })
  if (policy.walletNeedsTaxInformation && !investor.hasTaxInformation && !investor.custodianBank) {
    return yield* refuse({ code: "tax_information_missing" })
  }
  if (kind === "managed") {
    const { managed } = yield* read(ofInvestor(investorId))
    if (managed !== undefined) return yield* refuse({ code: "managed_wallet_exists", details: { walletId: managed } })
  }
  const taken = yield* read(atAddress(address))
  if (taken !== undefined) {
    // A client must learn that the address is taken; only its owner learns by which wallet.
    const details = taken.investorId === investorId ? { details: { walletId: taken.id } } : {}
    return yield* refuse({ code: "address_taken", ...details })
  }
  return [WalletRegistered.make({ ...data, kind })]
}

const recallWallet: Parameters<typeof Command.make<string, typeof input>>[1]["recall"] = (events) => {
  const { kind: _kind, ...data } = Command.recorded(events, "WalletRegistered")
  return data
}

/** The address is derived from the wallet's id beforehand, so that a refusal leaves no key behind. @category commands */
export const RegisterManagedWallet = Command.make("RegisterManagedWallet", {
  input,
  *decide(data, _personal, context) {
    return yield* register("managed", data, context)
  },
  recall: recallWallet
})

/** @category commands */
export const RegisterGenericWallet = Command.make("RegisterGenericWallet", {
  input,
  *decide(data, _personal, context) {
    return yield* register("generic", data, context)
  },
  recall: recallWallet
})

/** Whether transfers from others may arrive. What is on its way arrives in any case. @category commands */
export const SetReceiving = Command.make("SetReceiving", {
  input: { walletId: WalletId, receivingEnabled: Schema.Boolean },
  *decide({ walletId, receivingEnabled }, _personal, context) {
    const wallet = yield* find(walletId, context)
    yield* Investor.find(wallet.investorId, context)
    return wallet.receivingEnabled === receivingEnabled ? [] : [WalletReceivingSet.make({ walletId, receivingEnabled })]
  },
  recall: (events) => Command.recorded(events, "WalletReceivingSet")
})
