/**
 * Proofs that an event is in the log, for readings that show one beside an object. Whether a register has any depends on where it is stored:
 * without checkpoints there are none.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import { Context, Effect } from "effect"

/** The first kept checkpoint that covers an event, and the way from the leaf to its root. */
interface EventProof {
  /** The signed note. */
  readonly checkpoint: string
  readonly path: ReadonlyArray<Uint8Array>
}

/** By default there are none. @category services */
export const EventProofs = Context.Reference<{
  /** `undefined` until a checkpoint covers the event. */
  readonly of: (position: Position) => Effect.Effect<EventProof | undefined, EventStoreError>
}>("effekten/registrar/EventProofs", { defaultValue: () => ({ of: () => Effect.undefined }) })
