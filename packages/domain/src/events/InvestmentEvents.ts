/**
 * Facts about investments: signed, identified, accepted, paid, given a wallet, ended. None of them says a status.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { CampaignId, DocumentId, InvestmentId, InvestorId, ProductId, WalletId } from "../Id.ts"
import { InvestmentEnd } from "../InvestmentStatus.ts"
import { Money } from "../Money.ts"
import { campaignTag, documentTags, investmentTag, investorTag, productTag, walletTag } from "../Tag.ts"
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
  personal: { fields: signedDocumentsPersonal, subject: (data) => investorTag(data.investorId) },
  tags: (data) => [
    investmentTag(data.investmentId),
    investorTag(data.investorId),
    campaignTag(data.campaignId),
    ...documentTags(data.documentIds)
  ]
})

export const InvestmentIdentified = define("InvestmentIdentified", {
  data: { investmentId: InvestmentId, investorId: InvestorId },
  tags: (data) => [investmentTag(data.investmentId), investorTag(data.investorId)]
})

export const InvestmentAccepted = define("InvestmentAccepted", {
  data: { investmentId: InvestmentId, acceptedAt: Timestamp },
  tags: (data) => [investmentTag(data.investmentId)]
})

export const InvestmentPaid = define("InvestmentPaid", {
  data: { investmentId: InvestmentId, paidAt: Timestamp },
  tags: (data) => [investmentTag(data.investmentId)]
})

export const WalletAssigned = define("WalletAssigned", {
  data: { investmentId: InvestmentId, walletId: WalletId },
  tags: (data) => [investmentTag(data.investmentId)]
})

export const InvestmentEnded = define("InvestmentEnded", {
  data: {
    investmentId: InvestmentId,
    investorId: InvestorId,
    campaignId: CampaignId,
    units: Units,
    status: InvestmentEnd,
    endedAt: Timestamp,
    /** The registrar cancelled although the period was over. */
    late: Schema.Boolean
  },
  tags: (data) => [investmentTag(data.investmentId), investorTag(data.investorId), campaignTag(data.campaignId)]
})

export const InvestmentCancelledAfterDelivery = define("InvestmentCancelledAfterDelivery", {
  data: {
    investmentId: InvestmentId,
    productId: ProductId,
    walletId: WalletId,
    cancelledAt: Timestamp,
    late: Schema.Boolean
  },
  tags: (data) => [investmentTag(data.investmentId), productTag(data.productId), walletTag(data.walletId)]
})
