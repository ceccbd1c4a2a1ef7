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
import type { PgKinds } from "./PgKinds.ts"
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
  /** The head, whatever kinds the log has: for what is not decoded. */
  readonly last: Effect.Effect<Position, EventStoreError>
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
  readonly kinds: PgKinds
  readonly wake: Wake
  readonly pollInterval: Duration.Input
  readonly read: PgCalls["read"]
  readonly patiently: PgPatience
}

export const makePgReading = <E extends AnyEvent>(options: PgReadingOptions<E>): PgReading<E> => {
  const { kinds, log, patiently, pollInterval, read, statements, wake } = options
  const { last, look } = lookingAt(log, kinds, read)
  const head = Effect.map(look(0), (found) => found.head.position)
  const pageOn = (connection: Connection, query: Query, range: Range) => pageOf(options, connection, query, range)
  const page = (query: Query, range: Range) => read((connection) => pageOn(connection, query, range))
  const reading = makeReading<E>({ head, look, page, wake, pollInterval, patiently })
  return {
    ...reading,
    ...readingByIndex(reading, page),
    last,
    pageOn,
    readStored: (range) => streamPages(last, (part) => read((connection) => storedOn(log, connection, part)), range),
    readLeaves: (range) =>
      streamPages(
        last,
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

/** Looks at the log for many at once. A log with a kind that is not known has a head, and no more. */
const lookingAt = (log: PgLog, kinds: PgKinds, read: PgCalls["read"]) => {
  const lookOn = (connection: Connection, positions: ReadonlyArray<Position>) =>
    Effect.filterOrFail(
      storeError(log.look(connection, positions)),
      ({ standby }) => !standby,
      () => new EventStoreError({ reason: "unavailable", message: BECAME_STANDBY })
    )
  return {
    last: read((connection) => Effect.map(lookOn(connection, []), ({ head }) => head.position)),
    look: together((asked: ReadonlyArray<Position>) => {
      const positions = [...new Set(asked)]
      return Effect.map(
        read((connection) =>
          Effect.tap(lookOn(connection, positions), ({ edition }) => kinds.admit(connection, edition))
        ),
        ({ head, leaves }): ReadonlyArray<Look> =>
          asked.map((at) => ({ head, leaf: leaves[positions.indexOf(at)] ?? undefined }))
      )
    })
  }
}

type PagesOptions<E extends AnyEvent> = Pick<PgReadingOptions<E>, "codec" | "kinds" | "log">

/** Every row of a range. */
const rowsIn = (log: PgLog, connection: Connection, range: Range) =>
  Effect.tap(storeError(log.range(connection, range)), (rows) => attempt(() => refuseMissing(rows, range)))

const rowsOn = (
  { kinds, log }: Pick<PgReadingOptions<AnyEvent>, "kinds" | "log">,
  connection: Connection,
  query: Query,
  range: Range
) => {
  const encoded = encodeQuery(query)
  if (encoded === "none") return Effect.succeed<ReadonlyArray<Row>>([])
  // Every body is decoded then, so that a kind that is not known shows by itself.
  if (encoded === "all") return rowsIn(log, connection, range)
  const edition = kinds.edition()
  return storeError(log.find(connection, encoded.items, range, edition)).pipe(
    Effect.tap(({ isKnown }) => kinds.admit(connection, isKnown ? edition : undefined)),
    Effect.map(({ rows }) => rows),
    Effect.tap((rows) => attempt(() => refuseMissing(rows, undefined)))
  )
}

const pageOf = <E extends AnyEvent>(
  options: PagesOptions<E>,
  connection: Connection,
  query: Query,
  range: Range
): Effect.Effect<Found<RecordedEvent<E>>, EventStoreError> =>
  Effect.flatMap(rowsOn(options, connection, query, range), (rows) =>
    attempt(() => {
      const events: Array<RecordedEvent<E>> = []
      for (const [position, body, leaf] of rows) {
        const event = options.codec.find(position, parseStored(position, body ?? "", leaf ?? new Uint8Array()), query)
        if (event !== undefined) events.push(event)
      }
      return { events, next: nextOf(rows, range), head: rows.at(-1)?.[3] }
    })
  )

const storedOn = (log: PgLog, connection: Connection, part: Range) =>
  Effect.map(rowsIn(log, connection, part), (rows): Page<StoredEvent> => ({
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
