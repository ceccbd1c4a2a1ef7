/**
 * Wallets: managed by the custodian, or an address the investor controls. One address belongs to one investor forever. For platforms.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type Decision, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import { EthereumAddress } from "./EthereumAddress.ts"
import { type WalletKind, WalletRegistered } from "./events/WalletEvents.ts"
import * as Investor from "./Investor.ts"
import { type InvestmentId, InvestorId, type PlatformId, WalletId } from "./Id.ts"
import { emptyList, withItems, type ChunkedList } from "./ChunkedList.ts"
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
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 1

/** @category values */
export const types = ["WalletRegistered"] as const

/** The wallet after one more of its events. @category computing */
export const after = (
  _wallet: State | undefined,
  { data, meta }: Recorded<(typeof types)[number]>
): State | undefined => {
  const { walletId, ...registered } = data
  return { id: walletId, platform: platformOf(meta), ...registered }
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
  /** Over all products, blocked and reserved ones included. */
  readonly held: UnitCount
  /** The investments that were delivered here. */
  readonly delivered: ChunkedList<InvestmentId>
  /** When units last came or went, or a delivered investment was cancelled. */
  readonly lastAt: Instant | undefined
}

const empty: UnitsInState = { held: 0, delivered: emptyList, lastAt: undefined }

/** What is held in a wallet over all products. @category decision models */
export const unitsIn = (id: WalletId) =>
  decisionModel({
    name: "WalletUnits",
    version: 1,
    types: ["UnitsCredited", "UnitsRedeemed", "InvestmentCancelledAfterDelivery"],
    tags: [Tag.wallet(id)],
    initial: empty,
    evolve: (state: UnitsInState, event): UnitsInState => {
      const receivedAt = instantOf(event.meta.receivedAt)
      const lastAt = laterOf(receivedAt, state.lastAt ?? receivedAt)
      switch (event.type) {
        case "UnitsCredited":
          return {
            held: state.held + event.data.units,
            delivered: withItems(state.delivered, [event.data.investmentId]),
            lastAt
          }
        case "UnitsRedeemed":
          return { ...state, held: state.held - event.data.units, lastAt }
        case "InvestmentCancelledAfterDelivery":
          return { ...state, lastAt }
      }
    }
  })

/** By which wallet an address is taken. @category decision models */
export const atAddress = (address: EthereumAddress) =>
  decisionModel({
    name: "Address",
    types: types,
    tags: [Tag.address(address)],
    initial: undefined,
    evolve: after
  })

/** A wallet of this investor, for this client. @category predicates */
export function* findOf(
  investorId: InvestorId,
  walletId: WalletId,
  context: DecisionContext
): Generator<Read | Refuse, State, any> {
  const wallet = yield* Investor.visibleObject(yield* read(model(walletId)), context)
  if (wallet === undefined) return yield* refuse({ code: "wallet_not_found" })
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
