/**
 * Legal holds: the data of an investor are kept although their time is over. For the registrar's side; never reached through the
 * distribution API.
 */
import { Events, Id, Timestamp } from "@effekten/domain"
import { Context, type Effect } from "effect"
import * as Answer from "./Answer.ts"
import type { ReadFailure } from "./Failure.ts"
import { answer, input, optional, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import { listed } from "./Shape.ts"

const hold = {
  basis: plain(Events.HoldBasis),
  /** When it ends by itself. Missing, or null: when it is released. */
  until: optional(plain(Timestamp.Timestamp))
}

/** @category schemas */
export const PlaceLegalHold = input("PlaceLegalHold", hold)
export type PlaceLegalHold = typeof PlaceLegalHold.Type

/** @category models */
export const LegalHold = answer("LegalHold", {
  id: Id.LegalHoldId,
  investorId: Id.InvestorId,
  basis: listed(Events.HoldBasis),
  until: hold.until
})
export type LegalHold = typeof LegalHold.Type

/** @category schemas */
export const legalHoldAnswer = Answer.first("LegalHold", LegalHold)

/** @category models */
export const legalHoldOperations = {
  /**
   * While it stands the investor is not erased (`legal_hold`). An investor may have several. Refused for an erased investor
   * (`investor_erased`), and where the hold would be over before it begins (`legal_hold_over`).
   */
  place: Operation.command({
    operation: "PlaceLegalHold",
    ids: [Id.InvestorId],
    input: PlaceLegalHold,
    answer: legalHoldAnswer,
    refusals: ["investor_not_found", "legal_hold_over", "investor_erased", "too_many_legal_holds"],
    summary: "Place a legal hold on the data of an investor",
    example: { basis: "legal_claims" }
  }),
  /** Ends a hold. A hold that is released already, or over by itself, is left as it is. */
  release: Operation.bare({
    operation: "ReleaseLegalHold",
    ids: [Id.InvestorId, Id.LegalHoldId],
    refusals: ["investor_not_found", "investor_erased", "legal_hold_not_found"],
    summary: "Release a legal hold"
  })
}

/** @category services */
export class LegalHolds extends Context.Service<
  LegalHolds,
  Operation.Methods<typeof legalHoldOperations> & {
    /** The holds on an investor that stand now, in the order they were placed. */
    readonly standing: (investor: Id.InvestorId) => Effect.Effect<ReadonlyArray<LegalHold>, ReadFailure>
  }
>()("effekten/services/LegalHolds") {}
