/**
 * Legal holds: the data of an investor are kept whatever else is over. For the registrar, which places and releases them.
 *
 * A hold with an end expires by itself; any other stands until it is released.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse } from "./Decision.ts"
import { HoldBasis, LegalHoldPlaced, LegalHoldReleased } from "./events/LegalHoldEvents.ts"
import { InvestorId, LegalHoldId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import { maximumLegalHolds } from "./Policy.ts"
import * as Tag from "./Tag.ts"
import { earlierOf, type Instant, instantOf, Timestamp } from "./Timestamp.ts"

/** @category models */
export interface LegalHold {
  readonly holdId: LegalHoldId
  readonly basis: HoldBasis
  /** When it ends or has ended, by itself or by its release; `undefined` while only a release can end it. */
  readonly end: Instant | undefined
  readonly released: boolean
}

const none: ReadonlyArray<LegalHold> = []

/** Every hold there ever was on an investor, in the order they were placed. @category decision models */
export const ofInvestor = (id: InvestorId) =>
  decisionModel({
    name: "LegalHolds",
    types: ["LegalHoldPlaced", "LegalHoldReleased"],
    tags: [Tag.investor(id)],
    initial: none,
    evolve: after
  })

/** The holds after one more event. Total: an event about a hold that is not there changes nothing. @category computing */
export const after = (
  holds: ReadonlyArray<LegalHold>,
  event: Recorded<"LegalHoldPlaced" | "LegalHoldReleased">
): ReadonlyArray<LegalHold> => {
  const { holdId } = event.data
  if (event.type === "LegalHoldPlaced") {
    const { basis, until } = event.data
    return [...holds, { holdId, basis, end: until === undefined ? undefined : instantOf(until), released: false }]
  }
  const releasedAt = instantOf(event.meta.receivedAt)
  return holds.map((hold) =>
    hold.holdId === holdId
      ? { ...hold, end: hold.end === undefined ? releasedAt : earlierOf(hold.end, releasedAt), released: true }
      : hold
  )
}

/** Whether a hold stands at an instant. @category predicates */
export const standsAt = (hold: LegalHold, at: Instant): boolean => hold.end === undefined || at.micros < hold.end.micros

/**
 * At any time before the erasure. The same hold placed again is no change; a registrar that wants it to last longer places another hold.
 *
 * @category commands
 */
export const PlaceLegalHold = Command.make("PlaceLegalHold", {
  input: {
    investorId: InvestorId,
    holdId: LegalHoldId,
    basis: HoldBasis,
    until: Schema.optionalKey(Timestamp)
  },
  *decide(input, _personal, context) {
    yield* Investor.find(input.investorId, context)
    const { receivedAt } = context
    if (input.until !== undefined && instantOf(input.until).micros <= receivedAt.micros)
      return yield* refuse({ code: "legal_hold_over" })
    const holds = yield* read(ofInvestor(input.investorId))
    if (holds.some(({ holdId }) => holdId === input.holdId)) return []
    if (holds.filter((hold) => standsAt(hold, receivedAt)).length >= maximumLegalHolds)
      return yield* refuse({ code: "too_many_legal_holds" })
    return [LegalHoldPlaced.make({ ...input, until: input.until })]
  },
  recall: (events) => {
    const data = Command.recorded(events, "LegalHoldPlaced")
    return { ...data, until: data.until }
  }
})

/** Released, or over by itself: no change. @category commands */
export const ReleaseLegalHold = Command.make("ReleaseLegalHold", {
  input: { investorId: InvestorId, holdId: LegalHoldId },
  *decide({ investorId, holdId }, _personal, context) {
    yield* Investor.find(investorId, context)
    const hold = (yield* read(ofInvestor(investorId))).find((each) => each.holdId === holdId)
    if (hold === undefined) return yield* refuse({ code: "legal_hold_not_found" })
    return hold.released || !standsAt(hold, context.receivedAt) ? [] : [LegalHoldReleased.make({ investorId, holdId })]
  },
  recall: (events) => Command.recorded(events, "LegalHoldReleased")
})
