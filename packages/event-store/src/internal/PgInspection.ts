/**
 * Holds the tables of the log's schema against the bodies in it: events, index, personal parts. For the PostgreSQL log.
 *
 * As on SQLite, the index is compared by sums: what an event's body says is added, what the index says is taken away, and nothing may be
 * left. Neither side has to be sorted to match the other.
 */
import { PgTypes } from "@effect/sql-pg"
import { Effect, Option, Stream } from "effect"
import type { Codec } from "../Codec.ts"
import type { AnyEvent, Position } from "../Event.ts"
import type { EventStoreError } from "../EventStore.ts"
import { Limits } from "../Limits.ts"
import { type Fault, indexInspected, type Inspected, makeInspection } from "../transparency/Inspection.ts"
import type { statementsOf } from "./PgLayout.ts"
import { array } from "./PgLog.ts"
import { ofType, wordsOf } from "./PgWords.ts"

/** The index is read in so many steps: by the first byte of the words. */
const indexParts = 256

/** Entries of the index that are read at a time. */
const entriesAtOnce = 20_000

export interface EventRow {
  readonly position: Position
  readonly body: string
  readonly leaf: Uint8Array
  readonly recordedAt: string
  readonly ciphertext: Uint8Array | undefined
}

export interface Entry {
  readonly word: bigint
  readonly position: Position
  readonly type: number
}

export interface PgInspection {
  /** The events from a position to another, in order; all that are there. */
  readonly bodies: (from: Position, last: Position, rows: ReadonlyArray<EventRow>) => Inspected
  /** Some entries of the index; after all bodies. */
  readonly entries: (entries: ReadonlyArray<Entry>) => void
  readonly part: (part: number) => Inspected
  /** What only the whole shows. `isEvent` and `loose`: of positions nobody could account for, and of personal parts without an event. */
  readonly end: (isEvent: (position: Position) => boolean, loose: ReadonlyArray<Position>) => Inspected
  /** Positions in the index that are not those of events up to the end. */
  readonly strangers: () => ReadonlyArray<Position>
}

export const makePgInspection = <E extends AnyEvent>(options: {
  readonly codec: Codec<E>
  readonly to: Position
  readonly seed: Uint8Array
}): PgInspection => {
  const { codec, to } = options
  const [one = 0, two = 0, three = 0, four = 0] = new Int32Array(Uint8Array.from(options.seed).buffer, 0, 4)
  // Two sums of 32 bits for every event.
  const sums = new Int32Array(2 * (to + 1))
  /** Events whose words are unknown, for their bodies cannot be read. */
  const unreadable = new Set<Position>()
  const strangers = new Set<Position>()
  const add = (position: Position, word: bigint, type: number, sign: 1 | -1): void => {
    const high = Number(BigInt.asIntN(32, word >> 32n))
    const low = Number(BigInt.asIntN(32, word)) ^ Math.imul(type, 0x2c1b3c6d)
    sums[2 * position]! += sign * mix(Math.imul(high ^ one, 0x9e3779b1) ^ Math.imul(low ^ two, 0x85ebca6b))
    sums[2 * position + 1]! += sign * mix(Math.imul(high ^ three, 0xc2b2ae35) ^ Math.imul(low ^ four, 0x27d4eb2f))
  }
  return {
    bodies: (from, last, rows) => {
      const part = makeInspection(codec, to)
      let next = from
      for (const { body, ciphertext, leaf, position, recordedAt } of rows) {
        for (; next < position; next++) part.hole(next)
        next = position + 1
        const event = part.body(position, body, leaf)
        part.personal(position, ciphertext)
        if (event === undefined) {
          unreadable.add(position)
          continue
        }
        if (event.meta.recordedAt !== recordedAt)
          part.fault(position, "index", "the instant kept beside the body is not that of the body")
        const { number } = ofType(event.type)
        for (const word of new Set(wordsOf(event.type, event.tags, event.personal?.subject)))
          add(position, word, number, 1)
      }
      for (; next <= last; next++) part.hole(next)
      return part.result()
    },
    entries: (entries) => {
      for (const { position, type, word } of entries)
        if (position < 1 || position > to) strangers.add(position)
        else add(position, word, type, -1)
    },
    part: (part) => indexInspected(part + 1, indexParts),
    strangers: () => [...strangers],
    end: (isEvent, loose) => {
      const faults: Array<Fault> = []
      for (const position of strangers)
        if (!isEvent(position))
          faults.push({ position, kind: "index", message: "the index knows an event the log has not" })
      for (const position of loose)
        faults.push({ position, kind: "personal", message: "there is a personal part of an event the log has not" })
      for (let position = 1; position <= to; position++)
        if ((sums[2 * position] !== 0 || sums[2 * position + 1] !== 0) && !unreadable.has(position))
          faults.push({ position, kind: "index", message: "the index does not find it by what its body says" })
      return indexInspected(indexParts, indexParts, faults)
    }
  }
}

/** The steps of an inspection: the events, the index part by part, then what only the whole shows. */
export const inspectWith =
  (
    inspection: PgInspection,
    to: Position,
    query: (
      sql: string,
      params: ReadonlyArray<unknown>
    ) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, EventStoreError>
  ) =>
  (statements: ReturnType<typeof statementsOf>): Stream.Stream<Inspected, EventStoreError> => {
    const position = (value: unknown) => Number(value as bigint)
    const bodies = Stream.paginate(1, (from) =>
      Effect.map(query(statements.inspected, [from, Math.min(to, from + Limits.chunk - 1)]), (rows) => {
        const last = Math.min(to, from + Limits.chunk - 1)
        const events = rows.map(([at, body, leaf, recordedAt, ciphertext]) => ({
          position: position(at),
          body: String(body),
          leaf: leaf as Uint8Array,
          recordedAt: String(recordedAt),
          ciphertext: ciphertext instanceof Uint8Array ? ciphertext : undefined
        }))
        return [[inspection.bodies(from, last, events)], last < to ? Option.some(last + 1) : Option.none()] as const
      })
    )
    const span = 1n << 56n
    const least = -(1n << 63n)
    const index = (part: number) =>
      Effect.gen(function* () {
        const end = least + span * BigInt(part + 1) - 1n
        let after: readonly [bigint, bigint] = [least + span * BigInt(part), least]
        while (true) {
          const rows = yield* query(statements.entries, [
            PgTypes.int8(after[0]),
            PgTypes.int8(after[1]),
            PgTypes.int8(end),
            entriesAtOnce
          ])
          inspection.entries(
            rows.map(([word, at, type]) => ({
              word: BigInt(word as bigint),
              position: position(at),
              type: Number(type)
            }))
          )
          const last = rows.at(-1)
          if (last === undefined || rows.length < entriesAtOnce) return inspection.part(part)
          after = [BigInt(last[0] as bigint), BigInt(last[1] as bigint)]
        }
      })
    const end = Effect.gen(function* () {
      const strangers = inspection.strangers()
      const known = yield* query(statements.known, [array(strangers.map(BigInt), PgTypes.OID.int8)])
      const events = new Set(known.map(([at]) => position(at)))
      const loose = yield* query(statements.loose, [])
      const found = inspection.end(
        (at) => events.has(at),
        loose.map(([at]) => position(at))
      )
      const [before] = yield* query(statements.beforeFirst, [])
      if (before === undefined) return found
      const fault = {
        position: position(before[0]),
        kind: "position",
        message: "there is an event before the first position"
      } as const
      return { ...found, faults: [fault, ...found.faults] }
    })
    return Stream.concat(
      bodies,
      Stream.paginate(0, (part) =>
        Effect.map(
          part < indexParts ? index(part) : end,
          (found) => [[found], part < indexParts ? Option.some(part + 1) : Option.none()] as const
        )
      )
    )
  }

const mix = (value: number): number => {
  const mixed = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return mixed ^ (mixed >>> 13)
}
