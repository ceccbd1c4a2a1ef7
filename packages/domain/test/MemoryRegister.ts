/**
 * A register in memory, as small as it can be: a log, decisions over it, and what each decision read. For the tests.
 */
import { Result, Schema } from "effect"
import { Commands, type Decision, type Event, Events, type Id, Policy, Refusal, Timestamp } from "../src/index.ts"

export type Answer = Result.Result<ReadonlyArray<Events.DomainEvent>, Refusal.Refusal>

export interface Decided {
  readonly answer: Answer
  readonly reads: ReadonlyArray<Decision.Model<unknown>>
}

/** Which events a model sees: by its query, or by anything else a test wants to compare that with. */
export type Matches = (model: Decision.Model<unknown>, event: Events.RecordedDomainEvent) => boolean

export const byQuery: Matches = (model, event) =>
  model.types.includes(event.type) && model.tags.every((tag) => event.tags.includes(tag))

export const stateOf = <S>(
  model: Decision.Model<S>,
  log: ReadonlyArray<Events.RecordedDomainEvent>,
  matches: Matches = byQuery
): S => {
  let state = model.initial
  for (const event of log) if (matches(model, event)) state = model.evolve(state, event)
  return state
}

/** Runs a decision over a log. */
export const decideOver = (
  decision: Decision.Decision,
  log: ReadonlyArray<Events.RecordedDomainEvent>,
  matches: Matches = byQuery
): Decided => {
  const reads: Array<Decision.Model<unknown>> = []
  let step = decision.next()
  while (!step.done) {
    if ("refusal" in step.value) return { answer: Result.fail(step.value.refusal), reads }
    reads.push(step.value.model)
    step = decision.next(stateOf(step.value.model, log, matches))
  }
  return { answer: Result.succeed(step.value), reads }
}

const tagsOf = (event: Events.DomainEvent, meta: Event.Meta): ReadonlyArray<string> => {
  const definition: { readonly tags: (data: any, meta: Event.Meta) => ReadonlyArray<string> } =
    Events.catalogue.events[event.type]
  return definition.tags(event.data, meta)
}

export interface Executed {
  readonly instruction: string
  readonly command: Commands.Command
  readonly answer: Answer
  readonly events: ReadonlyArray<Events.RecordedDomainEvent>
}

export class MemoryRegister {
  readonly log: Array<Events.RecordedDomainEvent> = []
  #instructions = 0

  /** With a policy, the log begins with it. */
  constructor(policy?: Policy.Change) {
    if (policy !== undefined)
      this.execute({ operation: "SeedPolicy", input: policy }, this.context(undefined, "2020-01-01T00:00:00Z"))
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

  state<S>(model: Decision.Model<S>): S {
    return stateOf(model, this.log)
  }

  decide(command: Commands.Command, context: Decision.DecisionContext, head = this.log.length): Decided {
    return decideOver(Commands.decide(command, context), this.log.slice(0, head))
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
    const events = drafts.map((draft, index): Events.RecordedDomainEvent => {
      const effective = Events.effectiveAt(draft)
      const rules = Commands.recordedRules(command)
      const isLast = index === drafts.length - 1
      const meta: Event.Meta = {
        ...(context.platform === undefined ? {} : { platform: context.platform }),
        operation: command.operation,
        instruction,
        ...(isLast ? { fingerprint: "1:00", answer: 1, ...(rules === undefined ? {} : { rules }) } : {}),
        actor: context.platform === undefined ? "registrar" : "platform",
        receivedAt: context.receivedAt.text,
        ...(effective === undefined ? {} : { effectiveAt: effective })
      }
      // A log returns JSON that its schema accepts, and an object that no other code shares.
      const data = JSON.parse(JSON.stringify(draft.data))
      const definition: { readonly data: Schema.Top } = Events.catalogue.events[draft.type]
      if (!Schema.is(definition.data)(data)) throw new Error(`${draft.type} does not fit its schema`)
      return {
        type: draft.type,
        data,
        position: this.log.length + 1 + index,
        tags: tagsOf(draft, meta),
        meta: { ...meta, recordedAt: context.receivedAt.text }
      } as Events.RecordedDomainEvent
    })
    this.log.push(...events)
    return { instruction, command, answer, events }
  }

  /** The events of each instruction, with the log before them. */
  instructions(): ReadonlyArray<{
    readonly before: ReadonlyArray<Events.RecordedDomainEvent>
    readonly events: ReadonlyArray<Events.RecordedDomainEvent>
  }> {
    const groups: Array<{
      before: ReadonlyArray<Events.RecordedDomainEvent>
      events: Array<Events.RecordedDomainEvent>
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
