/**
 * Verifies a whole log: every event, all that is stored beside it, and every checkpoint. For operators and auditors, beside a running
 * program too. It only reads.
 */
import { Data, Effect, Exit, Option, Result, type Scope, Stream } from "effect"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import type { EventStoreError, EventStoreShape } from "../port/EventStore.ts"
import type { Fault, Inspected, NamedPart } from "../port/Inspected.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import { judge } from "./Anchor.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { type CheckpointStoreShape, type KeptCheckpoint, nodeLevels } from "./CheckpointStore.ts"
import { inCheckpoint } from "./MacLine.ts"
import { type Frontier, hashBytes, makeFrontier, sameHash } from "./MerkleTree.ts"
import { openNote, type VerifierKey } from "./SignedNote.ts"
import {
  contradiction,
  makeCheckpointCheck,
  makeFaults,
  type Trusted,
  type Verification,
  type VerificationProgress
} from "./Verification.ts"
import { type KnownMacs, takeMacs } from "./VerifyMacs.ts"

/** Holds what is kept elsewhere for the events of a log against these events, part by part. @category models */
export interface Beside<E extends AnyEvent = any> {
  /** Every event that can be read, in their order, each once. */
  readonly events?: (events: ReadonlyArray<RecordedEvent<E>>) => Effect.Effect<void, EventStoreError>
  readonly take: (parts: ReadonlyArray<NamedPart>) => Effect.Effect<ReadonlyArray<Fault>, EventStoreError>
  /** What only the whole shows; after all parts. */
  readonly end: Effect.Effect<ReadonlyArray<Fault>, EventStoreError>
}

/** @category models */
export interface VerifyLogOptions<E extends AnyEvent = any> {
  readonly log: Pick<EventStoreShape<E>, "inspect" | "readStored" | "readLeaves" | "readMacs" | "logId">
  /** From where on MACs are owed, as it is kept with the signing key, and the key that makes them: where these can be read. */
  readonly macs?: KnownMacs | undefined
  /** None where the log was never sealed. */
  readonly checkpoints?: CheckpointStoreShape | undefined
  /** Whether the personal parts of a subject are rightly gone. */
  readonly isForgotten: (subject: string) => Effect.Effect<boolean, EventStoreError>
  /** Begins to hold what an application keeps elsewhere for its events against them. */
  readonly beside?: Effect.Effect<Beside<E>> | undefined
  /** The keys this log is signed with, kept apart from the checkpoints: the last of these has to be signed by one of them. */
  readonly signers?: ReadonlyArray<VerifierKey> | undefined
  /** Whether a name is one that keys of this log have. */
  readonly isOrigin?: ((name: string) => boolean) | undefined
  /** Where the last checkpoint is kept a second time, and what is there. */
  readonly anchor?: { readonly name: string; readonly note: string | undefined } | undefined
  readonly trusted?: Trusted
  readonly onProgress?: (progress: VerificationProgress) => Effect.Effect<void>
}

/** The caller decides, so it is told everything; this fails only where nothing can be read. @category running */
export const verifyLog = <E extends AnyEvent>(
  options: VerifyLogOptions<E>
): Effect.Effect<Verification, EventStoreError> =>
  Effect.catchTag(Effect.scoped(verifyBefore(options)), "Unreadable", ({ fault }) =>
    // Again, up to there: what is wrong before it in the part that could not be read.
    Effect.catchTag(Effect.scoped(verifyBefore(options, fault)), "Unreadable", Effect.die)
  )

/** The database itself says that it is damaged, in the midst of the events. */
class Unreadable extends Data.TaggedError("Unreadable")<{ readonly fault: Fault }> {}

/** Verifies everything, or what comes before an event that cannot be read. */
const verifyBefore = Effect.fnUntraced(function* (
  options: VerifyLogOptions,
  unreadable?: Fault
): Effect.fn.Return<Verification, EventStoreError | Unreadable, Scope.Scope> {
  const { log, checkpoints, trusted = {}, onProgress } = options
  const faults = makeFaults()
  const beside = yield* options.beside ?? Effect.undefined
  const keys = checkpoints === undefined ? [] : yield* checkpoints.keys
  const origin = keys.at(-1)?.name
  const check = makeCheckpointCheck({ keys, trusted, fault: faults.add })
  // Before the events: of what was signed until now, no event may be missing.
  const notices: Array<string> = []
  const signed =
    checkpoints === undefined ? undefined : yield* takeLines(options, checkpoints, keys, check, faults.add, notices)
  const expected = check.begin()
  const trees = makeTrees(expected, narrowing(checkpoints, origin), faults.add)
  const holes: Array<Position> = []
  const isHole = (from: Position, to: Position) => holes.some((hole) => hole >= from && hole <= to)
  const lines = [options.macs?.line, ...(signed === undefined ? [] : [inCheckpoint(signed)])]
  const macs = yield* takeMacs(options, lines, { fault: faults.add, notice: (text) => notices.push(text), isHole })
  let isIndexTurn = false
  const before = unreadable === undefined ? undefined : { to: unreadable.position - 1 }
  // One generator for all parts: each new one would keep its part in memory until the next full collection.
  const take = Effect.fnUntraced(function* (part: Inspected) {
    isIndexTurn = part.done === part.total || part.phase === "index"
    for (const fault of part.faults) {
      faults.add(fault)
      if (fault.kind !== "position") continue
      trees.hole()
      holes.push(fault.position)
    }
    yield* tellGone(options, part, faults.add)
    if (beside !== undefined && part.named.length > 0)
      for (const fault of yield* beside.take(part.named)) faults.add(fault)
    if (beside?.events !== undefined && part.events.length > 0) yield* beside.events(part.events)
    yield* trees.add(part)
    if (macs !== undefined) yield* macs.take(part.leaves)
    yield* onProgress?.({ phase: part.phase, done: part.done, total: part.total }) ?? Effect.void
  })
  const broken = yield* Stream.runForEach(log.inspect(before), take).pipe(
    Effect.as(undefined),
    Effect.catchIf(
      ({ position, reason }) => reason === "damaged" && position === undefined,
      (error) => Effect.succeed(error)
    )
  )
  trees.end()
  if (beside !== undefined) for (const fault of yield* beside.end) faults.add(fault)
  if (unreadable === undefined && macs !== undefined) yield* macs.end(trees.size())
  if (unreadable !== undefined) faults.add(unreadable)
  else if (broken === undefined) expected.end(trees.size())
  else if (isIndexTurn) faults.add(fault(0, "index", `the index cannot be read: ${broken.message}`))
  else return yield* new Unreadable({ fault: yield* placeOf(log, broken, trees.size() + 1) })
  return {
    events: trees.size(),
    root: Buffer.from(trees.root()).toString("hex"),
    checkpoints: expected.count,
    signed: expected.signed,
    faults: faults.sorted(),
    faultCount: faults.count(),
    authenticated: macs?.reached() ?? 0,
    notices
  }
})

type OnFault = (fault: Fault) => void
type Checkpoints = ReturnType<typeof makeCheckpointCheck>

/** Takes the line of checkpoints that binds the log, the lines before it, and the anchor. */
const takeLines = Effect.fnUntraced(function* (
  options: VerifyLogOptions,
  checkpoints: CheckpointStoreShape,
  keys: ReadonlyArray<VerifierKey>,
  check: Checkpoints,
  onFault: OnFault,
  notices: Array<string>
) {
  const { anchor, isOrigin } = options
  const names = [...new Set(keys.map(({ name }) => name))]
  const wrong = (message: string) => onFault(fault(0, "checkpoint", message))
  for (const name of names)
    if (isOrigin?.(name) === false) wrong(`there is a key of another log among the ones that sign here: ${name}`)
  const origin = names.at(-1)
  const last =
    origin === undefined ? undefined : yield* takeCheckpoints(options, checkpoints, origin, check.add, onFault)
  const signed = last === undefined ? undefined : Result.getOrUndefined(Checkpoint.open(last.note, keys))
  for (const name of names.slice(0, -1)) {
    const end = Option.getOrUndefined(yield* checkpoints.last(name))
    if (end === undefined) notices.push(`The line of checkpoints ${name} was given up, and none of them is here.`)
    else
      check.abandon(end.note, (holds) => {
        const now = holds ? "The log still continues it." : "The log does not continue it."
        notices.push(`The line of checkpoints ${name} was given up at ${end.size}. ${now}`)
      })
  }
  if (anchor?.note === undefined) {
    if (last === undefined)
      wrong("there is no checkpoint: nothing says that these events are the ones that were written")
    if (anchor !== undefined)
      notices.push(`There is no anchor at ${anchor.name}: a rollback of everything is not found.`)
    return signed
  }
  const line = { origin: origin ?? "", keys, last: Option.fromNullishOr(last) }
  const judged = judge({ name: anchor.name, note: anchor.note }, line)
  if (Result.isFailure(judged)) wrong(judged.failure.message)
  else check.keep(judged.success, `the checkpoint at ${judged.success.size} in ${anchor.name}`)
  return signed
})

/** Takes the checkpoints that are kept, oldest first, and looks at each as it is kept. Returns the last. */
const takeCheckpoints = Effect.fnUntraced(function* (
  { signers }: VerifyLogOptions,
  checkpoints: CheckpointStoreShape,
  origin: string,
  add: Checkpoints["add"],
  onFault: OnFault
) {
  let last: KeptCheckpoint | undefined
  yield* Stream.runForEach(checkpoints.all(origin), (kept) =>
    Effect.sync(() => {
      const { note, previous, root, size } = kept
      const before = last?.size ?? -1
      last = kept
      const said = add(note, size)
      const wrong = (message: string) => onFault(fault(size, "checkpoint", message))
      if (previous !== before)
        wrong(`the checkpoint at ${size} continues ${oneAt(previous)}, and there is ${oneAt(before)} before it`)
      if (said !== undefined && !(said.size === size && sameHash(said.root, root)))
        wrong(`the checkpoint at ${size} is kept with another size or root than its note says`)
    })
  )
  if (last !== undefined && signers !== undefined && Result.isFailure(openNote(last.note, signers)))
    onFault(fault(last.size, "checkpoint", `the checkpoint at ${last.size} was not signed with the key that is here`))
  return last
})

/** Personal parts that are gone, of subjects that were not forgotten. */
const tellGone = Effect.fnUntraced(function* (
  { isForgotten }: VerifyLogOptions,
  { gone }: Inspected,
  onFault: OnFault
) {
  for (const { position, subject } of gone)
    if (!(yield* isForgotten(subject)))
      onFault(fault(position, "personal", "its personal part is gone, and its subject was not forgotten"))
})

type Narrow = (
  tiles: ReadonlyArray<Uint8Array>,
  agreed: number,
  size: number
) => Effect.Effect<{ readonly from: Position; readonly to: Position }, EventStoreError>

/** Where a tree first differs from the nodes that were kept when it was signed; they are 256 events wide. */
const narrowing = (checkpoints: CheckpointStoreShape | undefined, origin: string | undefined): Narrow =>
  Effect.fnUntraced(function* (tiles: ReadonlyArray<Uint8Array>, agreed: number, size: number) {
    const width = 2 ** nodeLevels
    const first = Math.floor(agreed / width)
    const count = Math.floor(size / width) - first
    const kept =
      checkpoints === undefined || origin === undefined || count <= 0
        ? []
        : yield* checkpoints.nodes(origin, nodeLevels, first, count)
    const altered = kept.findIndex((hash, index) => !sameHash(hash, tiles[first + index]!))
    const tile = altered >= 0 ? first + altered : kept.length === count ? first + count : undefined
    return tile === undefined
      ? { from: agreed + 1, to: size }
      : { from: Math.max(agreed, tile * width) + 1, to: Math.min(size, (tile + 1) * width) }
  })

/**
 * The tree of the stored leaves, and the tree of the bodies. The second begins where a body does not have its stored leaf. Which of them is
 * right, the next checkpoint says.
 */
const makeTrees = (expected: ReturnType<Checkpoints["begin"]>, narrow: Narrow, onFault: OnFault) => {
  const tiles: Array<Uint8Array> = []
  const tree = makeFrontier(
    (level, index, hash) => {
      if (level === nodeLevels) tiles[index] = hash
    },
    undefined,
    nodeLevels
  )
  let bodies: Frontier | undefined
  let parted: Array<Position> = []
  let whole = true
  const explain = (signed: number): void => {
    for (const position of parted) onFault(fault(position, "body", whatParted(signed)))
    parted = []
  }
  const judge = Effect.fnUntraced(function* () {
    const roots = bodies === undefined ? [tree.root()] : [tree.root(), bodies.root()]
    const compared = expected.compare(tree.size(), roots)
    explain(compared.signed)
    if (compared.signed === 0) bodies = undefined
    // After a hole no root can be right: the hole is what is told. After a contradiction, all later ones repeat it.
    if (compared.signed >= 0 || !whole) return
    whole = false
    const { from, to } = yield* narrow(tiles, compared.agreed, tree.size())
    onFault(contradiction(compared, from, to))
  })
  /** The leaf of an event, and the one its body gives, where that is another. */
  const addApart = (leaf: Uint8Array, own: Uint8Array | undefined): void => {
    if (own !== undefined) {
      parted.push(tree.size() + 1)
      bodies ??= makeFrontier(undefined, { size: tree.size(), peaks: tree.peaks() })
    }
    bodies?.add(own ?? leaf)
    tree.add(leaf)
  }
  return {
    size: tree.size,
    root: tree.root,
    hole: (): void => void (whole = false),
    add: Effect.fnUntraced(function* (part: Inspected) {
      const count = part.leaves.length / hashBytes
      let differing = 0
      for (let next = 0; next < count;) {
        if (differing === part.parted.length && bodies === undefined) {
          // All alike, as it should be: up to the end, or to where a checkpoint speaks.
          const until = Math.min(count, next + Math.max(1, expected.due() - tree.size()))
          tree.addPacked(part.leaves, next, until)
          next = until
        } else {
          const leaf = part.leaves.subarray(hashBytes * next, hashBytes * ++next)
          const different = part.parted[differing]
          const own = different?.position === tree.size() + 1 ? different.leaf : undefined
          if (own !== undefined) differing += 1
          addApart(leaf, own)
        }
        if (tree.size() >= expected.due()) yield* judge()
      }
    }),
    /** What no checkpoint speaks of. */
    end: (): void => explain(-1)
  }
}

/** Of a body and the leaf stored beside it: which was altered. */
const whatParted = (signed: number): string =>
  signed === 0
    ? "the body is not the one that was written and signed"
    : signed === 1
      ? "the leaf kept beside the body was altered; the body is as it was signed"
      : "the body does not give the leaf kept beside it"

/** Where a fault is that a database tells without a position: the first event, from one on, that it cannot give. */
const placeOf = Effect.fnUntraced(function* (log: VerifyLogOptions["log"], error: EventStoreError, from: Position) {
  const reads = (to: Position) => Effect.map(Effect.exit(Stream.runDrain(log.readStored({ from, to }))), Exit.isSuccess)
  let [readable, unreadable] = [from - 1, from + StoreLimits.chunk - 1]
  // Not even the head: then nothing can be said of any event.
  if (!(yield* reads(readable))) return yield* error
  if (yield* reads(unreadable))
    return fault(from, "personal", `what is kept beside this event, or one after it, cannot be read: ${error.message}`)
  while (unreadable - readable > 1) {
    const middle = Math.floor((readable + unreadable) / 2)
    if (yield* reads(middle)) readable = middle
    else unreadable = middle
  }
  return fault(unreadable, "body", `it cannot be read, and nothing after it was looked at: ${error.message}`)
})

const fault = (position: Position, kind: Fault["kind"], message: string): Fault => ({ position, kind, message })

const oneAt = (size: number): string => (size < 0 ? "none" : `one at ${size}`)
