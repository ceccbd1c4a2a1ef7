/**
 * Every instruction of a log decided again from what came before it, and held against what is recorded (promise 8). For an audit.
 *
 * It goes over the log once. Nothing here may read the log or repair a state. A wrong event is folded as it stands: what follows is judged by
 * the log as it is.
 */
import { type Commands, type Decision, type Events, Judgement, Policy, Timestamp } from "@effekten/domain"
import type { Position } from "@effekten/event-store"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import * as DecisionStates from "./DecisionStates.ts"
import type { LoggedEvent } from "./Projection.ts"
import * as SeenInstructions from "./SeenInstructions.ts"
import type { Fold } from "./Views.ts"

/** An instruction of which something else is recorded than its decision comes to. @category models */
export interface Deviation {
  /** Of its first event. */
  readonly position: Position
  readonly operation: string
  readonly recorded: Judgement.Outcome
  readonly decided: Judgement.Outcome
  /** It goes by a policy that the log does not have: another one may have been in force. */
  readonly assumed: boolean
}

/** How the order of the log differs from the order in which instructions came in. @category models */
export interface Arrival {
  /** Instructions that stand behind one that came in after them. Platforms have their turns, so one may overtake another. */
  readonly overtaken: number
  /** Those behind one of their own platform: none where one process decides. */
  readonly withinPlatform: number
  /** The first of them; 0 if there is none. */
  readonly first: Position
  /** The longest time, in microseconds, by which one of them was received earlier than one before it. */
  readonly longest: number
}

/** @category models */
export interface DecisionReplay extends Fold {
  /** Instructions judged so far. */
  readonly instructions: () => number
  /** Those that went by the policy before the log had one. */
  readonly assumed: () => number
  /** The first {@link maximumDeviations}, and how many there are. */
  readonly deviations: ReadonlyArray<Deviation>
  readonly deviationCount: () => number
  /** Those that a newer version of this program decided, and which this one does not judge; the first position, 0 if there is none. */
  readonly newer: () => { readonly count: number; readonly first: Position }
  /** Instructions that were recorded before, each at its first event; the first {@link maximumDeviations}, and how many there are. */
  readonly repeated: ReadonlyArray<Pick<Deviation, "operation" | "position">>
  readonly repeatedCount: () => number
  readonly arrival: () => Arrival
  /** The log has ended: an instruction whose last event is missing deviates. */
  readonly end: () => void
}

/** Deviations kept: in a log whose rules were changed without notice nearly every instruction is one. @category values */
export const maximumDeviations = 1_000

/** @category models */
export interface Options {
  /** The policy that was in force before the log had one. Default: the one that the register assumes. */
  readonly assumed?: Policy.Policy | undefined
  /** Default: the commands of the register. */
  readonly table?: Commands.Table | undefined
}

/** @category constructors */
export const make = (options: Options = {}): DecisionReplay => {
  const states = DecisionStates.make()
  const seen = SeenInstructions.make()
  const deviations: Array<Deviation> = []
  const repeated: Array<Pick<Deviation, "operation" | "position">> = []
  let [instructions, assumed, deviationCount, repeatedCount] = [0, 0, 0, 0]
  let newer = { count: 0, first: 0 }
  let open: Array<LoggedEvent> = []
  const arrival = makeArrival()

  const add = (deviation: Deviation): void => {
    deviationCount += 1
    if (deviations.length < maximumDeviations) deviations.push(deviation)
  }
  const close = (missing?: string): void => {
    const events = open
    if (!isReadonlyArrayNonEmpty(events)) return
    open = []
    instructions += 1
    const { meta, position } = events[0]
    const { instruction, operation } = meta
    if (seen.add(instruction) && ++repeatedCount <= maximumDeviations) repeated.push({ operation, position })
    const judged = judge(events, states, options)
    if (judged.assumed) assumed += 1
    const decided: Judgement.Outcome =
      missing === undefined ? judged.decided : { _tag: "Undecidable", message: missing }
    if (decided._tag === "Newer") newer = { count: newer.count + 1, first: newer.count === 0 ? position : newer.first }
    else if (!judged.same || missing !== undefined) add({ ...judged, position, operation, decided })
    for (const event of events) states.apply(event)
  }

  return {
    apply: (event) => {
      const first = open[0]
      if (first !== undefined && !belong(first, event)) close("its last event is missing")
      if (open.length === 0) arrival.add(event)
      open.push(event)
      if (event.meta.fingerprint !== undefined) close()
    },
    end: () => close("its last event is missing"),
    instructions: () => instructions,
    assumed: () => assumed,
    deviations,
    deviationCount: () => deviationCount,
    newer: () => newer,
    repeated,
    repeatedCount: () => repeatedCount,
    arrival: arrival.found
  }
}

/** Judges one instruction, and says whether it went by a policy that the log did not have. */
const judge = (
  events: readonly [LoggedEvent, ...ReadonlyArray<LoggedEvent>],
  states: DecisionStates.DecisionStates,
  { assumed: policy, table }: Options
): Judgement.Judgement & Pick<Deviation, "assumed"> => {
  const { operation } = events[0].meta
  // What sets the first policy reads that there is none.
  const setsPolicy = operation === "SeedPolicy" || operation === "SetPolicy"
  let assumed = false
  const stateOf = <S>(model: Decision.Model<S>): S => {
    const state = states.stateOf(model)
    if (model.name !== Policy.model.name || state !== undefined || setsPolicy) return state
    assumed = true
    return policy as S
  }
  const judgement = Judgement.judge(events, stateOf, table)
  return { ...judgement, assumed }
}

/** Whether two events beside each other are of one instruction. */
const belong = ({ meta: a }: Events.RecordedDomainEvent, { meta: b }: Events.RecordedDomainEvent): boolean =>
  a.instruction === b.instruction &&
  a.operation === b.operation &&
  a.platform === b.platform &&
  a.receivedAt === b.receivedAt

/** Compares the instants of receipt with the order of the log. */
const makeArrival = () => {
  let latest = Number.NEGATIVE_INFINITY
  const latestOf = new Map<string | undefined, number>()
  let found: Arrival = { overtaken: 0, withinPlatform: 0, first: 0, longest: 0 }
  return {
    add: ({ meta, position }: LoggedEvent): void => {
      const { micros } = Timestamp.instantOf(meta.receivedAt)
      const own = latestOf.get(meta.platform) ?? Number.NEGATIVE_INFINITY
      latestOf.set(meta.platform, Math.max(own, micros))
      if (micros < latest)
        found = {
          overtaken: found.overtaken + 1,
          withinPlatform: found.withinPlatform + (micros < own ? 1 : 0),
          first: found.first === 0 ? position : found.first,
          longest: Math.max(found.longest, latest - micros)
        }
      else latest = micros
    },
    found: () => found
  }
}
