/**
 * An investment runs through the statuses that it may, and none of its facts is set twice (promise 4). Its gate is passed where its investor
 * is identified at that position, and nowhere else. A status is seen between instructions: what happens within one is one change.
 */
import { InvestmentStatus } from "@effekten/domain"
import type { Projection } from "@effekten/projections"
import type { Invariant } from "./Invariant.ts"

type Facts = { -readonly [Name in keyof InvestmentStatus.Facts]: InvestmentStatus.Facts[Name] }

type Status = InvestmentStatus.InvestmentStatus

interface Seen {
  readonly investor: string
  readonly facts: Facts
  status: Status | undefined
}

/** What the log has said of investors and investments so far. */
interface Told {
  readonly kyc: Map<string, string>
  readonly investments: Map<string, Seen>
}

const signed = ({ kyc, reviewRequired }: { readonly kyc: string; readonly reviewRequired: boolean }): Facts => ({
  end: undefined,
  delivered: false,
  cleared: kyc === "cleared",
  reviewRequired,
  reviewed: false,
  acceptedAt: undefined,
  paidAt: undefined
})

/** Facts with what an event says; a fact that was there before is set a second time. */
const factsOf = (event: Projection.LoggedEvent): Partial<Facts> | undefined => {
  switch (event.type) {
    case "InvestmentIdentified":
      return { cleared: true }
    case "InvestmentReviewed":
      return { reviewed: true }
    case "InvestmentAccepted":
      return { acceptedAt: event.data.acceptedAt }
    case "InvestmentPaid":
      return { paidAt: event.data.paidAt }
    case "InvestmentEnded":
      return { end: event.data.status }
    case "InvestmentCancelledAfterDelivery":
      return { end: "CANCELLATION" }
    case "UnitsCredited":
      return { delivered: true }
    default:
      return undefined
  }
}

/** Takes an event in. Tells what is wrong with it. */
const take = ({ investments, kyc }: Told, event: Projection.LoggedEvent): string | undefined => {
  const { data, type } = event
  if ("kycStatus" in data) {
    const wasRefused = kyc.get(data.investorId) === "INSUFFICIENT"
    kyc.set(data.investorId, data.kycStatus)
    return type !== "KycDecided" && wasRefused && data.kycStatus === "SUCCESS"
      ? "approves of whom a person refused"
      : undefined
  }
  if (type === "InvestmentSigned") {
    investments.set(data.investmentId, { investor: data.investorId, facts: signed(data), status: undefined })
    const isIdentified = kyc.get(data.investorId) === "SUCCESS"
    return isIdentified === (data.kyc === "cleared") ? undefined : `is ${data.kyc}, its investor is otherwise`
  }
  if (type === "RegisterChangeReversed") {
    const reversed = data.change.kind === "credit" ? investments.get(data.change.id) : undefined
    if (reversed === undefined) return undefined
    const { facts } = reversed
    const wrong = !facts.delivered || (facts.end !== undefined) !== data.releases
    facts.delivered = false
    return wrong ? "undoes what was not delivered, or says otherwise whether it has ended" : undefined
  }
  const set = factsOf(event)
  const seen = "investmentId" in data ? investments.get(data.investmentId) : undefined
  if (set === undefined || seen === undefined) return undefined
  const { facts, investor } = seen
  const again = Object.keys(set).find((name) => (facts[name as keyof Facts] ?? false) !== false)
  Object.assign(facts, set)
  if (again !== undefined) return `says a second time what is ${again}`
  return type === "InvestmentIdentified" && kyc.get(investor) !== "SUCCESS"
    ? "clears without identification"
    : undefined
}

/** What signing may lead to at once. */
const first: ReadonlyArray<Status> = ["KYC_PENDING", "REVIEW_PENDING", "WAITING_FOR_ACCEPTANCE", "ACCEPTED", "PAID"]

const mayBecome = (from: Status | undefined, to: Status): boolean =>
  from === to || (from === undefined ? first : InvestmentStatus.transitions[from]).includes(to)

/** @category values */
export const statuses: Invariant = {
  name: "4: an investment runs through the statuses that it may",
  watch: (_facts, broken) => {
    const told: Told = { kyc: new Map(), investments: new Map() }
    return {
      committed: ({ events, last, operation }) => {
        for (const event of events) {
          const wrong = take(told, event)
          if (wrong !== undefined) broken(`${event.type} at ${event.position} ${wrong}`)
        }
        for (const [id, seen] of told.investments) {
          const status = InvestmentStatus.of(seen.facts)
          if (!mayBecome(seen.status, status)) broken(`${operation} at ${last}: ${id} was ${seen.status}, is ${status}`)
          if (status === "KYC_PENDING" && told.kyc.get(seen.investor) === "SUCCESS")
            broken(`${operation} at ${last}: ${id} waits, and its investor is identified`)
          seen.status = status
        }
      }
    }
  }
}
