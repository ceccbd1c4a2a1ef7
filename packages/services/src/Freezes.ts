/**
 * Freezes of wallets and of units, on a legal basis. For the registrar's side; never reached through the distribution API.
 */
import { Basis, Id, Text, Units } from "@effekten/domain"
import { input, optional, personal, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"

const decision = {
  /** By whose right (eWpG § 18(1)). */
  basis: plain(Basis.Basis),
  /** Where the decision is filed. It is forgotten with the investor, and so is the note. */
  reference: optional(personal(Text.NonEmpty)),
  note: optional(personal(Text.NonEmpty))
}

/** @category schemas */
export const FreezeWallet = input("FreezeWallet", decision)
export type FreezeWallet = typeof FreezeWallet.Type

/** @category schemas */
export const FreezeUnits = input("FreezeUnits", {
  productId: plain(Id.ProductId),
  units: plain(Units.Sent),
  ...decision
})
export type FreezeUnits = typeof FreezeUnits.Type

const ofWallet = ["investor_erased", "wallet_not_found"] as const
const example = { basis: "court", reference: "00 AB 1/26" } as const
const unitsExample = { product_id: "01a20498-e0fc-7404-b886-798a53ef800f", units: 15, ...example }

/** What leaves a wallet no more, until it is released. What is in flight settles; units still arrive. @category services */
export class Freezes extends Resource.Service<Freezes>()("effekten/services/Freezes", "freezes", {
  /** Nothing new leaves the wallet (`wallet_frozen`). A wallet that is frozen already is left as it is. */
  wallet: Operation.command({
    operation: "FreezeWallet",
    ids: [Id.WalletId],
    input: FreezeWallet,
    refusals: ofWallet,
    summary: "Freeze a wallet",
    example
  }),
  /** Ends the freeze of a wallet. Units of it that are frozen stay so. */
  releaseWallet: Operation.command({
    operation: "UnfreezeWallet",
    ids: [Id.WalletId],
    input: FreezeWallet,
    refusals: ofWallet,
    summary: "Release a frozen wallet",
    example
  }),
  /** Binds free units of a holding, whichever lots they are in: fewer can be redeemed or transferred (`insufficient_units`). */
  units: Operation.command({
    operation: "FreezeUnits",
    ids: [Id.WalletId],
    input: FreezeUnits,
    refusals: [...ofWallet, "insufficient_units"],
    summary: "Freeze units of a holding",
    example: unitsExample
  }),
  /** Releases some or all of them. More than are frozen is refused (`insufficient_frozen_units`). */
  releaseUnits: Operation.command({
    operation: "UnfreezeUnits",
    ids: [Id.WalletId],
    input: FreezeUnits,
    refusals: [...ofWallet, "insufficient_frozen_units"],
    summary: "Release frozen units of a holding",
    example: unitsExample
  })
}) {}
