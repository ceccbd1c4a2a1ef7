/**
 * Investments, from signature or transfer to the last unit redeemed or sold on. For the registrar's reads.
 */
import { Ending, type Id, InvestmentStatus, type Money, Tag, Timestamp } from "@effekten/domain"
import { personalPosition, recordedAt, type Logged, type LoggedEvent, type Projection } from "./Projection.ts"

/** An investment without what is personal: category and subject of its documents. @category models */
export interface InvestmentState {
  readonly id: Id.InvestmentId
  readonly platform: Id.PlatformId | null
  readonly investorId: Id.InvestorId
  /** Null where a transfer brought the units, as are the three dates of a subscription. */
  readonly campaignId: Id.CampaignId | null
  readonly productId: Id.ProductId
  readonly status: InvestmentStatus.InvestmentStatus
  readonly units: number
  /** What the API shows: the units until delivery, then what the lot has left; 0 once ended without delivery. */
  readonly remainingUnits: number
  readonly walletId: Id.WalletId | null
  readonly signedAt: Timestamp.Timestamp | null
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
  /** By the terms at signing; null where no deadline runs. */
  readonly paymentDays: number | null
  /** When payment is due, in microseconds; null in every status but `ACCEPTED`, and where no deadline runs. */
  readonly paymentDue: number | null
}

type Facts = Omit<InvestmentState, "status" | "remainingUnits" | "paymentDue">

const statusOf = (facts: Facts): InvestmentStatus.InvestmentStatus =>
  InvestmentStatus.of({
    end: facts.end ?? undefined,
    delivered: facts.deliveredAt !== null,
    cleared: facts.cleared,
    reviewRequired: facts.reviewRequired,
    reviewed: facts.reviewed,
    acceptedAt: facts.acceptedAt ?? undefined,
    paidAt: facts.paidAt ?? undefined
  })

/** What follows from the facts, by the domain's own rules. */
const shown = (
  facts: Facts,
  event: LoggedEvent,
  before: InvestmentState | undefined,
  lotRemaining: number
): InvestmentState => {
  const status = statusOf(facts)
  const unended = facts.end === null ? facts.units : 0
  return {
    ...facts,
    status,
    remainingUnits: facts.deliveredAt === null ? unended : lotRemaining,
    paymentDue:
      status === before?.status ? before.paymentDue : status === "ACCEPTED" ? paymentDueSince(facts, event) : null
  }
}

/** An event has made the status `ACCEPTED`. */
const paymentDueSince = ({ acceptedAt, paymentDays }: Facts, { meta }: LoggedEvent): number | null => {
  const acceptedSince = Timestamp.instantOf(meta.receivedAt)
  const due = Ending.paymentDue({
    acceptedAt: acceptedAt ?? undefined,
    acceptedSince,
    paymentDays: paymentDays ?? undefined
  })
  // So late that no clock says it.
  return due === undefined || !Number.isSafeInteger(due) ? null : due
}

const unitsOf = (lots: ReadonlyArray<{ readonly investmentId: string; readonly units: number }>, key: string): number =>
  lots.reduce((sum, part) => (part.investmentId === key ? sum + part.units : sum), 0)

const signed = (event: Logged<"InvestmentSigned">): InvestmentState =>
  shown(
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
      end: null,
      paymentDays: event.data.paymentDays ?? null
    },
    event,
    undefined,
    0
  )

const received = (event: Logged<"UnitsTransferred">): InvestmentState => {
  const at = recordedAt(event)
  const { data } = event
  return shown(
    {
      id: data.recipientInvestmentId,
      platform: data.recipientPlatform ?? null,
      investorId: data.recipientInvestorId,
      campaignId: null,
      productId: data.productId,
      units: data.units,
      walletId: data.targetWalletId,
      signedAt: null,
      acceptedAt: null,
      paidAt: null,
      deliveredAt: at,
      documentIds: [],
      createdAt: at,
      personalAt: [],
      disagio: null,
      accruedInterest: null,
      cleared: true,
      reviewRequired: false,
      reviewed: false,
      end: null,
      paymentDays: null
    },
    event,
    undefined,
    data.units
  )
}

const evolve = (state: InvestmentState | undefined, event: LoggedEvent, key: string): InvestmentState | undefined => {
  if (event.type === "UnitsTransferred" && event.data.recipientInvestmentId === key) return received(event)
  if (event.type === "InvestmentSigned") return signed(event)
  if (state === undefined) return undefined
  const change = (facts: Partial<Facts>, lotRemaining: number = state.remainingUnits): InvestmentState =>
    shown({ ...state, ...facts }, event, state, lotRemaining)
  switch (event.type) {
    case "InvestmentIdentified":
      return change({ cleared: true })
    case "InvestmentReviewed":
      return change({ reviewed: true })
    case "InvestmentAccepted":
      return change({ acceptedAt: event.data.acceptedAt })
    case "InvestmentPaid":
      return change({ paidAt: event.data.paidAt })
    case "WalletAssigned":
      return change({ walletId: event.data.walletId })
    case "SignedDocumentsAdded":
      return change({
        documentIds: [...state.documentIds, ...event.data.documentIds],
        personalAt: [...state.personalAt, ...personalPosition(event)]
      })
    case "InvestmentEnded":
      return change({ end: event.data.status })
    case "UnitsCredited":
      return change({ walletId: event.data.walletId, deliveredAt: recordedAt(event) }, event.data.units)
    case "InvestmentCancelledAfterDelivery":
      return change({ end: "CANCELLATION" })
    case "RegisterChangeReversed": {
      const { change: undone, returned, taken } = event.data
      if (undone.kind === "credit") return change({ deliveredAt: null }, 0)
      return state.deliveredAt === null
        ? state
        : change({}, state.remainingUnits + unitsOf(returned, key) - unitsOf(taken, key))
    }
    case "UnitsRedeemed":
    case "UnitsTransferred":
      // An entry that takes from a lot which does not exist is reported by the register's laws; it changes nothing here.
      return state.deliveredAt === null ? state : change({}, state.remainingUnits - unitsOf(event.data.lots, key))
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
  "UnitsTransferred",
  "InvestmentCancelledAfterDelivery",
  "RegisterChangeReversed"
] as const
const taking = ["UnitsRedeemed", "UnitsTransferred", "RegisterChangeReversed"] as const

/** Keyed by investment, listed by platform. @category projections */
export const investments: Projection<InvestmentState> = {
  name: "investments",
  version: 6,
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
      case "UnitsTransferred":
        return [...new Set([event.data.recipientInvestmentId, ...event.data.lots.map((part) => part.investmentId)])]
      case "RegisterChangeReversed":
        return [...new Set([...event.data.taken, ...event.data.returned].map((part) => part.investmentId))]
      default:
        return []
    }
  },
  evolve,
  scope: (state) => state.platform ?? "",
  /** The clock looks for those whose payment is due. */
  rank: (state) => state.paymentDue ?? undefined,
  subject: (state) => Tag.investor(state.investorId),
  filters: {
    campaignId: (state) => state.campaignId,
    productId: (state) => state.productId,
    investorId: (state) => state.investorId,
    status: (state) => state.status
  },
  query: (key) => [{ types: tagged, tags: [Tag.investment(key as Id.InvestmentId)] }],
  /** What took from the lot names it in the body and bears the tags of the holding. */
  more: (state) =>
    state.deliveredAt === null || state.walletId === null
      ? undefined
      : [{ types: taking, tags: [Tag.product(state.productId), Tag.wallet(state.walletId)] }]
}
