/**
 * The MAC of each append, under a key that no database has: it tells what the program wrote from what somebody else did. For the stores that write them, and for the sealer and verification that check them. No key is stored or derived here.
 */
import { Effect, Option, Redacted, Stream } from "effect"
import { createHmac, createSecretKey } from "node:crypto"
import type { Bookmark } from "../port/Bookmark.ts"
import type { Position } from "../port/Event.ts"
import { EventStoreError, type StoredMac } from "../port/EventStore.ts"

/** With what a log is authenticated. @category models */
export interface Authentication {
  /** 32 secret bytes or more, which belong to the log for as long as it lives. */
  readonly key: Redacted.Redacted<Uint8Array>
}

/** Makes the MACs of one log. @category models */
export interface Authenticator {
  /** Of the place where MACs begin: before it there are none. */
  readonly line: (place: Bookmark) => Uint8Array
  /** Of an append, by the leaves of its events and the MAC before it. */
  readonly append: (first: Position, last: Position, leaves: Iterable<Uint8Array>, previous: Uint8Array) => Uint8Array
}

/** @category constructors */
export const makeAuthenticator = ({ key }: Authentication, logId: string): Authenticator => {
  const secret = createSecretKey(Redacted.value(key))
  return {
    line: ({ leaf, position }) =>
      createHmac("sha256", secret).update(`line\n${logId}\n${position}\n${leaf}\n`).digest(),
    append: (first, last, leaves, previous) => {
      // Every part has a length that those before it tell: no other append has the same bytes.
      const mac = createHmac("sha256", secret).update(`append\n${logId}\n${first}\n${last}\n`)
      for (const leaf of leaves) mac.update(leaf)
      return mac.update(previous).digest()
    }
  }
}

/** MACs of a page. */
const pageSize = 256

/**
 * MACs as a stream, page by page.
 *
 * @param page at most so many that end at a position or after it, in order
 * @category constructors
 */
export const streamMacs = (
  page: (from: Position, limit: number) => Effect.Effect<ReadonlyArray<StoredMac>, EventStoreError>,
  from: Position = 0
): Stream.Stream<StoredMac, EventStoreError> =>
  Stream.paginate(from, (next) =>
    Effect.map(page(next, pageSize), (found) => {
      const last = found.at(-1)?.last
      return [found, last === undefined || found.length < pageSize ? Option.none() : Option.some(last + 1)] as const
    })
  )

/** A store without a key was told to begin MACs. @category errors */
export const keyless = (): TypeError => new TypeError("a store begins MACs only with the key for them")

/**
 * The MAC of an append over the one before it, which has to be there. None in a store without a key; such a store must not append to a log
 * that bears MACs. Throws {@link EventStoreError}.
 *
 * @category computing
 */
export const macOf = (
  authenticator: Authenticator | undefined,
  append: {
    readonly first: Position
    readonly leaves: ReadonlyArray<Uint8Array>
    /** The last one there is. */
    readonly before: Pick<StoredMac, "last" | "mac"> | undefined
  }
): Uint8Array | undefined => {
  const { before, first, leaves } = append
  if (authenticator === undefined) {
    if (before !== undefined) throw locked()
    return undefined
  }
  if (before?.last === first - 1) return authenticator.append(first, first + leaves.length - 1, leaves, before.mac)
  throw missing(first - 1)
}

/** The log bears MACs, and this store has no key for them. @category errors */
export const locked = (): EventStoreError =>
  new EventStoreError({
    reason: "read_only",
    message: "each append to this log bears a MAC, and the key for it is not here"
  })

/** The last append bears no MAC. @category errors */
export const missing = (position: Position): EventStoreError =>
  new EventStoreError({
    reason: "damaged",
    position,
    message: `position ${position} bears no MAC: it was written past this program, or MACs were never begun`
  })
