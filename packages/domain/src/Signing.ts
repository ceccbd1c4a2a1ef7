/**
 * Signing: an investor subscribes units of a campaign, which reserves them. For platforms.
 */
import { Schema } from "effect"
import { Campaign, type CampaignState, takesSubscriptions, Used } from "./Campaign.ts"
import { command, findRecorded, recorded } from "./Command.ts"
import { read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import { checkDocuments, NamedDocuments } from "./Document.ts"
import {
  InvestmentAccepted,
  InvestmentPaid,
  InvestmentSigned,
  signedDocumentsPersonal
} from "./events/InvestmentEvents.ts"
import { CampaignId, InvestmentId, InvestorId, WalletId } from "./Id.ts"
import { findInvestor, type InvestorState, WaitingSubscriptions } from "./Investor.ts"
import { Money } from "./Money.ts"
import { maximumDocuments, maximumWaitingInvestments } from "./Policy.ts"
import { Product, type ProductState } from "./Product.ts"
import { checkTimes, StatedTime, statedInstant } from "./Times.ts"
import { instantOf, Timestamp } from "./Timestamp.ts"
import { isUnits, type Units } from "./Units.ts"
import { findWalletOf } from "./Wallet.ts"

const input = {
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
}

/** What an investor subscribes to. */
interface Offer {
  readonly campaignId: CampaignId
  readonly campaign: CampaignState
  readonly product: ProductState
}

/** The campaign and its product, if they are offered on the investor's platform. */
function* findOffer(campaignId: CampaignId, investor: InvestorState): Generator<Read | Refuse, Offer, any> {
  const offered = yield* read(Campaign(campaignId))
  const campaign = offered?.platform === investor.platform ? offered : undefined
  const product = campaign && (yield* read(Product(campaign.productId)))
  if (campaign === undefined || product === undefined) return yield* refuse({ code: "campaign_not_found" })
  return { campaignId, campaign, product }
}

/** Whether the offer takes so many units from the investor now. */
function* checkRoom(
  { campaignId, campaign, product }: Offer,
  units: Units,
  investor: InvestorState,
  context: DecisionContext
): Generator<Read | Refuse, void, any> {
  if (investor.kycStatus === "INSUFFICIENT") yield* refuse({ code: "kyc_insufficient" })
  if (!product.listedOn.includes(campaign.platform)) yield* refuse({ code: "product_not_listed" })
  if (!takesSubscriptions(campaign, context)) yield* refuse({ code: "campaign_not_open" })
  // Never compared by a sum, which could pass 2^53.
  const free = campaign.allocation - (yield* read(Used(campaignId)))
  if (units > free) yield* refuse({ code: "allocation_exhausted", details: { free } })
  if (investor.kycStatus === "SUCCESS") return
  const waiting = yield* read(WaitingSubscriptions(investor.id))
  if (waiting.length >= maximumWaitingInvestments) yield* refuse({ code: "too_many_waiting_investments" })
}

/**
 * Acceptance and payment may be stated at once. Volume and allocation are settled here and not looked at again by the credit.
 *
 * @category commands
 */
export const SignInvestment = command("SignInvestment", {
  input,
  personal: signedDocumentsPersonal,
  *decide(signing, personal, context) {
    const { investmentId, investorId, campaignId, units, walletId, documentIds, disagio, accruedInterest } = signing
    const investor = yield* findInvestor(investorId, context)
    const offer = yield* findOffer(campaignId, investor)
    const { productId, stepSize, paymentDays, cancellationDays } = offer.product.terms

    if (signing.signedAt === undefined) return yield* refuse({ code: "signed_at_required" })
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (units % stepSize !== 0) return yield* refuse({ code: "units_not_multiple_of_step" })
    const signedAt = instantOf(signing.signedAt)
    const acceptedAt = signing.acceptedAt && statedInstant(signing.acceptedAt, signedAt, context)
    const paidAt = signing.paidAt && statedInstant(signing.paidAt, signedAt, context)
    yield* checkTimes(signedAt, [signedAt, acceptedAt, paidAt], context)
    if (documentIds.length > maximumDocuments) return yield* refuse({ code: "too_many_documents" })
    yield* checkDocuments(documentIds, investor.platform)
    if (walletId !== undefined) yield* findWalletOf(investorId, walletId, context)
    yield* checkRoom(offer, units, investor, context)

    const signed = InvestmentSigned.make(
      {
        investmentId,
        investorId,
        campaignId,
        productId,
        units,
        signedAt: signedAt.text,
        kyc: investor.kycStatus === "SUCCESS" ? "cleared" : "waiting",
        reviewRequired: offer.campaign.reviewRequired,
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
      signed,
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
