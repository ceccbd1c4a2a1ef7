/**
 * What a store must know about its events to encode, index and upcast them. Plain data: the owner of the events writes it without
 * importing the store. Its types follow the events, so that a misspelt type or member does not compile.
 */
import type { Schema } from "effect"
import type { AnyEvent } from "./Event.ts"

/** The personal part of an event, where its type has one. */
type PersonalOf<E extends AnyEvent> = "personal" extends keyof E ? Exclude<E["personal"], undefined> : never

/**
 * One event type.
 *
 * @category models
 */
export interface EventDefinition<E extends AnyEvent = any> {
  /** The newest version that is read, from 1; new events are written with it. */
  readonly version: number
  /**
   * While programs run that read only an earlier version: that version, with what turns data back into it. The upcasters must lead to the
   * same data again, or the event is refused.
   */
  readonly writtenAs?: { readonly version: number; readonly data: (data: E["data"]) => unknown } | undefined
  /** The data of the current version. Type and encoded side are the same JSON. */
  readonly data: Schema.Codec<E["data"], any>
  /** For each earlier version `n`, what turns its data into the data of version `n + 1`. Total: it never fails. */
  readonly upcasters: { readonly [version: number]: (data: any) => any }
  /** The personal part, where the type has one: its schema, and the subject whose key encrypts it. */
  readonly personal?:
    { readonly schema: Schema.Codec<PersonalOf<E>, any>; readonly subject: (data: E["data"]) => string } | undefined
  /**
   * What the event is about. A function of the body alone, so that the index can be rebuilt from the bodies. It must not read `recordedAt`:
   * when an event is prepared, its instant is not known. When the function changes, a log of before is refused until its index is made
   * again: `unfitIndex` opens it, `rebuildIndex` makes the index.
   */
  readonly tags: (data: E["data"], meta: E["meta"]) => ReadonlyArray<string>
}

/**
 * All event types of a log, and the schema of their metadata (without `recordedAt`, which the store adds). A type that was ever recorded
 * stays: a log with a type that the catalogue lacks is refused, as written by a newer program.
 *
 * @category models
 */
export interface Catalogue<E extends AnyEvent = any> {
  readonly meta: Schema.Codec<E["meta"], any>
  readonly events: { readonly [T in E["type"]]: EventDefinition<Extract<E, { readonly type: T }>> }
  /**
   * The instant in the metadata that `recordedAt` must not precede: when the instruction came in, for example. In UTC, with six digits of a
   * second.
   */
  readonly notBefore?: (meta: E["meta"]) => string
  /** Carries the type of the events; never read. */
  readonly _E?: () => E
}
