/**
 * What a verification finds, and the part that a log and an export share: trees compared with checkpoints. For VerifyLog and VerifyExport.
 */
import { Result } from "effect"
import type { Position } from "../port/Event.ts"
import type { Fault } from "../port/Inspected.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { emptyRoot, sameHash } from "./MerkleTree.ts"
import type { VerifierKey } from "./SignedNote.ts"

/** What an auditor brings along, and trusts more than the log. @category models */
export interface Trusted {
  /** Every checkpoint of the log has to be signed by one of them. */
  readonly keys?: ReadonlyArray<VerifierKey>
  /** Notes of earlier checkpoints, kept elsewhere. */
  readonly checkpoints?: ReadonlyArray<string>
}

/** @category models */
export interface Verification {
  /** Events looked at. */
  readonly events: number
  /** The root over all of them, in hex. */
  readonly root: string
  /** Checkpoints looked at, and how many events the last one covers. */
  readonly checkpoints: number
  readonly signed: number
  /** By position, the first {@link maximumFaults} of them; none is good. */
  readonly faults: ReadonlyArray<Fault>
  readonly faultCount: number
  /** How far each event bears the MAC that the register's key gives it; 0 where none does, or the key was not at hand. */
  readonly authenticated: Position
  /** What a reader should know though it is no fault, in whole sentences. */
  readonly notices: ReadonlyArray<string>
}

/** How far a verification is. @category models */
export interface VerificationProgress {
  readonly phase: "events" | "index"
  readonly done: number
  readonly total: number
}

/** Faults told one by one; beyond it they are counted. @category values */
export const maximumFaults = 1_000

/** Gathers faults, within a limit: in a damaged log every event may be a fault. @category constructors */
export const makeFaults = () => {
  const first: Array<Fault> = []
  let count = 0
  return {
    add: (fault: Fault): void => {
      count += 1
      if (first.length < 4 * maximumFaults) first.push(fault)
    },
    count: () => count,
    sorted: (): ReadonlyArray<Fault> =>
      first.toSorted((a, b) => a.position - b.position || rank(a) - rank(b)).slice(0, maximumFaults)
  }
}

/** Of two faults at one position, what explains the other comes first. */
const rank = ({ kind }: Fault): number =>
  [
    "position",
    "body",
    "file",
    "schema",
    "newer",
    "index",
    "personal",
    "key",
    "content",
    "opening",
    "mac",
    "checkpoint"
  ].indexOf(kind)

/** A root the tree must have at a size, and the checkpoint that says so. */
interface Expected {
  readonly size: number
  readonly root: Uint8Array
  readonly source: string
  /** Of one that binds no longer: what is to be said, and not held against the log. */
  readonly tell?: (holds: boolean) => void
}

/** What a comparison with the checkpoints of one size came to. */
interface Compared {
  /** Which of the roots they speak of; -1 if of none. */
  readonly signed: number
  /** The last size before at which all was as signed. */
  readonly agreed: number
  /** The first that contradicts, in words. */
  readonly source: string
}

/**
 * Takes the notes of a log, oldest first, and looks at each by itself: signature, form, origin, order. What stands in them is expected of
 * the tree.
 *
 * @category running
 */
export const makeCheckpointCheck = (options: {
  readonly keys: ReadonlyArray<VerifierKey>
  readonly trusted: Trusted
  readonly fault: (fault: Fault) => void
}) => {
  const { keys, trusted, fault } = options
  const own: Array<Expected> = []
  const kept: Array<Expected> = []
  const abandoned: Array<Expected> = []
  const known = [...keys, ...(trusted.keys ?? [])]
  let origin: string | undefined

  /** A note of the log itself. `size` says where it belongs, should it be unreadable. */
  const add = (note: string, size?: number): Checkpoint.Checkpoint | undefined => {
    const source = size === undefined ? "a checkpoint" : `the checkpoint at ${size}`
    const opened = Checkpoint.openStrictly(note, known)
    if (Result.isFailure(opened)) {
      fault({ position: size ?? 0, kind: "checkpoint", message: `${source} is not good: ${opened.failure.message}` })
      return undefined
    }
    const checkpoint = opened.success
    if (trusted.keys !== undefined && Result.isFailure(Checkpoint.open(note, trusted.keys)))
      fault({ position: checkpoint.size, kind: "checkpoint", message: `${source} is signed by no key you trust` })
    if (origin !== undefined && checkpoint.origin !== origin)
      fault({ position: checkpoint.size, kind: "checkpoint", message: `${source} is of another log` })
    if (checkpoint.size <= (own.at(-1)?.size ?? -1))
      fault({ position: checkpoint.size, kind: "checkpoint", message: `${source} is not in its order` })
    origin ??= checkpoint.origin
    own.push({ size: checkpoint.size, root: checkpoint.root, source: `the checkpoint at ${checkpoint.size}` })
    return checkpoint
  }

  const addKept = (note: string): void => {
    const opened = Checkpoint.open(note, known)
    if (Result.isFailure(opened)) {
      const message = `a checkpoint you keep was not made by this log: ${opened.failure.message}`
      return fault({ position: 0, kind: "checkpoint", message })
    }
    const { size, root } = opened.success
    if (origin !== undefined && opened.success.origin !== origin)
      return fault({ position: 0, kind: "checkpoint", message: "a checkpoint you keep is of another log" })
    kept.push({ size, root, source: `the checkpoint at ${size} that you keep` })
  }

  return {
    add,
    /** A checkpoint kept elsewhere, which was looked at by itself. */
    keep: ({ size, root }: Checkpoint.Checkpoint, source: string): void => void kept.push({ size, root, source }),
    /** The last checkpoint of a line that was given up: whether the log continues it is told at the end. */
    abandon: (note: string, tell: (holds: boolean) => void): void => {
      const opened = Checkpoint.open(note, known)
      if (Result.isFailure(opened)) return tell(false)
      const { size, root } = opened.success
      abandoned.push({ size, root, source: "", tell })
    },
    /** Call it after all notes of the log. Gives what the tree is held against, event by event. */
    begin: () => {
      for (const note of trusted.checkpoints ?? []) addKept(note)
      return makeComparison(own, [...kept, ...abandoned], fault)
    }
  }
}

/** Holds a tree that grows against the checkpoints of its sizes, those of the log itself and those kept elsewhere. */
const makeComparison = (own: ReadonlyArray<Expected>, kept: ReadonlyArray<Expected>, fault: (fault: Fault) => void) => {
  const expected = [...own, ...kept].toSorted((a, b) => a.size - b.size)
  let next = 0
  let agreed = 0
  // Those of the empty tree speak of no event, and no event makes a tree of their size.
  for (let each = expected[next]; each?.size === 0; each = expected[++next]) {
    const holds = sameHash(each.root, emptyRoot)
    if (each.tell !== undefined) each.tell(holds)
    else if (!holds) fault({ position: 0, kind: "checkpoint", message: `${each.source} is not of the empty tree` })
  }
  return {
    count: own.length,
    signed: own.at(-1)?.size ?? 0,
    /** The next size a checkpoint speaks of. */
    due: () => expected[next]?.size ?? Number.POSITIVE_INFINITY,
    /** Holds roots of the same size against the checkpoints of that size: which of them is the signed one, if any. */
    compare: (size: number, roots: ReadonlyArray<Uint8Array>): Compared => {
      const before = agreed
      let candidates = roots
      let source = ""
      for (let each = expected[next]; each?.size === size; each = expected[++next]) {
        const { root, tell } = each
        if (tell !== undefined) {
          tell(roots.some((candidate) => sameHash(candidate, root)))
          continue
        }
        candidates = candidates.filter((candidate) => sameHash(candidate, root))
        if (candidates.length === 0 && source === "") source = each.source
      }
      const [signed] = candidates
      if (signed !== undefined) agreed = size
      return { signed: signed === undefined ? -1 : roots.indexOf(signed), agreed: before, source }
    },
    /** Checkpoints of more events than there are. */
    end: (events: number): void => {
      for (; expected[next]?.tell !== undefined; next += 1) expected[next]?.tell?.(false)
      const beyond = expected.slice(next).findLast(({ tell }) => tell === undefined)
      if (beyond === undefined || beyond.size <= events) return
      const message = `the log ends at position ${events}, but there is ${beyond.source}: events at the end are gone`
      fault({ position: events + 1, kind: "position", message })
    }
  }
}

/** That a tree is not the signed one, and where the reason lies. @category running */
export const contradiction = (
  { agreed, source }: { readonly agreed: number; readonly source: string },
  from: Position,
  to: Position
): Fault => ({
  position: from,
  kind: "checkpoint",
  message:
    `the events up to here are not those of ${source}: ` +
    (from === to ? "this one was altered" : `altered between positions ${from} and ${to}`) +
    (agreed === 0 ? "" : `; up to ${agreed} all is as signed`)
})
