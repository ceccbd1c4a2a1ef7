/**
 * What an inspection of a log finds. For callers of `inspect`; how a store inspects is no part of the port.
 */
import type { AnyEvent, Position, RecordedEvent } from "./Event.ts"

/**
 * Something is not as it was written.
 *
 * * `position`: there is no event, or one where none can be.
 * * `body`: the body does not have the leaf that is stored beside it.
 * * `schema`: the catalogue cannot read the body.
 * * `newer`: a newer program wrote the event; this one cannot judge it.
 * * `index`: what the event is found by is not what its body says.
 * * `personal`: the ciphertext is not the one the body names, or is gone while its subject was not forgotten.
 * * `mac`: an append does not bear the MAC that this register's key gives it.
 * * `checkpoint`: the history up to the position is not the one that was signed, or the signature is not good.
 * * `file`: a file of an export is not what it has to be.
 * * `key`: the key of a personal part is gone, or was destroyed without a word in the log; or it is there after all.
 * * `content`: what an event names as stored elsewhere is gone, is another one, or is there after all.
 * * `opening`: the record of what was opened is not the one that was written.
 *
 * @category models
 */
export interface Fault {
  /** The first event concerned; 0 where it is none's. */
  readonly position: Position
  readonly kind:
    | "position"
    | "body"
    | "schema"
    | "newer"
    | "index"
    | "personal"
    | "mac"
    | "checkpoint"
    | "file"
    | "key"
    | "content"
    | "opening"
  readonly message: string
}

/** An event that names a personal part, as its body says it. @category models */
export interface NamedPart {
  readonly position: Position
  readonly subject: string
  readonly type: string
  readonly data: object
  /** Whether the ciphertext is there. */
  readonly isStored: boolean
}

/** What was found in one part of a log. @category models */
export interface Inspected<E extends AnyEvent = any> {
  /** Whether it was the turn of events, or of what they are found by. */
  readonly phase: "events" | "index"
  /** How far this phase is, and where it ends: positions, or parts of the index. */
  readonly done: number
  readonly total: number
  /** The leaves kept beside the part's bodies, packed. Empty where it was the index's turn. */
  readonly leaves: Uint8Array
  /** Bytes of its bodies. */
  readonly bytes: number
  readonly faults: ReadonlyArray<Fault>
  /** Where a body does not give the leaf kept beside it: the leaf it gives. Which of the two is right, a checkpoint says. */
  readonly parted: ReadonlyArray<{ readonly position: Position; readonly leaf: Uint8Array }>
  /** Personal parts that are not there: right if the subject was forgotten, and damage if not. */
  readonly gone: ReadonlyArray<{ readonly position: Position; readonly subject: string }>
  /** The events of the part that can be read, in their order: for a caller that folds them in the same pass. */
  readonly events: ReadonlyArray<RecordedEvent<E>>
  /** The events of the part that name a personal part. */
  readonly named: ReadonlyArray<NamedPart>
}
