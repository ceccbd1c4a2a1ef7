/**
 * Investments: the facts of one subscription, from signature to delivery or end. For every command on it, and for its status.
 */
import type { Recorded } from "./Catalogue.ts"
import * as Credit from "./Credit.ts"
import { decisionModel, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import type { CampaignId, DocumentId, InvestmentId, InvestorId, PlatformId, ProductId, WalletId } from "./Id.ts"
import * as InvestmentStatus from "./InvestmentStatus.ts"
import { visibleObject } from "./Investor.ts"
import { isInFlight } from "./TaskStatus.ts"
import * as Tag from "./Tag.ts"
import * as Task from "./Task.ts"
import { instantOf, type Instant, type Timestamp } from "./Timestamp.ts"
import type { Units } from "./Units.ts"
import { platformOf } from "./Visibility.ts"

/** @category models */
export interface State extends InvestmentStatus.Facts {
  readonly platform: PlatformId | null
  readonly investmentId: InvestmentId
  readonly investorId: InvestorId
  readonly campaignId: CampaignId
  readonly productId: ProductId
  readonly units: Units
  readonly signedAt: Instant
  readonly acceptedAt: Timestamp | undefined
  readonly paidAt: Timestamp | undefined
  /** When an event made the status `ACCEPTED`, by its receipt; `undefined` in any other status. */
  readonly acceptedSince: Instant | undefined
  readonly end: InvestmentStatus.End | undefined
  readonly walletId: WalletId | undefined
  /** Those named at signing, and those that were added later. */
  readonly documentIds: ReadonlyArray<DocumentId>
  readonly paymentDays: number | undefined
  readonly cancellationDays: number | undefined
  /** All attempts to deliver are remembered, so that an old one that answers again is recognised. */
  readonly credits: ReadonlyArray<Credit.State>
}

type InvestmentEvent = Recorded<
  | "InvestmentSigned"
  | "InvestmentIdentified"
  | "InvestmentReviewed"
  | "InvestmentAccepted"
  | "InvestmentPaid"
  | "WalletAssigned"
  | "SignedDocumentsAdded"
  | "InvestmentEnded"
  | "InvestmentCancelledAfterDelivery"
  | "CreditRequested"
  | "CreditSubmitted"
  | "UnitsCredited"
  | "CreditFailed"
  | "CreditOutcomeUnknown"
>

const signed = ({ data, meta }: Recorded<"InvestmentSigned">): State => ({
  platform: platformOf(meta),
  investmentId: data.investmentId,
  investorId: data.investorId,
  campaignId: data.campaignId,
  productId: data.productId,
  units: data.units,
  signedAt: instantOf(data.signedAt),
  cleared: data.kyc === "cleared",
  reviewRequired: data.reviewRequired,
  reviewed: false,
  acceptedAt: undefined,
  paidAt: undefined,
  acceptedSince: undefined,
  end: undefined,
  delivered: false,
  walletId: data.walletId,
  documentIds: data.documentIds,
  paymentDays: data.paymentDays,
  cancellationDays: data.cancellationDays,
  credits: []
})

const withCredit = (state: State, event: Credit.Event): State => ({
  ...state,
  credits:
    event.type === "CreditRequested"
      ? [...state.credits, Credit.of(event)]
      : state.credits.map((credit) =>
          credit.id === event.data.creditId ? Task.after(credit, event.type, Credit.types) : credit
        )
})

/** Keeps `acceptedSince` beside a change of a fact that the status depends on. */
const withStatus = (before: State, after: State, event: InvestmentEvent): State => {
  if (InvestmentStatus.of(after) !== "ACCEPTED") {
    return after.acceptedSince === undefined ? after : { ...after, acceptedSince: undefined }
  }
  return InvestmentStatus.of(before) === "ACCEPTED"
    ? after
    : { ...after, acceptedSince: instantOf(event.meta.receivedAt) }
}

const change = (state: State, event: Exclude<InvestmentEvent, Recorded<"InvestmentSigned">>): State => {
  switch (event.type) {
    case "InvestmentIdentified":
      return withStatus(state, { ...state, cleared: true }, event)
    case "InvestmentReviewed":
      return withStatus(state, { ...state, reviewed: true }, event)
    case "InvestmentAccepted":
      return withStatus(state, { ...state, acceptedAt: event.data.acceptedAt }, event)
    case "InvestmentPaid":
      return withStatus(state, { ...state, paidAt: event.data.paidAt }, event)
    case "InvestmentEnded":
      return withStatus(state, { ...state, end: event.data.status }, event)
    case "InvestmentCancelledAfterDelivery":
      return { ...state, end: "CANCELLATION" }
    case "WalletAssigned":
      return { ...state, walletId: event.data.walletId }
    case "SignedDocumentsAdded":
      return { ...state, documentIds: [...state.documentIds, ...event.data.documentIds] }
    case "UnitsCredited":
      return { ...withCredit(state, event), delivered: true }
    case "CreditRequested":
    case "CreditSubmitted":
    case "CreditFailed":
    case "CreditOutcomeUnknown":
      return withCredit(state, event)
  }
}

/** @category decision models */
export const model = (id: InvestmentId) =>
  decisionModel({
    name: "Investment",
    types: [
      "InvestmentSigned",
      "InvestmentIdentified",
      "InvestmentReviewed",
      "InvestmentAccepted",
      "InvestmentPaid",
      "WalletAssigned",
      "SignedDocumentsAdded",
      "InvestmentEnded",
      "InvestmentCancelledAfterDelivery",
      "CreditRequested",
      "CreditSubmitted",
      "UnitsCredited",
      "CreditFailed",
      "CreditOutcomeUnknown"
    ],
    tags: [Tag.investment(id)],
    initial: undefined,
    evolve: (state: State | undefined, event) =>
      event.type === "InvestmentSigned" ? signed(event) : state && change(state, event)
  })

/** Whether a credit of it has no final outcome yet. @category predicates */
export const hasCreditInFlight = (investment: State): boolean =>
  investment.credits.some((credit) => isInFlight(credit.status))

/** The investment, for this client. @category predicates */
export function* find(id: InvestmentId, context: DecisionContext): Generator<Read | Refuse, State, any> {
  const investment = yield* visibleObject(yield* read(model(id)), context)
  return investment ?? (yield* refuse({ code: "investment_not_found" }))
}
