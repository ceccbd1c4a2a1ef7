/**
 * What an object of the API looks like, by version. For the descriptions of operations, for the server and for the client.
 *
 * An answer that was sent once is sent again in the same bytes. So never remove the schema of a version that was ever recorded. Today's
 * programs see today's form: an old answer is lifted, version by version.
 */
import type { Schema } from "effect"
import { nullableBut } from "./Shape.ts"

/** The types of all versions, by number. @category models */
export type Versions = { readonly [version: number]: unknown }

/** @category models */
export interface Answer<out Today, out V extends Versions = Versions> {
  /** Its name in the OpenAPI document: `Investor`. */
  readonly name: string
  /** Today's version. */
  readonly version: number
  /** The version in which new instructions are answered and recorded: today's, or an earlier one that all running programs know. */
  readonly recorded: number
  /** The schema of each version, today's last. */
  readonly schemas: ReadonlyMap<number, Schema.Codec<any, any>>
  /** Lifts an answer of a version to today's form. Total: what the old form lacked is null. */
  readonly lift: (answer: unknown, version: number) => Today
  /** For types only. */
  readonly "~versions"?: V
}

type Plain = string | number | boolean | bigint | null | undefined | void | Uint8Array

/**
 * An answer as a caller sees it: the same embedded and remote. The register shows every member. A server of another generation may leave
 * out any member but `id`, and then it is null. A program that reads a member says what it does without it.
 *
 * @category models
 */
export type Seen<A> = A extends Plain
  ? A
  : A extends ReadonlyArray<infer Item>
    ? ReadonlyArray<Seen<Item>>
    : { readonly [Name in keyof A]: Name extends "id" ? A[Name] : Seen<A[Name]> | null }

/** The schema of today's version. @category computing */
export const schemaOf = <A>(answer: Answer<A>): Schema.Codec<A, any> => answer.schemas.get(answer.version)!

/** The schema of an answer of some version as a caller sees it. @category computing */
export const seen = <A>(answer: Answer<A>, version: number): Schema.Codec<Seen<A>, any> =>
  nullableBut(answer.schemas.get(version) ?? schemaOf(answer), "id")

/** The first version of an answer. @category constructors */
export const first = <A, I>(name: string, schema: Schema.Codec<A, I>): Answer<A, { readonly 1: A }> => ({
  name,
  version: 1,
  recorded: 1,
  schemas: new Map([[1, schema]]),
  lift: (answer) => answer as A
})

/**
 * The version after another one. `lift` turns an answer of the version before into an answer of this version; what the old form lacked is
 * null.
 *
 * @category constructors
 */
export const next = <A, I, Before, V extends Versions, const N extends number>(
  before: Answer<Before, V>,
  version: N,
  schema: Schema.Codec<A, I>,
  lift: (before: Before) => NoInfer<A>
): Answer<A, V & { readonly [Version in N]: A }> => {
  if (version !== before.version + 1) throw new RangeError(`${before.name}: version ${before.version + 1} comes next`)
  return {
    name: before.name,
    version,
    recorded: version,
    schemas: new Map([...before.schemas, [version, schema]]),
    lift: (answer, from) => (from >= version ? (answer as A) : lift(before.lift(answer, from)))
  }
}

/**
 * An answer whose new instructions are still recorded in an earlier version. Programs run that know no later one, and may have to repeat it.
 * Reads show today's version.
 *
 * @category constructors
 */
export const recordedAs = <A, V extends Versions>(answer: Answer<A, V>, version: keyof V & number): Answer<A, V> => ({
  ...answer,
  recorded: version
})
