/**
 * What a store must know about its events to encode, index and upcast them. Plain data: the owner of the events writes it without
 * importing the store.
 */
import type { Schema } from "effect"
import type { AnyEvent } from "./Event.ts"

/**
 * One event type.
 *
 * @category models
 */
export interface EventDefinition {
  /** The version new events are written with, from 1. */
  readonly version: number
  /** The data of the current version. Type and encoded side are the same JSON. */
  readonly data: Schema.Codec<any, any>
  /** For each earlier version `n`, what turns its data into the data of version `n + 1`. Total: it never fails. */
  readonly upcasters: { readonly [version: number]: (data: any) => any }
  /** The personal part, where the type has one: its schema, and the subject whose key encrypts it. */
  readonly personal?: { readonly schema: Schema.Codec<any, any>; readonly subject: (data: any) => string } | undefined
  /**
   * What the event is about. A function of the body alone, so that the index can be rebuilt from the bodies. It must not read `recordedAt`:
   * when an event is prepared, its instant is not known. When the function changes, `rebuildIndex` of the SQLite store finds old events by
   * their new tags.
   */
  readonly tags: (data: any, meta: any) => ReadonlyArray<string>
}

/**
 * All event types of a log, and the schema of their metadata (without `recordedAt`, which the store adds).
 *
 * @category models
 */
export interface Catalogue<out E extends AnyEvent = AnyEvent> {
  readonly meta: Schema.Codec<any, any>
  readonly events: { readonly [type: string]: EventDefinition }
  /** Carries the type of the events; never read. */
  readonly _E?: () => E
}
