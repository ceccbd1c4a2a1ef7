/**
 * Investments in the second model.
 */
import {
  dayLong,
  documentProblem,
  endIt,
  isWhole,
  liveCredit,
  millis,
  no,
  noop,
  noteAccepted,
  ok,
  type Rules,
  sees,
  stated,
  tooLate,
  touch,
  walletProblem
} from "./Asked.ts"
import type { Investment } from "./Objects.ts"

/** @category computing */
export const investmentRules = {
  SignInvestment: (world, asked, input) => {
    const i = input
    const investor = sees(asked, world.investors.get(i.investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    const campaign = world.campaigns.get(i.campaignId)
    if (!campaign || campaign.platform !== investor.platform) return no("campaign_not_found")
    const product = world.products.get(campaign.product)!
    if (i.signedAt === undefined) return no("signed_at_required")
    if (!isWhole(i.units)) return no("units_invalid")
    if (i.units % product.step) return no("units_not_multiple_of_step")
    const signed = millis(i.signedAt)
    const accepted = i.acceptedAt === undefined ? undefined : stated(asked, i.acceptedAt, signed)
    const paid = i.paidAt === undefined ? undefined : stated(asked, i.paidAt, signed)
    if (tooLate(world, asked, signed, accepted, paid)) return no("timestamp_in_future")
    if ((accepted ?? signed) < signed || (paid ?? signed) < signed) return no("timestamp_before_signing")
    if (i.documentIds.length > 50) return no("too_many_documents")
    const problem = documentProblem(world, i.documentIds, investor.platform)
    if (problem) return no(problem)
    const wallet = i.walletId === undefined ? undefined : walletProblem(world, asked, i.walletId, i.investorId)
    if (wallet) return no(wallet)
    if (world.kyc(investor) === "INSUFFICIENT") return no("kyc_insufficient")
    if (!product.listed.has(campaign.platform)) return no("product_not_listed")
    if (!campaign.open || asked.now < campaign.opens || asked.now > campaign.closes) return no("campaign_not_open")
    const room = product.units.filter((u) => u.campaign === i.campaignId && u.investment === undefined)
    if (room.length < i.units) return no("allocation_exhausted", room.length)
    for (const unit of room.slice(0, i.units)) unit.investment = i.investmentId
    const investment: Investment = {
      platform: investor.platform,
      transferred: false,
      investor: i.investorId,
      campaign: i.campaignId,
      product: campaign.product,
      units: i.units,
      agreed: `${i.disagio?.amount ?? null} ${i.accruedInterest?.amount ?? null}`,
      signed,
      cleared: world.kyc(investor) === "SUCCESS",
      review: campaign.review,
      accepted,
      paid,
      becameAccepted: undefined,
      end: undefined,
      delivered: undefined,
      delivery: 0,
      wallet: i.walletId,
      documents: [...i.documentIds],
      paymentDays: product.paymentDays,
      cancellationDays: product.cancellationDays
    }
    touch(world, asked, i.investorId, i.documentIds)
    world.investments.set(i.investmentId, investment)
    noteAccepted(world, asked, investment, "")
    return ok
  },
  AmendInvestment: (world, asked, input) => {
    const i = input
    const investment = sees(asked, world.investments.get(i.investmentId))
    if (!investment) return no("investment_not_found")
    if (investment.transferred) {
      const same =
        i.acceptedAt === undefined && i.paidAt === undefined && (i.walletId ?? investment.wallet) === investment.wallet
      return same ? noop : no("already_delivered")
    }
    const before = world.status(investment)
    const next = { ...investment }
    const fresh = (text: string | undefined, old: number | undefined) =>
      text !== undefined && !(old !== undefined && (text === "now" || millis(text) === old))
    if (fresh(i.acceptedAt, investment.accepted)) {
      if (investment.end) return no("investment_ended")
      if (investment.accepted !== undefined) return no("already_accepted")
      next.accepted = stated(asked, i.acceptedAt, investment.signed)
      if (tooLate(world, asked, next.accepted)) return no("timestamp_in_future")
      if (next.accepted < investment.signed) return no("timestamp_before_signing")
    }
    if (fresh(i.paidAt, investment.paid)) {
      if (investment.end) return no("investment_ended")
      if (investment.paid !== undefined) return no("already_paid")
      next.paid = stated(asked, i.paidAt, investment.signed)
      if (tooLate(world, asked, next.paid)) return no("timestamp_in_future")
      if (next.paid < investment.signed) return no("timestamp_before_signing")
    }
    if (i.walletId !== undefined && i.walletId !== investment.wallet) {
      if (investment.end) return no("investment_ended")
      if (investment.delivered) return no("already_delivered")
      if (liveCredit(world, i.investmentId)) return no("credit_in_flight")
      const problem = walletProblem(world, asked, i.walletId, investment.investor)
      if (problem) return no(problem)
      next.wallet = i.walletId
    }
    if (next.accepted === investment.accepted && next.paid === investment.paid && next.wallet === investment.wallet) {
      return noop
    }
    Object.assign(investment, next)
    noteAccepted(world, asked, investment, before)
    return ok
  },
  AddSignedDocuments: (world, asked, input) => {
    const { documentIds, investmentId } = input
    const investment = sees(asked, world.investments.get(investmentId))
    if (!investment) return no("investment_not_found")
    const investor = world.investors.get(investment.investor)!
    if (investor.erased) return no("investor_erased")
    const problem = documentProblem(world, documentIds, investor.platform)
    if (problem) return no(problem)
    if (documentIds.some((id) => investment.documents.includes(id))) return no("document_already_attached")
    if (investment.documents.length + documentIds.length > 50) return no("too_many_documents")
    if (documentIds.length === 0) return noop
    investment.documents.push(...documentIds)
    for (const id of documentIds) investor.documents.add(id)
    return ok
  },
  DecideReview: (world, asked, input) => {
    const id = input.investmentId
    const investment = sees(asked, world.investments.get(id))
    if (!investment) return no("investment_not_found")
    if (world.status(investment) !== "REVIEW_PENDING") return no("outside_review_not_open")
    if (!input.passed) {
      endIt(world, asked, id, investment, "REJECTION")
      return ok
    }
    investment.review = false
    noteAccepted(world, asked, investment, "REVIEW_PENDING")
    return ok
  },
  RejectInvestment: (world, asked, input) => {
    const id = input.investmentId
    const investment = sees(asked, world.investments.get(id))
    if (!investment) return no("investment_not_found")
    if (investment.end) return no("investment_ended")
    if (investment.delivered) return no("already_delivered")
    if (investment.accepted !== undefined) return no("already_accepted")
    endIt(world, asked, id, investment, "REJECTION")
    return ok
  },
  CancelInvestment: (world, asked, input) => {
    const id = input.investmentId
    const investment = sees(asked, world.investments.get(id))
    if (!investment) return no("investment_not_found")
    if (world.investors.get(investment.investor)!.erased) return no("investor_erased")
    if (investment.end) return no("investment_ended")
    if (investment.transferred) return no("not_cancellable")
    const cancelled = stated(asked, input.cancelledAt, investment.signed)
    if (tooLate(world, asked, cancelled)) return no("timestamp_in_future")
    if (cancelled < investment.signed) return no("timestamp_before_signing")
    if (liveCredit(world, id)) return no("credit_in_flight")
    const { accepted, cancellationDays } = investment
    const byRegistrar = input.late && asked.platform === undefined
    if (accepted !== undefined && !byRegistrar) {
      if (cancellationDays === undefined || cancelled > accepted + cancellationDays * dayLong) {
        return no("cancellation_period_over")
      }
    }
    if (!investment.delivered) {
      endIt(world, asked, id, investment, accepted === undefined ? "ABORTION" : "CANCELLATION")
      return ok
    }
    investment.end = "CANCELLATION"
    touch(world, asked, investment.investor)
    for (const unit of world.units(investment.product)) if (unit.investment === id) unit.blocked = true
    return ok
  },
  EnforcePaymentDeadline: (world, asked, input) => {
    const id = input.investmentId
    const investment = sees(asked, world.investments.get(id))
    if (!investment) return no("investment_not_found")
    if (investment.end) return no("investment_ended")
    if (world.status(investment) !== "ACCEPTED" || investment.paymentDays === undefined) {
      return no("deadline_not_reached")
    }
    const from = Math.max(investment.accepted!, investment.becameAccepted!)
    if (asked.now <= from + investment.paymentDays * dayLong) return no("deadline_not_reached")
    endIt(world, asked, id, investment, "PAYMENT_MISSING")
    return ok
  }
} satisfies Partial<Rules>
