/**
 * The words of a ledger task: its statuses and outcomes, and what each does to the other. For events, decisions and reads.
 *
 * A task is `processing`, then `succeeded` or `failed`, or `unknown` until a person resolves it. Nothing that arrives after the outcome
 * changes it: agreeing is a no-op, contradicting is a refusal that stays in the log as evidence.
 */
import { Schema } from "effect"
import type { RaisedCode } from "./Refusal.ts"

/** @category schemas */
export const TaskStatus = Schema.Literals(["processing", "succeeded", "failed", "unknown"])
export type TaskStatus = typeof TaskStatus.Type

/** What a ledger reports. @category schemas */
export const Outcome = Schema.Literals(["succeeded", "failed", "unknown"])
export type Outcome = typeof Outcome.Type

/** What a person may decide about a task whose outcome is unknown. @category schemas */
export const FinalOutcome = Schema.Literals(["succeeded", "failed"])
export type FinalOutcome = typeof FinalOutcome.Type

/** Why a task failed, as a closed code. The register does not keep what the ledger wrote about it. @category schemas */
export const FailureReason = Schema.Literals(["rejected", "reverted", "expired", "not_executed", "unspecified"])
export type FailureReason = typeof FailureReason.Type

/**
 * How a person came to the decision: they looked at the ledger and found it done or not done, or they corrected the ledger first.
 *
 * @category schemas
 */
export const Resolution = Schema.Literals(["observed", "corrected"])
export type Resolution = typeof Resolution.Type

/** What to do about a report: let the outcome happen, note that nothing changes, or refuse. @category models */
export type Response = "takes_effect" | "no_op" | RaisedCode

/** @category values */
export const onReport: { readonly [S in TaskStatus]: { readonly [O in Outcome]: Response } } = {
  processing: { succeeded: "takes_effect", failed: "takes_effect", unknown: "takes_effect" },
  unknown: { succeeded: "awaiting_resolution", failed: "awaiting_resolution", unknown: "no_op" },
  succeeded: { succeeded: "no_op", failed: "outcome_contradicts", unknown: "no_op" },
  failed: { succeeded: "outcome_contradicts", failed: "no_op", unknown: "no_op" }
}

/** A person decides only what is unknown. @category values */
export const onResolution: { readonly [S in TaskStatus]: Response } = {
  processing: "nothing_to_resolve",
  unknown: "takes_effect",
  succeeded: "nothing_to_resolve",
  failed: "nothing_to_resolve"
}

/** Whether units are still bound by the task. @category predicates */
export const isInFlight = (status: TaskStatus): boolean => status === "processing" || status === "unknown"
