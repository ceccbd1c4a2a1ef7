/**
 * Wallets of an investor. For the registrar's reads.
 */
import { type Id, Tag, Wallet } from "@effekten/domain"
import { created, type Created, entity, withAdded } from "./Entity.ts"
import type { Projection } from "./Projection.ts"

/** A wallet. @category models */
export interface WalletState extends Wallet.State, Created {}

/** Keyed by wallet, listed by investor. @category projections */
export const wallets: Projection<WalletState> = entity({
  name: "wallets",
  // Its lists are chosen by kind since.
  version: Wallet.stateVersion + 1,
  types: Wallet.types,
  key: (event) => event.data.walletId,
  evolve: withAdded(Wallet.after, created),
  scope: (state) => state.investorId,
  filters: { type: (state) => `eth-${state.kind}`, receivingEnabled: (state) => String(state.receivingEnabled) },
  query: (key) => [{ types: Wallet.types, tags: [Tag.wallet(key as Id.WalletId)] }]
})
