/**
 * Facts about wallets: which investor an address belongs to, whether the investor has proven to have its key, and whether transfers may
 * arrive. For readers of the log. A body has no signature: that is personal.
 */
import { Schema } from "effect"
import { EthereumAddress } from "../EthereumAddress.ts"
import { Signature } from "../EthereumSignature.ts"
import { define } from "../Event.ts"
import { InvestorId, WalletId } from "../Id.ts"
import * as Tag from "../Tag.ts"

/** *Managed*: the custodian holds the key. *Generic*: an address the investor controls. @category schemas */
export const WalletKind = Schema.Literals(["managed", "generic"])
export type WalletKind = typeof WalletKind.Type

export const WalletRegistered = define("WalletRegistered", {
  data: {
    walletId: WalletId,
    investorId: InvestorId,
    kind: WalletKind,
    address: EthereumAddress,
    receivingEnabled: Schema.Boolean
  },
  tags: (data) => [Tag.wallet(data.walletId), Tag.investor(data.investorId), Tag.address(data.address)]
})

export const WalletReceivingSet = define("WalletReceivingSet", {
  data: { walletId: WalletId, receivingEnabled: Schema.Boolean },
  tags: (data) => [Tag.wallet(data.walletId)]
})

/** Versions of the text that is signed. @category schemas */
export const TextVersion = Schema.Literals([1])
export type TextVersion = typeof TextVersion.Type

/** Whose key signed is told by the body; the signature itself is forgotten with the investor. @category schemas */
export const addressProofPersonal = { signature: Signature }

export const AddressProven = define("AddressProven", {
  data: { walletId: WalletId, investorId: InvestorId, textVersion: TextVersion },
  personal: { fields: addressProofPersonal, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [Tag.wallet(data.walletId), Tag.investor(data.investorId)]
})
