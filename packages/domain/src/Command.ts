/**
 * What a command is: its input, its decision, and the way back from its events to its input. For the commands, and for the registrar.
 *
 * `input` is everything that a decision takes in and that is not personal. Ids in it were made beforehand and are fresh, so no decision
 * asks whether an id is taken. `personal` serves checks of content and goes into the event; a replay decides without it.
 */
import { Schema } from "effect"
import type { EventType, Recorded, RecordedDomainEvent } from "./Catalogue.ts"
import type { Decision, DecisionContext } from "./Decision.ts"
import { type EveryMember, withoutUndefined } from "./Event.ts"

type Fields = Schema.Struct.Fields

/** The JSON of an input that an earlier version recorded, made that of the next. Total: it never fails. @category models */
export type InputUpcaster = (input: Schema.JsonObject) => Schema.JsonObject

/** A decision of a command. @category models */
export type Decide<Input extends Fields, Personal extends Fields> = (
  input: Schema.Struct.Type<Input>,
  personal: Schema.Struct.Type<Personal> | undefined,
  context: DecisionContext
) => Decision

/** @category models */
export interface Definition<Operation extends string, Input extends Fields, Personal extends Fields> {
  /** The name that stands in the metadata of the command's events. */
  readonly operation: Operation
  /** Raised when an input recorded before would no longer fit, or mean something else. */
  readonly version: number
  /** One for each version before. */
  readonly upcasters: { readonly [version: number]: InputUpcaster }
  readonly input: Schema.Struct<Input>
  readonly personal: Schema.Struct<Personal> | undefined
  readonly decide: Decide<Input, Personal>
  /** The decisions of before, oldest first: those by the rules 1, 2 and so on. */
  readonly formerly: ReadonlyArray<Decide<Input, Personal>>
  /**
   * The input, from the events of the instruction in the order of the log. Deciding it again over the log before them returns the same
   * events. Throws where the events belong to no such instruction, as in a damaged log, or are of a newer version.
   */
  readonly recall: (events: ReadonlyArray<RecordedDomainEvent>) => Schema.Struct.Type<Input>
}

/** @category constructors */
export const make = <const Operation extends string, const Input extends Fields, const Personal extends Fields = {}>(
  operation: Operation,
  definition: {
    /** Default: 1. */
    readonly version?: number
    readonly upcasters?: { readonly [version: number]: InputUpcaster }
    readonly input: Input
    readonly personal?: Personal
    readonly decide: Decide<Input, Personal>
    /** Grows by the decision that stood here, when a recorded instruction would be decided otherwise from now on. */
    readonly formerly?: ReadonlyArray<Decide<Input, Personal>>
    /** Only for instructions that changed something: refusals and no-ops carry their input. Names every member of it. */
    readonly recall: (events: ReadonlyArray<RecordedDomainEvent>) => EveryMember<Schema.Struct.Type<Input>>
  }
): Definition<Operation, Input, Personal> => {
  const { version = 1, upcasters = {}, formerly = [] } = definition
  const input = Schema.Struct(definition.input)
  const isInput = Schema.is(input)
  return {
    operation,
    version,
    upcasters,
    input,
    personal: definition.personal === undefined ? undefined : Schema.Struct(definition.personal),
    decide: definition.decide,
    formerly,
    recall: (events) => {
      const [first] = events
      if (first?.type !== "InstructionRejected" && first?.type !== "InstructionNoted")
        return withoutUndefined(definition.recall(events))
      const recorded: unknown = ofToday({ operation, version, upcasters }, first.data)
      if (!isInput(recorded)) throw new TypeError(`not an input of ${operation}`)
      return recorded
    }
  }
}

/** An input that a newer version of this program recorded: this one cannot read it. @category errors */
export class NewerInput extends Error {
  override readonly name = "NewerInput"
  readonly operation: string
  readonly version: number

  constructor(operation: string, version: number, known: number) {
    super(
      `the input of ${operation} was recorded in version ${version} by a newer version of this program; this one knows ${known}`
    )
    this.operation = operation
    this.version = version
  }
}

/** An instruction that a newer version of this program decided: this one does not know its rules. @category errors */
export class NewerRules extends Error {
  override readonly name = "NewerRules"

  constructor(operation: string, rules: number, known: number) {
    super(`${operation} was decided by rules ${rules} of a newer version of this program; this one knows ${known}`)
  }
}

/** The version of the rules by which a command is decided today. @category computing */
export const rulesOf = ({ formerly }: { readonly formerly: ReadonlyArray<unknown> }): number => formerly.length + 1

type Versions = Pick<Definition<string, Fields, Fields>, "operation" | "version" | "upcasters">

/** A recorded input as this version of the command would have recorded it. */
const ofToday = (
  { operation, version, upcasters }: Versions,
  { input, inputVersion = 1 }: Recorded<"InstructionNoted">["data"]
): Schema.JsonObject => {
  if (inputVersion > version) throw new NewerInput(operation, inputVersion, version)
  let upcast = input
  for (let each = inputVersion; each < version; each++) {
    const upcaster = upcasters[each]
    if (upcaster === undefined) throw new TypeError(`no upcaster from version ${each} of the input of ${operation}`)
    upcast = upcaster(upcast)
  }
  return upcast
}

/** The version that is written beside a recorded input: none for the first, so that its events keep their bytes. @category computing */
export const inputVersionOf = ({ version }: Pick<Versions, "version">): number | undefined =>
  version === 1 ? undefined : version

/** The first event of a type among those of an instruction, if any. @category computing */
export const findRecorded = <T extends EventType>(
  events: ReadonlyArray<RecordedDomainEvent>,
  type: T
): Recorded<T> | undefined => events.find((event): event is Recorded<T> => event.type === type)

/** The data of the first event of a type; throws where the instruction made none. @category computing */
export const recorded = <T extends EventType>(
  events: ReadonlyArray<RecordedDomainEvent>,
  type: T
): Recorded<T>["data"] => {
  const event = findRecorded(events, type)
  if (event === undefined) throw new TypeError(`no ${type} among the events of the instruction`)
  return event.data
}
