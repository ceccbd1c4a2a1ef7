/**
 * Wallets: managed (the custodian holds the key) and generic (the investor does). For platforms.
 */
import { InvestorId, Timestamp, WalletId, WrittenAddress } from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import type { Page, PageOptions } from "./Page.ts"
import { wire } from "./Wire.ts"

/** An address the investor controls. @category inputs */
export const CreateGenericWallet = wire({
  /** `0x` and 40 hexadecimal digits; in mixed case the checksum of EIP-55 must fit. */
  address: WrittenAddress,
  /** Whether transfers from others may arrive. Default: no. */
  receivingEnabled: Schema.optionalKey(Schema.Boolean)
})
export type CreateGenericWallet = typeof CreateGenericWallet.Type

/** @category models */
export const Wallet = wire({
  id: WalletId,
  investorId: InvestorId,
  type: Schema.Literals(["eth-managed", "eth-generic"]),
  /** In the mixed case of EIP-55. */
  address: WrittenAddress,
  receivingEnabled: Schema.Boolean,
  createdAt: Timestamp
})
export type Wallet = typeof Wallet.Type

/** @category services */
export class Wallets extends Context.Service<
  Wallets,
  {
    readonly createManaged: (investor: InvestorId, options?: CommandOptions) => Effect.Effect<Wallet, CommandFailure>
    readonly createGeneric: (
      investor: InvestorId,
      input: CreateGenericWallet,
      options?: CommandOptions
    ) => Effect.Effect<Wallet, CommandFailure>
    readonly get: (investor: InvestorId, wallet: WalletId) => Effect.Effect<Wallet, ReadFailure>
    readonly list: (investor: InvestorId, page?: PageOptions) => Effect.Effect<Page<Wallet>, ReadFailure>
  }
>()("effekten/services/Wallets") {}
