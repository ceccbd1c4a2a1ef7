/**
 * Whether a position, or a bookmark, is in the history that a log has now. For the stores, and for builders of another store. A store that
 * believes a position of another history decides on what never happened.
 */
import type { Bookmark } from "../port/Bookmark.ts"
import type { Position } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"

/** The last event of a log. @category models */
export interface Head extends Bookmark {
  /** Empty while the log is. */
  readonly recordedAt: string
}

/** A log at one look. @category models */
export interface Look {
  readonly head: Bookmark
  /** At a position that was asked for: the log's id at 0, and undefined beyond the head. */
  readonly leaf: string | undefined
}

/** Where appended events lie, between the leaf before the first of them and the leaf of the last. @category models */
export interface Landed {
  readonly first: Position
  /** The instant they were given; the store takes the head's where that is later. */
  readonly recordedAt: string
  readonly before: string
  readonly leaf: string
}

/** A leaf as a bookmark has it. @category conversions */
export const leafText = (leaf: Uint8Array): string =>
  Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength).toString("hex")

/** @category computing */
export const positionOf = (known: Position | Bookmark): Position => (typeof known === "number" ? known : known.position)

/** Whether the log has what was known, looked at where that is. @category predicates */
export const contains = ({ head, leaf }: Look, known: Position | Bookmark): boolean =>
  positionOf(known) <= head.position && (typeof known === "number" || known.leaf === leaf)

/** Says why a look does not contain what was known. @category errors */
export const otherHistory = ({ head }: Look, known: Position | Bookmark): EventStoreError => {
  const position = positionOf(known)
  const found =
    position > head.position
      ? `the log ends at position ${head.position}, before position ${position}`
      : position === 0
        ? "the log has another id"
        : `the event at position ${position} is another one`
  return new EventStoreError({
    reason: "other_history",
    position,
    message: `${found}: what is known of it belongs to another history, drop it and read the log again`
  })
}

/** Whether a store found that what a caller knows is of another history. @category predicates */
export const isOtherHistory = (error: unknown): error is EventStoreError & { readonly reason: "other_history" } =>
  error instanceof EventStoreError && error.reason === "other_history"
