/**
 * Facts about investments: signed, identified, accepted, paid, given a wallet, ended. For readers of the log. No event may say a status.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { CampaignId, DocumentId, InvestmentId, InvestorId, ProductId, WalletId } from "../Id.ts"
import * as InvestmentStatus from "../InvestmentStatus.ts"
import { Money } from "../Money.ts"
import * as Tag from "../Tag.ts"
import { Text } from "../Text.ts"
import { Timestamp } from "../Timestamp.ts"
import { Units } from "../Units.ts"
import { Days } from "./PlatformEvents.ts"

/** What a platform wrote about each signed document. @category schemas */
export const signedDocumentsPersonal = {
  signedDocuments: Schema.Array(Schema.Struct({ documentId: DocumentId, category: Text, subject: Text }))
}

export const InvestmentSigned = define("InvestmentSigned", {
  data: {
    investmentId: InvestmentId,
    investorId: InvestorId,
    campaignId: CampaignId,
    productId: ProductId,
    units: Units,
    signedAt: Timestamp,
    /** Whether the KYC gate was passed at signing, or waits for the identification. */
    kyc: Schema.Literals(["cleared", "waiting"]),
    reviewRequired: Schema.Boolean,
    walletId: Schema.optionalKey(WalletId),
    documentIds: Schema.Array(DocumentId),
    /** Terms bind as they stood at signing. */
    paymentDays: Schema.optionalKey(Days),
    cancellationDays: Schema.optionalKey(Days),
    disagio: Schema.optionalKey(Money),
    accruedInterest: Schema.optionalKey(Money)
  },
  personal: { fields: signedDocumentsPersonal, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [
    Tag.investment(data.investmentId),
    Tag.investor(data.investorId),
    Tag.campaign(data.campaignId),
    ...Tag.documents(data.documentIds)
  ]
})

export const InvestmentIdentified = define("InvestmentIdentified", {
  data: { investmentId: InvestmentId, investorId: InvestorId },
  tags: (data) => [Tag.investment(data.investmentId), Tag.investor(data.investorId)]
})

/** The outside review that the campaign asks for is passed. */
export const InvestmentReviewed = define("InvestmentReviewed", {
  data: { investmentId: InvestmentId },
  tags: (data) => [Tag.investment(data.investmentId)]
})

export const InvestmentAccepted = define("InvestmentAccepted", {
  data: { investmentId: InvestmentId, acceptedAt: Timestamp },
  tags: (data) => [Tag.investment(data.investmentId)]
})

export const InvestmentPaid = define("InvestmentPaid", {
  data: { investmentId: InvestmentId, paidAt: Timestamp },
  tags: (data) => [Tag.investment(data.investmentId)]
})

export const WalletAssigned = define("WalletAssigned", {
  data: { investmentId: InvestmentId, walletId: WalletId },
  tags: (data) => [Tag.investment(data.investmentId)]
})

/** Bears the investor's tag too: the documents go when the investor is erased. */
export const SignedDocumentsAdded = define("SignedDocumentsAdded", {
  data: { investmentId: InvestmentId, investorId: InvestorId, documentIds: Schema.Array(DocumentId) },
  personal: { fields: signedDocumentsPersonal, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [Tag.investment(data.investmentId), Tag.investor(data.investorId), ...Tag.documents(data.documentIds)]
})

export const InvestmentEnded = define("InvestmentEnded", {
  data: {
    investmentId: InvestmentId,
    investorId: InvestorId,
    campaignId: CampaignId,
    units: Units,
    status: InvestmentStatus.End,
    endedAt: Timestamp,
    /** The registrar cancelled although the period was over. */
    late: Schema.Boolean
  },
  tags: (data) => [Tag.investment(data.investmentId), Tag.investor(data.investorId), Tag.campaign(data.campaignId)]
})

export const InvestmentCancelledAfterDelivery = define("InvestmentCancelledAfterDelivery", {
  data: {
    investmentId: InvestmentId,
    productId: ProductId,
    walletId: WalletId,
    cancelledAt: Timestamp,
    late: Schema.Boolean
  },
  tags: (data) => [Tag.investment(data.investmentId), Tag.product(data.productId), Tag.wallet(data.walletId)]
})
