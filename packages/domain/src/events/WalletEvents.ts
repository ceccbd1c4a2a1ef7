/**
 * Facts about wallets: which investor an address belongs to, and whether transfers may arrive. For readers of the log.
 */
import { Schema } from "effect"
import { EthereumAddress } from "../EthereumAddress.ts"
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
