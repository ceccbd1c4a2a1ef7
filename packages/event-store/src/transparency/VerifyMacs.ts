/**
 * Holds the appends of a log against their MACs, in the pass that verifies it. For {@link VerifyLog}. It decides nothing about the events.
 */
import { Effect, Option, Stream } from "effect"
import { type Authentication, makeAuthenticator } from "../building/Macs.ts"
import type { Position } from "../port/Event.ts"
import type { EventStoreShape } from "../port/EventStore.ts"
import type { Fault } from "../port/Inspected.ts"
import * as MacLines from "./MacLine.ts"
import { hashBytes, sameHash } from "./MerkleTree.ts"

/** What is known about the MACs of a log apart from it. @category models */
export interface KnownMacs {
  /** From where on they are owed, as it is kept with the signing key. */
  readonly line?: MacLines.MacLine | undefined
  /** What makes them. */
  readonly authentication?: Authentication | undefined
  /** What is wrong with the key itself, in words. */
  readonly fault?: string | undefined
}

type MacsLog = Pick<EventStoreShape<any>, "readLeaves" | "readMacs" | "logId">

const fault = (position: Position, message: string): Fault => ({ position, kind: "mac", message })

/** Begins to hold the appends against their MACs; none where nothing begins. Their leaves have to come from the first event on. @category running */
export const takeMacs = Effect.fnUntraced(function* (
  { log, macs }: { readonly log: MacsLog; readonly macs?: KnownMacs | undefined },
  owed: ReadonlyArray<MacLines.MacLine | undefined>,
  found: {
    readonly fault: (fault: Fault) => void
    readonly notice: (text: string) => void
    readonly isHole: (from: Position, to: Position) => boolean
  }
) {
  if (macs?.fault !== undefined) found.fault(fault(0, macs.fault))
  const line = yield* MacLines.begun(log)
  for (const said of owed)
    if (said !== undefined && (line === undefined || !MacLines.sameLine(line, said))) {
      found.fault(fault(said.position + 1, "MACs are owed from here on, and they do not begin here: they were removed"))
      return undefined
    }
  if (line === undefined) {
    if (macs !== undefined) found.notice("The log bears no MACs yet: what is not signed was held against nothing.")
    return undefined
  }
  const authenticator =
    macs?.authentication === undefined ? undefined : makeAuthenticator(macs.authentication, log.logId)
  if (authenticator === undefined && macs !== undefined)
    found.notice("The register's key is not here: the MACs were only counted.")
  if (
    authenticator !== undefined &&
    !sameHash(line.mac, authenticator.line({ ...line, leaf: yield* leafBefore(log, line) }))
  )
    found.fault(fault(line.position + 1, "the MAC where they begin is not the one that the register's key gives"))
  if (line.position > 0)
    found.notice(
      `MACs begin after position ${line.position}: what lies before was verified then, and rests on its checkpoints.`
    )
  let first: Position | undefined
  const onAppend: MacLines.OnAppend = {
    fault: (position, message, last) => {
      first ??= position
      // A missing event is told as what it is.
      if (!found.isHole(position, last)) found.fault(fault(position, message))
    }
  }
  const check = yield* MacLines.makeCheck(log, authenticator, line, onAppend)
  let before = line.position
  return {
    take: (leaves: Uint8Array) => {
      const skipped = Math.min(before, leaves.length / hashBytes)
      before -= skipped
      return check.take(leaves.subarray(hashBytes * skipped))
    },
    end: (events: Position) =>
      Effect.andThen(Effect.sync(check.end), MacLines.lookBehind(log, Math.max(events, line.position), onAppend)),
    /** How far each event bears the one that the key gives it. */
    reached: () =>
      authenticator === undefined ? 0 : Math.min(check.reached(), (first ?? Number.POSITIVE_INFINITY) - 1)
  }
})

/** The leaf where MACs begin; the log's id stands for it before the first event. */
const leafBefore = ({ logId, readLeaves }: MacsLog, { position }: MacLines.MacLine) =>
  position === 0
    ? Effect.succeed(logId)
    : Effect.map(Stream.runHead(readLeaves({ from: position, to: position })), (found) =>
        Option.match(found, { onNone: () => "", onSome: ({ hashes }) => Buffer.from(hashes).toString("hex") })
      )
