/**
 * Investments, from signature to the last unit redeemed. For the registrar's reads.
 */
import { type Id, InvestmentStatus, type Money, Tag, type Timestamp } from "@effekten/domain"
import { personalPosition, recordedAt, type LoggedEvent, type Projection } from "./Projection.ts"

/** An investment without what is personal: category and subject of its documents. @category models */
export interface InvestmentState {
  readonly id: Id.InvestmentId
  readonly platform: Id.PlatformId | null
  readonly investorId: Id.InvestorId
  readonly campaignId: Id.CampaignId
  readonly productId: Id.ProductId
  readonly status: InvestmentStatus.InvestmentStatus
  readonly units: number
  /** What the API shows: the units until delivery, then what the lot has left; 0 once ended without delivery. */
  readonly remainingUnits: number
  readonly walletId: Id.WalletId | null
  readonly signedAt: Timestamp.Timestamp
  readonly acceptedAt: Timestamp.Timestamp | null
  readonly paidAt: Timestamp.Timestamp | null
  /** When the delivery was recorded. */
  readonly deliveredAt: Timestamp.Timestamp | null
  readonly documentIds: ReadonlyArray<Id.DocumentId>
  /** What the investor pays less than the price, and for interest that has run up. */
  readonly disagio: Money.Money | null
  readonly accruedInterest: Money.Money | null
  readonly createdAt: Timestamp.Timestamp
  /** Positions of the events whose personal parts list the signed documents with category and subject. */
  readonly personalAt: ReadonlyArray<number>
  /** The facts behind the status that are not shown. */
  readonly cleared: boolean
  readonly reviewRequired: boolean
  readonly reviewed: boolean
  readonly end: InvestmentStatus.End | null
}

type Facts = Omit<InvestmentState, "status" | "remainingUnits">

/** Status and remaining units follow from the facts, by the domain's own rule. */
const shown = (facts: Facts, lotRemaining: number): InvestmentState => {
  const delivered = facts.deliveredAt !== null
  return {
    ...facts,
    status: InvestmentStatus.of({
      end: facts.end ?? undefined,
      delivered,
      cleared: facts.cleared,
      reviewRequired: facts.reviewRequired,
      reviewed: facts.reviewed,
      acceptedAt: facts.acceptedAt ?? undefined,
      paidAt: facts.paidAt ?? undefined
    }),
    remainingUnits: delivered ? lotRemaining : facts.end === null ? facts.units : 0
  }
}

const change = (
  state: InvestmentState,
  facts: Partial<Facts>,
  lotRemaining: number = state.remainingUnits
): InvestmentState => shown({ ...state, ...facts }, lotRemaining)

const unitsOf = (lots: ReadonlyArray<{ readonly investmentId: string; readonly units: number }>, key: string): number =>
  lots.reduce((sum, part) => (part.investmentId === key ? sum + part.units : sum), 0)

const evolve = (state: InvestmentState | undefined, event: LoggedEvent, key: string): InvestmentState | undefined => {
  if (event.type === "InvestmentSigned")
    return shown(
      {
        id: event.data.investmentId,
        platform: event.meta.platform ?? null,
        investorId: event.data.investorId,
        campaignId: event.data.campaignId,
        productId: event.data.productId,
        units: event.data.units,
        walletId: event.data.walletId ?? null,
        signedAt: event.data.signedAt,
        acceptedAt: null,
        paidAt: null,
        deliveredAt: null,
        documentIds: event.data.documentIds,
        disagio: event.data.disagio ?? null,
        accruedInterest: event.data.accruedInterest ?? null,
        createdAt: recordedAt(event),
        personalAt: personalPosition(event),
        cleared: event.data.kyc === "cleared",
        reviewRequired: event.data.reviewRequired,
        reviewed: false,
        end: null
      },
      0
    )
  if (state === undefined) return undefined
  switch (event.type) {
    case "InvestmentIdentified":
      return change(state, { cleared: true })
    case "InvestmentReviewed":
      return change(state, { reviewed: true })
    case "InvestmentAccepted":
      return change(state, { acceptedAt: event.data.acceptedAt })
    case "InvestmentPaid":
      return change(state, { paidAt: event.data.paidAt })
    case "WalletAssigned":
      return change(state, { walletId: event.data.walletId })
    case "SignedDocumentsAdded":
      return change(state, {
        documentIds: [...state.documentIds, ...event.data.documentIds],
        personalAt: [...state.personalAt, ...personalPosition(event)]
      })
    case "InvestmentEnded":
      return change(state, { end: event.data.status })
    case "UnitsCredited":
      return change(state, { walletId: event.data.walletId, deliveredAt: recordedAt(event) }, event.data.units)
    case "InvestmentCancelledAfterDelivery":
      return change(state, { end: "CANCELLATION" })
    case "UnitsRedeemed":
      // An entry that takes from a lot which does not exist is reported by the register's laws; it changes nothing here.
      return state.deliveredAt === null
        ? state
        : change(state, {}, state.remainingUnits - unitsOf(event.data.lots, key))
    default:
      return state
  }
}

const tagged = [
  "InvestmentSigned",
  "InvestmentIdentified",
  "InvestmentReviewed",
  "InvestmentAccepted",
  "InvestmentPaid",
  "WalletAssigned",
  "SignedDocumentsAdded",
  "InvestmentEnded",
  "UnitsCredited",
  "InvestmentCancelledAfterDelivery"
] as const

/** Keyed by investment, listed by platform. @category projections */
export const investments: Projection<InvestmentState> = {
  name: "investments",
  version: 2,
  types: [...tagged, "UnitsRedeemed"],
  keys(event) {
    switch (event.type) {
      case "InvestmentSigned":
      case "InvestmentIdentified":
      case "InvestmentReviewed":
      case "InvestmentAccepted":
      case "InvestmentPaid":
      case "WalletAssigned":
      case "SignedDocumentsAdded":
      case "InvestmentEnded":
      case "UnitsCredited":
      case "InvestmentCancelledAfterDelivery":
        return [event.data.investmentId]
      case "UnitsRedeemed":
        return [...new Set(event.data.lots.map((part) => part.investmentId))]
      default:
        return []
    }
  },
  evolve,
  scope: (state) => state.platform ?? "",
  subject: (state) => Tag.investor(state.investorId),
  query: (key) => [{ types: tagged, tags: [Tag.investment(key as Id.InvestmentId)] }],
  /** Redemptions that took from the lot name it in the body and bear the tags of the holding. */
  more: (state) =>
    state.deliveredAt === null || state.walletId === null
      ? undefined
      : [{ types: ["UnitsRedeemed"], tags: [Tag.product(state.productId), Tag.wallet(state.walletId)] }]
}
