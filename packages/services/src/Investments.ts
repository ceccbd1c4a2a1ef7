/**
 * Investments: signed, accepted, paid, delivered. For platforms; the issuer's part is {@link IssuerInvestments}.
 */
import { Id, InvestmentStatus, Money, Policy, Text, Timestamp, Units } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, optional, personal, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { listed } from "./Shape.ts"
import type { Spellings } from "./Spellings.ts"

const signedDocument = { documentId: plain(Id.DocumentId), category: personal(Text.Text), subject: personal(Text.Text) }

/** A document the investor signed. @category models */
export const SignedDocument = input("SignedDocument", signedDocument)
export type SignedDocument = typeof SignedDocument.Type

/** A signed document as an investment shows it. @category models */
export const ShownDocument = answer("ShownDocument", signedDocument)

/** A signed document by itself. Within its investment it has the id of the document. @category models */
export const InvestmentDocument = answer("InvestmentDocument", {
  id: Id.DocumentId,
  ...signedDocument,
  createdAt: Timestamp.Timestamp
})
export type InvestmentDocument = typeof InvestmentDocument.Type

/** @category schemas */
export const signedDocumentAnswer = Answer.first("InvestmentDocument", InvestmentDocument)

const investment = {
  campaignId: plain(Id.CampaignId),
  investorId: plain(Id.InvestorId),
  units: plain(Units.Sent),
  /** Needed: web-based subscription is not offered. */
  signedAt: optional(plain(Timestamp.Timestamp)),
  /** Present if the issuer's acceptance is given already. */
  acceptedAt: optional(plain(Timestamp.Timestamp)),
  /** Present if the money has arrived already. */
  paidAt: optional(plain(Timestamp.Timestamp)),
  signedDocuments: {
    input: Schema.optionalKey(Schema.Array(SignedDocument).check(Schema.isMaxLength(Policy.maximumNamedDocuments))),
    answer: Schema.Array(ShownDocument)
  },
  /** The wallet the units shall be credited to. */
  wallet: optional(plain(Id.WalletId)),
  /** What the investor pays less than the price. */
  disagio: optional(plain(Money.SentReduction)),
  /** What the investor pays for interest that has run up; negative, what is paid back to the investor. */
  accruedInterest: optional(plain(Money.Sent))
}

/** How programs of other generations write it. */
const ofInvestment: Spellings = {
  spellings: [
    { member: "/campaign_id", names: ["campaign"] },
    { member: "/investor_id", names: ["investor"] },
    { member: "/units", names: ["amount"] },
    { member: "/wallet", names: ["wallet_id"] }
  ]
}

/** A subscription. @category schemas */
export const CreateInvestment = input("CreateInvestment", investment)
export type CreateInvestment = typeof CreateInvestment.Type

const fixed = "It is fixed at creation."
const computed = "The register computes it."

/** How programs of other generations write it. */
const ofAmendment: Spellings = {
  spellings: [{ member: "/wallet", names: ["wallet_id"] }],
  notOffered: {
    campaign_id: fixed,
    campaign: fixed,
    investor_id: fixed,
    investor: fixed,
    units: fixed,
    amount: fixed,
    signed_at: fixed,
    signed_documents: "Add them under signed-documents/ of the investment.",
    disagio: fixed,
    accrued_interest: fixed,
    status: computed,
    remaining_units: computed,
    delivered_at: computed,
    cancelled_at: "Cancel the investment instead."
  }
}

/**
 * Later acceptance, payment or choice of the wallet: at least one. What is set already may be repeated, not changed.
 *
 * @category schemas
 */
export const AmendInvestment = input("AmendInvestment", {
  acceptedAt: investment.acceptedAt,
  paidAt: investment.paidAt,
  wallet: investment.wallet
}).check(Schema.isMinProperties(1, { expected: "a member to set: accepted_at, paid_at or wallet" }))
export type AmendInvestment = typeof AmendInvestment.Type

/** The investor's cancellation. @category schemas */
export const CancelInvestment = input("CancelInvestment", {
  /** When the investor declared it. Missing means now. */
  cancelledAt: optional(plain(Timestamp.Timestamp))
})
export type CancelInvestment = typeof CancelInvestment.Type

/** What an investment is of, and how far it has come. */
const begun = {
  id: Id.InvestmentId,
  status: listed(InvestmentStatus.InvestmentStatus),
  campaignId: Schema.NullOr(Id.CampaignId),
  productId: Id.ProductId
}

/** How many units it brought, and has. */
const units = {
  units: investment.units,
  /**
   * Of `units`, what is neither redeemed nor transferred away nor reversed, delivered or not: before the delivery it equals `units`. 0 once
   * ended without delivery. Of frozen units it says nothing.
   */
  remainingUnits: Schema.Int
}

const dates = {
  signedAt: investment.signedAt,
  acceptedAt: investment.acceptedAt,
  paidAt: investment.paidAt,
  deliveredAt: Schema.NullOr(Timestamp.Timestamp)
}

/** What every version shows before what was agreed. */
const shown = {
  ...begun,
  investorId: investment.investorId,
  ...units,
  wallet: investment.wallet,
  ...dates,
  signedDocuments: investment.signedDocuments
}

const createdAt = Timestamp.Timestamp

/** The first version, from when no reduction could be agreed. */
const InvestmentOfBefore = answer("Investment1", {
  ...shown,
  disagio: Schema.Null,
  accruedInterest: Schema.Null,
  createdAt
})

/**
 * A whole investment: an unknown member is null, never absent. What a transfer brought has neither campaign nor dates of a subscription.
 *
 * @category models
 */
export const Investment = answer("Investment", {
  ...shown,
  disagio: investment.disagio,
  accruedInterest: investment.accruedInterest,
  createdAt
})
export type Investment = typeof Investment.Type

/** @category schemas */
export const investmentAnswer = Answer.next(
  Answer.first("Investment", InvestmentOfBefore),
  2,
  Investment,
  (before) => before
)

/** What is shown of an investment to a reader that may not learn whose it is. @category schemas */
export const anonymousInvestment = {
  ...begun,
  ...units,
  ...dates,
  disagio: investment.disagio,
  accruedInterest: investment.accruedInterest,
  createdAt
}

/** @category services */
export class Investments extends Resource.Served<Investments>()("effekten/services/Investments", "investments", {
  create: Operation.command({
    operation: "SignInvestment",
    route: "POST /v2/investments/",
    scope: "investments:write",
    ids: [],
    input: CreateInvestment,
    reads: ofInvestment,
    answer: investmentAnswer,
    refusals: [
      "allocation_exhausted",
      "campaign_not_found",
      "campaign_not_open",
      "document_not_found",
      "document_repeated",
      "investor_erased",
      "investor_not_found",
      "kyc_insufficient",
      "product_not_listed",
      "signed_at_required",
      "timestamp_before_signing",
      "timestamp_in_future",
      "too_many_documents",
      "too_many_waiting_investments",
      "units_not_multiple_of_step",
      "wallet_not_found",
      "wallet_of_other_investor"
    ],
    summary: "Create an investment",
    example: {
      campaign_id: "01a20498-e100-7457-a6b0-8c94fc43d4ee",
      investor_id: "01a20498-e104-7063-9ae9-4e903587f58b",
      units: 300,
      signed_at: "2024-05-06T07:14:13.630308+00:00",
      accepted_at: "2024-05-06T07:14:13.630308+00:00",
      paid_at: "2024-05-06T07:14:13.630308+00:00",
      signed_documents: [
        { document_id: "01a20498-e10a-733b-add5-d192085b012c", category: "contract", subject: "subscription form" }
      ],
      wallet: "01a20498-e111-7329-8369-ea75342fd9f2"
    }
  }),
  list: Operation.list({
    reading: "ListInvestments",
    route: "GET /v2/investments/",
    scope: "investments:read",
    ids: [],
    filters: {
      campaignId: Id.CampaignId,
      productId: Id.ProductId,
      investorId: Id.InvestorId,
      status: InvestmentStatus.InvestmentStatus
    },
    answer: investmentAnswer,
    refusals: [],
    summary: "List investments"
  }),
  get: Operation.read({
    reading: "GetInvestment",
    route: "GET /v2/investments/:id/",
    scope: "investments:read",
    ids: [Id.InvestmentId],
    answer: investmentAnswer,
    refusals: ["investment_not_found"],
    summary: "Read an investment"
  }),
  amend: Operation.command({
    operation: "AmendInvestment",
    route: "PATCH /v2/investments/:id/",
    scope: "investments:write",
    key: "optional",
    ids: [Id.InvestmentId],
    input: AmendInvestment,
    reads: ofAmendment,
    answer: investmentAnswer,
    refusals: [
      "already_accepted",
      "already_delivered",
      "already_paid",
      "credit_in_flight",
      "investment_ended",
      "investment_not_found",
      "timestamp_before_signing",
      "timestamp_in_future",
      "wallet_not_found",
      "wallet_of_other_investor"
    ],
    summary: "Add acceptance, payment or a wallet",
    example: { paid_at: "2024-05-06T07:14:13.630308+00:00" }
  }),
  cancel: Operation.command({
    operation: "CancelInvestment",
    route: "POST /v2/investments/:id/cancellations/",
    scope: "investments:write",
    ids: [Id.InvestmentId],
    input: CancelInvestment,
    body: "optional",
    answer: investmentAnswer,
    refusals: [
      "cancellation_period_over",
      "credit_in_flight",
      "investment_ended",
      "investment_not_found",
      "investor_erased",
      "not_cancellable",
      "timestamp_before_signing",
      "timestamp_in_future"
    ],
    summary: "Cancel for the investor",
    description: "An extension of Effekten: the Distribution API has no such endpoint.",
    example: { cancelled_at: "2024-05-06T07:14:13.630308+00:00" }
  }),
  /** At any time, also after the investment has ended. */
  addDocument: Operation.command({
    operation: "AddSignedDocuments",
    route: "POST /v2/investments/:id/signed-documents/",
    scope: "investments:write",
    ids: [Id.InvestmentId],
    input: SignedDocument,
    answer: signedDocumentAnswer,
    refusals: [
      "document_already_attached",
      "document_not_found",
      "investment_not_found",
      "investor_erased",
      "too_many_documents"
    ],
    summary: "Add a signed document",
    example: {
      document_id: "01a20498-e10a-733b-add5-d192085b012c",
      category: "contract",
      subject: "supplement"
    }
  }),
  listDocuments: Operation.list({
    reading: "ListSignedDocuments",
    route: "GET /v2/investments/:id/signed-documents/",
    scope: "investments:read",
    ids: [Id.InvestmentId],
    answer: signedDocumentAnswer,
    refusals: ["investment_not_found"],
    summary: "List signed documents"
  })
}) {}

/** What the issuer decides about a subscription. @category services */
export class IssuerInvestments extends Resource.Service<IssuerInvestments>()(
  "effekten/services/IssuerInvestments",
  "issuer-investments",
  {
    /** Refuses the order instead of accepting it: `REJECTION`. */
    reject: Operation.bare({
      operation: "RejectInvestment",
      ids: [Id.InvestmentId],
      refusals: ["already_accepted", "already_delivered", "investment_ended", "investment_not_found"],
      summary: "Refuse the order instead of accepting it"
    })
  }
) {}

/** What an outside reviewer decided. @category schemas */
export const OutsideReview = Schema.Literals(["passed", "refused"])
export type OutsideReview = typeof OutsideReview.Type

/** A cancellation that the registrar enters. @category schemas */
export const EnterCancellation = input("EnterCancellation", {
  /** When it was declared. Missing means now. */
  cancelledAt: optional(plain(Timestamp.Timestamp)),
  /** The period is over, and the registrar enters it all the same. Default: no. */
  late: optional(plain(Schema.Boolean))
})
export type EnterCancellation = typeof EnterCancellation.Type

/** What the registrar decides about a subscription. @category services */
export class RegistrarInvestments extends Resource.Service<RegistrarInvestments>()(
  "effekten/services/RegistrarInvestments",
  "registrar-investments",
  {
    /** Passed, the subscription goes on; refused, it ends as `REJECTION`. */
    review: Operation.command({
      operation: "DecideReview",
      ids: [Id.InvestmentId],
      input: OutsideReview,
      refusals: ["investment_not_found", "outside_review_not_open"],
      summary: "Record what an outside reviewer decided",
      example: "passed"
    }),
    /** Before delivery it ends; after it the units stay with the investor, and can no longer be redeemed. */
    cancel: Operation.command({
      operation: "CancelInvestment",
      ids: [Id.InvestmentId],
      input: EnterCancellation,
      refusals: [
        "cancellation_period_over",
        "credit_in_flight",
        "investment_ended",
        "investment_not_found",
        "investor_erased",
        "not_cancellable",
        "timestamp_before_signing",
        "timestamp_in_future"
      ],
      summary: "Cancel for the investor, also late",
      example: { late: true }
    })
  }
) {}
