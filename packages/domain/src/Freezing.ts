/**
 * Freezes: nothing new leaves a frozen wallet, and frozen units do not leave their holding, on a legal basis. For the registrar, and for the
 * decisions that take units.
 *
 * What is in flight settles, and units still arrive. Frozen units are a number of a holding, whichever lots they are in.
 */
import { Schema } from "effect"
import { Basis } from "./Basis.ts"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import { filing } from "./events/Filing.ts"
import { UnitsFrozen, UnitsUnfrozen, WalletFrozen, WalletUnfrozen } from "./events/FreezingEvents.ts"
import * as Holding from "./Holding.ts"
import { ProductId, WalletId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import * as Tag from "./Tag.ts"
import { isUnits } from "./Units.ts"
import * as Wallet from "./Wallet.ts"

/**
 * Whether a wallet is frozen. Apart from the wallet itself: only what takes from a wallet asks for it.
 *
 * @category decision models
 */
export const ofWallet = (id: WalletId) =>
  decisionModel({
    name: "WalletFreeze",
    types: ["WalletFrozen", "WalletUnfrozen"],
    tags: [Tag.wallet(id)],
    initial: false,
    evolve: (_frozen: boolean, { type }: Recorded<"WalletFrozen" | "WalletUnfrozen">): boolean =>
      type === "WalletFrozen"
  })

/** Nothing is written about an erased investor. */
function* findWallet(id: WalletId, context: DecisionContext): Generator<Read | Refuse, Wallet.State, any> {
  const wallet = yield* Wallet.find(id, context)
  yield* Investor.find(wallet.investorId, context)
  return wallet
}

const wallet = { walletId: WalletId, basis: Basis }

/** A wallet that is frozen already: no change, on whatever basis. @category commands */
export const FreezeWallet = Command.make("FreezeWallet", {
  input: wallet,
  personal: filing,
  *decide({ basis, walletId }, personal, context) {
    const { investorId } = yield* findWallet(walletId, context)
    return (yield* read(ofWallet(walletId))) ? [] : [WalletFrozen.make({ walletId, investorId, basis }, personal)]
  },
  recall: (events) => {
    const { basis, walletId } = Command.recorded(events, "WalletFrozen")
    return { walletId, basis }
  }
})

/** Frozen units stay frozen. @category commands */
export const UnfreezeWallet = Command.make("UnfreezeWallet", {
  input: wallet,
  personal: filing,
  *decide({ basis, walletId }, personal, context) {
    const { investorId } = yield* findWallet(walletId, context)
    return (yield* read(ofWallet(walletId))) ? [WalletUnfrozen.make({ walletId, investorId, basis }, personal)] : []
  },
  recall: (events) => {
    const { basis, walletId } = Command.recorded(events, "WalletUnfrozen")
    return { walletId, basis }
  }
})

const units = { walletId: WalletId, productId: ProductId, units: Schema.Finite, basis: Basis }

/** Binds free units only: neither reserved, nor blocked, nor frozen already. @category commands */
export const FreezeUnits = Command.make("FreezeUnits", {
  input: units,
  personal: filing,
  *decide(input, personal, context) {
    const { investorId } = yield* findWallet(input.walletId, context)
    if (!isUnits(input.units)) return yield* refuse({ code: "units_invalid" })
    const free = Holding.free(yield* read(Holding.model(input.productId, input.walletId)))
    if (input.units > free) return yield* refuse({ code: "insufficient_units", details: { free } })
    return [UnitsFrozen.make({ ...input, investorId }, personal)]
  },
  recall: (events) => {
    const { investorId: _investorId, ...input } = Command.recorded(events, "UnitsFrozen")
    return input
  }
})

/** Releases some or all of the frozen units of a holding. @category commands */
export const UnfreezeUnits = Command.make("UnfreezeUnits", {
  input: units,
  personal: filing,
  *decide(input, personal, context) {
    const { investorId } = yield* findWallet(input.walletId, context)
    if (!isUnits(input.units)) return yield* refuse({ code: "units_invalid" })
    const { frozen } = yield* read(Holding.model(input.productId, input.walletId))
    if (input.units > frozen) return yield* refuse({ code: "insufficient_frozen_units" })
    return [UnitsUnfrozen.make({ ...input, investorId }, personal)]
  },
  recall: (events) => {
    const { investorId: _investorId, ...input } = Command.recorded(events, "UnitsUnfrozen")
    return input
  }
})
