/**
 * Investments: the facts of one subscription, from signature to delivery or end, or of what a transfer has brought. For every command on
 * it, and for its status.
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

interface Common extends InvestmentStatus.Facts {
  readonly platform: PlatformId | null
  readonly investmentId: InvestmentId
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly units: Units
  /** Those named at signing, and those that were added later. */
  readonly documentIds: ReadonlyArray<DocumentId>
  /** All attempts to deliver are remembered, so that an old one that answers again is recognised. */
  readonly credits: ReadonlyArray<Credit.State>
}

/** An investor subscribed to units of a campaign. @category models */
export interface Subscribed extends Common {
  readonly _tag: "Subscribed"
  readonly campaignId: CampaignId
  readonly signedAt: Instant
  readonly acceptedAt: Timestamp | undefined
  readonly paidAt: Timestamp | undefined
  /** When an event made the status `ACCEPTED`, by its receipt; `undefined` in any other status. */
  readonly acceptedSince: Instant | undefined
  readonly end: InvestmentStatus.End | undefined
  readonly walletId: WalletId | undefined
  readonly paymentDays: number | undefined
  readonly cancellationDays: number | undefined
}

/** A transfer brought the units: delivered from the first moment, and signed, accepted and paid nowhere. @category models */
export interface Transferred extends Common {
  readonly _tag: "Transferred"
  readonly acceptedAt: undefined
  readonly paidAt: undefined
  readonly end: undefined
  readonly delivered: true
  readonly walletId: WalletId
}

/** @category models */
export type State = Subscribed | Transferred

/** The events that bring units of an investment into the register. @category values */
export const entering = ["UnitsCredited", "UnitsTransferred"] as const

type SubscriptionEvent = Recorded<
  | "InvestmentSigned"
  | "InvestmentIdentified"
  | "InvestmentReviewed"
  | "InvestmentAccepted"
  | "InvestmentPaid"
  | "WalletAssigned"
  | "InvestmentEnded"
  | "InvestmentCancelledAfterDelivery"
  | "CreditRequested"
  | "CreditSubmitted"
  | "UnitsCredited"
  | "CreditFailed"
  | "CreditOutcomeUnknown"
  | "RegisterChangeReversed"
>

const signed = ({ data, meta }: Recorded<"InvestmentSigned">): Subscribed => ({
  _tag: "Subscribed",
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

const received = ({ data }: Recorded<"UnitsTransferred">): Transferred => ({
  _tag: "Transferred",
  platform: data.recipientPlatform ?? null,
  investmentId: data.recipientInvestmentId,
  investorId: data.recipientInvestorId,
  productId: data.productId,
  units: data.units,
  cleared: true,
  reviewRequired: false,
  reviewed: false,
  acceptedAt: undefined,
  paidAt: undefined,
  end: undefined,
  delivered: true,
  walletId: data.targetWalletId,
  documentIds: [],
  credits: []
})

const withCredit = (state: Subscribed, event: Credit.Event): Subscribed => ({
  ...state,
  credits:
    event.type === "CreditRequested"
      ? [...state.credits, Credit.of(event)]
      : state.credits.map((credit) =>
          credit.id === event.data.creditId ? Task.after(credit, event.type, Credit.types) : credit
        )
})

/** Keeps `acceptedSince` beside a change of a fact that the status depends on. */
const withStatus = (before: Subscribed, after: Subscribed, event: SubscriptionEvent): Subscribed => {
  if (InvestmentStatus.of(after) !== "ACCEPTED") {
    return after.acceptedSince === undefined ? after : { ...after, acceptedSince: undefined }
  }
  return InvestmentStatus.of(before) === "ACCEPTED"
    ? after
    : { ...after, acceptedSince: instantOf(event.meta.receivedAt) }
}

const change = (state: Subscribed, event: Exclude<SubscriptionEvent, Recorded<"InvestmentSigned">>): Subscribed => {
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
    case "UnitsCredited":
      return { ...withCredit(state, event), delivered: true }
    // The status before delivery, which is `PAID` unless it has ended.
    case "RegisterChangeReversed":
      return { ...state, delivered: false }
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
      "UnitsTransferred",
      "CreditFailed",
      "CreditOutcomeUnknown",
      "RegisterChangeReversed"
    ],
    tags: [Tag.investment(id)],
    initial: undefined,
    evolve: (state: State | undefined, event): State | undefined => {
      if (event.type === "InvestmentSigned") return signed(event)
      if (event.type === "UnitsTransferred") return received(event)
      if (event.type === "SignedDocumentsAdded")
        return state && { ...state, documentIds: [...state.documentIds, ...event.data.documentIds] }
      return state?._tag === "Subscribed" ? change(state, event) : state
    }
  })

/** Whether a credit of it has no final outcome yet. @category predicates */
export const hasCreditInFlight = (investment: State): boolean =>
  investment.credits.some((credit) => isInFlight(credit.status))

/** The credit by which it is delivered: the last that succeeded, for earlier ones were reversed. @category computing */
export const deliveringCredit = ({ credits, delivered }: State): Credit.State | undefined =>
  delivered ? credits.findLast((credit) => credit.status === "succeeded") : undefined

/** The investment, for this client. @category predicates */
export function* find(id: InvestmentId, context: DecisionContext): Generator<Read | Refuse, State, any> {
  const investment = yield* visibleObject(yield* read(model(id)), context)
  return investment ?? (yield* refuse({ code: "investment_not_found" }))
}
