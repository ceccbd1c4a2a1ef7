/**
 * Makes the tables that lie beside a log where they are missing. For everything that keeps rows over an `SqlClient`. PostgreSQL asks for the
 * right to make a table before it looks whether there is one: `IF NOT EXISTS` alone refuses a role that owns nothing.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** Whether the database has a table, or an index, of that name. @category predicates */
export const isThere = (sql: SqlClient.SqlClient, name: string): Effect.Effect<boolean, SqlError.SqlError> =>
  Effect.map(
    sql.onDialectOrElse({
      pg: () => sql<{ found: string | null }>`SELECT to_regclass(${name})::text AS found`,
      orElse: () => sql<{ found: string | null }>`SELECT name AS found FROM sqlite_master WHERE name = ${name}`
    }),
    ([first]) => typeof first?.found === "string"
  )

/**
 * Makes the tables and indexes that are missing, in their order. Each has its name and its statement, which says `IF NOT EXISTS`.
 *
 * @category constructors
 */
export const create = (
  sql: SqlClient.SqlClient,
  statements: { readonly [name: string]: Effect.Effect<unknown, SqlError.SqlError> }
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.forEach(
    Object.entries(statements),
    ([name, statement]) => Effect.flatMap(isThere(sql, name), (found) => (found ? Effect.void : statement)),
    { discard: true }
  ).pipe(
    // Nodes may make one at the same moment, and PostgreSQL lets all but one of them fail. It is there then: a node fails once for each.
    Effect.retry({ times: Object.keys(statements).length })
  )
