/**
 * A ledger task, once for all kinds of it: how its events change it, and what may be done about it. For the folds and decisions of
 * each kind, and for projections of them.
 *
 * No kind of task folds or decides these steps by itself: a kind brings its event types, and how each of its events is made.
 */
import { Schema } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { DomainEvent, EventType, Recorded, RecordedDomainEvent } from "./Catalogue.ts"
import { findRecorded, recorded } from "./Command.ts"
import { refuse, type Decision } from "./Decision.ts"
import {
  FailureReason,
  FinalOutcome,
  onReport,
  onResolution,
  Outcome,
  Resolution,
  type TaskStatus
} from "./TaskStatus.ts"

/** How far a task has come. @category models */
export interface Progress {
  readonly status: TaskStatus
  /** The ledger was or is being asked: never ask again. */
  readonly submitted: boolean
}

/** Every task begins so. @category values */
export const initial: Progress = { status: "processing", submitted: false }

/** The event types of one kind of task. Units move by the one of `succeeded`, and by no other. @category models */
export interface Types {
  readonly requested: Extract<EventType, `${string}Requested`>
  readonly submitted: Extract<EventType, `${string}Submitted`>
  readonly succeeded: "UnitsCredited" | "UnitsRedeemed" | "UnitsTransferred" | "RegisterChangeReversed"
  readonly failed: Extract<EventType, `${string}Failed`>
  readonly unknown: Extract<EventType, `${string}OutcomeUnknown`>
}

/** The event types of one kind of task, as a list. @category values */
export const listOf = <T extends EventType>(types: {
  readonly [S in keyof Types]: T
}): NonEmptyReadonlyArray<T> => [types.requested, types.submitted, types.succeeded, types.failed, types.unknown]

/** The task after one more of its events; whatever else is known of it stays. @category computing */
export const after = <T extends Progress>(task: T, type: EventType, types: Types): T => {
  switch (type) {
    case types.submitted:
      return { ...task, submitted: true }
    case types.succeeded:
      return { ...task, status: "succeeded" }
    case types.failed:
      return { ...task, status: "failed" }
    case types.unknown:
      return { ...task, status: "unknown" }
    default:
      return task
  }
}

/** What decisions about one kind of task need to know of it. @category models */
export interface Kind<T extends Progress> {
  readonly submitted: (task: T) => DomainEvent
  readonly succeeded: (task: T, resolution: Resolution | undefined) => DomainEvent
  readonly failed: (task: T, reason: FailureReason, resolution: Resolution | undefined) => DomainEvent
  readonly unknown: (task: T) => DomainEvent
}

/** What a ledger reports of a task, as members of a command's input. @category schemas */
export const reportMembers = { outcome: Outcome, reason: Schema.optionalKey(FailureReason) }

/** What a person decides about a task, as members of a command's input. @category schemas */
export const resolutionMembers = {
  outcome: FinalOutcome,
  reason: Schema.optionalKey(FailureReason),
  resolution: Resolution
}

/** Claims the task: only a caller that receives an event may submit it to the ledger. @category computing */
export const submit = <T extends Progress>(kind: Kind<T>, task: T): ReadonlyArray<DomainEvent> =>
  task.status === "processing" && !task.submitted ? [kind.submitted(task)] : []

/** Records what the ledger reports, whatever was paused or closed since. @category computing */
export function* settle<T extends Progress>(
  kind: Kind<T>,
  task: T,
  { outcome, reason }: { readonly outcome: Outcome; readonly reason?: FailureReason | undefined }
): Decision {
  const response = onReport[task.status][outcome]
  if (response === "no_op") return []
  if (response !== "takes_effect") return yield* refuse({ code: response })
  switch (outcome) {
    case "succeeded":
      return [kind.succeeded(task, undefined)]
    case "failed":
      return [kind.failed(task, reason ?? "unspecified", undefined)]
    case "unknown":
      return [kind.unknown(task)]
  }
}

/** Records what a person found out where the ledger could not say. @category computing */
export function* resolve<T extends Progress>(
  kind: Kind<T>,
  task: T,
  given: {
    readonly outcome: FinalOutcome
    readonly reason?: FailureReason | undefined
    readonly resolution: Resolution
  }
): Decision {
  const { outcome, reason, resolution } = given
  const response = onResolution[task.status]
  if (response === "no_op") return []
  if (response !== "takes_effect") return yield* refuse({ code: response })
  return [
    outcome === "succeeded" ? kind.succeeded(task, resolution) : kind.failed(task, reason ?? "unspecified", resolution)
  ]
}

/** The outcome that an instruction recorded, and the members of its event. @category computing */
export const recordedOutcome = <T extends Types>(events: ReadonlyArray<RecordedDomainEvent>, types: T) => {
  const done = findRecorded<T["succeeded"]>(events, types.succeeded)
  if (done !== undefined)
    return { data: done.data, outcome: "succeeded" as const, reason: undefined, resolution: done.data.resolution }
  const failure = findRecorded<T["failed"]>(events, types.failed)
  if (failure !== undefined) {
    const { reason, resolution } = failure.data
    return { data: failure.data, outcome: "failed" as const, reason, resolution }
  }
  const data: Recorded<T["unknown"]>["data"] = recorded<T["unknown"]>(events, types.unknown)
  return { data, outcome: "unknown" as const, reason: undefined, resolution: undefined }
}

/** The resolution that an instruction recorded; throws where the ledger reported the outcome. @category computing */
export const recordedResolution = <T extends Types>(events: ReadonlyArray<RecordedDomainEvent>, types: T) => {
  const { data, outcome, reason, resolution } = recordedOutcome(events, types)
  if (outcome === "unknown" || resolution === undefined) throw new TypeError("no resolution among the events")
  return { data, outcome, reason, resolution }
}
