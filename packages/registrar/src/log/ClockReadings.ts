/**
 * What tells the time beside this machine's clock: the last reading that the register trusted, and another machine's clock if there is one. For {@link TrustedTime}. Nothing here decides which of them is right.
 */
import { Timestamp } from "@effekten/domain"
import { SqlTables } from "@effekten/event-store"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"

interface ClockReadingsShape {
  /** The last reading that was noted, by any process of the register. */
  readonly last: Effect.Effect<Timestamp.Instant | undefined, SqlError>
  readonly note: (at: Timestamp.Instant) => Effect.Effect<void, SqlError>
  /** The clock of the database, which may be on another machine; none for a register in a folder. */
  readonly witness: Effect.Effect<Timestamp.Instant | undefined, SqlError>
}

/** A register without a place for them has none. That is the default. @category services */
export const ClockReadings = Context.Reference<ClockReadingsShape>("effekten/registrar/ClockReadings", {
  defaultValue: () => ({ last: Effect.undefined, note: () => Effect.void, witness: Effect.undefined })
})

/** One row in the database it is given: `state.db`, or a schema in PostgreSQL. */
const overSql = (witness: (sql: SqlClient.SqlClient) => ClockReadingsShape["witness"]) =>
  Layer.effect(
    ClockReadings,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* SqlTables.create(sql, {
        clock_readings: sql`CREATE TABLE IF NOT EXISTS clock_readings (one INTEGER PRIMARY KEY CHECK (one = 1), at TEXT NOT NULL)`
      })
      return {
        last: Effect.map(sql<{ at: string }>`SELECT at FROM clock_readings`, ([row]) =>
          row === undefined ? undefined : Timestamp.instantOf(row.at)
        ),
        note: ({ text }) =>
          Effect.asVoid(
            sql`INSERT INTO clock_readings (one, at) VALUES (1, ${text}) ON CONFLICT (one) DO UPDATE SET at = excluded.at`
          ),
        witness: witness(sql)
      }
    })
  ).pipe(Layer.fresh)

/** For a register in a folder. @category layers */
export const layerFile: Layer.Layer<never, SqlError, SqlClient.SqlClient> = overSql(() => Effect.undefined)

/** For a register in PostgreSQL, whose server has a clock of its own. @category layers */
export const layerPostgres: Layer.Layer<never, SqlError, SqlClient.SqlClient> = overSql((sql) =>
  Effect.map(
    sql<{ micros: string }>`SELECT trunc(extract(epoch FROM clock_timestamp()) * 1000000)::text AS micros`,
    ([row]) => (row === undefined ? undefined : Timestamp.instantOfMicros(Number(row.micros)))
  )
)
