/**
 * From where on a log owes MACs, and whether it bears them. For the sealer, which signs nothing else, and for verification.
 */
import { Effect, Option, Pull, type Scope, Stream } from "effect"
import type { Authenticator } from "../building/Macs.ts"
import type { Position } from "../port/Event.ts"
import type { EventStoreError, EventStoreShape, StoredMac } from "../port/EventStore.ts"
import type { Checkpoint } from "./Checkpoint.ts"
import { hashBytes, sameHash } from "./MerkleTree.ts"
import { strictBase64 } from "./SignedNote.ts"

/** The position before the first event that owes a MAC, and the MAC of that place. @category models */
export interface MacLine {
  readonly position: Position
  readonly mac: Uint8Array
}

/** As an extension line of a checkpoint, and as a line of a key file. @category conversions */
export const print = ({ mac, position }: MacLine): string => `macs ${position} ${Buffer.from(mac).toString("base64")}`

/** The line out of its text; none if it is another text. @category conversions */
export const parse = (text: string): MacLine | undefined => {
  const { digits, encoded } = /^macs (?<digits>0|[1-9]\d*) (?<encoded>\S+)$/.exec(text)?.groups ?? {}
  const mac = encoded === undefined ? undefined : strictBase64(encoded)
  const position = Number(digits)
  return mac?.length === hashBytes && Number.isSafeInteger(position) ? { position, mac } : undefined
}

/** What a checkpoint says of it. @category conversions */
export const inCheckpoint = ({ extensions = [] }: Checkpoint): MacLine | undefined =>
  extensions.map(parse).find((line) => line !== undefined)

/** @category predicates */
export const sameLine = (a: MacLine, b: MacLine): boolean => a.position === b.position && sameHash(a.mac, b.mac)

type Authenticated = Pick<EventStoreShape<any>, "readLeaves" | "readMacs">

/** The first MAC of a log, which is of no event: where they began. @category computing */
export const begun = (log: Pick<Authenticated, "readMacs">): Effect.Effect<MacLine | undefined, EventStoreError> =>
  Effect.map(Stream.runHead(log.readMacs()), (found) => {
    const { last, mac } = Option.getOrUndefined(found) ?? {}
    return last === undefined || mac === undefined ? undefined : { position: last, mac }
  })

/** The MAC of the append that ends at a position; none where no append does. @category computing */
export const macAt = (
  log: Pick<Authenticated, "readMacs">,
  position: Position
): Effect.Effect<MacLine | undefined, EventStoreError> =>
  Effect.map(Stream.runHead(log.readMacs({ from: position })), (found) =>
    Option.isSome(found) && found.value.last === position ? { position, mac: found.value.mac } : undefined
  )

/** What is done with the events of each append, and where one is wrong. @category models */
export interface OnAppend {
  /** Gets the leaves of an append whose MAC holds, packed. */
  readonly take?: (leaves: Uint8Array) => void
  /** Told of the first position that is wrong, and the last of its append. */
  readonly fault: (position: Position, message: string, last: Position) => void
}

/** Holds appends against their MACs while their leaves go by. @category models */
export interface MacCheck {
  /** The packed leaves of the next events. */
  readonly take: (leaves: Uint8Array) => Effect.Effect<void, EventStoreError>
  /** How far each event bears a MAC. */
  readonly reached: () => Position
  /** There are no more events. */
  readonly end: () => void
}

const bearsNone = "this event bears no MAC: it was not written by the register"
const goneUpTo = (last: Position): string =>
  `there is a MAC of the append from here up to position ${last}, and events of it are gone`
const bearsOther = "the append that begins here does not bear the MAC that the register's key gives it"

/**
 * A check of the appends after a place. Without a key it sees only that there is a MAC for each event. It holds the leaves of one append, and
 * those that came with them.
 *
 * @category constructors
 */
export const makeCheck = Effect.fnUntraced(function* (
  log: Pick<Authenticated, "readMacs">,
  authenticator: Authenticator | undefined,
  from: MacLine,
  { fault, take }: OnAppend
): Effect.fn.Return<MacCheck, never, Scope.Scope> {
  const pull = yield* Stream.toPull(log.readMacs({ from: from.position + 1 }))
  const page = Pull.catchDone(pull, () => Effect.succeed<ReadonlyArray<StoredMac>>([]))
  let macs: ReadonlyArray<StoredMac> = []
  let next = 0
  let at: MacLine = from
  let failed = false
  /** Those after `at`. */
  let leaves: Uint8Array = new Uint8Array()
  const fail = (): void => {
    failed = true
    fault(at.position + 1, bearsNone, at.position + 1)
  }
  /** Whether there are leaves left for the MACs of the next page. */
  const bear = (): boolean => {
    for (; next < macs.length; next++) {
      const { first, last, mac } = macs[next]!
      if (first !== at.position + 1 || last < first) {
        fail()
        return false
      }
      const own = leaves.subarray(0, hashBytes * (last - at.position))
      if (own.length < hashBytes * (last - at.position)) return false
      const holds = authenticator === undefined || sameHash(authenticator.append(first, last, [own], at.mac), mac)
      if (holds) take?.(own)
      else fault(first, bearsOther, last)
      leaves = leaves.subarray(own.length)
      at = { position: last, mac }
    }
    return leaves.length > 0
  }
  return {
    take: Effect.fnUntraced(function* (more) {
      if (failed) return
      leaves = leaves.length === 0 ? more : Buffer.concat([leaves, more])
      while (bear()) {
        macs = yield* page
        next = 0
        if (macs.length === 0) return
      }
    }),
    reached: () => at.position,
    end: () => {
      if (failed || leaves.length === 0) return
      const { last } = macs[next] ?? { last: 0 }
      // The check waits for the rest of this append.
      if (last > at.position) fault(at.position + 1, goneUpTo(last), last)
      else fail()
    }
  }
})

/**
 * Tells of MACs after the last event, whose own events are gone. Those of a log that grows meanwhile came together with their MAC.
 *
 * @category running
 */
export const lookBehind = Effect.fnUntraced(function* (
  log: Authenticated,
  last: Position,
  { fault }: Pick<OnAppend, "fault">
): Effect.fn.Return<void, EventStoreError> {
  const next = Option.getOrUndefined(yield* Stream.runHead(log.readMacs({ from: last + 1 })))
  if (next === undefined || next.first <= last) return
  const there = yield* Stream.runHead(log.readLeaves({ from: next.first, to: next.first }))
  if (Option.isNone(there)) fault(last + 1, goneUpTo(next.last), next.last)
})

/**
 * Checks the appends after a place up to a position, as {@link makeCheck} does. Returns how far each event bears a MAC.
 *
 * @category running
 */
export const authenticate = (
  log: Authenticated,
  authenticator: Authenticator | undefined,
  range: { readonly from: MacLine; readonly to: Position },
  onAppend: OnAppend
): Effect.Effect<Position, EventStoreError> =>
  Effect.gen(function* () {
    const { from, to } = range
    const check = yield* makeCheck(log, authenticator, from, onAppend)
    yield* Stream.runForEach(log.readLeaves({ from: from.position + 1, to }), ({ hashes }) => check.take(hashes))
    check.end()
    yield* lookBehind(log, Math.max(from.position, to), onAppend)
    return check.reached()
  }).pipe(Effect.scoped)
