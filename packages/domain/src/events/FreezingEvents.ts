/**
 * Facts about freezes: a wallet that nothing new may leave, and units of a holding that may not. For readers of the log. A body holds the
 * legal basis; the file it belongs to, and what a person noted, are personal. By the tag of the investor they are disclosed.
 */
import { Basis } from "../Basis.ts"
import { define } from "../Event.ts"
import { InvestorId, ProductId, WalletId } from "../Id.ts"
import * as Tag from "../Tag.ts"
import { Units } from "../Units.ts"
import { filing } from "./Filing.ts"

interface OfWallet {
  readonly walletId: WalletId
  readonly investorId: InvestorId
}

const personal = { fields: filing, subject: (data: OfWallet) => Tag.investor(data.investorId) }

const wallet = { walletId: WalletId, investorId: InvestorId, basis: Basis }

const ofWallet = (data: OfWallet): ReadonlyArray<string> => [Tag.wallet(data.walletId), Tag.investor(data.investorId)]

export const WalletFrozen = define("WalletFrozen", { data: wallet, personal, tags: ofWallet })

export const WalletUnfrozen = define("WalletUnfrozen", { data: wallet, personal, tags: ofWallet })

const units = { walletId: WalletId, investorId: InvestorId, productId: ProductId, units: Units, basis: Basis }

const ofHolding = (data: OfWallet & { readonly productId: ProductId }): ReadonlyArray<string> => [
  Tag.product(data.productId),
  ...ofWallet(data)
]

export const UnitsFrozen = define("UnitsFrozen", { data: units, personal, tags: ofHolding })

export const UnitsUnfrozen = define("UnitsUnfrozen", { data: units, personal, tags: ofHolding })
