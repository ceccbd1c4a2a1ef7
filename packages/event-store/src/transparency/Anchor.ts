/**
 * The anchor: the last checkpoint, kept a second time where no writer of the databases can reach it. For the sealer, and for verification.
 * It must not be stored in a database that holds checkpoints: what rolls these back would roll it back too.
 */
import { Effect, Option, Result } from "effect"
import type { EventStoreError } from "../port/EventStore.ts"
import * as Checkpoint from "./Checkpoint.ts"
import type { CheckpointStoreShape } from "./CheckpointStore.ts"
import { consistencyRanges, makeFrontier, verifyConsistency } from "./MerkleTree.ts"
import type { VerifierKey } from "./SignedNote.ts"
import { type Leaves, readNode, readPeaks } from "./TreeNodes.ts"

/** Where the anchor is kept. @category models */
export interface Anchor {
  /** Its name in messages. */
  readonly name: string
  /** The note of the checkpoint; none where nothing was anchored yet. */
  readonly read: Effect.Effect<string | undefined, EventStoreError>
  /** Keeps a note in the place of the one before, durably: whole or not at all. */
  readonly write: (note: string) => Effect.Effect<void, EventStoreError>
}

/**
 * The checkpoints are not those that were anchored.
 *
 * * `no_checkpoint`: there is none any more.
 * * `behind_anchor`: they end before it; they were replaced by an older copy, or cut.
 * * `other_line`: they are of another log, or of another line of checkpoints of this one.
 * * `other_key`: no key of the log signed the anchor.
 *
 * @category models
 */
export interface Contradiction {
  readonly reason: "no_checkpoint" | "behind_anchor" | "other_line" | "other_key"
  readonly message: string
}

/**
 * Holds an anchor against the last checkpoint of a line. What it gives is still to be held against the tree.
 *
 * @category predicates
 */
export const judge = (
  { name, note }: { readonly name: string; readonly note: string },
  line: {
    readonly origin: string
    readonly keys: ReadonlyArray<VerifierKey>
    readonly last: Option.Option<Pick<Checkpoint.Checkpoint, "size">>
  }
): Result.Result<Checkpoint.Checkpoint, Contradiction> => {
  const { keys, last, origin } = line
  const contradiction = (reason: Contradiction["reason"], message: string) =>
    Result.fail<Contradiction>({ reason, message })
  const [named] = note.split("\n", 1)
  if (named !== origin)
    return contradiction("other_line", `${name} has a checkpoint of ${named}, and the ones here are of ${origin}`)
  const opened = Checkpoint.open(note, keys)
  if (Result.isFailure(opened))
    return contradiction("other_key", `${name} has no checkpoint by a key of this log: ${opened.failure.message}`)
  const { size } = opened.success
  if (Option.isNone(last))
    return contradiction("no_checkpoint", `there is no checkpoint, and ${name} has one at ${size}: they were deleted`)
  if (last.value.size < size)
    return contradiction(
      "behind_anchor",
      `the last checkpoint is at ${last.value.size}, and ${name} has one at ${size}: the checkpoints are an older copy`
    )
  return Result.succeed(opened.success)
}

/** Whether the tree of a checkpoint continues that of an earlier one, by the nodes that are kept and the leaves. @category predicates */
export const continues = Effect.fnUntraced(function* (
  log: Leaves,
  checkpoints: CheckpointStoreShape,
  last: Checkpoint.Checkpoint,
  earlier: Checkpoint.Checkpoint
): Effect.fn.Return<boolean, EventStoreError> {
  const node = readNode(log, checkpoints, last.origin)
  const proof = yield* Effect.forEach(consistencyRanges(earlier.size, last.size), (range) =>
    Effect.map(readPeaks(node, range), (peaks) =>
      makeFrontier(undefined, { size: range.to - range.from, peaks }).root()
    )
  )
  return verifyConsistency({
    earlier: earlier.size,
    earlierRoot: earlier.root,
    size: last.size,
    root: last.root,
    proof
  })
})
