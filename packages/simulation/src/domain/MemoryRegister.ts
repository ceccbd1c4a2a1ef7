/**
 * A register in memory, as small as it can be: a log, decisions over it, and what each decision read. For runs of the domain alone, and for
 * tests of decisions. It knows no caller, no key and no lock.
 */
import { Commands, type Decision, type Event, Events, type Id, Policy, Refusal, Timestamp } from "@effekten/domain"
import type { Projection } from "@effekten/projections"
import { Result, Schema } from "effect"

/** @category models */
export type Answer = Result.Result<ReadonlyArray<Events.DomainEvent>, Refusal.Refusal>

/** @category models */
export interface Decided {
  readonly answer: Answer
  readonly reads: ReadonlyArray<Decision.Model<unknown>>
}

/** Which events a model sees: by its query, or by anything else a test wants to compare that with. @category models */
export type Matches = (model: Decision.Model<unknown>, event: Events.RecordedDomainEvent) => boolean

/** @category predicates */
export const byQuery: Matches = (model, event) =>
  model.types.includes(event.type) && model.tags.every((tag) => event.tags.includes(tag))

/** The state of a model, folded from the first event on. @category computing */
export const stateOf = <S>(
  model: Decision.Model<S>,
  log: ReadonlyArray<Events.RecordedDomainEvent>,
  matches: Matches = byQuery
): S => {
  let state = model.initial
  for (const event of log) if (matches(model, event)) state = model.evolve(state, event)
  return state
}

const deciding = (decision: Decision.Decision, state: <S>(model: Decision.Model<S>) => S): Decided => {
  const reads: Array<Decision.Model<unknown>> = []
  let step = decision.next()
  while (!step.done) {
    if ("refusal" in step.value) return { answer: Result.fail(step.value.refusal), reads }
    reads.push(step.value.model)
    step = decision.next(state(step.value.model))
  }
  return { answer: Result.succeed(step.value), reads }
}

/** Runs a decision over a log. @category running */
export const decideOver = (
  decision: Decision.Decision,
  log: ReadonlyArray<Events.RecordedDomainEvent>,
  matches: Matches = byQuery
): Decided => deciding(decision, (model) => stateOf(model, log, matches))

const tagsOf = (event: Events.DomainEvent, meta: Event.Meta): ReadonlyArray<string> => {
  const definition: { readonly tags: (data: any, meta: Event.Meta) => ReadonlyArray<string> } =
    Events.catalogue.events[event.type]
  return definition.tags(event.data, meta)
}

const fits = new Map(
  Object.entries(Events.catalogue.events).map(([type, { data }]): [string, (data: unknown) => boolean] => [
    type,
    Schema.is<Schema.Top>(data)
  ])
)

/** @category models */
export interface Executed {
  readonly instruction: string
  readonly command: Commands.Command
  readonly answer: Answer
  readonly events: ReadonlyArray<Projection.LoggedEvent>
}

/** What a model says of the events up to a place in the list of one of its tags. */
interface Kept {
  state: unknown
  at: number
}

/** @category models */
export class MemoryRegister {
  readonly log: Array<Projection.LoggedEvent> = []
  readonly #table: Commands.Table | undefined
  readonly #tagged = new Map<string, Array<Projection.LoggedEvent>>()
  readonly #states = new Map<string, Kept>()
  #instructions = 0

  constructor(table?: Commands.Table) {
    this.#table = table
  }

  /** A log that begins with a policy goes by it. */
  seed(policy: Policy.Change): Executed {
    return this.execute({ operation: "SeedPolicy", input: policy }, this.context(undefined, "2020-01-01T00:00:00Z"))
  }

  get policy(): Policy.Policy {
    return this.state(Policy.model) ?? Policy.defaults
  }

  context(platform: string | undefined, receivedAt: Timestamp.Instant | string): Decision.DecisionContext {
    return {
      platform: platform as Id.PlatformId | undefined,
      receivedAt: typeof receivedAt === "string" ? Timestamp.instantOf(receivedAt) : receivedAt
    }
  }

  /** At the head: what is known is folded on. */
  state<S>(model: Decision.Model<S>): S {
    const key = `${model.name} ${model.tags.join(" ")}`
    const kept: Kept = this.#states.get(key) ?? { state: model.initial, at: 0 }
    const events = this.#tagged.get(model.tags.at(-1) ?? "") ?? []
    for (; kept.at < events.length; kept.at++) {
      const event = events[kept.at]!
      if (byQuery(model, event)) kept.state = model.evolve(kept.state, event)
    }
    this.#states.set(key, kept)
    return kept.state as S
  }

  decide(command: Commands.Command, context: Decision.DecisionContext, head = this.log.length): Decided {
    const decision = Commands.decide(command, context, this.#table === undefined ? {} : { table: this.#table })
    return head === this.log.length
      ? deciding(decision, (model) => this.state(model))
      : decideOver(decision, this.log.slice(0, head))
  }

  /** Decides, and appends what follows: events, or the refusal, or the note that nothing changed. */
  execute(command: Commands.Command, context: Decision.DecisionContext): Executed {
    const { answer } = this.decide(command, context)
    const instruction = (++this.#instructions).toString(16).padStart(64, "0")
    const drafts: ReadonlyArray<Events.DomainEvent> = Result.isSuccess(answer)
      ? answer.success.length > 0
        ? answer.success
        : [Commands.eventOfNoChange(command)]
      : Refusal.isRecorded(answer.failure.code)
        ? [Commands.eventOfRefusal(command, answer.failure)]
        : []
    const rules = Commands.recordedRules(command)
    const events = drafts.map((draft, index) => {
      const effective = Events.effectiveAt(draft)
      const isLast = index === drafts.length - 1
      return this.#append(draft, {
        ...(context.platform === undefined ? {} : { platform: context.platform }),
        operation: command.operation,
        instruction,
        ...(isLast ? { fingerprint: "1:00", answer: 1, ...(rules === undefined ? {} : { rules }) } : {}),
        actor: context.platform === undefined ? "registrar" : "platform",
        receivedAt: context.receivedAt.text,
        ...(effective === undefined ? {} : { effectiveAt: effective })
      })
    })
    return { instruction, command, answer, events }
  }

  #append(draft: Events.DomainEvent, meta: Event.Meta): Projection.LoggedEvent {
    // A log returns JSON that its schema accepts, and an object that no other code shares.
    const data: unknown = JSON.parse(JSON.stringify(draft.data))
    if (fits.get(draft.type)?.(data) !== true) throw new Error(`${draft.type} does not fit its schema`)
    const position = this.log.length + 1
    const event = {
      id: String(position),
      type: draft.type,
      data,
      position,
      tags: tagsOf(draft, meta),
      meta: { ...meta, recordedAt: meta.receivedAt }
    } as unknown as Projection.LoggedEvent
    this.log.push(event)
    for (const tag of event.tags) {
      const tagged = this.#tagged.get(tag)
      if (tagged === undefined) this.#tagged.set(tag, [event])
      else tagged.push(event)
    }
    return event
  }

  /** The events of each instruction, with the log before them. */
  instructions(): ReadonlyArray<{
    readonly before: ReadonlyArray<Projection.LoggedEvent>
    readonly events: ReadonlyArray<Projection.LoggedEvent>
  }> {
    const groups: Array<{
      before: ReadonlyArray<Projection.LoggedEvent>
      events: Array<Projection.LoggedEvent>
    }> = []
    let last: string | undefined
    this.log.forEach((event, index) => {
      if (event.meta.instruction !== last) groups.push({ before: this.log.slice(0, index), events: [] })
      groups.at(-1)?.events.push(event)
      last = event.meta.instruction
    })
    return groups
  }
}
