/**
 * Compares what a store keeps beside the bodies of its events with the bodies, event by event. For the stores, and for builders of another
 * store.
 */
import { Stream } from "effect"
import { type Codec, isEnvelope } from "../building/Codec.ts"
import { hexDigest } from "../building/Digest.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import type { Fault, Inspected, NamedPart } from "../port/Inspected.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import { hashBytes } from "./MerkleTree.ts"

export type { Fault, Inspected, NamedPart } from "../port/Inspected.ts"

/** Inspects the events of one part, in their order. @category models */
export interface Inspection<E extends AnyEvent> {
  /** Holds a body against its leaf and the catalogue. The event, where it can be read. */
  readonly body: (position: Position, body: string, leaf: Uint8Array) => RecordedEvent<E> | undefined
  /** The same, with the leaf in hex. */
  readonly text: (position: Position, body: string, leaf: string) => RecordedEvent<E> | undefined
  /** Holds the ciphertext of the event just given against its body. */
  readonly personal: (position: Position, ciphertext: Uint8Array | undefined) => void
  /** There is no event at the next position. */
  readonly hole: (position: Position) => void
  readonly fault: (position: Position, kind: Fault["kind"], message: string) => void
  readonly result: () => Inspected<E>
}

const hexDigits = 2 * hashBytes

/** @category constructors */
export const makeInspection = <E extends AnyEvent>(codec: Codec<E>, to: Position): Inspection<E> => {
  let leaves = Buffer.alloc(hashBytes * StoreLimits.chunk)
  let leafBytes = 0
  const faults: Array<Fault> = []
  const parted: Array<{ readonly position: Position; readonly leaf: Uint8Array }> = []
  const gone: Array<{ readonly position: Position; readonly subject: string }> = []
  const named: Array<NamedPart> = []
  const events: Array<RecordedEvent<E>> = []
  const found = { faults, parted, gone, events, named }
  let event: RecordedEvent<E> | undefined
  let done = 0
  let bytes = 0
  let reference: { readonly subject: string; readonly hash: string } | undefined
  const fault: Inspection<E>["fault"] = (position, kind, message) => faults.push({ position, kind, message })
  /** Zeroes, where there is no leaf. */
  const addLeaf = (leaf: string): void => {
    if (leafBytes === leaves.length) leaves = Buffer.concat([leaves, Buffer.alloc(leaves.length)])
    leaves.write(leaf, leafBytes, "hex")
    leafBytes += hashBytes
  }
  const text: Inspection<E>["text"] = (position, body, leaf) => {
    done = position
    bytes += body.length
    reference = undefined
    event = undefined
    const own = hexDigest(`\0${body}`)
    if (own !== leaf) parted.push({ position, leaf: Buffer.from(own, "hex") })
    addLeaf(leaf.length === hexDigits ? leaf : "")
    try {
      const parsed: unknown = JSON.parse(body)
      if (isEnvelope(parsed)) reference = parsed.personal
      event = codec.decode(position, parsed)
      events.push(event)
      return event
    } catch (error) {
      fault(position, kindOf(error), reasonOf(error))
      return undefined
    }
  }
  return {
    fault,
    text,
    body: (position, body, leaf) => text(position, body, Buffer.from(leaf).toString("hex")),
    personal: (position, ciphertext) => {
      if (reference !== undefined && event !== undefined) {
        const { data, type } = event
        named.push({ position, subject: reference.subject, type, data, isStored: ciphertext !== undefined })
      }
      if (reference === undefined) {
        if (ciphertext !== undefined)
          fault(position, "personal", "there is a personal part, and its body does not name one")
      } else if (ciphertext === undefined) gone.push({ position, subject: reference.subject })
      else if (hexDigest(ciphertext) !== reference.hash)
        fault(position, "personal", "its personal part is not the one the body names")
    },
    hole: (position) => {
      done = position
      addLeaf("")
      fault(position, "position", "there is no event, and positions have no gaps")
    },
    result: () => ({ ...found, phase: "events", done, total: to, leaves: leaves.subarray(0, leafBytes), bytes })
  }
}

/** A part of the index. @category constructors */
export const indexInspected = (done: number, total: number, faults: ReadonlyArray<Fault> = []): Inspected<never> => ({
  phase: "index",
  done,
  total,
  leaves: new Uint8Array(),
  bytes: 0,
  faults,
  parted: [],
  gone: [],
  events: [],
  named: []
})

/** Bytes of the smallest event: its leaf. More positions than a log has room for are not looked at one by one. @category values */
export const leastEventBytes = hashBytes

/** An inspection. Where it ends at a gap, it says so, and that it did not look at what follows. @category constructors */
export const upToGap = <E extends AnyEvent>(
  inspected: Stream.Stream<Inspected<E>, EventStoreError>,
  dense: Position,
  last: Position
): Stream.Stream<Inspected<E>, EventStoreError> => {
  if (dense === last) return inspected
  const message = `there is no event, and the next ones claim positions up to ${last}: nothing from here on was looked at`
  return Stream.concat(
    inspected,
    Stream.succeed(indexInspected(1, 1, [{ position: dense + 1, kind: "position", message }]))
  )
}

/** Which fault it is that an event could not be decoded. @category computing */
export const kindOf = (error: unknown): "newer" | "schema" =>
  error instanceof EventStoreError && error.reason === "newer" ? "newer" : "schema"

const reasonOf = (error: unknown): string => {
  if (!(error instanceof EventStoreError)) return "the body is not JSON"
  return error.message.replace(/^the log is damaged at position \d+: /, "")
}
