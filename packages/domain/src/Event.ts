/**
 * What an event type of the register is: its data, its personal part, its tags. For the catalogue, and for folds over events.
 */
import { Schema } from "effect"
import { PlatformId } from "./Id.ts"
import { Timestamp } from "./Timestamp.ts"

/**
 * Metadata of every event. The events of one instruction lie side by side and bear the same `instruction`. The last of them also bears the
 * fingerprint, the versions of rules and renderer, and the tag by which the instruction is found again.
 *
 * @category models
 */
export const Meta = Schema.Struct({
  /** The platform the instruction came through; absent for the issuer, the registrar, the clock and the ledger. */
  platform: Schema.optionalKey(PlatformId),
  /** Name of the command, `SignInvestment` for example. */
  operation: Schema.String,
  /** Identity of the instruction: a keyed hash, lower-case hex. */
  instruction: Schema.String,
  /** Keyed hash of the request as received, with its version in front: `1:…`. On the last event of the instruction only. */
  fingerprint: Schema.optionalKey(Schema.String),
  /** Version of the renderer of the answer. On the last event of the instruction only. */
  answer: Schema.optionalKey(Schema.Int),
  /** Version of the rules the instruction was decided by; missing is 1. On the last event of the instruction only. */
  rules: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(2))),
  /** The actor: `platform`, `issuer`, `registrar`, `clock` or `ledger`. */
  actor: Schema.Literals(["platform", "issuer", "registrar", "clock", "ledger"]),
  correlation: Schema.optionalKey(Schema.String),
  causation: Schema.optionalKey(Schema.String),
  /** When the instruction entered the queue of decisions: the only "now" a decision sees. */
  receivedAt: Timestamp,
  /** When the fact took place, where that is not the moment of recording. Evidence; it orders nothing. */
  effectiveAt: Schema.optionalKey(Timestamp)
})
export type Meta = typeof Meta.Type

/** The tag by which an instruction is found. @category constructors */
export const instructionTag = (instruction: string): string => `instruction:${instruction}`

/** What may stand in a definition: a codec whose two sides are the same JSON. */
type Fields = Schema.Struct.Fields

/**
 * Describes one event type as plain data. A store's codec takes it as it is.
 *
 * @category constructors
 */
export const define = <const Type extends string, const Data extends Fields, const Personal extends Fields = {}>(
  type: Type,
  options: {
    readonly data: Data
    readonly tags: (data: Schema.Struct.Type<Data>) => ReadonlyArray<string>
    readonly personal?: { readonly fields: Personal; readonly subject: (data: Schema.Struct.Type<Data>) => string }
    /** Raised when a body of before would no longer fit, or mean something else. Default: 1. */
    readonly version?: number
    /** While nodes of the program before run: the version that they read, and what turns data back into it. */
    readonly writtenAs?: { readonly version: number; readonly data: (data: any) => unknown }
    /** For each version before, what turns its data into the data of the next. Total: it never fails. */
    readonly upcasters?: { readonly [version: number]: (data: any) => any }
  }
): Definition<Type, Data, Personal> => ({
  type,
  version: options.version ?? 1,
  data: Schema.Struct(options.data),
  upcasters: options.upcasters ?? {},
  writtenAs: options.writtenAs,
  personal: (options.personal === undefined
    ? undefined
    : { schema: Schema.Struct(options.personal.fields), subject: options.personal.subject }) as Definition<
    Type,
    Data,
    Personal
  >["personal"],
  tags: (data, meta) =>
    meta.fingerprint === undefined ? options.tags(data) : [...options.tags(data), instructionTag(meta.instruction)],
  make: (members, ...[personal]) => {
    const data = withoutUndefined(members)
    return (personal === undefined ? { type, data } : { type, data, personal }) as MadeEvent<Type, Data, Personal>
  }
})

/**
 * Every member of `A` by name: an optional member is given as `undefined`. So code that forgets a member does not compile.
 *
 * @category models
 */
export type EveryMember<A> = { readonly [K in keyof A]-?: {} extends Pick<A, K> ? A[K] | undefined : A[K] }

/** What is recorded of such members: those that are `undefined` are left out, in the order in which they were named. @category computing */
export const withoutUndefined = <A extends object>(members: EveryMember<A>): A => {
  const kept: { [name: string]: unknown } = {}
  for (const name in members) if (members[name] !== undefined) kept[name] = members[name]
  return kept as A
}

/** An event before it has an id and metadata. @category models */
export type MadeEvent<Type extends string, Data extends Fields, Personal extends Fields> = {} extends Personal
  ? { readonly type: Type; readonly data: Schema.Struct.Type<Data> }
  : {
      readonly type: Type
      readonly data: Schema.Struct.Type<Data>
      /** Absent when the command was decided without it, as in a replay. */
      readonly personal?: Schema.Struct.Type<Personal>
    }

/** One event type. @category models */
export interface Definition<Type extends string, Data extends Fields, Personal extends Fields> {
  readonly type: Type
  readonly version: number
  readonly data: Schema.Struct<Data>
  readonly upcasters: { readonly [version: number]: (data: any) => any }
  readonly writtenAs: { readonly version: number; readonly data: (data: any) => unknown } | undefined
  readonly personal: {} extends Personal
    ? undefined
    : { readonly schema: Schema.Struct<Personal>; readonly subject: (data: Schema.Struct.Type<Data>) => string }
  readonly tags: (data: Schema.Struct.Type<Data>, meta: Meta) => ReadonlyArray<string>
  /** Makes an event of this type; the executor adds id and metadata. */
  readonly make: (
    members: EveryMember<Schema.Struct.Type<Data>>,
    ...rest: {} extends Personal ? [] : [personal: Schema.Struct.Type<Personal> | undefined]
  ) => MadeEvent<Type, Data, Personal>
}

/** The events a definition makes. @category models */
export type EventOf<D extends { readonly make: (...args: never) => unknown }> = ReturnType<D["make"]>
