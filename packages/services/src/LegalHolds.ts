/**
 * Legal holds: the data of an investor are kept although their time is over. For the registrar's side; never reached through the
 * distribution API.
 */
import { HoldBasis, InvestorId, LegalHoldId, Timestamp } from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import { wire } from "./Wire.ts"

/** @category inputs */
export const PlaceLegalHold = wire({
  basis: HoldBasis,
  /** When it ends by itself. Missing: when it is released. */
  until: Schema.optionalKey(Timestamp)
})
export type PlaceLegalHold = typeof PlaceLegalHold.Type

/** @category models */
export const LegalHold = wire({
  id: LegalHoldId,
  investorId: InvestorId,
  basis: HoldBasis,
  /** When it ends by itself, or null. */
  until: Schema.NullOr(Timestamp)
})
export type LegalHold = typeof LegalHold.Type

/** @category services */
export class LegalHolds extends Context.Service<
  LegalHolds,
  {
    /**
     * While it stands the investor is not erased (`legal_hold`), whoever asks. There may be several. Refused for an erased investor
     * (`investor_erased`), and where it would be over before it begins (`legal_hold_over`).
     */
    readonly place: (
      investor: InvestorId,
      input: PlaceLegalHold,
      options?: CommandOptions
    ) => Effect.Effect<LegalHold, CommandFailure>
    /** Ends a hold. One that is released already, or over by itself, is left as it is. */
    readonly release: (
      investor: InvestorId,
      hold: LegalHoldId,
      options?: CommandOptions
    ) => Effect.Effect<void, CommandFailure>
    /** The holds on an investor that stand now, in the order they were placed. */
    readonly standing: (investor: InvestorId) => Effect.Effect<ReadonlyArray<LegalHold>, ReadFailure>
  }
>()("effekten/services/LegalHolds") {}
