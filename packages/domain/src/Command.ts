/**
 * What a command is: its input, its decision, and the way back from its events to its input. For the commands, and for whoever runs them.
 *
 * `input` is everything a decision takes in that is not personal, ids made beforehand included: those are fresh, so no decision asks
 * whether one is taken. `personal` is looked at for checks of content and handed through to the event; a replay leaves it away.
 */
import { Schema } from "effect"
import type { EventType, Recorded, RecordedDomainEvent } from "./Catalogue.ts"
import type { Decision, DecisionContext } from "./Decision.ts"
import { type EveryMember, withoutUndefined } from "./Event.ts"

type Fields = Schema.Struct.Fields

/** @category models */
export interface CommandDefinition<Operation extends string, Input extends Fields, Personal extends Fields> {
  /** The name that stands in the metadata of the command's events. */
  readonly operation: Operation
  readonly input: Schema.Struct<Input>
  readonly personal: Schema.Struct<Personal> | undefined
  readonly decide: (
    input: Schema.Struct.Type<Input>,
    personal: Schema.Struct.Type<Personal> | undefined,
    context: DecisionContext
  ) => Decision
  /**
   * The input, from the events of the instruction in the order of the log. Deciding it again over the log before them gives them again.
   * Throws where the events are not those of such an instruction, which only a damaged log holds.
   */
  readonly recall: (events: ReadonlyArray<RecordedDomainEvent>) => Schema.Struct.Type<Input>
}

/** @category constructors */
export const command = <const Operation extends string, const Input extends Fields, const Personal extends Fields = {}>(
  operation: Operation,
  definition: {
    readonly input: Input
    readonly personal?: Personal
    readonly decide: CommandDefinition<Operation, Input, Personal>["decide"]
    /** Only for instructions that changed something: refusals and no-ops carry their input. Names every member of it. */
    readonly recall: (events: ReadonlyArray<RecordedDomainEvent>) => EveryMember<Schema.Struct.Type<Input>>
  }
): CommandDefinition<Operation, Input, Personal> => {
  const input = Schema.Struct(definition.input)
  const isInput = Schema.is(input)
  return {
    operation,
    input,
    personal: definition.personal === undefined ? undefined : Schema.Struct(definition.personal),
    decide: definition.decide,
    recall: (events) => {
      const [first] = events
      if (first?.type !== "InstructionRejected" && first?.type !== "InstructionNoted")
        return withoutUndefined(definition.recall(events))
      const recorded: unknown = first.data.input
      if (!isInput(recorded)) throw new TypeError(`not an input of ${operation}`)
      return recorded
    }
  }
}

/** The first event of a type among those of an instruction, if any. @category recalling */
export const findRecorded = <T extends EventType>(
  events: ReadonlyArray<RecordedDomainEvent>,
  type: T
): Recorded<T> | undefined => events.find((event): event is Recorded<T> => event.type === type)

/** The data of the first event of a type; throws where the instruction made none. @category recalling */
export const recorded = <T extends EventType>(
  events: ReadonlyArray<RecordedDomainEvent>,
  type: T
): Recorded<T>["data"] => {
  const event = findRecorded(events, type)
  if (event === undefined) throw new TypeError(`no ${type} among the events of the instruction`)
  return event.data
}
