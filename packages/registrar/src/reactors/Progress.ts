/**
 * How far reactors have come. For the reactors: they do again what comes after it, and must find it done.
 */
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"

/** @category services */
export class Progress extends Context.Service<
  Progress,
  {
    /** Up to which position everything is done; 0 at first. */
    readonly get: (reactor: string) => Effect.Effect<number, SqlError>
    readonly set: (reactor: string, position: number) => Effect.Effect<void, SqlError>
  }
>()("effekten/registrar/Progress") {
  static readonly layerMemory: Layer.Layer<Progress> = Layer.sync(Progress, () => {
    const positions = new Map<string, number>()
    return Progress.of({
      get: (reactor) => Effect.sync(() => positions.get(reactor) ?? 0),
      set: (reactor, position) => Effect.sync(() => void positions.set(reactor, position))
    })
  })

  /** A table of the database it is given: `state.db`, or a schema in PostgreSQL. */
  static readonly layerSql: Layer.Layer<Progress, SqlError, SqlClient.SqlClient> = Layer.effect(
    Progress,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      // Two nodes may make it at the same moment; PostgreSQL lets one of them fail.
      yield* Effect.retry(sql`CREATE TABLE IF NOT EXISTS reactors (name TEXT PRIMARY KEY, position BIGINT NOT NULL)`, {
        times: 3
      })
      return Progress.of({
        get: (reactor) =>
          Effect.map(
            sql<{ position: number | bigint }>`SELECT position FROM reactors WHERE name = ${reactor}`,
            (rows) => Number(rows[0]?.position ?? 0)
          ),
        set: (reactor, position) =>
          Effect.asVoid(
            sql`INSERT INTO reactors (name, position) VALUES (${reactor}, ${position})
                ON CONFLICT (name) DO UPDATE SET position = excluded.position`
          )
      })
    })
  )
}
