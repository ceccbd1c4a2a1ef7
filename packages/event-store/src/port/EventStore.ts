/**
 * The port: what every store offers, whatever it is built on. For programs that decide on a log, and for builders of a store. Nothing here
 * may depend on a store.
 */
import { Context, type Effect, type Result, Schema, type Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Bookmark } from "./Bookmark.ts"
import type { AnyEvent, NewEvent, Opened, Position, RecordedEvent } from "./Event.ts"
import type { Inspected } from "./Inspected.ts"
import type { AppendCondition, Query } from "./Query.ts"

/** An append was refused: an event matching its condition came after the position it was decided on. @category errors */
export class AppendConditionFailed extends Schema.TaggedError<AppendConditionFailed>()("AppendConditionFailed", {
  /** The first position in the way, where the store knows it. */
  position: Schema.optionalKey(Schema.Int),
  message: Schema.String
}) {}

/** An event cannot be stored as it is. Nothing was written; the caller's fault, not the store's. @category errors */
export class InvalidEvent extends Schema.TaggedError<InvalidEvent>()("InvalidEvent", {
  type: Schema.String,
  reason: Schema.Literals(["unknown_type", "schema", "not_canonical", "too_large", "too_many_tags", "subject_erased"]),
  message: Schema.String
}) {}

/**
 * The store could not do its work.
 *
 * * `unavailable`: it did not happen; later it may.
 * * `unknown`: an append whose outcome is not known; decide again over a model of a tag that only this request has, which finds its events.
 * * `read_only`: an earlier fault closed the store for writing; it did not happen.
 * * `damaged`: the log is not what was written; `position` says where.
 * * `other_history`: what the caller knows is not in this log. There is another leaf at its position, or the log ends before it. It did not
 *   happen. Drop what was derived, and read the log again.
 * * `newer`: a newer program wrote the event at `position`, and this one does not know its type or its version. The log is whole, but this
 *   program neither reads it nor appends to it: upgrade it.
 *
 * @category errors
 */
export class EventStoreError extends Schema.TaggedError<EventStoreError>()("EventStoreError", {
  reason: Schema.Literals(["unavailable", "unknown", "read_only", "damaged", "other_history", "newer"]),
  message: Schema.String,
  position: Schema.optionalKey(Schema.Int),
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** Where the appended events lie, and the one instant they were recorded at. @category models */
export interface Appended {
  readonly first: Position
  readonly last: Position
  readonly recordedAt: string
  /** Of the last event: with its position, the bookmark to go on from. */
  readonly leaf: string
}

/** Which part of the log to read, and how. @category models */
export interface ReadOptions {
  /** First position to read, inclusive. Reading backwards it is the lowest. */
  readonly from?: Position
  /** Last position to read, inclusive. */
  readonly to?: Position
  /** At most so many events. */
  readonly limit?: number
  readonly backwards?: boolean
}

/**
 * An event checked, encoded and encrypted, ready to be appended: only `recordedAt` and the position are missing. What it holds can no
 * longer be changed through the object it was made from.
 *
 * @category models
 */
export interface PreparedEvent<E extends AnyEvent> {
  readonly event: NewEvent<E>
  /** What a query of another member of the same group will see. */
  readonly tags: ReadonlyArray<string>
  /** Bytes of the body in UTF-8. */
  readonly bytes: number
}

/** What a decision under the writer lock comes to: events to append (none is allowed), and an answer. @category models */
export interface Exclusive<E extends AnyEvent, A> {
  readonly events: ReadonlyArray<NewEvent<E> | PreparedEvent<E>>
  readonly answer: A
}

/** An event exactly as it lies in the log: what is hashed, proved and copied. @category models */
export interface StoredEvent {
  readonly position: Position
  /** The canonical text. */
  readonly body: string
  /**
   * The RFC 6962 leaf hash stored beside it: SHA-256 over a zero byte and the UTF-8 of the body. It was computed when the event was
   * written.
   */
  readonly leaf: Uint8Array
}

/** Leaf hashes of adjacent events, packed: 32 bytes for each. @category models */
export interface StoredLeaves {
  /** The position of the first. */
  readonly first: Position
  readonly hashes: Uint8Array
}

/**
 * The MAC of an append: of the events from `first` to `last`. Where MACs begin there is one of no event, whose `first` is after its `last`.
 *
 * @category models
 */
export interface StoredMac {
  readonly first: Position
  readonly last: Position
  readonly mac: Uint8Array
}

/** The personal part of an event as it lies in the log. @category models */
export interface Sealed {
  /** Bytes of the ciphertext. */
  readonly bytes: number
  /** Decrypts it. Nothing that it says is kept. */
  readonly open: Effect.Effect<Opened, EventStoreError>
}

/**
 * An append-only log of events, decided on by query and append condition.
 *
 * @category models
 */
export interface EventStoreShape<E extends AnyEvent> {
  /**
   * Checks, encodes and encrypts one event, so that a fault concerns this event alone. Where there is nothing to encrypt the effect may be
   * an `Exit`, of which a caller takes the value at once.
   */
  readonly prepare: (event: NewEvent<E>) => Effect.Effect<PreparedEvent<E>, InvalidEvent | EventStoreError>
  /** Appends all events or none, adjacent, in one durable commit. When it returns, they survive `kill -9` and power loss. */
  readonly append: (
    events: NonEmptyReadonlyArray<NewEvent<E> | PreparedEvent<E>>,
    condition?: AppendCondition<E>
  ) => Effect.Effect<Appended, AppendConditionFailed | InvalidEvent | EventStoreError>
  /**
   * Decides under the writer lock: passes to `decide` what matches `query` after `after`, and appends what it returns before any other
   * append. `decide` is synchronous and pure; when it fails nothing is written. It is not asked where `after` is not in the log's history:
   * that fails with `other_history`. With `limit` it is passed the first matches, or the last ones, newest first, with `backwards`.
   */
  readonly appendExclusive: <A, X>(
    after: Position | Bookmark,
    query: Query<E>,
    decide: (news: ReadonlyArray<RecordedEvent<E>>, head: Bookmark) => Result.Result<Exclusive<E, A>, X>,
    options?: Pick<ReadOptions, "backwards" | "limit">
  ) => Effect.Effect<
    { readonly appended: Appended | undefined; readonly answer: A },
    X | InvalidEvent | EventStoreError
  >
  /** Reads in position order, in chunks; nothing that is appended after the first pull is seen. */
  readonly read: (query: Query<E>, options?: ReadOptions) => Stream.Stream<RecordedEvent<E>, EventStoreError>
  /** What `read` returns, at once: for decisions, which read little. Fails with a defect past `StoreLimits.readAll` events. */
  readonly readAll: (
    query: Query<E>,
    options?: ReadOptions
  ) => Effect.Effect<ReadonlyArray<RecordedEvent<E>>, EventStoreError>
  /**
   * History after a position, then live, without a gap and without a duplicate between. Never ends by itself. Fails with `other_history`
   * where `after`, or what was read since, is not in the log's history any more.
   */
  readonly subscribe: (query: Query<E>, after: Position | Bookmark) => Stream.Stream<RecordedEvent<E>, EventStoreError>
  /** The position of the last event; 0 while the log is empty. */
  readonly head: Effect.Effect<Position, EventStoreError>
  /** The head with its leaf, in one look. Fails with `other_history` where what is known is not in the log's history. */
  readonly bookmark: (known?: Bookmark) => Effect.Effect<Bookmark, EventStoreError>
  /** Fails with what an append would fail with now, as far as that can be told without one: for probes, and cheap enough for many. */
  readonly writable: Effect.Effect<void, EventStoreError>
  /** The bodies themselves and their leaves, undecoded and unverified: for proofs, verification and copies. */
  readonly readStored: (options?: Pick<ReadOptions, "from" | "to">) => Stream.Stream<StoredEvent, EventStoreError>
  /** The leaves alone, as stored: for the tree over them, at a fraction of the cost. */
  readonly readLeaves: (options?: Pick<ReadOptions, "from" | "to">) => Stream.Stream<StoredLeaves, EventStoreError>
  /** The MACs of the appends that end at a position or after it, as stored and in order. None where the log bears none. */
  readonly readMacs: (options?: Pick<ReadOptions, "from">) => Stream.Stream<StoredMac, EventStoreError>
  /**
   * Begins the MACs at the head, or returns where they began: for a log that was made without a key. What lies before has to be verified
   * first. In a store without a key it is a defect.
   */
  readonly beginMacs: Effect.Effect<StoredMac, EventStoreError>
  /**
   * Holds all that is kept beside the bodies against the bodies: positions, leaves, schemas, index, personal parts. Goes on after a
   * fault, and says of each what is wrong. Fails only where nothing can be read any more.
   */
  readonly inspect: (options?: { readonly to?: Position }) => Stream.Stream<Inspected<E>, EventStoreError>
  /** Random, made with the log and kept in it: tells one log from another, and a restored one from none. */
  readonly logId: string
  /**
   * The personal parts of the events at these positions, in their order. A position the log does not have is a defect. A caller that must
   * account for what is opened does so with what this returns, before passing it on.
   */
  readonly reveal: (positions: ReadonlyArray<Position>) => Effect.Effect<ReadonlyArray<Opened>, EventStoreError>
  /**
   * The same parts, still encrypted: for a caller that opens them again and again. As soon as a subject is forgotten they open as erased,
   * in every hand.
   */
  readonly sealed: (positions: ReadonlyArray<Position>) => Effect.Effect<ReadonlyArray<Sealed>, EventStoreError>
  /** Destroys the key and the ciphertexts of a subject. Append the event that says so first. Repeating it is harmless. */
  readonly forget: (subject: string) => Effect.Effect<void, EventStoreError>
}

/**
 * The tag under which an application keeps the store of its events.
 *
 * @example
 * ```ts
 * class Log extends EventStore<Log, MyEvent>()("my-app/Log") {}
 * ```
 *
 * @category services
 */
export const EventStore =
  <Self, E extends AnyEvent>() =>
  <const Id extends string>(id: Id) =>
    Context.Service<Self, EventStoreShape<E>>()(id)
