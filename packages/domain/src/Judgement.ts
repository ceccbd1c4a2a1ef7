/**
 * Whether what is recorded of an instruction is what its decision comes to: recalled, decided again by the rules of its time, compared. For
 * an audit. Nothing here may be lenient; a reader of the report decides what a difference means.
 */
import { Result } from "effect"
import type { DomainEvent, RecordedDomainEvent } from "./Catalogue.ts"
import { effectiveAt } from "./Catalogue.ts"
import { NewerInput, NewerRules } from "./Command.ts"
import * as Commands from "./Commands.ts"
import { decide, type Model } from "./Decision.ts"
import type { Refusal } from "./Refusal.ts"
import { instantOf } from "./Timestamp.ts"

/** What a decision comes to. @category models */
export type Outcome =
  | { readonly _tag: "Events"; readonly events: ReadonlyArray<Pick<DomainEvent, "type" | "data">> }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }
  | { readonly _tag: "NoChange" }
  /** A newer version of this program decided it, and only that version can judge it. */
  | { readonly _tag: "Newer"; readonly message: string }
  /** It cannot be decided at all; the words say why. */
  | { readonly _tag: "Undecidable"; readonly message: string }

/** What is recorded, and what the decision comes to: the same, or not. @category models */
export interface Judgement {
  readonly same: boolean
  readonly recorded: Outcome
  readonly decided: Outcome
}

/**
 * @param events of one instruction, in the order of the log
 * @param stateOf decision models as they were before the first of them
 * @category running
 */
export const judge = (
  events: readonly [RecordedDomainEvent, ...ReadonlyArray<RecordedDomainEvent>],
  stateOf: <S>(model: Model<S>) => S,
  table: Commands.Table = Commands.all
): Judgement => {
  const recorded = recordedOutcome(events)
  const decided = decidedOutcome(events, stateOf, table)
  return { same: sameOutcome(recorded, decided) && areEffective(events, decided), recorded, decided }
}

const recordedOutcome = (events: ReadonlyArray<RecordedDomainEvent>): Outcome => {
  const [first, second] = events
  if (first?.type === "InstructionRejected" && second === undefined) {
    const { code, details } = first.data
    return { _tag: "Refused", refusal: details === undefined ? { code } : { code, details } }
  }
  if (first?.type === "InstructionNoted" && second === undefined) return { _tag: "NoChange" }
  return {
    _tag: "Events",
    events: events.map(({ data, type }) => ({ type, data }) as Pick<DomainEvent, "type" | "data">)
  }
}

const decidedOutcome = (
  events: readonly [RecordedDomainEvent, ...ReadonlyArray<RecordedDomainEvent>],
  stateOf: <S>(model: Model<S>) => S,
  table: Commands.Table
): Outcome => {
  const { operation, platform, receivedAt } = events[0].meta
  const rules = events[events.length - 1]!.meta.rules ?? 1
  if (events.some(({ meta }, index) => meta.rules !== undefined && index < events.length - 1))
    return { _tag: "Undecidable", message: "the version of its rules is not on its last event" }
  if (!Commands.isOperation(operation)) return { _tag: "Undecidable", message: `${operation} is no operation` }
  try {
    const command = Commands.recall(operation, events, table)
    const context = { platform, receivedAt: instantOf(receivedAt) }
    const decided = decide(Commands.decide(command, context, { rules, table }), stateOf)
    if (Result.isFailure(decided)) return { _tag: "Refused", refusal: decided.failure }
    return decided.success.length === 0 ? { _tag: "NoChange" } : { _tag: "Events", events: decided.success }
  } catch (cause) {
    if (cause instanceof NewerRules || cause instanceof NewerInput) return { _tag: "Newer", message: cause.message }
    return { _tag: "Undecidable", message: cause instanceof Error ? cause.message : String(cause) }
  }
}

const sameOutcome = (recorded: Outcome, decided: Outcome): boolean => {
  if (recorded._tag === "Events" && decided._tag === "Events")
    return (
      recorded.events.length === decided.events.length &&
      recorded.events.every(({ data, type }, index) => {
        const again = decided.events[index]!
        return type === again.type && sameJson(data, again.data)
      })
    )
  if (recorded._tag === "Refused" && decided._tag === "Refused")
    return recorded.refusal.code === decided.refusal.code && sameJson(recorded.refusal.details, decided.refusal.details)
  return recorded._tag === "NoChange" && decided._tag === "NoChange"
}

/** Whether each event states the instant at which its fact took place as the decision does. */
const areEffective = (events: ReadonlyArray<RecordedDomainEvent>, decided: Outcome): boolean =>
  decided._tag !== "Events" ||
  decided.events.every((event, index) => effectiveAt(event as DomainEvent) === events[index]?.meta.effectiveAt)

/** JSON that may share parts: compared by value, whatever the order of members. */
const sameJson = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  for (const name of names)
    if (!sameJson((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])) return false
  return true
}
