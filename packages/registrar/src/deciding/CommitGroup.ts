/**
 * Decides a group of instructions in memory, one after the other. For {@link Deciding}, which commits their events together.
 *
 * Everything here must stay synchronous: the same code decides ahead of the append and under the store's writer lock. A missing model is
 * reported, not loaded.
 */
import { Commands, type Decision, type Event, Events, Refusal } from "@effekten/domain"
import type { Bookmark, EventDefinition, NewEvent, Position, QueryItem, Revealed } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { type CommandFailure, Deadline } from "@effekten/services"
import { Exit } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { type DecisionCache, missing, type Overlay } from "./DecisionCache.ts"
import { failureOf, keyReused, preconditionFailed } from "../base/Failures.ts"
import type { Instruction, Pending } from "./Instruction.ts"

/** An event as the log will return it. Its position and its instant of recording are those it would have now, until it is committed. */
type DecidedEvent = Projection.LoggedEvent & {
  position: Position
  readonly meta: { recordedAt: string }
  revealed?: Revealed
}

/** A member that has events of its own. @category models */
export interface Decided {
  readonly _tag: "Decided"
  readonly events: ReadonlyArray<NewEvent<Events.RegisterEvent>>
  /** The same as the log will return them. */
  readonly logged: ReadonlyArray<DecidedEvent>
}

/** What became of one member of a group, if the group commits. @category models */
export type MemberResult =
  | Decided
  /** It was recorded before; its last event is there. */
  | { readonly _tag: "Recorded"; readonly position: Position }
  /** A member before it is the same instruction. */
  | { readonly _tag: "Same"; readonly member: number }
  /** Nothing is recorded of it, and its key stays free. */
  | { readonly _tag: "Failed"; readonly exit: Exit.Exit<never, CommandFailure> }

/** A decision model that is not at hand. @category models */
export interface Missing {
  readonly _tag: "Missing"
  readonly model: Decision.Model<unknown>
}

/** A group while it is decided. @category models */
export interface CommitGroup {
  /** Decides one member; or names a model that must be loaded first. */
  readonly decide: (pending: Pending) => MemberResult | Missing
  /** Takes the result of the next member: its events are visible to those after it. */
  readonly add: (pending: Pending, result: MemberResult) => void
  readonly results: ReadonlyArray<MemberResult>
  /** Events of the whole group so far. */
  readonly size: number
  /** What the decisions of the group have read, and the tags of its instructions: none of them may be recorded yet. */
  readonly query: () => Projection.LogQuery
  /** The group is committed up to here, right behind the head it was decided at: the cache has its events now. */
  readonly adopt: (to: Bookmark) => void
}

/**
 * @param head the position all reads of the group are cut at
 * @param known the instructions of the group that are recorded already
 * @param isOver whether a member's deadline has passed: what is recorded already is answered all the same
 * @category constructors
 */
export const make = (options: {
  readonly cache: DecisionCache
  readonly head: Position
  readonly known: ReadonlyMap<string, Events.RecordedDomainEvent>
  readonly newId: () => string
  readonly isOver: (pending: Pending) => boolean
}): CommitGroup => {
  const overlay: Overlay = options.cache.overlay()
  const results: Array<MemberResult> = []
  const members = new Map<string, Member>()
  let size = 0
  /** Where the next member's events will stand, if the group commits. */
  const place = (): Place => ({ first: options.head + size + 1, newId: options.newId })

  const decide: CommitGroup["decide"] = (pending) => {
    const { instruction, receivedAt } = pending
    const before = repeated(instruction, options.known, members)
    if (before !== undefined) return before
    if (options.isOver(pending)) return failed(Deadline.exceeded())
    try {
      return run(instruction, { platform: instruction.platform, receivedAt })
    } catch (defect) {
      return { _tag: "Failed", exit: Exit.die(defect) }
    }
  }

  const run = (instruction: Instruction, context: Decision.DecisionContext): ReturnType<CommitGroup["decide"]> => {
    const decision = decisionOf(instruction, context)
    let step = decision.next()
    while (!step.done) {
      if (step.value._tag === "Refuse") {
        const { refusal } = step.value
        if (!Refusal.isRecorded(refusal.code)) return failed(failureOf(refusal))
        return decided(instruction, context, [Commands.eventOfRefusal(instruction.command, refusal)], place())
      }
      const { model } = step.value
      const state = overlay.state(model)
      if (state === missing) return { _tag: "Missing", model }
      step = decision.next(state)
    }
    if (step.value === undefined) return failed(preconditionFailed())
    const drafts = step.value.length > 0 ? step.value : [Commands.eventOfNoChange(instruction.command)]
    return decided(instruction, context, drafts, place())
  }

  return {
    decide,
    add: (pending, result) => {
      const index = results.push(result) - 1
      if (result._tag !== "Decided") return
      const { identity, fingerprint } = pending.instruction
      members.set(identity, { index, fingerprint })
      overlay.apply(result.logged)
      size += result.logged.length
    },
    adopt: overlay.adopt,
    results,
    get size() {
      return size
    },
    query: () => {
      const items: ReadonlyArray<QueryItem<Events.RegisterEvent>> = [
        ...overlay.read.map(({ tags, types }) => ({ types, tags })),
        ...Array.from(members.keys(), (identity) => ({ tags: [`instruction:${identity}`] }))
      ]
      // What read nothing is taken for what depends on everything.
      return isReadonlyArrayNonEmpty(items) ? items : "all"
    }
  }
}

const decisionOf = ({ command, unchanged }: Instruction, context: Decision.DecisionContext) =>
  unchanged === undefined ? Commands.decide(command, context) : guarded(command, unchanged, context)

/** The decision, if what the caller has seen is still so. What is read for that is read by the decision. */
function* guarded(
  command: Commands.Command,
  unchanged: NonNullable<Instruction["unchanged"]>,
  context: Decision.DecisionContext
): Generator<Decision.Read | Decision.Refuse, ReadonlyArray<Events.DomainEvent> | undefined, any> {
  return (yield* unchanged()) ? yield* Commands.decide(command, context) : undefined
}

/** An instruction of the group that is decided. */
interface Member {
  readonly index: number
  readonly fingerprint: string
}

/** The result of an instruction that is in the log, or earlier in the group. Undefined for a new one. */
const repeated = (
  { fingerprint, identity }: Instruction,
  known: ReadonlyMap<string, Events.RecordedDomainEvent>,
  members: ReadonlyMap<string, Member>
): MemberResult | undefined => {
  const recorded = known.get(identity)
  if (recorded !== undefined)
    return recorded.meta.fingerprint === fingerprint
      ? { _tag: "Recorded", position: recorded.position }
      : failed(keyReused())
  const before = members.get(identity)
  if (before === undefined) return undefined
  return before.fingerprint === fingerprint ? { _tag: "Same", member: before.index } : failed(keyReused())
}

interface Place {
  readonly first: Position
  readonly newId: () => string
}

/** What a member leaves in the log: its events. The last one has the instruction's tag and fingerprint, which a repeat is compared with. */
const decided = (
  instruction: Instruction,
  context: Decision.DecisionContext,
  drafts: ReadonlyArray<Events.DomainEvent>,
  { first, newId }: Place
): Decided => {
  const last = drafts.length - 1
  const events: Array<NewEvent<Events.RegisterEvent>> = []
  const logged: Array<DecidedEvent> = []
  for (const [index, draft] of drafts.entries()) {
    const meta = metaOf(instruction, context, draft)
    if (index === last) concluded(meta, instruction, draft)
    const event: NewEvent<Events.RegisterEvent> = { ...draft, id: newId(), meta }
    events.push(event)
    logged.push(recordedAs(event, first + index, context.receivedAt.text))
  }
  return { _tag: "Decided", events, logged }
}

type Writable<A> = { -readonly [K in keyof A]: A[K] }

const metaOf = (
  { actor, command, correlation, identity, platform }: Instruction,
  { receivedAt }: Decision.DecisionContext,
  draft: Events.DomainEvent
): Writable<Event.Meta> => {
  const meta: Writable<Event.Meta> = {
    operation: command.operation,
    instruction: identity,
    actor,
    receivedAt: receivedAt.text
  }
  if (platform !== undefined) meta.platform = platform
  if (correlation !== undefined) meta.correlation = correlation
  const effective = Events.effectiveAt(draft)
  if (effective !== undefined) meta.effectiveAt = effective
  return meta
}

/** What the last event of an instruction says besides. */
const concluded = (
  meta: Writable<Event.Meta>,
  { answer, command, fingerprint }: Instruction,
  { type }: Events.DomainEvent
): void => {
  const rules = Commands.recordedRules(command)
  meta.fingerprint = fingerprint
  meta.answer = type === "InstructionRejected" ? Refusal.wordsVersion : answer
  if (rules !== undefined) meta.rules = rules
}

const failed = (failure: CommandFailure): MemberResult => ({ _tag: "Failed", exit: Exit.fail(failure) })

/** An event as the log will return it, its personal part still to be told. */
const recordedAs = (event: NewEvent<Events.RegisterEvent>, position: Position, recordedAt: string): DecidedEvent => {
  const { data, id, meta, type } = event
  const definition: EventDefinition = Events.catalogue.events[type]
  const tags = definition.tags(data, meta)
  const logged = { id, type, data, position, tags, meta: { ...meta, recordedAt } }
  if (!("personal" in event) || event.personal === undefined) return logged as DecidedEvent
  return { ...logged, personal: { subject: definition.personal?.subject(data) } } as DecidedEvent
}
