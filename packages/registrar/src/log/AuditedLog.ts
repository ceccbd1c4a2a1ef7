/**
 * The log of a register as an audit reads it. For the places a register lies in, which open it so, and for {@link Audit}, which offers it.
 *
 * Events come without their personal parts: a replay does not need them, and an auditor does not get them.
 */
import type { Events } from "@effekten/domain"
import type { CheckpointStore, EventStoreError, EventStoreShape, SignedNote } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import type { Effect } from "effect"

/** Everything about a log that can be had without writing to it. @category models */
export interface AuditedLog
  extends Projection.Log, Pick<EventStoreShape<Events.RegisterEvent>, "inspect" | "readLeaves" | "readStored"> {
  /** What was signed; none in a register that never was. */
  readonly checkpoints: CheckpointStore.CheckpointStoreShape | undefined
  /** What the last checkpoint has to be signed with, as a start demands; none where that cannot be read. */
  readonly signers: ReadonlyArray<SignedNote.VerifierKey> | undefined
  /** Whether the personal parts of a subject are rightly gone. */
  readonly isForgotten: (subject: string) => Effect.Effect<boolean, EventStoreError>
}

/** The part of a store that an audit reads. @category conversions */
export const readingOf = ({
  head,
  inspect,
  logId,
  read,
  readAll,
  readLeaves,
  readStored
}: EventStoreShape<Events.RegisterEvent>): Omit<AuditedLog, "checkpoints" | "signers" | "isForgotten"> => ({
  read,
  readAll,
  head,
  logId,
  inspect,
  readLeaves,
  readStored
})
