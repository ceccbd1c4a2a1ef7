/**
 * The store for several processes: a log in one schema of a PostgreSQL database, written by any number of nodes. For a register that
 * must stay up when a machine does not.
 */
import type { PgConnection } from "@effect/sql-pg"
import { PgTypes } from "@effect/sql-pg"
import { Duration, Effect, type Exit, Option, type Scope, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Catalogue } from "../port/Catalogue.ts"
import { damaged, isEnvelope, make as makeCodec, parse } from "../building/Codec.ts"
import type { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError, type EventStoreShape, type StoredEvent } from "../port/EventStore.ts"
import { attempt, conditionFailed, nonEmpty, tooManyNews, tooManyRead } from "../building/Attempt.ts"
import { within } from "./Deadline.ts"
import { nextOf } from "../building/Pages.ts"
import { inspectLog } from "./PgInspection.ts"
import { BECAME_STANDBY, channelOf, statementsOf } from "./PgLayout.ts"
import { listen, makeEchoes } from "./PgListening.ts"
import { array, makeLog, openLayout, type Outcome, parseStored, type Row, storeError } from "./PgLog.ts"
import { type Found, isIndexed, leavesOf, refuseMissing, type Span, spanOf } from "./PgRows.ts"
import {
  asCommitError,
  asStoreError,
  checkSchema,
  defaultBounds,
  describe,
  openPool,
  type PgBounds,
  type PgServer,
  readingOnly,
  transaction
} from "./PgSession.ts"
import { encodeQuery, ofType, wordOf, wordsOf } from "./PgWords.ts"
import { makeWriters } from "./PgWriters.ts"
import { Limits } from "../port/Limits.ts"
import { asStoreError as vaultFailed, reveal } from "../building/PersonalPart.ts"
import { instantAfter, makePreparation } from "../building/Preparation.ts"
import { matches, type Query } from "../port/Query.ts"
import { makeReading, type Page, type Range, streamPages } from "../building/Reading.ts"
import { Vault } from "../vault/Vault.ts"
import { makeWake } from "../building/Wake.ts"

export type { PgBounds, PgServer } from "./PgSession.ts"
export { maximumWriters } from "./PgWriters.ts"

/** @category models */
export interface PgEventStoreOptions<E extends AnyEvent> {
  /** The primary. The store opens a pool of its own, and keeps one more connection to be woken. */
  readonly server: PgServer
  readonly catalogue: Catalogue<E>
  /** The schema, made where there is none; not a word of SQL. Default: `event_store`. */
  readonly schema?: string
  /** How often a subscription looks by itself, should a notification be lost. Default: a second. */
  readonly pollInterval?: Duration.Input
  /** Opens a log that is there, and refuses another; nothing can be appended or forgotten, nor is anything made or migrated. */
  readonly readOnly?: boolean
  readonly bounds?: Partial<PgBounds>
}

/** What the PostgreSQL store can do beyond the port. @category models */
export interface PgEventStoreShape<E extends AnyEvent> extends EventStoreShape<E> {
  /** Makes the index again from the bodies, while everybody else waits. */
  readonly rebuildIndex: Effect.Effect<void, EventStoreError>
}

/**
 * Opens the log, and makes or migrates its schema. A database of a newer version is refused.
 *
 * Every append is one call of a function that takes the writer lock first and reads after, and one commit. When the connection breaks
 * before the answer, the append fails with `unknown`: look for its events, then go on. A process that is cut off while it decides under
 * the lock loses it after {@link PgBounds.idleInTransaction}. After an I/O error of the server it writes nothing any more until the log is
 * opened again; where there is no room an append is refused until there is.
 *
 * @category constructors
 */
export const make = <E extends AnyEvent>(
  options: PgEventStoreOptions<E>
): Effect.Effect<PgEventStoreShape<E>, DatabaseRefused, Vault | SecureRandom.SecureRandom | Scope.Scope> =>
  Effect.gen(function* () {
    const vault = yield* Vault
    const random = yield* SecureRandom.SecureRandom
    const schema = checkSchema(options.schema ?? "event_store")
    const bounds = { ...defaultBounds, ...options.bounds }
    const { readOnly = false } = options
    const pool = yield* openPool(options.server, bounds, `${schema} log`, readOnly ? readingOnly : {})
    const newLogId = readOnly ? undefined : yield* random.uuidV4()
    const logId = yield* openLayout(pool, schema, describe(options.server, schema), newLogId)
    const codec = makeCodec(options.catalogue)
    const { prepare, prepareAll, ensureKeys } = makePreparation(codec, vault)
    const log = makeLog(schema)
    const statements = statementsOf(schema)
    const wake = makeWake()
    const echoes = makeEchoes()
    yield* listen(pool, channelOf(schema), {
      begun: () => {
        echoes.clear()
        wake.notify()
      },
      heard: (session) => {
        if (!echoes.take(session)) wake.notify()
      }
    })
    /** An append over a session: who follows the log in this process is told by it, and need not hear of it from the server. */
    const tellingOf = <X>(
      connection: PgConnection.PgConnection,
      append: Effect.Effect<Outcome, X>
    ): Effect.Effect<Outcome, X> =>
      Effect.suspend(() => {
        echoes.expect(connection.processId)
        return append.pipe(
          Effect.tap(({ conflict }) => Effect.sync(() => conflict !== undefined && echoes.take(connection.processId))),
          Effect.onError(() =>
            Effect.sync(() => {
              echoes.drop(connection.processId)
              wake.notify()
            })
          )
        )
      })

    const { refuseIfClosed, writing } = yield* makeWriters
    // The server ends what takes too long by itself. This is for the server that can no longer be heard.
    const deadline = Duration.sum(
      Duration.fromInputUnsafe(bounds.statementTimeout),
      Duration.sum(Duration.fromInputUnsafe(bounds.lockTimeout), Duration.seconds(5))
    )
    const inTime =
      (reason: "unavailable" | "unknown") =>
      <A, X, R>(effect: Effect.Effect<A, X, R>): Effect.Effect<A, X | EventStoreError, R> =>
        within(
          effect,
          Duration.toMillis(deadline),
          () =>
            new EventStoreError({ reason, message: `PostgreSQL did not answer within ${Duration.format(deadline)}` })
        )
    const read = <A>(run: Parameters<typeof pool.use<A, EventStoreError, never>>[0]) =>
      pool.use(run).pipe(
        Effect.catchTag("SqlError", (error) => Effect.fail(asStoreError(error))),
        inTime("unavailable")
      )

    const head = together(
      Effect.flatMap(
        read((connection) => storeError(log.head(connection))),
        ({ position, standby }) =>
          standby
            ? Effect.fail(new EventStoreError({ reason: "unavailable", message: BECAME_STANDBY }))
            : Effect.succeed(position)
      )
    )

    const rowsOf = (connection: Parameters<typeof log.rows>[0], query: Query, range: Range) => {
      const encoded = encodeQuery(query)
      if (encoded === "none") return Effect.succeed<ReadonlyArray<Row>>([])
      return storeError(log.rows(connection, encoded === "all" ? "all" : encoded.items, range)).pipe(
        Effect.tap((rows) => attempt(() => refuseMissing(rows, encoded === "all" ? range : undefined)))
      )
    }
    const pageOn = (connection: Parameters<typeof log.rows>[0], query: Query, range: Range) =>
      Effect.flatMap(rowsOf(connection, query, range), (rows) =>
        attempt((): Found<RecordedEvent<E>> => {
          const events: Array<RecordedEvent<E>> = []
          for (const [position, body, leaf] of rows) {
            const event = codec.decode(position, parseStored(position, body ?? "", leaf ?? new Uint8Array()))
            if (matches(query, event)) events.push(event)
          }
          return { events, next: nextOf(rows, range), head: rows.at(-1)?.[3] }
        })
      )
    const page = (query: Query, range: Range) => read((connection) => pageOn(connection, query, range))
    const reading = makeReading<E>({ head, page, wake, pollInterval: options.pollInterval ?? "1 second" })

    // One statement sees one state of the log: what fits into a page needs no head to be cut at, and is one round trip.
    const pageFound = (query: Query, { backwards, from, left, to }: Span) =>
      Effect.map(
        page(query, { from, to, limit: Math.min(left, Limits.chunk), backwards }),
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
    const readFrom: EventStoreShape<E>["read"] = (query, range) => {
      if (!isIndexed(query)) return reading.read(query, range)
      const first = spanOf(range)
      return first === undefined ? Stream.empty : Stream.paginate(first, (span) => pageFound(query, span))
    }
    const readAll: EventStoreShape<E>["readAll"] = Effect.fnUntraced(function* (query, range) {
      if (!isIndexed(query)) return yield* reading.readAll(query, range)
      const all: Array<RecordedEvent<E>> = []
      let span = spanOf(range)
      while (span !== undefined) {
        const [events, rest] = yield* pageFound(query, span)
        if (all.length + events.length > Limits.readAll) return yield* Effect.die(tooManyRead())
        for (const event of events) all.push(event)
        span = Option.getOrUndefined(rest)
      }
      return all
    })

    return {
      logId,
      prepare,
      append: (events, condition) =>
        Effect.flatMap(prepareAll(events), (prepared) =>
          writing(
            Effect.gen(function* () {
              nonEmpty(prepared)
              yield* ensureKeys(prepared)
              const now = yield* instantAfter("")
              const outcome = yield* pool
                .use((connection) =>
                  Effect.mapError(
                    tellingOf(connection, log.append(connection, prepared, now, condition)),
                    asCommitError
                  )
                )
                .pipe(
                  // A connection that could not be made has sent nothing.
                  Effect.catchTag("SqlError", (error) => Effect.fail(asStoreError(error))),
                  inTime("unknown")
                )
              if (outcome.conflict !== undefined) return yield* conditionFailed(outcome.conflict)
              const { first, recordedAt } = outcome
              wake.appended(first, prepared)
              return { first, last: first + prepared.length - 1, recordedAt }
            })
          )
        ),
      appendExclusive: (after, query, decide) =>
        writing(
          transaction(pool, (connection) =>
            Effect.gen(function* () {
              const position = yield* storeError(log.lock(connection))
              const range = { from: Math.max(after, 0) + 1, to: position, limit: Limits.readAll, backwards: false }
              const news =
                range.from > range.to ? { events: [], next: undefined } : yield* pageOn(connection, query, range)
              if (news.next !== undefined) return yield* Effect.die(tooManyNews())
              const { events, answer } = yield* Effect.fromResult(decide(news.events, position))
              if (events.length === 0) return { appended: undefined, prepared: [], answer }
              const prepared = yield* prepareAll(events)
              yield* ensureKeys(prepared)
              const now = yield* instantAfter("")
              const { first, recordedAt } = yield* storeError(
                tellingOf(connection, log.append(connection, prepared, now, undefined))
              )
              return { appended: { first, last: first + prepared.length - 1, recordedAt }, prepared, answer }
            })
          ).pipe(inTime("unknown"))
        ).pipe(
          Effect.tapError((error) =>
            Effect.sync(() => error instanceof EventStoreError && error.reason === "unknown" && wake.notify())
          ),
          Effect.map(({ answer, appended, prepared }) => {
            if (appended !== undefined) wake.appended(appended.first, prepared)
            return { answer, appended }
          })
        ),
      ...reading,
      read: readFrom,
      readAll,
      // A server that has become a standby says so here.
      writable: Effect.andThen(refuseIfClosed, Effect.asVoid(head)),
      readStored: (range) =>
        streamPages(
          head,
          (part) =>
            read((connection) =>
              Effect.map(rowsOf(connection, "all", part), (rows): Page<StoredEvent> => ({
                events: rows.map(([position, body, leaf]) => ({
                  position,
                  body: body ?? "",
                  leaf: leaf ?? new Uint8Array()
                })),
                next: nextOf(rows, part)
              }))
            ),
          range
        ),
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
        ),
      inspect: (range) =>
        Stream.unwrap(
          Effect.gen(function* () {
            const to = Math.min(range?.to ?? Number.POSITIVE_INFINITY, yield* head)
            const query = (sql: string, params: ReadonlyArray<unknown>) =>
              read((connection) => storeError(connection.queryValues(sql, params)))
            return inspectLog({ schema, codec, to, seed: yield* random.randomBytes(16), query })
          })
        ),
      reveal: (positions) =>
        Effect.gen(function* () {
          if (positions.length === 0) return []
          const rows = yield* read((connection) =>
            storeError(connection.queryValues(statements.personal, [array(positions.map(BigInt), PgTypes.OID.int8)]))
          )
          return yield* Effect.forEach(rows, ([at, body, leaf, ciphertext]) =>
            Effect.gen(function* () {
              const position = Number(at as bigint)
              if (typeof body !== "string" || !(leaf instanceof Uint8Array))
                return yield* Effect.die(new RangeError(`the log has no position ${position}`))
              const event = yield* attempt(() => parseStored(position, body, leaf))
              if (!isEnvelope(event)) return yield* damaged(position, "the body is not that of an event")
              return yield* reveal(vault, position, event, ciphertext instanceof Uint8Array ? ciphertext : undefined)
            })
          )
        }),
      forget: (subject) =>
        writing(
          Effect.gen(function* () {
            // A log that cannot be written to must not lose the key first.
            yield* transaction(pool, (connection) => storeError(log.lock(connection)))
            yield* Effect.mapError(vault.forget(subject), vaultFailed)
            yield* transaction(pool, (connection) =>
              Effect.gen(function* () {
                // Of what other nodes append, whatever came before is seen, and what comes after finds no key.
                yield* storeError(log.lock(connection))
                const rows = yield* storeError(
                  connection.queryValues(statements.ofSubject, [wordOf("subject", subject)])
                )
                const own = rows.flatMap(([at, body]) => {
                  const event = parse(Number(at as bigint), String(body))
                  return isEnvelope(event) && event.personal?.subject === subject ? [BigInt(at as bigint)] : []
                })
                if (own.length > 0)
                  yield* storeError(connection.query(statements.deletePersonal, [array(own, PgTypes.OID.int8)]))
              })
            )
          })
        ),
      rebuildIndex: writing(
        transaction(pool, (connection) =>
          Effect.gen(function* () {
            yield* storeError(connection.query("SET LOCAL statement_timeout = 0"))
            const last = yield* storeError(log.lock(connection))
            yield* storeError(connection.query(statements.clearWords))
            let from: Position | undefined = 1
            while (from !== undefined && from <= last) {
              const range: Range = { from, to: last, limit: Limits.chunk, backwards: false }
              const { events, next }: Page<RecordedEvent<E>> = yield* pageOn(connection, "all", range)
              const entries = events.flatMap((event) =>
                wordsOf(event.type, event.tags, event.personal?.subject).map((word) => ({ word, event }))
              )
              yield* storeError(
                connection.query(statements.insertWords, [
                  array(
                    entries.map(({ word }) => word),
                    PgTypes.OID.int8
                  ),
                  array(
                    entries.map(({ event }) => BigInt(event.position)),
                    PgTypes.OID.int8
                  ),
                  array(
                    entries.map(({ event }) => ofType(event.type).number),
                    PgTypes.OID.int4
                  )
                ])
              )
              from = next
            }
          })
        )
      )
    }
  })

/** One question for all who ask in the same turn, as those do whom an append has woken. Nobody gets an answer from before they asked. */
const together = <A, X>(ask: Effect.Effect<A, X>): Effect.Effect<A, X> => {
  let asking: Array<(exit: Exit.Exit<A, X>) => void> = []
  return Effect.callback<A, X>((resume) => {
    if (asking.push(resume) > 1) return
    queueMicrotask(() => {
      const asked = asking
      asking = []
      Effect.runFork(ask).addObserver((exit) => asked.forEach((tell) => tell(exit)))
    })
  })
}
