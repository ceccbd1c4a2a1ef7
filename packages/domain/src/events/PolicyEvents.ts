/**
 * The fact that the register has a policy: what the law leaves to the registrar, as data. For readers of the log. Nothing here may be a
 * function, because a decision is taken again from what stands in the log.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import * as Tag from "../Tag.ts"

/** Years § 8(4) GwG wants the records of due diligence kept. @category values */
export const leastRetention = 5

/** Years after which it wants them destroyed, whatever other law wants them kept. @category values */
export const longestRetention = 10

/** Microseconds of an hour: a clock that differs by more is wrong. @category values */
export const longestClockTolerance = 3_600_000_000

/** Seconds of a century: an instant that far ahead can still be written. */
const longestTrial = 3_155_760_000

/** Whole calendar years after the one in which the last thing happened. @category schemas */
export const RetentionYears = Schema.Struct({
  years: Schema.Int.check(Schema.isBetween({ minimum: leastRetention, maximum: longestRetention }))
})

/** Seconds after the last thing that happened: for a sandbox and for simulations, which cannot wait for years. @category schemas */
export const RetentionSeconds = Schema.Struct({
  seconds: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: longestTrial }))
})

/** How long personal data are kept after the last thing that concerned them. @category schemas */
export const RetentionTime = Schema.Union([RetentionYears, RetentionSeconds])
export type RetentionTime = typeof RetentionTime.Type

/** What a registrar may set. @category schemas */
export const policyMembers = {
  /** How far a timestamp may lie ahead of the moment of receipt, in microseconds: clocks differ. */
  clockTolerance: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: longestClockTolerance })),
  /** Whether a wallet needs an investor whose KYC is `SUCCESS`. The API's pages suggest it and do not state it. */
  walletNeedsKyc: Schema.Boolean,
  /** Whether a wallet needs complete tax information (never for custodian banks). */
  walletNeedsTaxInformation: Schema.Boolean,
  retention: RetentionTime
}

/** All of the policy that holds from the next position on. */
export const PolicySet = define("PolicySet", {
  data: policyMembers,
  tags: () => [Tag.policy]
})
