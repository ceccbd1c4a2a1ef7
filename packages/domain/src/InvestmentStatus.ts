/**
 * The status of an investment, computed from its facts; no event says it. For reads, for the credit decision, for webhooks.
 */
import { Schema } from "effect"

/** The five ends. Each is final. @category schemas */
export const End = Schema.Literals(["ABORTION", "REJECTION", "CANCELLATION", "PAYMENT_MISSING", "KYC_INSUFFICIENT"])
export type End = typeof End.Type

/** The eleven documented codes. @category schemas */
export const InvestmentStatus = Schema.Literals([
  "KYC_PENDING",
  "REVIEW_PENDING",
  "WAITING_FOR_ACCEPTANCE",
  "ACCEPTED",
  "PAID",
  "DELIVERED",
  "ABORTION",
  "REJECTION",
  "CANCELLATION",
  "PAYMENT_MISSING",
  "KYC_INSUFFICIENT"
])
export type InvestmentStatus = typeof InvestmentStatus.Type

/** The facts a status is made of, each set by one event. @category models */
export interface Facts {
  readonly end: End | undefined
  readonly delivered: boolean
  /** The KYC gate was passed once, and that holds forever. */
  readonly cleared: boolean
  readonly reviewRequired: boolean
  readonly reviewed: boolean
  readonly acceptedAt: string | undefined
  readonly paidAt: string | undefined
}

/** The first row that applies. Payment may be recorded before acceptance and then shows only after it. @category computing */
export const of = (facts: Facts): InvestmentStatus => {
  if (facts.end !== undefined) return facts.end
  if (facts.delivered) return "DELIVERED"
  if (!facts.cleared) return "KYC_PENDING"
  if (facts.reviewRequired && !facts.reviewed) return "REVIEW_PENDING"
  if (facts.acceptedAt === undefined) return "WAITING_FOR_ACCEPTANCE"
  return facts.paidAt === undefined ? "ACCEPTED" : "PAID"
}

/** What each status may change to, when the change is seen between appends. @category values */
export const transitions: { readonly [S in InvestmentStatus]: ReadonlyArray<InvestmentStatus> } = {
  KYC_PENDING: [
    "REVIEW_PENDING",
    "WAITING_FOR_ACCEPTANCE",
    "ACCEPTED",
    "PAID",
    "KYC_INSUFFICIENT",
    "ABORTION",
    "REJECTION",
    "CANCELLATION"
  ],
  REVIEW_PENDING: ["WAITING_FOR_ACCEPTANCE", "ACCEPTED", "PAID", "ABORTION", "REJECTION", "CANCELLATION"],
  WAITING_FOR_ACCEPTANCE: ["ACCEPTED", "PAID", "ABORTION", "REJECTION"],
  ACCEPTED: ["PAID", "CANCELLATION", "PAYMENT_MISSING"],
  PAID: ["DELIVERED", "CANCELLATION"],
  DELIVERED: ["CANCELLATION", "PAID"],
  ABORTION: [],
  REJECTION: [],
  CANCELLATION: [],
  PAYMENT_MISSING: [],
  KYC_INSUFFICIENT: []
}
