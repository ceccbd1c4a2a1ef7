/**
 * Signing: an investor subscribes units of a campaign, which reserves them. For platforms.
 */
import { Schema } from "effect"
import { Campaign, takesSubscriptions, Used } from "./Campaign.ts"
import { command, findRecorded, recorded } from "./Command.ts"
import { read, refuse } from "./Decision.ts"
import { checkDocuments, NamedDocuments } from "./Document.ts"
import {
  InvestmentAccepted,
  InvestmentPaid,
  InvestmentSigned,
  signedDocumentsPersonal
} from "./events/InvestmentEvents.ts"
import { CampaignId, InvestmentId, InvestorId, WalletId } from "./Id.ts"
import { findInvestor, WaitingSubscriptions } from "./Investor.ts"
import { Money } from "./Money.ts"
import { maximumDocuments, maximumWaitingInvestments } from "./Policy.ts"
import { Product } from "./Product.ts"
import { checkTimes, StatedTime, statedInstant } from "./Times.ts"
import { instantOf, Timestamp } from "./Timestamp.ts"
import { isUnits } from "./Units.ts"
import { findWalletOf } from "./Wallet.ts"

/**
 * Acceptance and payment may be stated at once. Volume and allocation are settled here and not looked at again by the credit.
 *
 * @category commands
 */
export const SignInvestment = command("SignInvestment", {
  input: {
    investmentId: InvestmentId,
    investorId: InvestorId,
    campaignId: CampaignId,
    units: Schema.Finite,
    signedAt: Schema.optionalKey(Timestamp),
    acceptedAt: Schema.optionalKey(StatedTime),
    paidAt: Schema.optionalKey(StatedTime),
    documentIds: NamedDocuments,
    walletId: Schema.optionalKey(WalletId),
    disagio: Schema.optionalKey(Money),
    accruedInterest: Schema.optionalKey(Money)
  },
  personal: signedDocumentsPersonal,
  *decide(input, personal, context) {
    const { investmentId, investorId, campaignId, units, walletId, documentIds, disagio, accruedInterest } = input
    const investor = yield* findInvestor(investorId, context)
    const offered = yield* read(Campaign(campaignId))
    const campaign = offered?.platform === investor.platform ? offered : undefined
    const product = campaign && (yield* read(Product(campaign.productId)))
    if (campaign === undefined || product === undefined) return yield* refuse({ code: "campaign_not_found" })

    if (input.signedAt === undefined) return yield* refuse({ code: "signed_at_required" })
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (units % product.terms.stepSize !== 0) return yield* refuse({ code: "units_not_multiple_of_step" })
    const signedAt = instantOf(input.signedAt)
    const acceptedAt = input.acceptedAt && statedInstant(input.acceptedAt, signedAt, context)
    const paidAt = input.paidAt && statedInstant(input.paidAt, signedAt, context)
    yield* checkTimes(signedAt, [signedAt, acceptedAt, paidAt], context)
    if (documentIds.length > maximumDocuments) return yield* refuse({ code: "too_many_documents" })
    yield* checkDocuments(documentIds, investor.platform)
    if (walletId !== undefined) yield* findWalletOf(investorId, walletId, context)

    if (investor.kycStatus === "INSUFFICIENT") return yield* refuse({ code: "kyc_insufficient" })
    if (!product.listedOn.includes(campaign.platform)) return yield* refuse({ code: "product_not_listed" })
    if (!takesSubscriptions(campaign, context)) return yield* refuse({ code: "campaign_not_open" })
    // Never compared by a sum, which could pass 2^53.
    const free = campaign.allocation - (yield* read(Used(campaignId)))
    if (units > free) return yield* refuse({ code: "allocation_exhausted", details: { free } })
    const cleared = investor.kycStatus === "SUCCESS"
    if (!cleared && (yield* read(WaitingSubscriptions(investorId))).length >= maximumWaitingInvestments) {
      return yield* refuse({ code: "too_many_waiting_investments" })
    }

    const { paymentDays, cancellationDays } = product.terms
    const signing = InvestmentSigned.make(
      {
        investmentId,
        investorId,
        campaignId,
        productId: campaign.productId,
        units,
        signedAt: signedAt.text,
        kyc: cleared ? "cleared" : "waiting",
        reviewRequired: campaign.reviewRequired,
        walletId,
        documentIds,
        paymentDays,
        cancellationDays,
        disagio,
        accruedInterest
      },
      personal
    )
    return [
      signing,
      ...(acceptedAt ? [InvestmentAccepted.make({ investmentId, acceptedAt: acceptedAt.text })] : []),
      ...(paidAt ? [InvestmentPaid.make({ investmentId, paidAt: paidAt.text })] : [])
    ]
  },
  recall: (events) => {
    const data = recorded(events, "InvestmentSigned")
    return {
      investmentId: data.investmentId,
      investorId: data.investorId,
      campaignId: data.campaignId,
      units: data.units,
      signedAt: data.signedAt,
      acceptedAt: findRecorded(events, "InvestmentAccepted")?.data.acceptedAt,
      paidAt: findRecorded(events, "InvestmentPaid")?.data.paidAt,
      documentIds: data.documentIds,
      walletId: data.walletId,
      disagio: data.disagio,
      accruedInterest: data.accruedInterest
    }
  }
})
