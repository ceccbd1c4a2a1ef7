/**
 * Signing: an investor subscribes units of a campaign, which reserves them. For platforms.
 */
import { Schema } from "effect"
import * as Campaign from "./Campaign.ts"
import * as Command from "./Command.ts"
import { read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import * as Document from "./Document.ts"
import {
  InvestmentAccepted,
  InvestmentPaid,
  InvestmentSigned,
  signedDocumentsPersonal
} from "./events/InvestmentEvents.ts"
import { CampaignId, InvestmentId, InvestorId, WalletId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import { Money } from "./Money.ts"
import { maximumDocuments, maximumWaitingInvestments } from "./Policy.ts"
import * as Product from "./Product.ts"
import * as Times from "./Times.ts"
import { instantOf, Timestamp } from "./Timestamp.ts"
import { isUnits, type Units } from "./Units.ts"
import * as Wallet from "./Wallet.ts"

const input = {
  investmentId: InvestmentId,
  investorId: InvestorId,
  campaignId: CampaignId,
  units: Schema.Finite,
  signedAt: Schema.optionalKey(Timestamp),
  acceptedAt: Schema.optionalKey(Times.Stated),
  paidAt: Schema.optionalKey(Times.Stated),
  documentIds: Document.Named,
  walletId: Schema.optionalKey(WalletId),
  disagio: Schema.optionalKey(Money),
  accruedInterest: Schema.optionalKey(Money)
}

/** What an investor subscribes to. */
interface Offer {
  readonly campaignId: CampaignId
  readonly campaign: Campaign.State
  readonly product: Product.State
}

/** The campaign and its product, if they are offered on the investor's platform. */
function* findOffer(campaignId: CampaignId, investor: Investor.State): Generator<Read | Refuse, Offer, any> {
  const offered = yield* read(Campaign.model(campaignId))
  const campaign = offered?.platform === investor.platform ? offered : undefined
  const product = campaign && (yield* read(Product.model(campaign.productId)))
  if (campaign === undefined || product === undefined) return yield* refuse({ code: "campaign_not_found" })
  return { campaignId, campaign, product }
}

/** Whether the offer takes so many units from the investor now. */
function* checkRoom(
  { campaignId, campaign, product }: Offer,
  units: Units,
  investor: Investor.State,
  context: DecisionContext
): Generator<Read | Refuse, void, any> {
  if (investor.kycStatus === "INSUFFICIENT") yield* refuse({ code: "kyc_insufficient" })
  if (!product.listedOn.includes(campaign.platform)) yield* refuse({ code: "product_not_listed" })
  if (!Campaign.takesSubscriptions(campaign, context)) yield* refuse({ code: "campaign_not_open" })
  // Never compared by a sum, which could pass 2^53.
  const free = campaign.allocation - (yield* read(Campaign.used(campaignId)))
  if (units > free) yield* refuse({ code: "allocation_exhausted", details: { free } })
  if (investor.kycStatus === "SUCCESS") return
  const waiting = yield* read(Investor.waitingSubscriptions(investor.id))
  if (waiting.length >= maximumWaitingInvestments) yield* refuse({ code: "too_many_waiting_investments" })
}

/**
 * Acceptance and payment may be stated at once. Volume and allocation are settled here and not looked at again by the credit.
 *
 * @category commands
 */
export const SignInvestment = Command.make("SignInvestment", {
  input,
  personal: signedDocumentsPersonal,
  *decide(signing, personal, context) {
    const { investmentId, investorId, campaignId, units, walletId, documentIds, disagio, accruedInterest } = signing
    const investor = yield* Investor.find(investorId, context)
    const offer = yield* findOffer(campaignId, investor)
    const { productId, stepSize, paymentDays, cancellationDays } = offer.product.terms

    if (signing.signedAt === undefined) return yield* refuse({ code: "signed_at_required" })
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (units % stepSize !== 0) return yield* refuse({ code: "units_not_multiple_of_step" })
    const signedAt = instantOf(signing.signedAt)
    const acceptedAt = signing.acceptedAt && Times.statedInstant(signing.acceptedAt, signedAt, context)
    const paidAt = signing.paidAt && Times.statedInstant(signing.paidAt, signedAt, context)
    yield* Times.check(signedAt, [signedAt, acceptedAt, paidAt], context)
    if (documentIds.length > maximumDocuments) return yield* refuse({ code: "too_many_documents" })
    yield* Document.check(documentIds, investor.platform)
    if (walletId !== undefined) yield* Wallet.findOf(investorId, walletId, context)
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
    const data = Command.recorded(events, "InvestmentSigned")
    return {
      investmentId: data.investmentId,
      investorId: data.investorId,
      campaignId: data.campaignId,
      units: data.units,
      signedAt: data.signedAt,
      acceptedAt: Command.findRecorded(events, "InvestmentAccepted")?.data.acceptedAt,
      paidAt: Command.findRecorded(events, "InvestmentPaid")?.data.paidAt,
      documentIds: data.documentIds,
      walletId: data.walletId,
      disagio: data.disagio,
      accruedInterest: data.accruedInterest
    }
  }
})
