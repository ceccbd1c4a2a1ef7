/**
 * The KYC status of an investor and how it is found. For the investor's decisions; the result is written into each investor event.
 */
import { Schema } from "effect"

/** `PENDING`: not complete; `REVIEW`: a person must look; `SUCCESS`; `INSUFFICIENT`: a person refused. @category schemas */
export const KycStatus = Schema.Literals(["PENDING", "REVIEW", "SUCCESS", "INSUFFICIENT"])
export type KycStatus = typeof KycStatus.Type

/** What only a person's approval settles. @category schemas */
export const Reason = Schema.Literals(["pep", "benefiting_pep", "us_tax", "refused_before"])
export type Reason = typeof Reason.Type

/** What the investor's own data can open. @category schemas */
export const OwnReason = Schema.Literals(["pep", "us_tax"])
export type OwnReason = typeof OwnReason.Type

/** What a benefiting person can open. @category schemas */
export const BenefitingReason = Schema.Literals(["benefiting_pep", "us_tax"])
export type BenefitingReason = typeof BenefitingReason.Type

/** Reasons with more of them open, each once, in the order in which they came. @category computing */
export const withOpened = <R extends Reason>(open: ReadonlyArray<R>, more: ReadonlyArray<R>): ReadonlyArray<R> => [
  ...new Set([...open, ...more])
]

/** What the status depends on. @category models */
export interface Facts {
  readonly kind: "natural" | "legal"
  /** An identification was recorded after the last change of identity and after the last refusal. */
  readonly identified: boolean
  readonly benefitingPersons: number
  readonly openReasons: ReadonlyArray<Reason>
  /** A person refused, and it has not been complete since. */
  readonly refused: boolean
}

/** A natural person is complete when identified; a company needs at least one benefiting person besides. @category computing */
export const of = (facts: Facts): KycStatus => {
  const complete = facts.identified && (facts.kind === "natural" || facts.benefitingPersons > 0)
  if (!complete) return facts.refused ? "INSUFFICIENT" : "PENDING"
  return facts.openReasons.length > 0 ? "REVIEW" : "SUCCESS"
}
