/**
 * Reading the log in PostgreSQL: pages by query, bodies and leaves as they are, and what follows the log. For the PostgreSQL store.
 */
import type { PgConnection } from "@effect/sql-pg"
import { type Duration, Effect, Option, Stream } from "effect"
import { attempt, tooManyRead } from "../building/Attempt.ts"
import type { Codec } from "../building/Codec.ts"
import type { Look } from "../building/History.ts"
import { nextOf } from "../building/Pages.ts"
import { makeReading, type Page, type Range, streamPages } from "../building/Reading.ts"
import type { Wake } from "../building/Wake.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError, type EventStoreShape, type StoredEvent } from "../port/EventStore.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import type { Query } from "../port/Query.ts"
import type { PgPatience } from "./PgPatience.ts"
import type { PgCalls } from "./PgCalls.ts"
import { BECAME_STANDBY } from "./PgDurability.ts"
import type { PgStatements } from "./PgLayout.ts"
import { parseStored, type PgLog, type Row, storeError } from "./PgLog.ts"
import { type Found, isIndexed, leavesOf, refuseMissing, type Span, spanOf } from "./PgRows.ts"
import { encodeQuery } from "./PgWords.ts"
import { together } from "./Together.ts"

type Connection = Pick<PgConnection.PgConnection, "query" | "queryValues">

export interface PgReading<E extends AnyEvent> extends Pick<
  EventStoreShape<E>,
  "head" | "bookmark" | "read" | "readAll" | "subscribe" | "readStored" | "readLeaves"
> {
  /** A page as a transaction sees it. */
  readonly pageOn: (
    connection: Connection,
    query: Query,
    range: Range
  ) => Effect.Effect<Page<RecordedEvent<E>>, EventStoreError>
}

interface PgReadingOptions<E extends AnyEvent> {
  readonly log: PgLog
  readonly statements: PgStatements
  readonly codec: Codec<E>
  readonly wake: Wake
  readonly pollInterval: Duration.Input
  readonly read: PgCalls["read"]
  readonly patiently: PgPatience
}

export const makePgReading = <E extends AnyEvent>(options: PgReadingOptions<E>): PgReading<E> => {
  const { codec, log, patiently, pollInterval, read, statements, wake } = options
  const look = lookingAt(log, read)
  const head = Effect.map(look(0), (found) => found.head.position)
  const pageOn = (connection: Connection, query: Query, range: Range) => pageOf(log, codec, connection, query, range)
  const page = (query: Query, range: Range) => read((connection) => pageOn(connection, query, range))
  const reading = makeReading<E>({ head, look, page, wake, pollInterval, patiently })
  return {
    ...reading,
    ...readingByIndex(reading, page),
    pageOn,
    readStored: (range) => streamPages(head, (part) => read((connection) => storedOn(log, connection, part)), range),
    readLeaves: (range) =>
      streamPages(
        head,
        (part) =>
          Effect.flatMap(
            read((connection) =>
              storeError(connection.queryValues(statements.leaves, [part.from, part.to, part.limit]))
            ),
            (rows) => attempt(() => leavesOf(rows, part))
          ),
        range
      )
  }
}

const lookingAt = (log: PgLog, read: PgCalls["read"]): ((at: Position) => Effect.Effect<Look, EventStoreError>) =>
  together((asked) => {
    const positions = [...new Set(asked)]
    return Effect.flatMap(
      read((connection) => storeError(log.look(connection, positions))),
      ({ head, leaves, standby }) =>
        standby
          ? Effect.fail(new EventStoreError({ reason: "unavailable", message: BECAME_STANDBY }))
          : Effect.succeed(asked.map((at) => ({ head, leaf: leaves[positions.indexOf(at)] ?? undefined })))
    )
  })

const rowsOn = (log: PgLog, connection: Connection, query: Query, range: Range) => {
  const encoded = encodeQuery(query)
  if (encoded === "none") return Effect.succeed<ReadonlyArray<Row>>([])
  return storeError(log.rows(connection, encoded === "all" ? "all" : encoded.items, range)).pipe(
    Effect.tap((rows) => attempt(() => refuseMissing(rows, encoded === "all" ? range : undefined)))
  )
}

const pageOf = <E extends AnyEvent>(
  log: PgLog,
  codec: Codec<E>,
  connection: Connection,
  query: Query,
  range: Range
): Effect.Effect<Found<RecordedEvent<E>>, EventStoreError> =>
  Effect.flatMap(rowsOn(log, connection, query, range), (rows) =>
    attempt(() => {
      const events: Array<RecordedEvent<E>> = []
      for (const [position, body, leaf] of rows) {
        const event = codec.find(position, parseStored(position, body ?? "", leaf ?? new Uint8Array()), query)
        if (event !== undefined) events.push(event)
      }
      return { events, next: nextOf(rows, range), head: rows.at(-1)?.[3] }
    })
  )

const storedOn = (log: PgLog, connection: Connection, part: Range) =>
  Effect.map(rowsOn(log, connection, "all", part), (rows): Page<StoredEvent> => ({
    events: rows.map(([position, body, leaf]) => ({ position, body: body ?? "", leaf: leaf ?? new Uint8Array() })),
    next: nextOf(rows, part)
  }))

/**
 * What the index finds. A statement sees one state of the log, so a result that fits into a page needs no head and takes one round trip.
 */
const readingByIndex = <E extends AnyEvent>(
  reading: Pick<EventStoreShape<E>, "read" | "readAll">,
  page: (query: Query, range: Range) => Effect.Effect<Found<RecordedEvent<E>>, EventStoreError>
): Pick<EventStoreShape<E>, "read" | "readAll"> => {
  const pageFound = (query: Query, { backwards, from, left, to }: Span) =>
    Effect.map(
      page(query, { from, to, limit: Math.min(left, StoreLimits.chunk), backwards }),
      ({ events, head = to, next }): readonly [ReadonlyArray<RecordedEvent<E>>, Option.Option<Span>] => {
        const rest = left - events.length
        const last = Math.min(to, head)
        if (next === undefined || next > last || rest <= 0) return [events, Option.none()]
        return [
          events,
          Option.some(
            backwards ? { backwards, from, to: next, left: rest } : { backwards, from: next, to: last, left: rest }
          )
        ]
      }
    )
  return {
    read: (query, range) => {
      if (!isIndexed(query)) return reading.read(query, range)
      const first = spanOf(range)
      return first === undefined ? Stream.empty : Stream.paginate(first, (span) => pageFound(query, span))
    },
    readAll: Effect.fnUntraced(function* (query, range) {
      if (!isIndexed(query)) return yield* reading.readAll(query, range)
      const all: Array<RecordedEvent<E>> = []
      let span = spanOf(range)
      while (span !== undefined) {
        const [events, rest] = yield* pageFound(query, span)
        if (all.length + events.length > StoreLimits.readAll) return yield* Effect.die(tooManyRead())
        for (const event of events) all.push(event)
        span = Option.getOrUndefined(rest)
      }
      return all
    })
  }
}
