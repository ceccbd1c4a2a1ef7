/**
 * Read models in an SQL database that may be thrown away: deleted, it is folded again from the log. For the embedded register.
 *
 * One table per projection, and one row per projection that says how far it has come. Rows and position are committed together, hence each
 * event is folded exactly once, whatever crashes when. Store only positions, ids, codes and instants here; nothing personal.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import { maximumPageSize } from "@effekten/services"
import { Array as Arr, Effect, Layer, Result, Schema, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { pageOf, sliceOf } from "./Cursor.ts"
import type * as Projection from "./Projection.ts"
import * as Projections from "./Projections.ts"
import * as ReadModels from "./ReadModels.ts"

/** @category models */
export interface Options {
  readonly log: Projection.Log
  readonly projections?: ReadonlyArray<Projection.Any>
  /** Events per transaction at most. Default: 1,000. */
  readonly batchSize?: number
}

/** Raised when the tables change; the table `projection` itself never does. */
const layoutVersion = 1

/** Rows and keys of one statement: far below the number of parameters any database takes. */
const rowsPerStatement = 250

interface Progress {
  readonly name: string
  readonly version: string
  readonly log: string
  readonly position: Position
  /** Id of the event at the position: another id there means that the log was restored to an earlier state and went another way. */
  readonly event: string
}

interface Row {
  readonly key: string
  readonly scope: string
  readonly ordinal: number
  readonly state: string
}

interface Entry {
  readonly scope: string
  readonly ordinal: number
  readonly state: unknown
}

/**
 * Opens the read models in the database at hand. A projection begins again from nothing if its stored rows are of another version, another
 * log, or a history that the log does not have.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ReadModels.Shape, EventStoreError | ReadModels.Unavailable, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const { log, projections = Projections.all } = options
  const positions = yield* Effect.catchTag(sql.withTransaction(open(sql, log, projections)), "SqlError", (error) =>
    Effect.fail(unavailable(error))
  )
  const one = yield* Semaphore.make(1)
  const position = () => Math.min(...positions.values())
  const take = taking(sql, { log, projections, positions, limit: options.batchSize ?? ReadModels.batchSize })
  const catchUp = ReadModels.catchingUp(log, one, position, take)
  return { catchUp, ...reading(sql, catchUp, (projection) => positions.has(projection.name)) }
})

/** What the events from a position on are folded into, and how far each projection has come. */
interface Following {
  readonly log: Projection.Log
  readonly projections: ReadonlyArray<Projection.Any>
  readonly positions: Map<string, Position>
  /** Events per transaction at most. */
  readonly limit: number
}

/** Takes in the next events, and returns how many there were. */
const taking = (sql: SqlClient.SqlClient, { log, projections, positions, limit }: Following) => {
  const position = () => Math.min(...positions.values())
  // After a failure it is not known whether the transaction was committed: ask the database.
  let uncertain = false

  /** How far the database says it is; another node may have folded what this one has not looked at. */
  const ask = Effect.gen(function* () {
    for (const row of yield* readProgress(sql)) {
      const projection = projections.find(({ name }) => name === row.name)
      if (projection === undefined) continue
      if (row.version !== versionOf(projection) || row.log !== log.logId)
        return yield* new ReadModels.Unavailable({
          message: `the read model ${row.name} was made anew by another version of this program: replace this one`
        })
      positions.set(row.name, row.position)
    }
  })

  return (from: Position) =>
    Effect.gen(function* () {
      if (uncertain) {
        yield* ask
        uncertain = false
        if (position() >= from) return position() - from + 1
      }
      const events = yield* log.readAll("all", { from, limit })
      const last = events[events.length - 1]
      if (last === undefined) return 0
      const behind = projections.filter((projection) => positions.get(projection.name)! < last.position)
      const moved = yield* Effect.result(
        sql.withTransaction(
          Effect.gen(function* () {
            for (const projection of behind) {
              const after = positions.get(projection.name)!
              yield* moveOn(sql, projection, after, last)
              yield* takeIn(
                sql,
                projection,
                events.filter((event) => event.position > after)
              )
            }
          })
        )
      )
      if (Result.isFailure(moved)) {
        if (moved.failure._tag !== "MovedOn") return yield* moved.failure
        // Another node was faster: what it folded is in the tables, and this one goes on from there.
        const known = [...positions.values()]
        yield* ask
        if ([...positions.values()].every((at, index) => at === known[index]))
          return yield* new ReadModels.Unavailable({ message: "the read models are not where they were left: restart" })
        return events.length
      }
      for (const projection of behind) positions.set(projection.name, last.position)
      return events.length
    }).pipe(
      Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(error))),
      Effect.onError(() => Effect.sync(() => (uncertain = true)))
    )
}

/** The reads, each as of the head. */
const reading = (
  sql: SqlClient.SqlClient,
  catchUp: ReadModels.Shape["catchUp"],
  isKept: (projection: Projection.Any) => boolean
): Omit<ReadModels.Shape, "catchUp"> => {
  const kept = (projection: Projection.Any) =>
    isKept(projection)
      ? Effect.succeed(sql(tableOf(projection)))
      : Effect.die(new RangeError(`the projection ${projection.name} is not kept here`))

  return {
    page: Effect.fnUntraced(
      function* <S>(
        projection: Projection.Projection<S>,
        scope: string,
        page?: Parameters<ReadModels.Shape["page"]>[2]
      ) {
        const table = yield* kept(projection)
        yield* catchUp
        const counted = yield* sql<{
          count: number | null
        }>`SELECT max(ordinal) AS count FROM ${table} WHERE scope = ${scope}`
        const count = Number(counted[0]?.count ?? 0)
        const slice = yield* Effect.fromResult(sliceOf(projection.name, count, page))
        const rows = yield* sql<Pick<Row, "state">>`SELECT state FROM ${table}
          WHERE scope = ${scope} AND ordinal BETWEEN ${slice.first} AND ${slice.last} ORDER BY ordinal`
        return pageOf(
          projection.name,
          count,
          slice,
          rows.map((row): S => JSON.parse(row.state))
        )
      },
      Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(error)))
    ),
    ranked: Effect.fnUntraced(
      function* <S>(projection: Projection.Projection<S>, { after, limit }: ReadModels.RankedOptions) {
        const table = yield* kept(projection)
        yield* catchUp
        if (projection.rank === undefined) return []
        const behind = after === undefined ? sql`` : sql`AND (rank, key) > (${after.rank}, ${after.key})`
        const rows = yield* sql<
          Pick<Row, "key" | "state"> & { rank: number | bigint }
        >`SELECT rank, key, state FROM ${table}
          WHERE rank IS NOT NULL ${behind} ORDER BY rank, key LIMIT ${Math.min(limit, maximumPageSize)}`
        return rows.map((row) => ({ rank: Number(row.rank), key: row.key, state: JSON.parse(row.state) as S }))
      },
      Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(error)))
    ),
    get: Effect.fnUntraced(
      function* <S>(projection: Projection.Projection<S>, key: string) {
        const table = yield* kept(projection)
        yield* catchUp
        const rows = yield* sql<Pick<Row, "state">>`SELECT state FROM ${table} WHERE key = ${key}`
        return rows[0] === undefined ? undefined : (JSON.parse(rows[0].state) as S)
      },
      Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(error)))
    )
  }
}

/** @category layers */
export const layer = <E, R>(
  log: Effect.Effect<Projection.Log, E, R>,
  options: Omit<Options, "log"> = {}
): Layer.Layer<ReadModels.ReadModels, E | EventStoreError | ReadModels.Unavailable, R | SqlClient.SqlClient> =>
  Layer.effect(
    ReadModels.ReadModels,
    Effect.flatMap(log, (log) => make({ ...options, log }))
  )

const unavailable = (cause: SqlError.SqlError) =>
  new ReadModels.Unavailable({ message: "the database of the read models failed", cause })

const tableOf = (projection: Projection.Any): string => `view_${projection.name}`

const versionOf = (projection: Projection.Any): string => `${layoutVersion}.${projection.version}`

const readProgress = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<Progress>`SELECT name, version, log, position, event FROM projection`, (rows) =>
    rows.map((row) => ({ ...row, position: Number(row.position) }))
  )

/** How far each projection has come; a projection that cannot go on from there is made new. */
const open = Effect.fnUntraced(
  function* (sql: SqlClient.SqlClient, log: Projection.Log, projections: ReadonlyArray<Projection.Any>) {
    // Nodes that open the same database make its tables one after the other.
    yield* sql.onDialectOrElse({
      pg: () => sql`SELECT pg_advisory_xact_lock(hashtextextended('effekten read models', 0))`,
      orElse: () => Effect.void
    })
    yield* sql`CREATE TABLE IF NOT EXISTS projection (
      name TEXT PRIMARY KEY, version TEXT NOT NULL, log TEXT NOT NULL, position BIGINT NOT NULL, event TEXT NOT NULL)`
    const stored = new Map((yield* readProgress(sql)).map((row) => [row.name, row]))
    const positions = new Map<string, Position>()
    const eventIdAt = eventIds(log)
    for (const projection of projections) {
      if (positions.has(projection.name))
        return yield* Effect.die(new RangeError(`two projections are called ${projection.name}`))
      const row = stored.get(projection.name)
      const goesOn =
        row !== undefined &&
        row.version === versionOf(projection) &&
        row.log === log.logId &&
        (yield* eventIdAt(row.position)) === row.event
      if (!goesOn) yield* sql.withTransaction(begin(sql, log, projection))
      positions.set(projection.name, goesOn ? row.position : 0)
    }
    return positions
  },
  Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(error)))
)

/** The id of the event at a position, if there is one. Nearly always all projections stand at the same position: it is looked up once. */
const eventIds = (log: Projection.Log) => {
  const known = new Map<Position, string | undefined>([[0, ""]])
  return (position: Position): Effect.Effect<string | undefined, EventStoreError> =>
    known.has(position)
      ? Effect.succeed(known.get(position))
      : Effect.map(log.readAll("all", { from: position, to: position }), ([event]) => {
          known.set(position, event?.id)
          return event?.id
        })
}

const begin = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, log: Projection.Log, projection: Projection.Any) {
  const table = sql(tableOf(projection))
  yield* sql`DROP TABLE IF EXISTS ${table}`
  yield* sql`CREATE TABLE ${table} (
    key TEXT PRIMARY KEY, scope TEXT NOT NULL, ordinal BIGINT NOT NULL, state TEXT NOT NULL, UNIQUE (scope, ordinal))`
  if (projection.rank !== undefined) {
    yield* sql`ALTER TABLE ${table} ADD COLUMN rank BIGINT`
    // Most objects have no rank: they cost the index nothing.
    yield* sql`CREATE INDEX ${sql(`${tableOf(projection)}_rank`)} ON ${table} (rank, key) WHERE rank IS NOT NULL`
  }
  yield* sql`DELETE FROM projection WHERE name = ${projection.name}`
  const row: Progress = {
    name: projection.name,
    version: versionOf(projection),
    log: log.logId,
    position: 0,
    event: ""
  }
  yield* sql`INSERT INTO projection ${sql.insert({ ...row })}`
})

/** Another node has folded these events. */
class MovedOn extends Schema.TaggedError<MovedOn>()("MovedOn", {}) {}

/** Claims these events against another node: one of two transactions finds the old position gone. */
const moveOn = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  projection: Projection.Any,
  from: Position,
  to: Projection.LoggedEvent
) {
  const moved = yield* sql`UPDATE projection SET position = ${to.position}, event = ${to.id}
    WHERE name = ${projection.name} AND version = ${versionOf(projection)} AND position = ${from} RETURNING name`
  if (moved.length !== 1) return yield* new MovedOn()
})

/** Folds events into the rows they concern: loads these, folds in memory, writes what changed. */
const takeIn = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  projection: Projection.Any,
  events: ReadonlyArray<Projection.LoggedEvent>
) {
  const steps = events
    .filter((event) => projection.types.includes(event.type))
    .flatMap((event) => projection.keys(event).map((key) => ({ key, event })))
  if (steps.length === 0) return
  const table = sql(tableOf(projection))

  const entries = new Map<string, Entry>()
  for (const keys of Arr.chunksOf([...new Set(steps.map((step) => step.key))], rowsPerStatement)) {
    const rows = yield* sql<Row>`SELECT key, scope, ordinal, state FROM ${table} WHERE key IN ${sql.in(keys)}`
    for (const row of rows)
      entries.set(row.key, { scope: row.scope, ordinal: Number(row.ordinal), state: JSON.parse(row.state) })
  }

  const changed = new Set<string>()
  const made: Array<string> = []
  for (const { key, event } of steps) {
    const entry = entries.get(key)
    const state: unknown = projection.evolve(entry?.state, event, key)
    if (state === undefined || state === entry?.state) continue
    if (entry === undefined) made.push(key)
    entries.set(key, { scope: entry?.scope ?? projection.scope(state), ordinal: entry?.ordinal ?? 0, state })
    changed.add(key)
  }

  const counts = new Map<string, number>()
  for (const scopes of Arr.chunksOf([...new Set(made.map((key) => entries.get(key)!.scope))], rowsPerStatement)) {
    const rows = yield* sql<{ scope: string; count: number }>`SELECT scope, max(ordinal) AS count FROM ${table}
      WHERE scope IN ${sql.in(scopes)} GROUP BY scope`
    for (const row of rows) counts.set(row.scope, Number(row.count))
  }
  for (const key of made) {
    const entry = entries.get(key)!
    const ordinal = (counts.get(entry.scope) ?? 0) + 1
    counts.set(entry.scope, ordinal)
    entries.set(key, { ...entry, ordinal })
  }

  for (const keys of Arr.chunksOf([...changed], rowsPerStatement)) {
    const rows = Arr.map(keys, (key) => {
      const { scope, ordinal, state } = entries.get(key)!
      const row = { key, scope, ordinal, state: JSON.stringify(state) }
      return projection.rank === undefined ? row : { ...row, rank: projection.rank(state) ?? null }
    })
    const rank = projection.rank === undefined ? sql`` : sql`, rank = excluded.rank`
    yield* sql`INSERT INTO ${table} ${sql.insert(rows)} ON CONFLICT (key) DO UPDATE SET state = excluded.state${rank}`
  }
})
