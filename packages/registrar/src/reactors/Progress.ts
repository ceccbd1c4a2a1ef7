/**
 * How far reactors have come, and in which history. For the reactors: they do again what comes after it, and must find it done.
 */
import type { Bookmark, Position } from "@effekten/event-store"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"

/** @category services */
export class Progress extends Context.Service<
  Progress,
  {
    /** Up to where everything is done; 0 at first. A position alone was stored by a program that knew no leaves. */
    readonly get: (reactor: string) => Effect.Effect<Position | Bookmark, SqlError>
    readonly set: (reactor: string, at: Bookmark) => Effect.Effect<void, SqlError>
  }
>()("effekten/registrar/Progress") {
  static readonly layerMemory: Layer.Layer<Progress> = Layer.sync(Progress, () => {
    const places = new Map<string, Bookmark>()
    return Progress.of({
      get: (reactor) => Effect.sync(() => places.get(reactor) ?? 0),
      set: (reactor, at) => Effect.sync(() => void places.set(reactor, at))
    })
  })

  /** A table of the database it is given: `state.db`, or a schema in PostgreSQL. */
  static readonly layerSql: Layer.Layer<Progress, SqlError, SqlClient.SqlClient> = Layer.effect(
    Progress,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      // Two nodes may make it at the same moment; PostgreSQL lets one of them fail.
      yield* Effect.retry(preparing(sql), { times: 3 })
      return Progress.of({
        get: (reactor) => Effect.map(sql<Row>`SELECT * FROM reactors WHERE name = ${reactor}`, ([row]) => placeOf(row)),
        set: (reactor, { leaf, position }) =>
          Effect.asVoid(
            sql`INSERT INTO reactors ${sql.insert({ name: reactor, position, leaf_position: position, leaf })}
                ON CONFLICT (name) DO UPDATE SET position = excluded.position,
                  leaf_position = excluded.leaf_position, leaf = excluded.leaf`
          )
      })
    })
  ).pipe(Layer.fresh)
}

interface Row {
  readonly position: number | bigint
  /** Where the leaf is. A program that knows no leaves moves the position alone. */
  readonly leaf_position: number | bigint | null
  readonly leaf: string | null
}

const placeOf = (row: Row | undefined): Position | Bookmark => {
  if (row === undefined) return 0
  const position = Number(row.position)
  const isBookmark = row.leaf !== null && row.leaf_position !== null && Number(row.leaf_position) === position
  return isBookmark ? { position, leaf: row.leaf } : position
}

/** Makes the table, or adds the leaves to one that has none. A table that is as it must be is not touched. */
const preparing = (sql: SqlClient.SqlClient) => {
  const look = sql`SELECT name, position, leaf_position, leaf FROM reactors LIMIT 1`
  const make = sql`CREATE TABLE reactors (name TEXT PRIMARY KEY, position BIGINT NOT NULL, leaf_position BIGINT, leaf TEXT)`
  const add = sql.withTransaction(
    Effect.andThen(
      sql`ALTER TABLE reactors ADD COLUMN leaf_position BIGINT`,
      sql`ALTER TABLE reactors ADD COLUMN leaf TEXT`
    )
  )
  return look.pipe(
    Effect.catch(() => add),
    Effect.catch(() => make)
  )
}
