/**
 * Wallets of an investor. For the registrar's reads.
 */
import {
  walletTag,
  type EthereumAddress,
  type InvestorId,
  type PlatformId,
  type Timestamp,
  type WalletId,
  type WalletKind
} from "@effekten/domain"
import { recordedAt, type Projection } from "./Projection.ts"

/** A wallet. @category models */
export interface WalletState {
  readonly id: WalletId
  readonly investorId: InvestorId
  readonly platform: PlatformId | null
  readonly kind: WalletKind
  /** In lower case, as recorded. */
  readonly address: EthereumAddress
  readonly receivingEnabled: boolean
  readonly createdAt: Timestamp
}

/** Keyed by wallet, listed by investor. @category projections */
export const wallets: Projection<WalletState> = {
  name: "wallets",
  version: 1,
  types: ["WalletRegistered"],
  keys: (event) => (event.type === "WalletRegistered" ? [event.data.walletId] : []),
  evolve(state, event) {
    if (event.type !== "WalletRegistered") return state
    return {
      id: event.data.walletId,
      investorId: event.data.investorId,
      platform: event.meta.platform ?? null,
      kind: event.data.kind,
      address: event.data.address,
      receivingEnabled: event.data.receivingEnabled,
      createdAt: recordedAt(event)
    }
  },
  scope: (state) => state.investorId,
  query: (key) => [{ types: wallets.types, tags: [walletTag(key as WalletId)] }]
}
