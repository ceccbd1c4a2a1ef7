/**
 * The log of a register as an audit reads it. For the folder and the PostgreSQL audit that open it so, and for {@link Audit}. Nothing may be
 * written through it.
 *
 * Events come without their personal parts: a replay does not need them, and an auditor does not get them.
 */
import type { Events } from "@effekten/domain"
import type {
  CheckpointStore,
  EventStoreError,
  EventStoreShape,
  KeyStore,
  MacLine,
  Macs,
  SignedNote
} from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import type { Effect } from "effect"
import type { StoredContents } from "../base/StoredContents.ts"

/** What a check asks of the keys. It sees which subjects have one, and never a key. @category models */
export type KeysInPlace = Pick<KeyStore.KeyStoreShape, "states" | "note">

/** Everything about a log that can be had without writing to it. @category models */
export interface AuditedLog
  extends
    Projection.Log,
    Pick<EventStoreShape<Events.RegisterEvent>, "inspect" | "readLeaves" | "readMacs" | "readStored"> {
  /** The signed checkpoints. */
  readonly checkpoints: CheckpointStore.CheckpointStoreShape
  /** Whether a name is one that keys of this log have. */
  readonly isOrigin: (name: string) => boolean
  /** The file in which the last checkpoint is kept a second time, and its content; none where no file is known. */
  readonly anchor: { readonly name: string; readonly note: string | undefined } | undefined
  /** From where on MACs are owed and what makes them, as far as it can be read here. */
  readonly macs: {
    readonly line: MacLine.MacLine | undefined
    readonly authentication: Macs.Authentication | undefined
    /** What is wrong with the secrets themselves, in words. */
    readonly fault?: string | undefined
  }
  /** What is wrong with the record of openings, in words. */
  readonly openings: Effect.Effect<ReadonlyArray<string>, EventStoreError>
  /** What the last checkpoint has to be signed with, as a start demands; none where that cannot be read. */
  readonly signers: ReadonlyArray<SignedNote.VerifierKey> | undefined
  /** Whether the personal parts of a subject were forgotten, rather than lost. */
  readonly isForgotten: (subject: string) => Effect.Effect<boolean, EventStoreError>
  /** What is known of the keys of personal parts, without a key; none where the keys themselves are gone. */
  readonly keys: KeysInPlace
  /** The encrypted contents of documents. */
  readonly contents: StoredContents
}

/** The part of a store that an audit reads. @category conversions */
export const readingOf = ({
  bookmark,
  head,
  inspect,
  logId,
  read,
  readAll,
  readLeaves,
  readMacs,
  readStored
}: EventStoreShape<Events.RegisterEvent>): Omit<
  AuditedLog,
  "checkpoints" | "isOrigin" | "anchor" | "macs" | "openings" | "signers" | "isForgotten" | "keys" | "contents"
> => ({
  read,
  readAll,
  head,
  bookmark,
  logId,
  inspect,
  readLeaves,
  readMacs,
  readStored
})
