/**
 * Snapshots in a table of the database of the read models: `views.db`, or a schema in PostgreSQL. For the folder and the PostgreSQL layer of
 * a register.
 *
 * They are derived: where the table cannot be read or written, a start folds more events, and nothing fails.
 */
import { SqlTables } from "@effekten/event-store"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import type { Secrets } from "../base/Secrets.ts"
import { Log } from "../log/Log.ts"
import { make, Snapshots, type Storage, type Stored } from "./Snapshots.ts"

/** The table, made where it is missing, of the database it is given. @category constructors */
export const storage: Effect.Effect<Storage, never, Log | SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { logId } = yield* Log
  let said = false
  const orElse =
    <A>(other: A) =>
    (effect: Effect.Effect<A, SqlError>): Effect.Effect<A> =>
      Effect.catchTag(effect, "SqlError", (error) => {
        const isFirst = !said
        said = true
        const warning = Effect.logWarning("Snapshots cannot be read or written: the next start takes longer", error)
        return Effect.as(isFirst ? warning : Effect.void, other)
      })
  yield* SqlTables.create(sql, {
    snapshot: sql`CREATE TABLE IF NOT EXISTS snapshot (model TEXT PRIMARY KEY, version BIGINT NOT NULL, log TEXT NOT NULL,
      position BIGINT NOT NULL, leaf TEXT NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL)`
  }).pipe(orElse(undefined as void))
  return {
    all: Effect.gen(function* () {
      yield* sql`DELETE FROM snapshot WHERE log <> ${logId}`
      const rows =
        yield* sql<Stored>`SELECT model, version, position, leaf, state, code FROM snapshot ORDER BY position`
      return rows.map((row): Stored => ({
        ...row,
        version: Number(row.version),
        position: Number(row.position)
      }))
    }).pipe(orElse<ReadonlyArray<Stored>>([])),
    put: (made) =>
      Effect.forEach(
        made,
        (snapshot) => {
          const row = { ...snapshot, log: logId }
          return sql`INSERT INTO snapshot ${sql.insert(row)} ON CONFLICT (model) DO UPDATE SET version = excluded.version,
              log = excluded.log, position = excluded.position, leaf = excluded.leaf, state = excluded.state,
              code = excluded.code`
        },
        { discard: true }
      ).pipe(orElse(undefined as void)),
    remove: (models) =>
      Effect.forEach(models, (model) => sql`DELETE FROM snapshot WHERE model = ${model}`, { discard: true }).pipe(
        orElse(undefined as void)
      )
  }
})

/** In a table of the database it is given. @category layers */
export const layer: Layer.Layer<never, never, Log | Secrets | SqlClient.SqlClient> = Layer.effect(
  Snapshots,
  Effect.flatMap(storage, make)
).pipe(Layer.fresh)
