/**
 * Nobody is erased before their data have been kept for as long as the policy says, nor under a hold (promise 9). Where the clock erases,
 * nobody is kept a day longer. Of the first the log alone is asked; of the second, the second model.
 */
import type { Events } from "@effekten/domain"
import type { Projection } from "@effekten/projections"
import { dayLong, millis } from "../model/Asked.ts"
import { againstErasure } from "../model/InvestorRules.ts"
import type { Invariant } from "./Invariant.ts"

/** What prolongs the time of the investors that it is about. */
const prolonging: ReadonlySet<Events.EventType> = new Set([
  "InvestorRegistered",
  "IdentificationRecorded",
  "InvestmentSigned",
  "InvestmentEnded",
  "UnitsCredited",
  "UnitsRedeemed",
  "UnitsTransferred",
  "RegisterChangeReversed"
] satisfies ReadonlyArray<Events.EventType>)

const members = ["investorId", "sourceInvestorId", "recipientInvestorId", "fromInvestorId", "toInvestorId"]

/** What the log has said so far. Milliseconds. */
interface Told {
  keeping: number
  readonly last: Map<unknown, number>
  /** When the holds of an investor end, by hold. */
  readonly holds: Map<unknown, Map<string, number>>
}

/** Takes an event in. Tells what is wrong with it. */
const take = (told: Told, { data, meta, type }: Projection.LoggedEvent): string | undefined => {
  const { holds, last } = told
  const at = millis(meta.receivedAt)
  if (prolonging.has(type))
    for (const member of members) {
      const investor = (data as Readonly<Record<string, unknown>>)[member]
      if (investor !== undefined) last.set(investor, Math.max(at, last.get(investor) ?? at))
    }
  if (type === "PolicySet" && "seconds" in data.retention) told.keeping = data.retention.seconds * 1_000
  if (type === "LegalHoldPlaced") {
    const own = holds.get(data.investorId) ?? new Map<string, number>()
    holds.set(data.investorId, own.set(data.holdId, data.until === undefined ? Infinity : millis(data.until)))
  }
  if (type === "LegalHoldReleased") holds.get(data.investorId)?.set(data.holdId, at)
  if (type !== "InvestorErased") return undefined
  const { investorId } = data
  const due = (last.get(investorId) ?? at) + told.keeping
  if (at < due) return `${due - at} ms early`
  return [...(holds.get(investorId)?.values() ?? [])].some((end) => at < end) ? "under a hold" : undefined
}

/** @category values */
export const retention: Invariant = {
  name: "9: nobody is erased early, or kept a day late",
  watch: (facts, broken) => {
    const told: Told = { keeping: 0, last: new Map(), holds: new Map() }
    let now = 0
    return {
      committed: ({ events }) => {
        for (const event of events) {
          now = Math.max(now, millis(event.meta.receivedAt))
          const wrong = take(told, event)
          if (wrong !== undefined) broken(`${event.type} at ${event.position} is ${wrong}`)
        }
      },
      healed: () => {
        if (!facts.erasesWhenDue) return
        const asked = { platform: undefined, now: now - dayLong }
        for (const [id, { erased }] of facts.world.investors)
          if (!erased && againstErasure(facts.world, asked, id) === undefined)
            broken(`${id} was due a day ago, and is still there`)
      }
    }
  }
}
