/**
 * What the store does to a log in PostgreSQL beside appending: it reads and deletes personal parts, and makes the index again. For the
 * PostgreSQL store.
 */
import { type PgConnection, type PgPool, PgTypes } from "@effect/sql-pg"
import { Effect } from "effect"
import { attempt } from "../building/Attempt.ts"
import { damaged, isEnvelope, parse } from "../building/Codec.ts"
import { type HasSubject, type Kept } from "../building/PersonalPart.ts"
import type { Range } from "../building/Reading.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import type { PgCalls } from "./PgCalls.ts"
import { aboutWriting, writingFault } from "./PgDurability.ts"
import type { PgStatements } from "./PgLayout.ts"
import { array, parseStored, type PgLog, storeError } from "./PgLog.ts"
import type { PgReading } from "./PgReading.ts"
import { transaction } from "./PgSession.ts"
import { ofType, wordOf, wordsOf } from "./PgWords.ts"

const { int4, int8 } = PgTypes.OID

/** The personal parts of the events at these positions, in their order. */
export const personalAt =
  (read: PgCalls["read"], statements: PgStatements) =>
  (positions: ReadonlyArray<Position>): Effect.Effect<ReadonlyArray<Kept>, EventStoreError> =>
    positions.length === 0
      ? Effect.succeed([])
      : Effect.flatMap(
          read((connection) =>
            storeError(connection.queryValues(statements.personal, [array(positions.map(BigInt), int8)]))
          ),
          (rows) => attempt(() => rows.map(personalIn))
        )

const personalIn = ([at, body, leaf, ciphertext]: ReadonlyArray<unknown>): Kept => {
  const position = Number(at as bigint)
  if (typeof body !== "string" || !(leaf instanceof Uint8Array))
    throw new RangeError(`the log has no position ${position}`)
  const event = parseStored(position, body, leaf)
  if (!isEnvelope(event)) throw damaged(position, "the body is not that of an event")
  return { position, event, ciphertext: ciphertext instanceof Uint8Array ? ciphertext : undefined }
}

/** Fails where the server would not let an append through now. */
export const canWrite = (read: PgCalls["read"]): Effect.Effect<void, EventStoreError> =>
  Effect.flatMap(
    read((connection) => storeError(connection.queryValues(aboutWriting))),
    ([row = []]) => {
      const fault = writingFault(row)
      return fault === undefined ? Effect.void : Effect.fail(new EventStoreError(fault))
    }
  )

/** The positions of the personal parts of a subject, whether they are there or not. */
const positionsOf = (
  connection: Pick<PgConnection.PgConnection, "queryValues">,
  statements: PgStatements,
  subject: string
) =>
  Effect.map(
    storeError(connection.queryValues(statements.ofSubject, [wordOf("subject", subject)])),
    (rows): ReadonlyArray<bigint> =>
      rows.flatMap(([at, body]) => {
        const event = parse(Number(at as bigint), String(body))
        return isEnvelope(event) && event.personal?.subject === subject ? [BigInt(at as bigint)] : []
      })
  )

/** Whether the log has a personal part of a subject. */
export const hasSubject =
  (read: PgCalls["read"], statements: PgStatements): HasSubject =>
  (subject) =>
    read((connection) => Effect.map(positionsOf(connection, statements, subject), ({ length }) => length > 0))

/** Deletes the ciphertexts of a subject. Under the lock what other nodes appended before is seen; what comes after finds no key. */
export const erase = (
  pool: PgPool.PgPool,
  log: PgLog,
  statements: PgStatements,
  subject: string
): Effect.Effect<void, EventStoreError> =>
  transaction(pool, (connection) =>
    Effect.gen(function* () {
      yield* storeError(log.lock(connection))
      const own = yield* positionsOf(connection, statements, subject)
      if (own.length > 0) yield* storeError(connection.query(statements.deletePersonal, [array(own, int8)]))
    })
  )

/** Makes the index again from the bodies, in one transaction that holds the writer lock. */
export const rebuildIndex = <E extends AnyEvent>(
  pool: PgPool.PgPool,
  log: PgLog,
  statements: PgStatements,
  pageOn: PgReading<E>["pageOn"]
): Effect.Effect<void, EventStoreError> =>
  transaction(pool, (connection) =>
    Effect.gen(function* () {
      yield* storeError(connection.query("SET LOCAL statement_timeout = 0"))
      const { head } = yield* storeError(log.lock(connection))
      yield* storeError(connection.query(statements.clearWords))
      yield* storeError(connection.query(statements.clearKinds))
      yield* storeError(connection.query(statements.makeKinds))
      let from: Position | undefined = 1
      while (from !== undefined && from <= head.position) {
        const range: Range = { from, to: head.position, limit: StoreLimits.chunk, backwards: false }
        const page: Effect.Success<ReturnType<typeof pageOn>> = yield* pageOn(connection, "all", range)
        yield* storeError(connection.query(statements.insertWords, entriesOf(page.events)))
        from = page.next
      }
    })
  )

/** Words, positions and types, side by side. */
const entriesOf = <E extends AnyEvent>(events: ReadonlyArray<RecordedEvent<E>>) => {
  const entries = events.flatMap((event) =>
    wordsOf(event.type, event.tags, event.personal?.subject).map((word) => ({ word, event }))
  )
  return [
    array(
      entries.map(({ word }) => word),
      int8
    ),
    array(
      entries.map(({ event }) => BigInt(event.position)),
      int8
    ),
    array(
      entries.map(({ event }) => ofType(event.type).number),
      int4
    )
  ]
}
