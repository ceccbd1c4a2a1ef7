/**
 * Given events, when a command, then events or a refusal. For tests of decisions, ours and those of other programs.
 *
 * Events and commands are written as JSON, with plain text for ids, and are checked against their schemas. Nothing is stored: what stands
 * before a decision is what the test says.
 */
import { Equal, Formatter, Result, Schema } from "effect"
import { catalogue, type DomainEvent, type EventType, type RecordedDomainEvent } from "../Catalogue.ts"
import * as Commands from "../Commands.ts"
import { decide, type Model } from "../Decision.ts"
import type { Meta } from "../Event.ts"
import type { PlatformId } from "../Id.ts"
import type { Code, Refusal } from "../Refusal.ts"
import { instantOf, type Timestamp } from "../Timestamp.ts"

/** The actor and the moment of an event or a command. */
interface Circumstances {
  /** The platform that instructs. Default: none, as for the issuer, the registrar, the clock and the ledger. */
  readonly platform?: string
  /** When it was received. Default: noon of 2026-01-01 UTC. */
  readonly at?: string
}

/** An event of a type that happened. @category models */
export interface HappenedAs<T extends EventType> extends Circumstances {
  readonly type: T
  readonly data: (typeof catalogue.events)[T]["data"]["Encoded"]
}

/** An event that happened. @category models */
export type Happened = { readonly [T in EventType]: HappenedAs<T> }[EventType]

/** A command of an operation that is asked. @category models */
export interface AskedAs<O extends Commands.Operation> extends Circumstances {
  readonly operation: O
  readonly input: (typeof Commands.all)[O]["input"]["Encoded"]
  /** Members about persons, which a decision looks at for checks of content. */
  readonly personal?: NonNullable<(typeof Commands.all)[O]["personal"]>["Encoded"]
}

/** A command that is asked. @category models */
export type Asked = { readonly [O in Commands.Operation]: AskedAs<O> }[Commands.Operation]

/** A refusal by its code. Its details are compared where they are given. @category models */
export interface Refused {
  readonly code: Code
  readonly details?: Refusal["details"]
}

/** What happened so far. @category models */
export interface Given {
  /** Decides a command over it. Its operation says what its input has to be, also in an error of the compiler. */
  readonly when: <O extends Commands.Operation>(command: AskedAs<O>) => When
}

/** A decision that was taken. @category models */
export interface When {
  /**
   * Throws a {@link Mismatch} unless the decision returned exactly these events, or this refusal; no event means that nothing changed.
   * Returns what has happened by now, so that the next command can be asked.
   */
  readonly then: (...expected: ReadonlyArray<Happened> | readonly [Refused]) => Given
}

/** A decision came out otherwise. Runners of tests show the difference of `expected` and `actual`. @category errors */
export class Mismatch extends Error {
  override readonly name = "Mismatch"
  readonly expected: unknown
  readonly actual: unknown

  constructor(command: Asked, expected: unknown, actual: unknown) {
    const show = (value: unknown) => Formatter.format(value, { space: 2 })
    super(`when ${show(command)}\nthen ${show(expected)}\nbut ${show(actual)}`)
    this.expected = expected
    this.actual = actual
  }
}

const noon = "2026-01-01T12:00:00Z"

/**
 * Begins with events that happened.
 *
 * @example
 * ```ts
 * given({ type: "PlatformRegistered", data: { platformId: "p", name: "P" } })
 *   .when({ operation: "ListProduct", input: { productId: "bond", platformId: "p" } })
 *   .then({ code: "product_not_found" })
 * ```
 *
 * @category constructors
 */
export const given = <const T extends ReadonlyArray<EventType>>(
  ...events: { readonly [Index in keyof T]: HappenedAs<T[Index]> }
): Given =>
  after(
    (events as ReadonlyArray<Happened>).reduce<ReadonlyArray<RecordedDomainEvent>>(
      (log, event, index) => named(`event ${index + 1}, ${event.type}`, () => recordedAfter(log, event)),
      []
    )
  )

/** Says which event, or which command, is not as its schema wants it. */
const named = <A>(what: string, read: () => A): A => {
  try {
    return read()
  } catch (cause) {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const after = (log: ReadonlyArray<RecordedDomainEvent>): Given => ({
  when: (asked) => {
    const command = asked as Asked
    const answer = decide(
      Commands.decide(
        named(`command ${command.operation}`, () => decoded(command)),
        {
          platform: command.platform as PlatformId | undefined,
          receivedAt: instantOf(command.at ?? noon)
        }
      ),
      (model) => stateOf(model, log)
    )
    return {
      // The three words are given, when, then. Nothing awaits a decision.
      // oxlint-disable-next-line unicorn/no-thenable
      then: (...expected) => {
        const [wanted, actual] = [
          expected.map((each, index) =>
            named(`expected ${index + 1}, ${"code" in each ? each.code : each.type}`, () => factOf(each))
          ),
          factsOf(answer)
        ]
        if (!wanted.every((fact, index) => fits(fact, actual[index])) || wanted.length !== actual.length)
          throw new Mismatch(command, wanted, actual)
        const { at, platform } = command
        const circumstances = { ...(at === undefined ? {} : { at }), ...(platform === undefined ? {} : { platform }) }
        const events = Result.isSuccess(answer) ? answer.success : []
        return after(
          events.reduce<ReadonlyArray<RecordedDomainEvent>>(
            (log, event) => recordedAfter(log, { ...event, ...circumstances } as Happened),
            log
          )
        )
      }
    }
  }
})

/** What a decision is compared by: of an event its type and data, of a refusal its code and details. */
type Fact = Pick<DomainEvent, "type" | "data"> | Refused

const factOf = (expected: Happened | Refused): Fact =>
  "code" in expected ? expected : { type: expected.type, data: dataOf(expected) }

const factsOf = (answer: Result.Result<ReadonlyArray<DomainEvent>, Refusal>): ReadonlyArray<Fact> =>
  Result.isFailure(answer) ? [answer.failure] : answer.success.map(({ data, type }) => ({ type, data }))

const fits = (wanted: Fact, actual: Fact | undefined): boolean =>
  "code" in wanted && actual !== undefined && "code" in actual && wanted.details === undefined
    ? wanted.code === actual.code
    : Equal.equals(wanted, actual)

const stateOf = <S>(model: Model<S>, log: ReadonlyArray<RecordedDomainEvent>): S =>
  log
    .filter(({ tags, type }) => model.types.includes(type) && model.tags.every((tag) => tags.includes(tag)))
    .reduce((state: S, event) => model.evolve(state, event), model.initial)

const decoded = ({ input, operation, personal }: Asked): Commands.Command => {
  const command = Commands.all[operation]
  const part =
    personal === undefined || command.personal === undefined
      ? {}
      : { personal: Schema.decodeUnknownSync(command.personal)(personal) }
  return { operation, input: Schema.decodeUnknownSync(command.input)(input), ...part } as Commands.Command
}

const dataOf = ({ data, type }: Happened): DomainEvent["data"] =>
  Schema.decodeUnknownSync<Schema.Codec<DomainEvent["data"], unknown>>(catalogue.events[type].data)(data)

/** Each event bears what a store would tell of it: a position, tags, metadata. */
const recordedAfter = (
  log: ReadonlyArray<RecordedDomainEvent>,
  event: Happened
): ReadonlyArray<RecordedDomainEvent> => {
  const data = dataOf(event)
  const meta: Meta = {
    operation: "given",
    instruction: "given",
    actor: event.platform === undefined ? "registrar" : "platform",
    receivedAt: (event.at ?? noon) as Timestamp,
    ...(event.platform === undefined ? {} : { platform: event.platform as PlatformId })
  }
  const { tags }: { readonly tags: (data: any, meta: Meta) => ReadonlyArray<string> } = catalogue.events[event.type]
  return [
    ...log,
    { type: event.type, data, meta, position: log.length + 1, tags: tags(data, meta) } as RecordedDomainEvent
  ]
}
