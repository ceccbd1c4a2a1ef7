/**
 * The nodes of the tree over a log: from the nodes that are stored with the checkpoints, and from the leaves. For the sealer, and for
 * proofs.
 */
import { Effect, Stream } from "effect"
import { EventStoreError, type EventStoreShape } from "../port/EventStore.ts"
import { type CheckpointStoreShape, nodeLevels } from "./CheckpointStore.ts"
import { hashBytes, type LeafRange, makeFrontier, nodesOf, rootOf } from "./MerkleTree.ts"

/** What of a log the tree needs. @category models */
export type Leaves = Pick<EventStoreShape<any>, "head" | "readLeaves">

/** Hashes that lie packed, one by one. @category conversions */
function* unpack(hashes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < hashes.length; at += hashBytes) yield hashes.subarray(at, at + hashBytes)
}

/** Gives every leaf of a range to `add`, in order; `from` counts from 0, as the tree does. @category running */
export const feed = (
  log: Leaves,
  { from, to }: LeafRange,
  add: (leaf: Uint8Array) => void
): Effect.Effect<void, EventStoreError> =>
  from >= to
    ? Effect.void
    : Stream.runForEach(log.readLeaves({ from: from + 1, to }), ({ hashes }) =>
        Effect.sync(() => {
          for (const leaf of unpack(hashes)) add(leaf)
        })
      )

/** The hash of one complete subtree, from what is kept. @category computing */
export const readNode = (
  log: Leaves,
  checkpoints: CheckpointStoreShape,
  origin: string
): ((level: number, index: number) => Effect.Effect<Uint8Array, EventStoreError>) =>
  Effect.fnUntraced(function* (level: number, index: number) {
    const kept = level - (level % nodeLevels)
    if (kept === 0) {
      const frontier = makeFrontier()
      yield* feed(log, { from: index * 2 ** level, to: (index + 1) * 2 ** level }, frontier.add)
      return frontier.root()
    }
    const count = 2 ** (level - kept)
    const nodes = yield* checkpoints.nodes(origin, kept, index * count, count)
    if (nodes.length < count)
      return yield* new EventStoreError({ reason: "damaged", message: "nodes of the tree are missing" })
    return rootOf(nodes)
  })

/** The roots of complete subtrees of a range, left to right. @category computing */
export const readPeaks = (
  node: (level: number, index: number) => Effect.Effect<Uint8Array, EventStoreError>,
  range: LeafRange
): Effect.Effect<ReadonlyArray<Uint8Array>, EventStoreError> =>
  Effect.forEach(nodesOf(range), ({ level, index }) => node(level, index))
