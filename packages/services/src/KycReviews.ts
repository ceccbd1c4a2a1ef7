/**
 * Reviews of investors: which are open, and what a person decides. For the registrar's compliance staff; never reached through the
 * distribution API.
 */
import { Events, Id, KycStatus, Text, Timestamp } from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { ReadFailure } from "./Failure.ts"
import { input, optional, personal, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import { listed } from "./Shape.ts"
import { wire } from "./Wire.ts"

/** A decision about an investor; its reason says whether it is an approval or a refusal. @category schemas */
export const DecideKyc = input("DecideKyc", {
  reason: plain(Events.KycReason),
  /** For the file. It is about the person: it is disclosed to them, and forgotten with them. */
  note: optional(personal(Text.NonEmpty))
})
export type DecideKyc = typeof DecideKyc.Type

/** An investor that waits for a decision. It says nothing about the person. @category models */
export const KycReview = wire({
  investorId: Id.InvestorId,
  /** Null where the registrar registered the investor itself. */
  platformId: Schema.NullOr(Id.PlatformId),
  openReasons: Schema.Array(listed(KycStatus.Reason)),
  /** When the investor was registered or identified last. */
  since: Timestamp.Timestamp
})
export type KycReview = typeof KycReview.Type

/** @category models */
export const kycReviewOperations = {
  /**
   * An approval closes every open reason. It is refused where no review is open (`review_not_open`). A refusal may come at any time. It ends
   * each subscription that waits for the identification. After it only a person approves, whatever is proven later.
   */
  decide: Operation.command({
    operation: "DecideKyc",
    ids: [Id.InvestorId],
    input: DecideKyc,
    refusals: ["investor_not_found", "investor_erased", "review_not_open"],
    summary: "Approve or refuse an investor",
    example: { reason: "nothing_found" }
  })
}

/** Reviews that are read at a time at most, and by default. @category values */
export const maximumReviews = 500

/** @category services */
export class KycReviews extends Context.Service<
  KycReviews,
  Operation.Methods<typeof kycReviewOperations> & {
    /** The reviews that are open, the longest open first; those behind the last one of a page before, if it is named. */
    readonly open: (after?: KycReview) => Effect.Effect<ReadonlyArray<KycReview>, ReadFailure>
  }
>()("effekten/services/KycReviews") {}
