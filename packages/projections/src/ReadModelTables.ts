/**
 * The tables of the read models in an SQL database: one for each projection and version, with a row that says where it stands. For the read
 * models in SQL, and for the commands that look at them.
 *
 * | table | what |
 * |---|---|
 * | `read_model` | for each projection, layout and version: of which log, up to which bookmark, who stopped it, when a program last used it |
 * | `read_model_<name>_<layout>_<version>` | the states |
 *
 * Programs of several versions use one database at a time. So a program makes, changes and drops only what bears its own versions, and
 * drops of others only what no program has used for {@link unusedAfter}. `read_model` itself never changes.
 */
import { type Bookmark, type EventStoreError, type Position, SqlTables } from "@effekten/event-store"
import { DateTime, Duration, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { snakeCase } from "@effekten/services"
import { tellLost } from "./CatchingUp.ts"
import { headAfter } from "./History.ts"
import * as Projection from "./Projection.ts"
import type { Failure } from "./ReadModels.ts"

/** Raised when the tables of the states change. Layout 1 had one table `view_<name>` for all versions. */
const layout = 2

/** A table that no program has used for so long is dropped: longer than any rolling update takes. */
export const unusedAfter = Duration.days(7)

/** Of a list, as stored. */
export interface Row {
  readonly name: string
  readonly layout: number
  readonly version: number
  readonly log: string
  readonly at: Bookmark
  readonly usedAt: string
  readonly failure: Failure | undefined
}

type Columns = Omit<Row, "layout" | "version" | "at" | "usedAt" | "failure"> & {
  readonly layout: number | bigint
  readonly version: number | bigint
  readonly position: number | bigint
  readonly leaf: string
  readonly used_at: string
  readonly failed_at: number | bigint | null
  readonly failure: string | null
}

const rowOf = ({ failed_at, failure, leaf, layout, log, name, position, used_at, version }: Columns): Row => ({
  name,
  layout: Number(layout),
  version: Number(version),
  log,
  at: { position: Number(position), leaf },
  usedAt: used_at,
  failure: failed_at === null ? undefined : { position: Number(failed_at), message: failure ?? "" }
})

type Named = Pick<Row, "name" | "layout" | "version">

const named = ({ name, version }: Projection.Any): Named => ({ name, layout, version })

const tableNamed = ({ name, layout, version }: Named): string => `read_model_${name}_${layout}_${version}`

export const tableOf = (projection: Projection.Any): string => tableNamed(named(projection))

const columnOf = (member: string): string => `by_${snakeCase(member)}`

/** What the objects of a list can be chosen by, as columns of the table: by name, in one order. */
export const columnsOf = ({ filters = {} }: Projection.Any) =>
  Object.entries(filters).map(([member, valueOf]) => ({ column: columnOf(member), valueOf }))

/** What is chosen, as a condition beside others. `undefined` where all are. */
export const isChosen = (sql: SqlClient.SqlClient, projection: Projection.Any, chosen: Projection.Chosen = {}) => {
  const members = Projection.chosenBy(projection, chosen)
  if (members.length === 0) return undefined
  return sql`AND ${sql.and(members.map((member) => sql`${sql(columnOf(member))} = ${chosen[member]!}`))}`
}

/** The row of a projection, as a condition. */
export const rowIs = (sql: SqlClient.SqlClient, projection: Projection.Any) => whereNamed(sql, named(projection))

const whereNamed = (sql: SqlClient.SqlClient, { layout, name, version }: Named) =>
  sql`name = ${name} AND layout = ${layout} AND version = ${version}`

/** Whether a row is that of a projection in this program's version. */
export const isOf = (row: Row, projection: Projection.Any): boolean =>
  row.name === projection.name && row.layout === layout && row.version === projection.version

/** All rows, also those of other versions of the program. */
export const rows = (sql: SqlClient.SqlClient): Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError> =>
  Effect.map(sql<Columns>`SELECT * FROM read_model ORDER BY name, layout, version`, (found) => found.map(rowOf))

export const row = (
  sql: SqlClient.SqlClient,
  projection: Projection.Any
): Effect.Effect<Row | undefined, SqlError.SqlError> =>
  Effect.map(sql<Columns>`SELECT * FROM read_model WHERE ${rowIs(sql, projection)}`, ([found]) =>
    found === undefined ? undefined : rowOf(found)
  )

/** What changes tables runs alone: nodes that open the same database make its tables one after the other. */
const alone = <A, E>(sql: SqlClient.SqlClient, change: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError.SqlError> =>
  sql.withTransaction(
    Effect.andThen(
      sql.onDialectOrElse({
        pg: () => Effect.asVoid(sql`SELECT pg_advisory_xact_lock(hashtextextended('effekten read models', 0))`),
        orElse: () => Effect.void
      }),
      change
    )
  )

/** Makes the table of the rows where it is missing: a role that may make none can serve where another has made them. */
export const createRows = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  if (yield* SqlTables.isThere(sql, "read_model")) return
  yield* alone(
    sql,
    sql`CREATE TABLE IF NOT EXISTS read_model (
      name TEXT NOT NULL, layout BIGINT NOT NULL, version BIGINT NOT NULL, log TEXT NOT NULL,
      position BIGINT NOT NULL, leaf TEXT NOT NULL, used_at TEXT NOT NULL, failed_at BIGINT, failure TEXT,
      PRIMARY KEY (name, layout, version))`
  )
})

const now = Effect.map(DateTime.now, DateTime.formatIso)

/**
 * Makes the tables of projections that have none, and makes those anew, in one step, that another history than the log's has filled. It says
 * which those are.
 */
export const settle = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  log: Projection.Log,
  projections: ReadonlyArray<Projection.Any>
): Effect.fn.Return<void, EventStoreError | SqlError.SqlError> {
  const lost = yield* alone(
    sql,
    Effect.gen(function* () {
      const lost: Array<string> = []
      const usedAt = yield* now
      for (const projection of projections) {
        const found = yield* row(sql, projection)
        if (found?.log === log.logId && (yield* headAfter(log, found.at)) !== undefined) {
          yield* sql`UPDATE read_model SET used_at = ${usedAt} WHERE ${rowIs(sql, projection)}`
          continue
        }
        yield* begin(sql, log.logId, projection, usedAt)
        if (found !== undefined && found.at.position > 0)
          lost.push(`${projection.name} (position ${found.at.position})`)
      }
      return lost
    })
  )
  yield* tellLost(lost)
})

const begin = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  log: string,
  projection: Projection.Any,
  used_at: string
) {
  const name = tableOf(projection)
  const table = sql(name)
  // The row first, as everywhere: a node that folds holds it while it writes the states.
  yield* sql`DELETE FROM read_model WHERE ${rowIs(sql, projection)}`
  yield* sql`DROP TABLE IF EXISTS ${table}`
  yield* sql`CREATE TABLE ${table} (
    key TEXT PRIMARY KEY, scope TEXT NOT NULL, ordinal BIGINT NOT NULL, state TEXT NOT NULL, UNIQUE (scope, ordinal))`
  if (projection.rank !== undefined) {
    yield* sql`ALTER TABLE ${table} ADD COLUMN rank BIGINT`
    // Most objects have no rank: they cost the index nothing.
    yield* sql`CREATE INDEX ${sql(`${name}_rank`)} ON ${table} (rank, key) WHERE rank IS NOT NULL`
  }
  for (const { column } of columnsOf(projection)) {
    yield* sql`ALTER TABLE ${table} ADD COLUMN ${sql(column)} TEXT`
    yield* sql`CREATE INDEX ${sql(`${name}_${column}`)} ON ${table} (scope, ${sql(column)}, ordinal)`
  }
  yield* sql`INSERT INTO read_model ${sql.insert({ ...named(projection), log, position: 0, leaf: log, used_at })}`
})

/**
 * Claims the events between two bookmarks against other nodes: one of two transactions finds the first bookmark gone. It says whether this
 * one has them.
 */
export const moveOn = (sql: SqlClient.SqlClient, projection: Projection.Any, from: Bookmark, to: Bookmark) =>
  Effect.map(
    sql`UPDATE read_model SET position = ${to.position}, leaf = ${to.leaf}, failed_at = NULL, failure = NULL
      WHERE ${rowIs(sql, projection)} AND position = ${from.position} AND leaf = ${from.leaf} RETURNING name`,
    (moved) => moved.length === 1
  )

/** Notes why a projection does not go on. */
export const noteFailure = (sql: SqlClient.SqlClient, projection: Projection.Any, { message, position }: Failure) =>
  sql`UPDATE read_model SET failed_at = ${position}, failure = ${message}
    WHERE ${rowIs(sql, projection)} AND position < ${position}`

/**
 * Marks the tables of these projections as used, and then drops what no program has used for long. A role that may drop nothing leaves its
 * marks all the same: other programs go by them.
 */
export const tidy = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  projections: ReadonlyArray<Projection.Any>
): Effect.fn.Return<void, SqlError.SqlError> {
  const at = yield* DateTime.now
  for (const projection of projections)
    yield* sql`UPDATE read_model SET used_at = ${DateTime.formatIso(at)} WHERE ${rowIs(sql, projection)}`
  const before = DateTime.formatIso(DateTime.subtractDuration(at, unusedAfter))
  yield* alone(sql, noteEarlierLayout(sql, DateTime.formatIso(at)))
  yield* alone(
    sql,
    Effect.gen(function* () {
      for (const unused of yield* rows(sql)) {
        if (unused.usedAt >= before) continue
        yield* sql`DELETE FROM read_model WHERE ${whereNamed(sql, unused)}`
        if (unused.layout === earlier.layout) yield* dropEarlierLayout(sql)
        else yield* sql`DROP TABLE IF EXISTS ${sql(tableNamed(unused))}`
      }
    })
  )
})

/** Layout 1 as a whole. Its programs write no mark, so it counts as used whenever they have folded something since the last look. */
const earlier: Named = { name: "projection", layout: 1, version: 0 }

const noteEarlierLayout = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, used_at: string) {
  if (!(yield* SqlTables.isThere(sql, earlier.name))) return
  const [summed] = yield* sql<{ position: number | bigint | null }>`SELECT max(position) AS position FROM projection`
  const position: Position = Number(summed?.position ?? 0)
  const [noted] = yield* sql`SELECT name FROM read_model WHERE ${whereNamed(sql, earlier)} AND position = ${position}`
  if (noted !== undefined) return
  yield* sql`DELETE FROM read_model WHERE ${whereNamed(sql, earlier)}`
  yield* sql`INSERT INTO read_model ${sql.insert({ ...earlier, log: "", position, leaf: "", used_at })}`
})

const dropEarlierLayout = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  for (const { name } of yield* sql<{ name: string }>`SELECT name FROM projection`)
    yield* sql`DROP TABLE IF EXISTS ${sql(`view_${name}`)}`
  yield* sql`DROP TABLE projection`
})
