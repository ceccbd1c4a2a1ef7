/**
 * Credits and redemptions: work for the ledger that takes its time. For platforms, and for the person who resolves what nobody knows.
 */
import {
  CreditId,
  InvestmentId,
  InvestorId,
  ProductId,
  RedemptionId,
  TaskStatus,
  Timestamp,
  Units,
  Verdict,
  WalletId
} from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import type { Page, PageOptions } from "./Page.ts"
import { wire } from "./Wire.ts"

/** Adding an investment's units to its wallet. @category models */
export const Credit = wire({
  id: CreditId,
  investmentId: InvestmentId,
  walletId: WalletId,
  units: Units,
  status: TaskStatus,
  createdAt: Timestamp
})
export type Credit = typeof Credit.Type

/** Units to take from a wallet for good. Which lots: first in, first out. @category inputs */
export const CreateRedemption = wire({
  investorId: InvestorId,
  productId: ProductId,
  walletId: WalletId,
  units: Units
})
export type CreateRedemption = typeof CreateRedemption.Type

/** The API spells a redemption's success `success`. @category models */
export const RedemptionStatus = Schema.Literals(["processing", "success", "failed", "unknown"])
export type RedemptionStatus = typeof RedemptionStatus.Type

/** @category models */
export const Redemption = wire({
  id: RedemptionId,
  investorId: InvestorId,
  productId: ProductId,
  walletId: WalletId,
  units: Units,
  status: RedemptionStatus,
  createdAt: Timestamp
})
export type Redemption = typeof Redemption.Type

/** @category services */
export class Credits extends Context.Service<
  Credits,
  {
    /**
     * Starts the credit of an investment's units to its wallet. The answer says `processing`, whatever the ledger has said meanwhile; it
     * is given once the outcome is recorded, or after a bounded wait.
     */
    readonly create: (investment: InvestmentId, options?: CommandOptions) => Effect.Effect<Credit, CommandFailure>
    readonly get: (investment: InvestmentId, credit: CreditId) => Effect.Effect<Credit, ReadFailure>
    readonly list: (investment: InvestmentId, page?: PageOptions) => Effect.Effect<Page<Credit>, ReadFailure>
  }
>()("effekten/services/Credits") {}

/** @category services */
export class Redemptions extends Context.Service<
  Redemptions,
  {
    /** Starts a redemption. Answers as {@link Credits} does. */
    readonly create: (input: CreateRedemption, options?: CommandOptions) => Effect.Effect<Redemption, CommandFailure>
    readonly get: (id: RedemptionId) => Effect.Effect<Redemption, ReadFailure>
    readonly list: (page?: PageOptions) => Effect.Effect<Page<Redemption>, ReadFailure>
  }
>()("effekten/services/Redemptions") {}

/** The registrar's decisions on tasks whose outcome is unknown. @category services */
export class Resolutions extends Context.Service<
  Resolutions,
  {
    readonly credit: (
      investment: InvestmentId,
      credit: CreditId,
      verdict: Verdict,
      options?: CommandOptions
    ) => Effect.Effect<void, CommandFailure>
    readonly redemption: (
      id: RedemptionId,
      verdict: Verdict,
      options?: CommandOptions
    ) => Effect.Effect<void, CommandFailure>
  }
>()("effekten/services/Resolutions") {}
