/**
 * Wallets of an investor. For the registrar's reads.
 */
import { walletAfter, type WalletId, walletTag, walletTypes, type WalletState as DecidedWallet } from "@effekten/domain"
import { created, type Created, entity, withAdded } from "./Entity.ts"
import type { Projection } from "./Projection.ts"

/** A wallet. @category models */
export interface WalletState extends DecidedWallet, Created {}

/** Keyed by wallet, listed by investor. @category projections */
export const wallets: Projection<WalletState> = entity({
  name: "wallets",
  version: 1,
  types: walletTypes,
  key: (event) => event.data.walletId,
  evolve: withAdded(walletAfter, created),
  scope: (state) => state.investorId,
  query: (key) => [{ types: walletTypes, tags: [walletTag(key as WalletId)] }]
})
