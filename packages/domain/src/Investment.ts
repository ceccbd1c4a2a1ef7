/**
 * Investments: the facts of one subscription, from signature to delivery or end. For every command on it, and for its status.
 */
import type { Recorded } from "./Catalogue.ts"
import { model, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import type { CampaignId, CreditId, InvestmentId, InvestorId, PlatformId, ProductId, WalletId } from "./Id.ts"
import { investmentStatus, type InvestmentEnd, type InvestmentFacts } from "./InvestmentStatus.ts"
import { visibleOfInvestor } from "./Investor.ts"
import { isInFlight, type TaskStatus } from "./LedgerTask.ts"
import { investmentTag } from "./Tag.ts"
import { instantOf, type Instant, type Timestamp } from "./Timestamp.ts"
import type { Units } from "./Units.ts"

/** One attempt to deliver. All are remembered, so that an old one that answers again is recognised. @category models */
export interface CreditState {
  readonly creditId: CreditId
  readonly walletId: WalletId
  readonly units: Units
  readonly status: TaskStatus
  readonly submitted: boolean
}

/** @category models */
export interface InvestmentState extends InvestmentFacts {
  readonly platform: PlatformId | undefined
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
  readonly end: InvestmentEnd | undefined
  readonly walletId: WalletId | undefined
  readonly paymentDays: number | undefined
  readonly cancellationDays: number | undefined
  readonly credits: ReadonlyArray<CreditState>
}

type InvestmentEvent = Recorded<
  | "InvestmentSigned"
  | "InvestmentIdentified"
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
>

const signed = ({ data, meta }: Recorded<"InvestmentSigned">): InvestmentState => ({
  platform: meta.platform,
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
  paymentDays: data.paymentDays,
  cancellationDays: data.cancellationDays,
  credits: []
})

const changeCredit = (
  state: InvestmentState,
  creditId: CreditId,
  change: Partial<CreditState>
): ReadonlyArray<CreditState> =>
  state.credits.map((credit) => (credit.creditId === creditId ? { ...credit, ...change } : credit))

/** Keeps `acceptedSince` beside a change of a fact that the status depends on. */
const withStatus = (before: InvestmentState, after: InvestmentState, event: InvestmentEvent): InvestmentState => {
  if (investmentStatus(after) !== "ACCEPTED") {
    return after.acceptedSince === undefined ? after : { ...after, acceptedSince: undefined }
  }
  return investmentStatus(before) === "ACCEPTED" ? after : { ...after, acceptedSince: instantOf(event.meta.receivedAt) }
}

const change = (
  state: InvestmentState,
  event: Exclude<InvestmentEvent, Recorded<"InvestmentSigned">>
): InvestmentState => {
  switch (event.type) {
    case "InvestmentIdentified":
      return withStatus(state, { ...state, cleared: true }, event)
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
    case "CreditRequested": {
      const { creditId, walletId, units } = event.data
      const credit: CreditState = { creditId, walletId, units, status: "processing", submitted: false }
      return { ...state, credits: [...state.credits, credit] }
    }
    case "CreditSubmitted":
      return { ...state, credits: changeCredit(state, event.data.creditId, { submitted: true }) }
    case "UnitsCredited":
      return { ...state, delivered: true, credits: changeCredit(state, event.data.creditId, { status: "succeeded" }) }
    case "CreditFailed":
      return { ...state, credits: changeCredit(state, event.data.creditId, { status: "failed" }) }
    case "CreditOutcomeUnknown":
      return { ...state, credits: changeCredit(state, event.data.creditId, { status: "unknown" }) }
  }
}

/** @category decision models */
export const Investment = (id: InvestmentId) =>
  model({
    name: "Investment",
    types: [
      "InvestmentSigned",
      "InvestmentIdentified",
      "InvestmentAccepted",
      "InvestmentPaid",
      "WalletAssigned",
      "InvestmentEnded",
      "InvestmentCancelledAfterDelivery",
      "CreditRequested",
      "CreditSubmitted",
      "UnitsCredited",
      "CreditFailed",
      "CreditOutcomeUnknown"
    ],
    tags: [investmentTag(id)],
    initial: undefined,
    evolve: (state: InvestmentState | undefined, event) =>
      event.type === "InvestmentSigned" ? signed(event) : state && change(state, event)
  })

/** Whether a credit of it has no final outcome yet. @category refinements */
export const hasCreditInFlight = (investment: InvestmentState): boolean =>
  investment.credits.some((credit) => isInFlight(credit.status))

/** The investment, for this client. @category checks */
export function* findInvestment(
  id: InvestmentId,
  context: DecisionContext
): Generator<Read | Refuse, InvestmentState, any> {
  const investment = yield* visibleOfInvestor(yield* read(Investment(id)), context)
  return investment ?? (yield* refuse({ code: "investment_not_found" }))
}
