/**
 * Signs how the log stands, now and then. For every program that keeps a log. No append waits for it.
 *
 * It never signs what does not continue the last checkpoint. It grows the tree of that checkpoint by the leaves that came since. It stores
 * the new checkpoint only if the one that it grew from is still the last. At the start it refuses a log that is not the signed log.
 */
import { Clock, Duration, Effect, Option, Result, Schedule, Schema, type Scope, Semaphore } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Position } from "../port/Event.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import * as Checkpoint from "./Checkpoint.ts"
import {
  CheckpointStore,
  type CheckpointStoreShape,
  nodeLevels,
  type SignedCheckpoint,
  type StoredNode
} from "./CheckpointStore.ts"
import { type Frontier, type LeafRange, makeFrontier, type OnNode, sameHash } from "./MerkleTree.ts"
import { openNote, type Signer } from "./SignedNote.ts"
import { feed, type Leaves, readNode, readPeaks } from "./TreeNodes.ts"

/**
 * The log is not the signed log, and no program may append to it as it is.
 *
 * * `shorter`: it ends before its last checkpoint; it was replaced by an older copy.
 * * `other_history`: it is long enough, but it does not hold what was signed.
 * * `other_key`: none of the given keys signed the last checkpoint.
 *
 * @category errors
 */
export class SealRefused extends Schema.TaggedError<SealRefused>()("SealRefused", {
  reason: Schema.Literals(["shorter", "other_history", "other_key"]),
  /** Events under the last checkpoint, and in the log. */
  signed: Schema.Int,
  head: Schema.Int,
  message: Schema.String
}) {}

/** @category models */
export interface SealerOptions {
  readonly log: Leaves
  /** The newest last: its name is the origin. More than one while a key takes over from another. */
  readonly signers: NonEmptyReadonlyArray<Signer>
  /** The least time between two checkpoints. Default: 30 seconds. */
  readonly interval?: Duration.Input
  /** After such a pause in the appends the sealer signs before the interval is over, if the last checkpoint is older. Default: a second. */
  readonly quiet?: Duration.Input
  /**
   * Where several processes seal one log: runs the work while it is this process's turn, and interrupts it afterwards. The turn only saves
   * work: the checkpoint store keeps the line of checkpoints from forking.
   */
  readonly turn?: <A, X, R>(work: Effect.Effect<A, X, R>) => Effect.Effect<A, X, R>
}

/** @category models */
export interface Sealer {
  readonly origin: string
  /** The last checkpoint; none while nothing was signed. */
  readonly last: Effect.Effect<Option.Option<SignedCheckpoint>, EventStoreError>
  /** Signs now what is not signed yet. The last checkpoint, be it new or not; none while the log is empty. */
  readonly seal: Effect.Effect<Option.Option<SignedCheckpoint>, EventStoreError | SealRefused>
}

/** Leaves compared with the tree at the start: an older log that was restored and goes on differs in the last leaves. @category values */
export const leavesCheckedAtStart = 4_096
/** Leaves compared with it before the sealer signs anything more, beside the work: a start does not wait for them. @category values */
export const leavesCheckedBeforeSigning = 65_536
/** So many of them at a time: whole tiles, and about a millisecond that a command may have to wait. */
const leavesAtATime = 1_024

/** How often to try again when another process was faster; then it is that process's turn. */
const turns = 10

/** How a fault of the log or of the checkpoints is waited out. */
const again = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

/** The tree as far as it is known, and what of it is not kept yet. */
interface Tree {
  readonly frontier: Frontier
  readonly last: Option.Option<SignedCheckpoint>
  readonly pending: Array<StoredNode>
}

/**
 * Starts to seal a log: in a fiber of its own, until the scope closes, and a last time then. Fails where the log is not the signed log.
 *
 * @category constructors
 */
export const make = (
  options: SealerOptions
): Effect.Effect<Sealer, SealRefused | EventStoreError, CheckpointStore | Scope.Scope> =>
  Effect.gen(function* () {
    const checkpoints = yield* CheckpointStore
    const { signers, turn } = options
    const { name: origin } = signers.at(-1)!.key
    const sealing = yield* makeSealing(options, checkpoints, origin)
    yield* checkpoints.addKeys(signers.map(({ key }) => key))

    let isOurs = turn === undefined
    /** Another process may have come further since it was this one's turn. */
    const takeOver = Effect.gen(function* () {
      yield* sealing.reopen
      isOurs = true
      return yield* follow(options, sealing)
    }).pipe(Effect.ensuring(Effect.sync(() => (isOurs = false))))

    yield* (turn === undefined ? follow(options, sealing) : turn(takeOver)).pipe(
      Effect.tapError((error) => Effect.logError("No checkpoints are signed", error)),
      // What contradicts a checkpoint stays so: trying again would not mend it.
      Effect.retry({
        schedule: again,
        while: (error: EventStoreError | SealRefused) => error._tag === "EventStoreError"
      }),
      Effect.ignore,
      Effect.forkScoped
    )
    // Comes before the end of that fiber, while the turn is still this process's.
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => (isOurs ? sealing.seal : Effect.void)).pipe(
        Effect.catchCause((cause) => Effect.logWarning("No checkpoint could be signed at the end", cause))
      )
    )

    return { origin, last: turn === undefined ? sealing.last : checkpoints.last(origin), seal: sealing.seal }
  })

type Failure = EventStoreError | SealRefused

/** A tree that grows with the log and is signed, by a fiber at a time. */
interface Sealing {
  readonly last: Effect.Effect<Option.Option<SignedCheckpoint>>
  /** When this process signed last, by its clock. */
  readonly signedAt: Effect.Effect<number>
  /** Grows the tree up to the head, which it gives. Should it be cut off in the middle, the next one goes on from there. */
  readonly grow: Effect.Effect<Position, Failure>
  readonly seal: Effect.Effect<Option.Option<SignedCheckpoint>, Failure>
  /** Begins anew at the last checkpoint that is kept. */
  readonly reopen: Effect.Effect<void, Failure>
}

const makeSealing = (
  { log, signers }: SealerOptions,
  checkpoints: CheckpointStoreShape,
  origin: string
): Effect.Effect<Sealing, Failure> =>
  Effect.gen(function* () {
    const open = openTree(log, checkpoints, signers, origin)
    const lock = yield* Semaphore.make(1)
    const inTurn = <A, X>(work: Effect.Effect<A, X>) => lock.withPermit(Effect.uninterruptible(work))
    let tree = yield* open
    let signedAt = Number.NEGATIVE_INFINITY
    const checkOnce = makeCheckOnce(log, checkpoints, origin, () => tree.last)

    const grow = Effect.gen(function* () {
      yield* checkOnce
      const head = yield* log.head
      yield* feed(log, { from: tree.frontier.size(), to: head }, tree.frontier.add)
      return head
    })

    /** Whether the tree as it is needs no signing any more; not so if another process was faster, and took the tree further. */
    const sign: Effect.Effect<boolean, Failure> = Effect.gen(function* () {
      const { frontier, last, pending } = tree
      const checkpoint: Checkpoint.Checkpoint = { origin, size: frontier.size(), root: frontier.root() }
      const size = Option.isNone(last) ? 0 : last.value.size
      if (checkpoint.size <= size) return true
      const next: SignedCheckpoint = { ...checkpoint, note: Checkpoint.sign(checkpoint, signers) }
      const nodes = pending.slice()
      if (yield* checkpoints.put(next, last, nodes)) {
        tree = { frontier, last: Option.some(next), pending }
        pending.splice(0, nodes.length)
        signedAt = yield* Clock.currentTimeMillis
        return true
      }
      tree = yield* open
      return false
    })

    return {
      last: Effect.sync(() => tree.last),
      signedAt: Effect.sync(() => signedAt),
      grow: inTurn(grow),
      seal: inTurn(
        Effect.gen(function* () {
          for (let attempt = 0; attempt < turns; attempt++) {
            yield* grow
            if (yield* sign) break
          }
          return tree.last
        })
      ),
      reopen: inTurn(Effect.flatMap(open, (found) => Effect.sync(() => void (tree = found))))
    }
  })

/** The rest of what is looked at once. Where it does not hold nothing is signed any more. */
const makeCheckOnce = (
  log: Leaves,
  checkpoints: CheckpointStoreShape,
  origin: string,
  lastOf: () => Option.Option<SignedCheckpoint>
): Effect.Effect<void, Failure> => {
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

/** Signs what comes: once nothing has come for a while, or the interval is over. */
const follow = (options: SealerOptions, sealing: Sealing): Effect.Effect<never, Failure> =>
  Effect.gen(function* () {
    const interval = Duration.toMillis(options.interval ?? "30 seconds")
    const quiet = Duration.toMillis(options.quiet ?? "1 second")
    let seen: Position = -1
    let unsignedSince = Number.POSITIVE_INFINITY
    while (true) {
      // First of all too: callers that waited for the start come first.
      yield* Effect.sleep(quiet)
      const head = yield* sealing.grow
      const now = yield* Clock.currentTimeMillis
      const last = yield* sealing.last
      const signed = Option.isNone(last) ? 0 : last.value.size
      if (head > signed) {
        unsignedSince = Math.min(unsignedSince, now)
        const waited = now - unsignedSince >= interval || head === seen
        if (waited && now - (yield* sealing.signedAt) >= interval) {
          yield* sealing.seal
          unsignedSince = Number.POSITIVE_INFINITY
        }
      } else unsignedSince = Number.POSITIVE_INFINITY
      seen = head
    }
  })

/** The tree of the last checkpoint, held against the log. */
const openTree = (
  log: Leaves,
  checkpoints: CheckpointStoreShape,
  signers: ReadonlyArray<Signer>,
  origin: string
): Effect.Effect<Tree, SealRefused | EventStoreError> =>
  Effect.gen(function* () {
    const last = yield* checkpoints.last(origin)
    const head = yield* log.head
    const pending: Array<StoredNode> = []
    if (Option.isNone(last)) return { frontier: makeFrontier(keeper(pending)), last, pending }

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
      const frontier = makeFrontier(keeper(pending), { size, peaks: kept.value })
      const checked = { from: size - leavesCheckedAtStart, to: size }
      if (sameHash(frontier.root(), root) && (yield* tilesHold(log, node, checked))) return { frontier, last, pending }
    }
    yield* rebuildNodes(log, checkpoints, origin, last.value)
    const peaks = yield* readPeaks(node, { from: 0, to: size })
    return { frontier: makeFrontier(keeper(pending), { size, peaks }), last, pending }
  })

const refuse = (
  { size }: SignedCheckpoint,
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
