/**
 * A register in memory, as small as it can be: a log, decisions over it, and what each decision read. For the tests.
 */
import { Result, Schema } from "effect"
import {
  catalogue,
  type Command,
  type Decision,
  type DecisionContext,
  decideCommand,
  defaultPolicy,
  type DomainEvent,
  type Instant,
  instantOf,
  isRecorded,
  type Meta,
  type Model,
  eventOfNoChange,
  type PlatformId,
  type Policy,
  type RecordedDomainEvent,
  type Refusal,
  eventOfRefusal
} from "../src/index.ts"

export type Answer = Result.Result<ReadonlyArray<DomainEvent>, Refusal>

export interface Decided {
  readonly answer: Answer
  readonly reads: ReadonlyArray<Model<unknown>>
}

/** Which events a model sees: by its query, or by anything else a test wants to compare that with. */
export type Matches = (model: Model<unknown>, event: RecordedDomainEvent) => boolean

export const byQuery: Matches = (model, event) =>
  model.types.includes(event.type) && model.tags.every((tag) => event.tags.includes(tag))

export const stateOf = <S>(model: Model<S>, log: ReadonlyArray<RecordedDomainEvent>, matches: Matches = byQuery): S => {
  let state = model.initial
  for (const event of log) if (matches(model, event)) state = model.evolve(state, event)
  return state
}

/** Runs a decision over a log. */
export const decideOver = (
  decision: Decision,
  log: ReadonlyArray<RecordedDomainEvent>,
  matches: Matches = byQuery
): Decided => {
  const reads: Array<Model<unknown>> = []
  let step = decision.next()
  while (!step.done) {
    if ("refusal" in step.value) return { answer: Result.fail(step.value.refusal), reads }
    reads.push(step.value.model)
    step = decision.next(stateOf(step.value.model, log, matches))
  }
  return { answer: Result.succeed(step.value), reads }
}

const tagsOf = (event: DomainEvent, meta: Meta): ReadonlyArray<string> => {
  const definition: { readonly tags: (data: any, meta: Meta) => ReadonlyArray<string> } = catalogue.events[event.type]
  return definition.tags(event.data, meta)
}

export interface Executed {
  readonly instruction: string
  readonly command: Command
  readonly answer: Answer
  readonly events: ReadonlyArray<RecordedDomainEvent>
}

export class MemoryRegister {
  readonly log: Array<RecordedDomainEvent> = []
  readonly policy: Policy
  #instructions = 0

  constructor(policy: Policy = defaultPolicy) {
    this.policy = policy
  }

  context(platform: string | undefined, receivedAt: Instant | string): DecisionContext {
    return {
      platform: platform as PlatformId | undefined,
      receivedAt: typeof receivedAt === "string" ? instantOf(receivedAt) : receivedAt,
      policy: this.policy
    }
  }

  state<S>(model: Model<S>): S {
    return stateOf(model, this.log)
  }

  decide(command: Command, context: DecisionContext, head = this.log.length): Decided {
    return decideOver(decideCommand(command, context), this.log.slice(0, head))
  }

  /** Decides, and appends what follows: events, or the refusal, or the note that nothing changed. */
  execute(command: Command, context: DecisionContext): Executed {
    const { answer } = this.decide(command, context)
    const instruction = (++this.#instructions).toString(16).padStart(64, "0")
    const drafts: ReadonlyArray<DomainEvent> = Result.isSuccess(answer)
      ? answer.success.length > 0
        ? answer.success
        : [eventOfNoChange(command)]
      : isRecorded(answer.failure.code)
        ? [eventOfRefusal(command, answer.failure)]
        : []
    const events = drafts.map((draft, index): RecordedDomainEvent => {
      const meta: Meta = {
        ...(context.platform === undefined ? {} : { platform: context.platform }),
        operation: command.operation,
        instruction,
        ...(index === drafts.length - 1 ? { fingerprint: "1:00", answer: 1 } : {}),
        actor: context.platform === undefined ? "registrar" : "platform",
        receivedAt: context.receivedAt.text
      }
      // What a log gives back is JSON that its schema accepts, and nobody else's object.
      const data = JSON.parse(JSON.stringify(draft.data))
      const definition: { readonly data: Schema.Top } = catalogue.events[draft.type]
      if (!Schema.is(definition.data)(data)) throw new Error(`${draft.type} does not fit its schema`)
      return {
        type: draft.type,
        data,
        position: this.log.length + 1 + index,
        tags: tagsOf(draft, meta),
        meta: { ...meta, recordedAt: context.receivedAt.text }
      } as RecordedDomainEvent
    })
    this.log.push(...events)
    return { instruction, command, answer, events }
  }

  /** The events of each instruction, with the log before them. */
  instructions(): ReadonlyArray<{
    readonly before: ReadonlyArray<RecordedDomainEvent>
    readonly events: ReadonlyArray<RecordedDomainEvent>
  }> {
    const groups: Array<{ before: ReadonlyArray<RecordedDomainEvent>; events: Array<RecordedDomainEvent> }> = []
    let last: string | undefined
    this.log.forEach((event, index) => {
      if (event.meta.instruction !== last) groups.push({ before: this.log.slice(0, index), events: [] })
      groups.at(-1)?.events.push(event)
      last = event.meta.instruction
    })
    return groups
  }
}
