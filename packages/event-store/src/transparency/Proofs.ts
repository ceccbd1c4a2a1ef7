/**
 * Proofs about a log: that it holds an event, and that it continues an earlier state. For applications that hand out proofs.
 */
import { Effect, Option } from "effect"
import type { Position } from "../port/Event.ts"
import type { EventStoreError, EventStoreShape } from "../port/EventStore.ts"
import { CheckpointStore } from "./CheckpointStore.ts"
import { consistencyRanges, inclusionRanges, type LeafRange, makeFrontier } from "./MerkleTree.ts"
import { readNode, readPeaks } from "./TreeNodes.ts"

/** @category models */
export interface Proofs {
  /** The path from the event's leaf to the root of the tree of `size` events; the leaf's index is the position less one. */
  readonly inclusion: (position: Position, size: number) => Effect.Effect<ReadonlyArray<Uint8Array>, EventStoreError>
  /** That the tree of `size` events continues the one of `earlier`. */
  readonly consistency: (earlier: number, size: number) => Effect.Effect<ReadonlyArray<Uint8Array>, EventStoreError>
}

/**
 * Proofs for trees up to the last checkpoint. To ask for a larger tree, or for an event that it does not have, is a defect.
 *
 * @category constructors
 */
export const make = (options: {
  readonly log: Pick<EventStoreShape<any>, "head" | "readLeaves">
  readonly origin: string
}): Effect.Effect<Proofs, never, CheckpointStore> =>
  Effect.gen(function* () {
    const checkpoints = yield* CheckpointStore
    const node = readNode(options.log, checkpoints, options.origin)
    const root = (range: LeafRange) =>
      Effect.map(
        readPeaks(node, range),
        // Ranges start where a complete subtree does, so their peaks are those of a tree of their own.
        (peaks) => makeFrontier(undefined, { size: range.to - range.from, peaks }).root()
      )
    const within = Effect.fnUntraced(function* (size: number) {
      const last = yield* checkpoints.last(options.origin)
      const signed = Option.isNone(last) ? 0 : last.value.size
      if (size > signed) return yield* Effect.die(new RangeError(`the last checkpoint is at ${signed}, not at ${size}`))
    })
    return {
      inclusion: Effect.fnUntraced(function* (position, size) {
        yield* within(size)
        return yield* Effect.forEach(inclusionRanges(position - 1, size), root)
      }),
      consistency: Effect.fnUntraced(function* (earlier, size) {
        yield* within(size)
        return yield* Effect.forEach(consistencyRanges(earlier, size), root)
      })
    }
  })
