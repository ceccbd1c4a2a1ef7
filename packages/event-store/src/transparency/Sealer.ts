/**
 * Signs how the log stands, now and then. For every program that keeps a log. No append waits for it.
 *
 * It never signs what does not continue the last checkpoint. It grows the tree of that checkpoint by the leaves that came since. It stores
 * the new checkpoint only if the one that it grew from is still the last. At the start it refuses a log that is not the signed log.
 */
import { Clock, Duration, Effect, Option, Schedule, type Scope, Semaphore } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Position } from "../port/Event.ts"
import type { Authenticator } from "../building/Macs.ts"
import type { EventStoreError, EventStoreShape } from "../port/EventStore.ts"
import type { Anchor } from "./Anchor.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { CheckpointStore, type CheckpointStoreShape, type SignedCheckpoint } from "./CheckpointStore.ts"
import { authenticate, macAt, type MacLine, print as printLine, sameLine } from "./MacLine.ts"
import { emptyRoot, type Frontier, hashBytes } from "./MerkleTree.ts"
import { isOfLog, makeCheckOnce, openTree, refuse, type SealRefused } from "./SealedTree.ts"
import type { Signer } from "./SignedNote.ts"
import { feed, type Leaves } from "./TreeNodes.ts"

export { leavesCheckedAtStart, SealRefused } from "./SealedTree.ts"

/** @category models */
export interface SealerOptions {
  readonly log: Leaves & Pick<EventStoreShape<any>, "readMacs">
  /** From where on the log owes MACs, and what makes them: nothing else is signed after it. Default: nothing is asked of what is signed. */
  readonly macs?: { readonly line: MacLine; readonly authenticator: Authenticator } | undefined
  /** The newest last: its name is the origin. More than one while a key takes over from another. */
  readonly signers: NonEmptyReadonlyArray<Signer>
  /** Where the last checkpoint is kept a second time. Without one, checkpoints that were rolled back with the log are not missed. */
  readonly anchor?: Anchor | undefined
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

const defaultInterval: Duration.Input = "30 seconds"

/** How often to try again when another process was faster; then it is that process's turn. */
const turns = 10

/** How a fault of the log or of the checkpoints is waited out. */
const again = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

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
    yield* signEmptyTree(options, checkpoints, origin)
    const sealing = yield* makeSealing(options, checkpoints, origin)
    // A start does not go on from events that nobody signed and the register did not write.
    if (options.macs !== undefined) yield* sealing.take
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

    // What other processes sign is anchored here too.
    const anchorOthers = Effect.suspend(() => (isOurs ? Effect.void : sealing.reopen)).pipe(
      Effect.delay(options.interval ?? defaultInterval),
      Effect.catchTag("EventStoreError", (error) => Effect.logWarning("The anchor could not be kept up", error)),
      Effect.tapError((error) =>
        Effect.logError("The anchor contradicts the checkpoints, and is left as it is", error)
      ),
      Effect.forever,
      Effect.ignore
    )
    if (turn !== undefined && options.anchor !== undefined) yield* Effect.forkScoped(anchorOthers)

    return { origin, last: turn === undefined ? sealing.last : checkpoints.last(origin), seal: sealing.seal }
  })

type Failure = EventStoreError | SealRefused

/** Signs the empty tree of a new log: from then on, a log without a checkpoint has lost them. */
const signEmptyTree = Effect.fnUntraced(function* (
  { anchor, log, macs, signers }: SealerOptions,
  checkpoints: CheckpointStoreShape,
  origin: string
): Effect.fn.Return<void, EventStoreError> {
  const isNew = Option.isNone(yield* checkpoints.last(origin)) && (yield* log.head) === 0
  if (!isNew || (yield* anchor?.read ?? Effect.undefined) !== undefined) return
  const empty = { origin, size: 0, root: emptyRoot, ...extensionsOf(macs) }
  yield* checkpoints.addKeys(signers.map(({ key }) => key))
  // Where another process was faster, that is the one.
  yield* checkpoints.put({ ...empty, note: Checkpoint.sign(empty, signers) }, Option.none(), [])
})

/** What each checkpoint says beside the tree: a log that has said so is never again one from before MACs. */
const extensionsOf = (macs: SealerOptions["macs"]) => (macs === undefined ? {} : { extensions: [printLine(macs.line)] })

/** A tree that grows with the log and is signed, by a fiber at a time. */
interface Sealing {
  readonly last: Effect.Effect<Option.Option<SignedCheckpoint>>
  /** When this process signed last, by its clock. */
  readonly signedAt: Effect.Effect<number>
  /** Grows the tree up to the head, which it gives. Should it be cut off in the middle, the next one goes on from there. */
  readonly grow: Effect.Effect<Position, Failure>
  readonly seal: Effect.Effect<Option.Option<SignedCheckpoint>, Failure>
  /** Grows the tree, and leaves the rest for later. */
  readonly take: Effect.Effect<Position, Failure>
  /** Begins anew at the last checkpoint that is kept. */
  readonly reopen: Effect.Effect<void, Failure>
}

const makeSealing = (
  { anchor, log, macs, signers }: SealerOptions,
  checkpoints: CheckpointStoreShape,
  origin: string
): Effect.Effect<Sealing, Failure> =>
  Effect.gen(function* () {
    const open = openTree({ anchor, log, macs, signers }, checkpoints, origin)
    const keepAnchor = makeKeepAnchor(anchor)
    const lock = yield* Semaphore.make(1)
    const inTurn = <A, X>(work: Effect.Effect<A, X>) => lock.withPermit(Effect.uninterruptible(work))
    let tree = yield* open
    let signedAt = Number.NEGATIVE_INFINITY
    yield* keepAnchor(tree.last)
    const checkOnce = makeCheckOnce(log, checkpoints, origin, () => tree.last)

    const take = Effect.gen(function* () {
      const head = yield* log.head
      if (!(yield* isOfLog(log, tree, head))) tree = yield* open
      if (macs === undefined) yield* feed(log, { from: tree.frontier.size(), to: head }, tree.frontier.add)
      else yield* takeAuthenticated(log, macs, tree.frontier, head)
      return head
    })
    const grow = Effect.gen(function* () {
      yield* checkOnce
      yield* keepAnchor(tree.last)
      return yield* take
    })

    /** Whether the tree as it is needs no signing any more; not so if another process was faster, and took the tree further. */
    const sign: Effect.Effect<boolean, Failure> = Effect.gen(function* () {
      const { frontier, last, pending } = tree
      const checkpoint = { origin, size: frontier.size(), root: frontier.root(), ...extensionsOf(macs) }
      const size = Option.isNone(last) ? 0 : last.value.size
      if (checkpoint.size <= size) return true
      const next: SignedCheckpoint = { ...checkpoint, note: Checkpoint.sign(checkpoint, signers) }
      const nodes = pending.slice()
      if (yield* checkpoints.put(next, last, nodes)) {
        tree = { ...tree, last: Option.some(next) }
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
      take: inTurn(take),
      seal: inTurn(
        Effect.gen(function* () {
          for (let attempt = 0; attempt < turns; attempt++) {
            yield* grow
            if (yield* sign) break
          }
          yield* keepAnchor(tree.last)
          return tree.last
        })
      ),
      reopen: inTurn(
        Effect.gen(function* () {
          tree = yield* open
          yield* keepAnchor(tree.last)
        })
      )
    }
  })

/** Grows a tree by what bears its MAC. What lies before the line was verified when it was drawn. */
const takeAuthenticated = Effect.fnUntraced(function* (
  log: SealerOptions["log"],
  { authenticator, line }: NonNullable<SealerOptions["macs"]>,
  frontier: Frontier,
  head: Position
): Effect.fn.Return<void, Failure> {
  const signed = frontier.size()
  const refused = (position: Position, message: string) =>
    refuse({ size: signed }, head, "unauthenticated", `position ${position}: ${message}`)
  yield* feed(log, { from: signed, to: Math.min(head, line.position) }, frontier.add)
  const from = signed <= line.position ? yield* macAt(log, line.position) : yield* macAt(log, signed)
  if (from === undefined || (from.position === line.position && !sameLine(from, line)))
    return yield* refused(Math.max(signed, line.position) + 1, "the MACs before it are gone")
  let wrong: SealRefused | undefined
  yield* authenticate(
    log,
    authenticator,
    { from, to: head },
    {
      take: (leaves) => wrong === undefined && frontier.addPacked(leaves, 0, leaves.length / hashBytes),
      fault: (position, message) => void (wrong ??= refused(position, message))
    }
  )
  if (wrong !== undefined) return yield* wrong
})

/** Anchors a checkpoint that is not anchored yet. It was stored before: an anchor is never ahead of what a crash leaves. */
const makeKeepAnchor = (anchor: Anchor | undefined) => {
  let kept: string | undefined
  return Effect.fnUntraced(function* (last: Option.Option<SignedCheckpoint>) {
    if (anchor === undefined || Option.isNone(last) || last.value.note === kept) return
    if (kept === undefined && last.value.size > 0 && (yield* anchor.read) === undefined)
      yield* Effect.logWarning(
        `There was no anchor at ${anchor.name}. It begins with the checkpoint at ${last.value.size}; of a later one nothing is known.`
      )
    yield* anchor.write(last.value.note)
    kept = last.value.note
  })
}

/** Signs what comes: once nothing has come for a while, or the interval is over. */
const follow = (options: SealerOptions, sealing: Sealing): Effect.Effect<never, Failure> =>
  Effect.gen(function* () {
    const interval = Duration.toMillis(options.interval ?? defaultInterval)
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
