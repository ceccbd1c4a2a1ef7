/**
 * Events as a caller hands them over, and as the log returns them. For applications, and for builders of a store.
 */
import type { JsonObject } from "./Json.ts"

/** The place of an event in the log: 1 for the first, dense, no gaps ever. 0 is the place before the first. @category models */
export type Position = number

/**
 * The least a store asks of its events. `data` holds no personal data; what is personal stands in `personal`, which is encrypted under the
 * key of the event's subject.
 *
 * @category models
 */
export interface AnyEvent {
  readonly type: string
  readonly data: object
  readonly personal?: object | undefined
  readonly meta: object
}

/** An event to be appended. Its id is made by the caller (UUIDv7), so that a simulation can seed it. @category models */
export type NewEvent<E extends AnyEvent> = E extends AnyEvent ? E & { readonly id: string } : never

/** What the log adds to the metadata. `recordedAt` is an ISO 8601 instant in UTC; one per append, never before the head's. @category models */
export interface Recording {
  readonly recordedAt: string
}

/** In the body of an event with a personal part: whose it is, and the SHA-256 (hex) of its ciphertext. @category models */
export interface PersonalReference {
  readonly subject: string
  readonly hash: string
}

/** An event as read back, upcast to the current version of its type, which is the `version` it gives. Its personal part is read through {@link EventStoreShape.reveal}. @category models */
export type RecordedEvent<E extends AnyEvent> = E extends AnyEvent
  ? Pick<E, "type" | "data"> & {
      readonly position: Position
      readonly id: string
      readonly version: number
      readonly tags: ReadonlyArray<string>
      readonly personal?: PersonalReference
      readonly meta: E["meta"] & Recording
    }
  : never

/** The personal part of an event, or the fact that its subject was forgotten. @category models */
export type Revealed =
  { readonly _tag: "Present"; readonly value: JsonObject } | { readonly _tag: "Erased" } | { readonly _tag: "None" }

/** What a store says of a personal part it has opened: also whose it is, and of which type of event. @category models */
export type Opened =
  | { readonly _tag: "Present"; readonly value: JsonObject; readonly subject: string; readonly type: string }
  | Exclude<Revealed, { readonly _tag: "Present" }>
