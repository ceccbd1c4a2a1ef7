/**
 * The tree of a log as far as it was signed, held against the log and against the anchor. For the sealer, which grows it on. Nothing is
 * signed here.
 */
import { Effect, Option, Result, Schema, Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Position } from "../port/Event.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import { type Anchor, continues, judge } from "./Anchor.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import { type CheckpointStoreShape, nodeLevels, type SignedCheckpoint, type StoredNode } from "./CheckpointStore.ts"
import { type Frontier, type LeafRange, makeFrontier, type OnNode, sameHash } from "./MerkleTree.ts"
import { openNote, type Signer } from "./SignedNote.ts"
import { feed, type Leaves, readNode, readPeaks } from "./TreeNodes.ts"

/**
 * The log is not the signed log, and no program may append to it as it is.
 *
 * * `shorter`: it ends before its last checkpoint; it was replaced by an older copy.
 * * `other_history`: it is long enough, but it does not hold what was signed.
 * * `other_key`: none of the given keys signed the last checkpoint, or the anchor.
 * * `unauthenticated`: an event that is not signed yet does not bear the MAC that it owes.
 * * `no_checkpoint`, `behind_anchor`, `other_line`: the checkpoints are not those that were anchored.
 *
 * @category errors
 */
export class SealRefused extends Schema.TaggedError<SealRefused>()("SealRefused", {
  reason: Schema.Literals([
    "shorter",
    "other_history",
    "other_key",
    "unauthenticated",
    "no_checkpoint",
    "behind_anchor",
    "other_line"
  ]),
  /** Events under the last checkpoint, and in the log. */
  signed: Schema.Int,
  head: Schema.Int,
  message: Schema.String
}) {}

/** Leaves compared with the tree at the start: an older log that was restored and goes on differs in the last leaves. @category values */
export const leavesCheckedAtStart = 4_096
/** Leaves compared with it before the sealer signs anything more, beside the work: a start does not wait for them. */
const leavesCheckedBeforeSigning = 65_536
/** So many of them at a time: whole tiles, and about a millisecond that a command may have to wait. */
const leavesAtATime = 1_024

/** What of a sealer the tree depends on. */
interface Sealed {
  readonly log: Leaves
  readonly signers: NonEmptyReadonlyArray<Signer>
  readonly anchor?: Anchor | undefined
  /** Given where the log owes MACs: then its empty tree was signed, too. */
  readonly macs?: object | undefined
}

/** The tree as far as it is known, and what of it is not kept yet. */
export interface SealedTree {
  readonly frontier: Frontier
  readonly last: Option.Option<SignedCheckpoint>
  readonly pending: Array<StoredNode>
  /** Of the last event in the tree. */
  readonly leaf: () => Uint8Array | undefined
}

/**
 * Whether the log still has what the tree was grown over: it may be restored under the process that seals it. Where nothing is to be signed,
 * no look is needed.
 */
export const isOfLog = Effect.fnUntraced(function* (
  log: Leaves,
  { frontier, last, leaf }: SealedTree,
  head: Position
): Effect.fn.Return<boolean, EventStoreError> {
  const size = frontier.size()
  const signed = Option.isNone(last) ? 0 : last.value.size
  if (size === 0 || (head === size && signed === size)) return true
  const [own, found] = [leaf(), head < size ? undefined : yield* leafAt(log, size)]
  return own !== undefined && found !== undefined && sameHash(own, found)
})

const leafAt = (log: Leaves, position: Position) =>
  Effect.map(Stream.runHead(log.readLeaves({ from: position, to: position })), (found) =>
    Option.isNone(found) ? undefined : found.value.hashes
  )

/** The rest of what is looked at once. Where it does not hold nothing is signed any more. */
export const makeCheckOnce = (
  log: Leaves,
  checkpoints: CheckpointStoreShape,
  origin: string,
  lastOf: () => Option.Option<SignedCheckpoint>
): Effect.Effect<void, EventStoreError | SealRefused> => {
  let isChecked = false
  let refused: SealRefused | undefined
  return Effect.gen(function* () {
    if (refused !== undefined) return yield* refused
    if (isChecked) return
    const last = lastOf()
    if (Option.isSome(last))
      yield* Effect.tapError(checkEarlier(log, checkpoints, origin, last.value), (error) =>
        Effect.sync(() => error._tag === "SealRefused" && (refused = error))
      )
    isChecked = true
  })
}

/** A log that owes MACs had its empty tree signed. So checkpoints were lost, and the next one would hide what was altered since. */
const unsigned = (head: Position): SealRefused =>
  new SealRefused({
    reason: "no_checkpoint",
    signed: 0,
    head,
    message: `there is no checkpoint, and the log has ${head} events: the checkpoints were deleted`
  })

/** The tree of the last checkpoint, held against the log. */
export const openTree = (
  options: Sealed,
  checkpoints: CheckpointStoreShape,
  origin: string
): Effect.Effect<SealedTree, SealRefused | EventStoreError> =>
  Effect.gen(function* () {
    const { log, signers } = options
    const last = yield* checkpoints.last(origin)
    const head = yield* log.head
    const anchored = yield* readAnchor(options, checkpoints, origin, last)
    if (Option.isNone(last)) {
      if (head > 0 && options.macs !== undefined) return yield* unsigned(head)
      return grownOn(undefined, last)
    }

    const { size, root, note } = last.value
    if (head < size)
      return yield* refuse(
        last.value,
        head,
        "shorter",
        `the log ends at position ${head}, but a checkpoint was signed at ${size}: this is an older copy of the log`
      )
    if (
      Result.isFailure(
        openNote(
          note,
          signers.map(({ key }) => key)
        )
      )
    )
      return yield* refuse(
        last.value,
        head,
        "other_key",
        `the checkpoint at ${size} was not signed with the key that is here`
      )

    const node = readNode(log, checkpoints, origin)
    const kept = yield* Effect.option(readPeaks(node, { from: 0, to: size }))
    if (Option.isSome(kept)) {
      const tree = grownOn(yield* leafAt(log, size), last, { size, peaks: kept.value })
      const checked = { from: size - leavesCheckedAtStart, to: size }
      const holds = sameHash(tree.frontier.root(), root) && (yield* tilesHold(log, node, checked))
      if (holds && (yield* isAnchored(log, checkpoints, last.value, anchored))) return tree
    }
    yield* rebuildNodes(log, checkpoints, origin, last.value)
    if (!(yield* isAnchored(log, checkpoints, last.value, anchored)))
      return yield* refuse(
        last.value,
        head,
        "other_history",
        `the events the anchor was signed over are not the first ${anchored?.size} of this log`
      )
    const peaks = yield* readPeaks(node, { from: 0, to: size })
    return grownOn(yield* leafAt(log, size), last, { size, peaks })
  })

/** A tree to be grown on, from the last checkpoint or from nothing. */
const grownOn = (
  known: Uint8Array | undefined,
  last: SealedTree["last"],
  start?: Parameters<typeof makeFrontier>[1]
): SealedTree => {
  const pending: Array<StoredNode> = []
  const keep = keeper(pending)
  let leaf = known
  const frontier = makeFrontier((level, index, hash) => {
    if (level === 0) leaf = hash
    keep(level, index, hash)
  }, start)
  return { frontier, last, pending, leaf: () => leaf }
}

/** The anchor, if it fits to the last checkpoint as far as these two say. */
const readAnchor = Effect.fnUntraced(function* (
  { anchor, log, signers }: Sealed,
  checkpoints: CheckpointStoreShape,
  origin: string,
  last: Option.Option<SignedCheckpoint>
): Effect.fn.Return<Checkpoint.Checkpoint | undefined, EventStoreError | SealRefused> {
  const note = yield* anchor?.read ?? Effect.undefined
  if (anchor === undefined || note === undefined) return undefined
  const keys = [...signers.map(({ key }) => key), ...(yield* checkpoints.keys)]
  const judged = judge({ name: anchor.name, note }, { origin, keys, last })
  if (Result.isSuccess(judged)) return judged.success
  const { message, reason } = judged.failure
  return yield* new SealRefused({
    reason,
    signed: Option.isNone(last) ? 0 : last.value.size,
    head: yield* log.head,
    message
  })
})

const isAnchored = (
  log: Leaves,
  checkpoints: CheckpointStoreShape,
  last: SignedCheckpoint,
  anchored: Checkpoint.Checkpoint | undefined
): Effect.Effect<boolean, EventStoreError> =>
  anchored === undefined ? Effect.succeed(true) : continues(log, checkpoints, last, anchored)

export const refuse = (
  { size }: Pick<SignedCheckpoint, "size">,
  head: Position,
  reason: SealRefused["reason"],
  message: string
): SealRefused => new SealRefused({ reason, signed: size, head, message })

/** Holds the leaves before those that the start looked at against the tree of the last checkpoint. */
const checkEarlier = (log: Leaves, checkpoints: CheckpointStoreShape, origin: string, last: SignedCheckpoint) =>
  Effect.gen(function* () {
    const node = readNode(log, checkpoints, origin)
    const to = last.size - leavesCheckedAtStart
    const first = Math.max(0, last.size - leavesCheckedBeforeSigning)
    for (let from = first - (first % leavesAtATime); from < to; from += leavesAtATime) {
      const holds = yield* tilesHold(log, node, { from, to: Math.min(from + leavesAtATime, to) })
      if (!holds) return yield* rebuildNodes(log, checkpoints, origin, last)
      yield* Effect.yieldNow
    }
  })

/** The kept nodes are derived: makes them anew. Only the leaves can say that the history is another one. */
const rebuildNodes = (log: Leaves, checkpoints: CheckpointStoreShape, origin: string, last: SignedCheckpoint) =>
  Effect.gen(function* () {
    const { size, root } = last
    const whole: Array<StoredNode> = []
    const rebuilt = makeFrontier(keeper(whole))
    yield* feed(log, { from: 0, to: size }, rebuilt.add)
    if (!sameHash(rebuilt.root(), root))
      return yield* refuse(
        last,
        yield* log.head,
        "other_history",
        `the ${size} events the last checkpoint was signed over are not the first ${size} of this log`
      )
    yield* checkpoints.replaceNodes(origin, whole)
  })

const keeper =
  (nodes: Array<StoredNode>): OnNode =>
  (level, index, hash) => {
    if (level > 0 && level % nodeLevels === 0) nodes.push({ level, index, hash })
  }

/** Whether the full tiles of a range, which the kept nodes lie over, are those of the log. */
const tilesHold = (log: Leaves, node: ReturnType<typeof readNode>, { from, to }: LeafRange) =>
  Effect.gen(function* () {
    const width = 2 ** nodeLevels
    const tiles = Math.max(0, Math.floor(to / width))
    const first = Math.max(0, Math.floor(from / width))
    const found: Array<Uint8Array> = []
    // Trees of one tile each, started anew at every border.
    const range = { from: first * width, to: tiles * width }
    let frontier = makeFrontier()
    yield* feed(log, range, (leaf) => {
      frontier.add(leaf)
      if (frontier.size() === width) {
        found.push(frontier.root())
        frontier = makeFrontier()
      }
    })
    for (const [index, hash] of found.entries())
      if (!sameHash(hash, yield* node(nodeLevels, first + index))) return false
    return true
  })
