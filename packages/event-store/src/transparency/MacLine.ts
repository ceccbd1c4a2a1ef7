/**
 * From where on a log owes MACs, and whether it bears them. For the sealer, which signs nothing else, and for verification.
 */
import { Effect, Option, Stream } from "effect"
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
  readonly fault: (position: Position, message: string) => void
}

const bearsNone = "this event bears no MAC: it was not written by the register"
const bearsOther = "the append that begins here does not bear the MAC that the register's key gives it"

/**
 * Holds the appends after a place up to a position against their MACs. Without a key only that there is one for each event. Returns how far
 * each event bears one.
 *
 * @category running
 */
export const authenticate = Effect.fnUntraced(function* (
  log: Authenticated,
  authenticator: Authenticator | undefined,
  range: { readonly from: MacLine; readonly to: Position },
  { fault, take }: OnAppend
): Effect.fn.Return<Position, EventStoreError> {
  const { to } = range
  let at: MacLine | undefined = range.from
  let reached = at.position
  const look = (macs: ReadonlyArray<StoredMac>, leaves: Uint8Array) => {
    const base = macs[0]?.first ?? 1
    for (const { first, last, mac } of macs) {
      if (at === undefined || first > to) return
      if (first !== at.position + 1 || last < first) {
        fault(at.position + 1, bearsNone)
        at = undefined
        return
      }
      const own = leaves.subarray(hashBytes * (first - base), hashBytes * (last - base + 1))
      const holds = authenticator === undefined || sameHash(authenticator.append(first, last, [own], at.mac), mac)
      if (holds) take?.(own)
      else fault(first, bearsOther)
      at = { position: last, mac }
      reached = last
    }
  }
  yield* Stream.runForEachArray(log.readMacs({ from: at.position + 1 }), (macs) =>
    Effect.gen(function* () {
      const [first, last] = [macs[0]?.first ?? 1, Math.min(macs.at(-1)?.last ?? 0, to)]
      if (at === undefined || first > last) return look(macs, new Uint8Array())
      const leaves = yield* Stream.runCollect(log.readLeaves({ from: first, to: last }))
      look(macs, Buffer.concat(leaves.map(({ hashes }) => hashes)))
    })
  )
  if (at !== undefined && reached < to) fault(reached + 1, bearsNone)
  return reached
})
