/**
 * A projection whose rows an application lays out itself, in tables of its own database. For applications that join what the register knows
 * with what they know.
 *
 * The place in the log moves in the transaction that writes the rows. Hence each event is taken exactly once, whatever crashes when. Do not
 * write such rows from anywhere else.
 */
import type { Events } from "@effekten/domain"
import { type Bookmark, type EventStoreError, type Position, SqlTables } from "@effekten/event-store"
import { Cause, Effect, Result, Schema } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { SqlClient, SqlError } from "effect/sql"
import { catchingUp, keeping, type Place, tellLost } from "./CatchingUp.ts"
import { headAfter } from "./History.ts"
import type { Log, Logged, LoggedEvent } from "./Projection.ts"
import { ReadModelsUnavailable, stepSize } from "./ReadModels.ts"

/**
 * An event could not be taken into the rows: a statement of `take` failed, or `take` threw. Nothing of its step is kept, and the next
 * `catchUp` takes it again.
 *
 * @category errors
 */
export class TakeFailed extends Schema.TaggedError<TakeFailed>()("TakeFailed", {
  projection: Schema.String,
  type: Schema.String,
  position: Schema.Int,
  message: Schema.String,
  cause: Schema.Defect()
}) {}

/**
 * Rows of events of the types `T`. Its effects run in a transaction of the `SqlClient` that they are given; they do nothing else.
 *
 * @category models
 */
export interface Definition<T extends Events.EventType> {
  /** Names the place in the log, in the table `effekten_projection`. */
  readonly name: string
  /** Raised when the same events come to mean other rows, or other types are taken: the rows are then begun anew. */
  readonly version: number
  /** Kept beside the version. Rows of other types are refused under the same version: they lack events that were passed. */
  readonly types: NonEmptyReadonlyArray<T>
  /** Makes the tables without a row, and drops what was in them. */
  readonly begin: Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient>
  /** Takes an event into the rows. */
  readonly take: (event: Logged<T>) => Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient>
}

/** The log or the database could not be read or written, or an event could not be taken. @category errors */
export type Failure = EventStoreError | ReadModelsUnavailable | TakeFailed

/** @category models */
export interface OwnRows {
  /** Takes in what the log holds now, and returns the position that the rows have reached. A read that has to see its own writes calls it. */
  readonly catchUp: Effect.Effect<Position, Failure>
  /** Begins the rows anew, and brings them to the head. */
  readonly rebuild: Effect.Effect<Position, Failure>
}

/**
 * Opens the rows in the database at hand. They are begun where there are none, where they are those of an earlier version, and where their
 * history is not that of the log. Those of a later version are refused, and those of other types under the same version.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* <T extends Events.EventType>(
  log: Log,
  definition: Definition<T>
): Effect.fn.Return<OwnRows, Failure, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  yield* unlessFailed(definition.name, preparing(sql))
  const place = placeOf(sql, log, definition)
  const kept = keeping([definition]).get(definition.name)!
  yield* place.ask(kept)
  const toHead = catchingUp({ log, stepSize }, place)
  // The database is asked each time: another node may have begun the rows anew.
  const catchUp = Effect.suspend(() => {
    kept.at = undefined
    return toHead(kept)
  })
  const anew = kept.one.withPermits(1)(unlessFailed(definition.name, sql.withTransaction(begin(sql, log, definition))))
  return { catchUp, rebuild: Effect.andThen(anew, catchUp) }
})

/** Makes the table, or adds the types to one of an earlier layout. A node that comes too late to add them sees them. */
const preparing = (sql: SqlClient.SqlClient) => {
  const made = SqlTables.create(sql, {
    effekten_projection: sql`CREATE TABLE IF NOT EXISTS effekten_projection (name TEXT PRIMARY KEY, version BIGINT NOT NULL,
      types TEXT, log TEXT NOT NULL, position BIGINT NOT NULL, leaf TEXT NOT NULL)`
  })
  const look = sql`SELECT types FROM effekten_projection LIMIT 1`
  const add = Effect.catch(sql.withTransaction(sql`ALTER TABLE effekten_projection ADD COLUMN types TEXT`), () => look)
  return Effect.andThen(
    made,
    Effect.catch(look, () => add)
  )
}

/** The types as they are kept: their order says nothing. */
const textOf = (types: ReadonlyArray<string>): string => types.toSorted().join(", ")

interface Row {
  readonly version: number | bigint
  /** None where a program of an earlier layout has begun the rows. */
  readonly types: string | null
  readonly log: string
  readonly position: number | bigint
  readonly leaf: string
}

/** Empty rows, which stand before the first event. */
const begin = <T extends Events.EventType>(sql: SqlClient.SqlClient, log: Log, definition: Definition<T>) =>
  Effect.gen(function* () {
    const { name, types, version } = definition
    const at: Bookmark = { position: 0, leaf: log.logId }
    // The row of the place first, as everywhere: a node that takes events holds it meanwhile.
    yield* sql`INSERT INTO effekten_projection ${sql.insert({ name, version, types: textOf(types), log: log.logId, ...at })}
      ON CONFLICT (name) DO UPDATE SET version = excluded.version, types = excluded.types, log = excluded.log,
        position = excluded.position, leaf = excluded.leaf`
    yield* Effect.provideService(definition.begin, SqlClient.SqlClient, sql)
    return at
  })

/** Rows that this program cannot go on with, and does not begin anew. */
const refused = (
  { types, version }: Row,
  definition: Pick<Definition<Events.EventType>, "name" | "version" | "types">
): string | undefined =>
  Number(version) > definition.version
    ? `the rows of ${definition.name} are those of version ${version}, and this program has version ${definition.version}`
    : Number(version) === definition.version && types !== null && types !== textOf(definition.types)
      ? `the rows of ${definition.name} (version ${version}) are those of ${types}, and this program takes ${textOf(definition.types)}: raise its version, and they are begun anew`
      : undefined

/** Where the rows stand, begun anew where they have to be. */
const settling = <T extends Events.EventType>(sql: SqlClient.SqlClient, log: Log, definition: Definition<T>) =>
  Effect.gen(function* () {
    const { name, types, version } = definition
    const [row] =
      yield* sql<Row>`SELECT version, types, log, position, leaf FROM effekten_projection WHERE name = ${name}`
    if (row === undefined) return yield* begin(sql, log, definition)
    const message = refused(row, definition)
    if (message !== undefined) return yield* new ReadModelsUnavailable({ message })
    const at: Bookmark = { position: Number(row.position), leaf: row.leaf }
    const isOfHere = row.log === log.logId && (yield* headAfter(log, at)) !== undefined
    if (!isOfHere) yield* tellLost([`${name} (position ${at.position})`])
    if (!isOfHere || Number(row.version) !== version) return yield* begin(sql, log, definition)
    if (row.types === null)
      yield* sql`UPDATE effekten_projection SET types = ${textOf(types)} WHERE name = ${name} AND types IS NULL`
    return at
  })

/** Takes an event. What `take` does wrong is said with the event at which it does. */
const taking = <T extends Events.EventType>(
  sql: SqlClient.SqlClient,
  { name, take }: Definition<T>,
  event: LoggedEvent & Logged<T>
) =>
  Effect.suspend(() => take(event)).pipe(
    Effect.provideService(SqlClient.SqlClient, sql),
    Effect.catchCause((cause) => {
      const failure = Cause.findError(cause)
      const reason = Result.isSuccess(failure) ? failure.success : Cause.squash(cause)
      if (Cause.hasInterrupts(cause)) return Effect.failCause(cause as Cause.Cause<never>)
      const { position, type } = event
      const message = `${name}: taking ${type} at ${position} failed: ${sentenceOf(reason)}`
      return Effect.fail(new TakeFailed({ projection: name, type, position, message, cause: reason }))
    })
  )

/** What the database says of a statement stands in the cause of the failure. */
const sentenceOf = (reason: unknown): string => {
  let inner = reason
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  return inner instanceof Error ? inner.message : String(inner)
}

const placeOf = <T extends Events.EventType>(
  sql: SqlClient.SqlClient,
  log: Log,
  definition: Definition<T>
): Place<ReadModelsUnavailable | TakeFailed, Definition<T>> => {
  const { name, version } = definition
  const settle = settling(sql, log, definition)
  return {
    ask: () => unlessFailed(name, Effect.retry(sql.withTransaction(settle), { times: 3, while: SqlError.isSqlError })),
    dropOthers: Effect.asVoid(unlessFailed(name, sql.withTransaction(settle))),
    take: (_, from, events, to) =>
      unlessFailed(
        name,
        sql.withTransaction(
          Effect.gen(function* () {
            const moved = yield* sql`UPDATE effekten_projection SET position = ${to.position}, leaf = ${to.leaf}
              WHERE name = ${name} AND version = ${version} AND position = ${from.position} AND leaf = ${from.leaf}
              RETURNING name`
            // Another node, or a rebuild, was first.
            if (moved.length === 0) return false
            for (const event of events) yield* taking(sql, definition, event as LoggedEvent & Logged<T>)
            return true
          })
        )
      ),
    note: () => Effect.void
  }
}

const unlessFailed = <A, E>(name: string, effect: Effect.Effect<A, E | SqlError.SqlError>) =>
  Effect.catchIf(
    effect,
    (error): error is Extract<typeof error, SqlError.SqlError> => SqlError.isSqlError(error),
    (cause) =>
      Effect.fail(
        new ReadModelsUnavailable({
          message: `the database of the rows of ${name} failed: ${sentenceOf(cause)}`,
          cause
        })
      )
  )
