/**
 * What each customer holds, as rows in the application's own database: to be joined with what the application knows of its customers.
 */
import { OwnRows, Projections } from "@effekten/projections"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const moved = ({ investorId, productId, units }: Projections.Movement, at: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`INSERT INTO positions ${sql.insert({ investor: investorId, product: productId, units, moved_at: at })}
      ON CONFLICT (investor, product) DO UPDATE SET units = positions.units + excluded.units, moved_at = excluded.moved_at`
  )

export const positions: OwnRows.Definition<Projections.MovementType> = {
  name: "positions",
  // Raise it when `take` comes to mean other rows.
  version: 1,
  types: Projections.movementTypes,
  begin: Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DROP TABLE IF EXISTS positions`
    yield* sql`CREATE TABLE positions (
      investor TEXT NOT NULL, product TEXT NOT NULL, units BIGINT NOT NULL, moved_at TEXT NOT NULL,
      PRIMARY KEY (investor, product))`
  }),
  take: (event) =>
    Effect.forEach(Projections.movementsOf(event), (movement) => moved(movement, event.meta.recordedAt), {
      discard: true
    })
}
