/**
 * Investments: signed, accepted, paid, delivered. For platforms; the issuer's part is {@link IssuerInvestments}.
 */
import {
  CampaignId,
  DocumentId,
  InvestmentId,
  InvestmentStatus,
  InvestorId,
  maximumNamedDocuments,
  ProductId,
  Text,
  Timestamp,
  Units,
  WalletId
} from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import type { Page, PageOptions } from "./Page.ts"
import { erasable, wire } from "./Wire.ts"

/** A document the investor signed. @category models */
export const SignedDocument = wire({
  documentId: DocumentId,
  category: Text,
  subject: Text
})
export type SignedDocument = typeof SignedDocument.Type

/** A subscription. @category inputs */
export const CreateInvestment = wire({
  campaignId: CampaignId,
  investorId: InvestorId,
  units: Units,
  /** Needed: web-based subscription is not offered. */
  signedAt: Schema.optionalKey(Timestamp),
  /** Present if the issuer's acceptance is given already. */
  acceptedAt: Schema.optionalKey(Timestamp),
  /** Present if the money has arrived already. */
  paidAt: Schema.optionalKey(Timestamp),
  signedDocuments: Schema.optionalKey(Schema.Array(SignedDocument).check(Schema.isMaxLength(maximumNamedDocuments))),
  /** The wallet the units shall be credited to. */
  wallet: Schema.optionalKey(WalletId)
})
export type CreateInvestment = typeof CreateInvestment.Type

/** Later acceptance, payment or choice of the wallet. What is set already may be repeated, not changed. @category inputs */
export const AmendInvestment = wire({
  acceptedAt: Schema.optionalKey(Timestamp),
  paidAt: Schema.optionalKey(Timestamp),
  wallet: Schema.optionalKey(WalletId)
})
export type AmendInvestment = typeof AmendInvestment.Type

/** The investor's cancellation. @category inputs */
export const CancelInvestment = wire({
  /** When the investor declared it. Missing means now. */
  cancelledAt: Schema.optionalKey(Timestamp)
})
export type CancelInvestment = typeof CancelInvestment.Type

/** An investment, whole: what is not known is null, never absent. @category models */
export const Investment = wire({
  id: InvestmentId,
  status: InvestmentStatus,
  campaignId: Schema.NullOr(CampaignId),
  productId: ProductId,
  investorId: InvestorId,
  units: Units,
  /** Falls when a redemption succeeded; 0 once ended without delivery. */
  remainingUnits: Schema.Int,
  wallet: Schema.NullOr(WalletId),
  signedAt: Schema.NullOr(Timestamp),
  acceptedAt: Schema.NullOr(Timestamp),
  paidAt: Schema.NullOr(Timestamp),
  deliveredAt: Schema.NullOr(Timestamp),
  signedDocuments: Schema.Array(wire({ documentId: DocumentId, category: erasable(Text), subject: erasable(Text) })),
  disagio: Schema.Null,
  accruedInterest: Schema.Null,
  createdAt: Timestamp
})
export type Investment = typeof Investment.Type

/** @category services */
export class Investments extends Context.Service<
  Investments,
  {
    readonly create: (input: CreateInvestment, options?: CommandOptions) => Effect.Effect<Investment, CommandFailure>
    readonly get: (id: InvestmentId) => Effect.Effect<Investment, ReadFailure>
    readonly list: (page?: PageOptions) => Effect.Effect<Page<Investment>, ReadFailure>
    readonly amend: (
      id: InvestmentId,
      input: AmendInvestment,
      options?: CommandOptions
    ) => Effect.Effect<Investment, CommandFailure>
    readonly cancel: (
      id: InvestmentId,
      input: CancelInvestment,
      options?: CommandOptions
    ) => Effect.Effect<Investment, CommandFailure>
  }
>()("effekten/services/Investments") {}

/** What the issuer decides about a subscription. @category services */
export class IssuerInvestments extends Context.Service<
  IssuerInvestments,
  {
    /** Refuses the order instead of accepting it: `REJECTION`. */
    readonly reject: (id: InvestmentId, options?: CommandOptions) => Effect.Effect<void, CommandFailure>
  }
>()("effekten/services/IssuerInvestments") {}
