/**
 * What is known of each investor that says how long their data are kept. For the clock that ends retention, and for the list of due dates.
 *
 * It proposes, the decision decides: by the same rule, over what it reads itself. So a state here is small, however many subscriptions an
 * investor has: sums instead of lists. A state must hold no end date: the date follows from the last thing that happened, by the register's
 * policy, and the policy may change. Later things never end earlier, so both have the same order.
 */
import { type Events, type Id, LegalHold, type RetentionPeriod, Tag, Timestamp } from "@effekten/domain"
import type { Logged, LoggedEvent, Projection } from "./Projection.ts"

/** A legal hold; `end` is null while only a release can end it. @category models */
export interface HoldState {
  readonly holdId: Id.LegalHoldId
  readonly basis: Events.HoldBasis
  readonly end: Timestamp.Timestamp | null
  readonly released: boolean
}

/** @category models */
export interface RetentionState {
  readonly investorId: Id.InvestorId
  readonly platform: Id.PlatformId | null
  /** Held in all wallets. */
  readonly units: number
  /** Transfers to them, and reversals that give back to them, without a final outcome. */
  readonly arriving: number
  /** Subscriptions that are neither ended nor delivered. */
  readonly open: number
  /**
   * The last of: registration, identification, signing or end of an investment, units coming or going. Too early where a delivered
   * investment was cancelled since: that event does not name the investor.
   */
  readonly lastAt: Timestamp.Timestamp
  readonly holds: ReadonlyArray<HoldState>
  readonly erased: boolean
}

const holdOf = ({ end, ...hold }: HoldState): LegalHold.LegalHold => ({
  ...hold,
  end: end === null ? undefined : Timestamp.instantOf(end)
})

const stored = ({ end, ...hold }: LegalHold.LegalHold): HoldState => ({
  ...hold,
  end: end === undefined ? null : end.text
})

/** What the domain's rule asks for. @category computing */
export const retentionFactsOf = (state: RetentionState): RetentionPeriod.Facts => ({
  erased: state.erased,
  holdsUnits: state.units > 0,
  expectsUnits: state.arriving > 0,
  hasOpenInvestments: state.open > 0,
  lastAt: Timestamp.instantOf(state.lastAt),
  holds: state.holds.map(holdOf)
})

/** The holds that stand at an instant; none once the investor is erased. @category computing */
export const holdsOf = (state: RetentionState, at: Timestamp.Instant): ReadonlyArray<LegalHold.LegalHold> =>
  state.erased ? [] : state.holds.map(holdOf).filter((hold) => LegalHold.standsAt(hold, at))

/** Sender and recipient may be the same investor. */
const transferred = (state: RetentionState, { data }: Logged<"UnitsTransferred">): RetentionState => {
  const sent = data.sourceInvestorId === state.investorId ? data.units : 0
  const received = data.recipientInvestorId === state.investorId ? data.units : 0
  return { ...state, units: state.units + received - sent, arriving: state.arriving - (received > 0 ? 1 : 0) }
}

/** One that gives up the units of a subscription has it open again, unless it has ended. Both may be the same investor. */
const reversed = (state: RetentionState, { data }: Logged<"RegisterChangeReversed">): RetentionState => {
  const taken = data.fromInvestorId === state.investorId ? data.units : 0
  const returned = data.toInvestorId === state.investorId ? data.units : 0
  const opened = data.change.kind === "credit" && data.releases !== true ? 1 : 0
  return {
    ...state,
    units: state.units + returned - taken,
    arriving: state.arriving - (returned > 0 ? 1 : 0),
    open: state.open + opened
  }
}

const evolve = (state: RetentionState | undefined, event: LoggedEvent): RetentionState | undefined => {
  if (event.type === "InvestorRegistered")
    return {
      investorId: event.data.investorId,
      platform: event.meta.platform ?? null,
      units: 0,
      arriving: 0,
      open: 0,
      lastAt: event.meta.receivedAt,
      holds: [],
      erased: false
    }
  if (state === undefined) return undefined
  const lastAt = Timestamp.laterOf(Timestamp.instantOf(state.lastAt), Timestamp.instantOf(event.meta.receivedAt)).text
  switch (event.type) {
    case "IdentificationRecorded":
      return { ...state, lastAt }
    case "InvestmentSigned":
      return { ...state, open: state.open + 1, lastAt }
    case "InvestmentEnded":
      return { ...state, open: state.open - 1, lastAt }
    case "UnitsCredited":
      return { ...state, open: state.open - 1, units: state.units + event.data.units, lastAt }
    case "UnitsRedeemed":
      return { ...state, units: state.units - event.data.units, lastAt }
    case "TransferRequested":
      return { ...state, arriving: state.arriving + 1 }
    case "TransferFailed":
      return { ...state, arriving: state.arriving - 1 }
    case "UnitsTransferred":
      return { ...transferred(state, event), lastAt }
    case "ReversalRequested":
      return { ...state, arriving: state.arriving + 1 }
    case "ReversalFailed":
      return { ...state, arriving: state.arriving - 1 }
    case "RegisterChangeReversed":
      return { ...reversed(state, event), lastAt }
    case "LegalHoldPlaced":
    case "LegalHoldReleased":
      return { ...state, holds: LegalHold.after(state.holds.map(holdOf), event).map(stored) }
    case "InvestorErased":
      return { ...state, erased: true }
    default:
      return state
  }
}

const tagged = [
  "InvestorRegistered",
  "IdentificationRecorded",
  "InvestmentSigned",
  "InvestmentEnded",
  "LegalHoldPlaced",
  "LegalHoldReleased",
  "InvestorErased"
] as const
const moving = [
  "UnitsCredited",
  "UnitsRedeemed",
  "TransferRequested",
  "UnitsTransferred",
  "TransferFailed",
  "ReversalRequested",
  "RegisterChangeReversed",
  "ReversalFailed"
] as const

/**
 * Keyed by investor, listed by platform. Ranked by the microseconds of the last thing that happened: every investor that at most time
 * separates from erasure.
 *
 * @category projections
 */
export const retentions: Projection<RetentionState> = {
  name: "retentions",
  version: 3,
  types: [...tagged, ...moving],
  keys(event) {
    switch (event.type) {
      case "InvestorRegistered":
      case "IdentificationRecorded":
      case "InvestmentSigned":
      case "InvestmentEnded":
      case "UnitsCredited":
      case "UnitsRedeemed":
      case "LegalHoldPlaced":
      case "LegalHoldReleased":
      case "InvestorErased":
        return [event.data.investorId]
      case "TransferRequested":
      case "TransferFailed":
        return [event.data.recipientInvestorId]
      case "UnitsTransferred":
        return [...new Set([event.data.sourceInvestorId, event.data.recipientInvestorId])]
      case "ReversalRequested":
      case "ReversalFailed":
        return event.data.toInvestorId === undefined ? [] : [event.data.toInvestorId]
      case "RegisterChangeReversed": {
        const { fromInvestorId, toInvestorId } = event.data
        return [...new Set([fromInvestorId, toInvestorId])].filter((id) => id !== undefined)
      }
      default:
        return []
    }
  },
  evolve,
  scope: (state) => state.platform ?? "",
  rank: (state) =>
    state.erased ||
    state.units > 0 ||
    state.arriving > 0 ||
    state.open > 0 ||
    state.holds.some(({ end }) => end === null)
      ? undefined
      : Timestamp.instantOf(state.lastAt).micros,
  // Units bear the tag of their wallet, not of its investor: to fold one of these alone would read the units of all investors. No reader
  // does.
  query: (key) => [{ types: tagged, tags: [Tag.investor(key as Id.InvestorId)] }, { types: moving }]
}
