/**
 * A projection whose rows an application lays out itself, in tables of its own database. For applications that join what the register knows
 * with what they know.
 *
 * The place in the log moves in the transaction that writes the rows. Hence each event is taken exactly once, whatever crashes when. Do not
 * write such rows from anywhere else.
 */
import type { Events } from "@effekten/domain"
import { type Bookmark, type EventStoreError, type Position, SqlTables } from "@effekten/event-store"
import { Effect } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { SqlClient, SqlError } from "effect/sql"
import { catchingUp, keeping, type Place, tellLost } from "./CatchingUp.ts"
import { headAfter } from "./History.ts"
import type { Log, Logged, LoggedEvent } from "./Projection.ts"
import { stepSize, Unavailable } from "./ReadModels.ts"

/**
 * Rows of events of the types `T`. Its effects run in a transaction of the `SqlClient` that they are given; they do nothing else.
 *
 * @category models
 */
export interface Definition<T extends Events.EventType> {
  /** Names the place in the log, in the table `effekten_projection`. */
  readonly name: string
  /** Raised when the same events come to mean other rows: they are then begun anew. */
  readonly version: number
  readonly types: NonEmptyReadonlyArray<T>
  /** Makes the tables without a row, and drops what was in them. */
  readonly begin: Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient>
  /** Takes an event into the rows. */
  readonly take: (event: Logged<T>) => Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient>
}

/** @category models */
export interface OwnRows {
  /** Takes in what the log holds now, and returns the position that the rows have reached. A read that has to see its own writes calls it. */
  readonly catchUp: Effect.Effect<Position, EventStoreError | Unavailable>
  /** Begins the rows anew, and brings them to the head. */
  readonly rebuild: Effect.Effect<Position, EventStoreError | Unavailable>
}

/**
 * Opens the rows in the database at hand. They are begun where there are none, where they are those of an earlier version, and where their
 * history is not that of the log. Those of a later version are refused.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* <T extends Events.EventType>(
  log: Log,
  definition: Definition<T>
): Effect.fn.Return<OwnRows, EventStoreError | Unavailable, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  yield* unlessFailed(SqlTables.create(sql, { effekten_projection: createPlaces(sql) }))
  const place = placeOf(sql, log, definition)
  const kept = keeping([definition]).get(definition.name)!
  yield* place.ask(kept)
  const toHead = catchingUp({ log, stepSize }, place)
  // The database is asked each time: another node may have begun the rows anew.
  const catchUp = Effect.suspend(() => {
    kept.at = undefined
    return toHead(kept)
  })
  const anew = kept.one.withPermits(1)(unlessFailed(sql.withTransaction(begin(sql, log, definition))))
  return { catchUp, rebuild: Effect.andThen(anew, catchUp) }
})

const createPlaces = (sql: SqlClient.SqlClient) =>
  sql`CREATE TABLE IF NOT EXISTS effekten_projection (
    name TEXT PRIMARY KEY, version BIGINT NOT NULL, log TEXT NOT NULL, position BIGINT NOT NULL, leaf TEXT NOT NULL)`

interface Row {
  readonly version: number | bigint
  readonly log: string
  readonly position: number | bigint
  readonly leaf: string
}

/** Empty rows, which stand before the first event. */
const begin = <T extends Events.EventType>(sql: SqlClient.SqlClient, log: Log, definition: Definition<T>) =>
  Effect.gen(function* () {
    const { name, version } = definition
    const at: Bookmark = { position: 0, leaf: log.logId }
    // The row of the place first, as everywhere: a node that takes events holds it meanwhile.
    yield* sql`INSERT INTO effekten_projection ${sql.insert({ name, version, log: log.logId, ...at })}
      ON CONFLICT (name) DO UPDATE SET version = excluded.version, log = excluded.log,
        position = excluded.position, leaf = excluded.leaf`
    yield* Effect.provideService(definition.begin, SqlClient.SqlClient, sql)
    return at
  })

const placeOf = <T extends Events.EventType>(
  sql: SqlClient.SqlClient,
  log: Log,
  definition: Definition<T>
): Place<Unavailable, Definition<T>> => {
  const { name, version } = definition

  /** Where the rows stand, begun anew where they have to be. */
  const settle = Effect.gen(function* () {
    const [row] = yield* sql<Row>`SELECT version, log, position, leaf FROM effekten_projection WHERE name = ${name}`
    if (row === undefined) return yield* begin(sql, log, definition)
    const at: Bookmark = { position: Number(row.position), leaf: row.leaf }
    if (Number(row.version) > version)
      return yield* new Unavailable({
        message: `the rows of ${name} are those of version ${row.version}, and this program has version ${version}`
      })
    const isOfHere = row.log === log.logId && (yield* headAfter(log, at)) !== undefined
    if (isOfHere && Number(row.version) === version) return at
    if (!isOfHere) yield* tellLost([`${name} (position ${at.position})`])
    return yield* begin(sql, log, definition)
  })

  return {
    ask: () => unlessFailed(Effect.retry(sql.withTransaction(settle), { times: 3, while: SqlError.isSqlError })),
    dropOthers: Effect.asVoid(unlessFailed(sql.withTransaction(settle))),
    take: (_, from, events, to) =>
      unlessFailed(
        sql.withTransaction(
          Effect.gen(function* () {
            const moved = yield* sql`UPDATE effekten_projection SET position = ${to.position}, leaf = ${to.leaf}
              WHERE name = ${name} AND version = ${version} AND position = ${from.position} AND leaf = ${from.leaf}
              RETURNING name`
            // Another node, or a rebuild, was first.
            if (moved.length === 0) return false
            for (const event of events)
              yield* Effect.provideService(definition.take(event as LoggedEvent & Logged<T>), SqlClient.SqlClient, sql)
            return true
          })
        )
      ),
    note: () => Effect.void
  }
}

const unlessFailed = <A, E>(effect: Effect.Effect<A, E | SqlError.SqlError>) =>
  Effect.catchIf(
    effect,
    (error): error is Extract<typeof error, SqlError.SqlError> => SqlError.isSqlError(error),
    (cause) => Effect.fail(new Unavailable({ message: "the database of the rows failed", cause }))
  )
