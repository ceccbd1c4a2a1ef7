/**
 * What each customer holds, as rows in the application's own database: to be joined with what the application knows of its customers.
 */
import type { Id } from "@effekten/domain"
import { OwnRows } from "@effekten/projections"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const moved = (investor: Id.InvestorId, product: Id.ProductId, units: number, at: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`INSERT INTO positions ${sql.insert({ investor, product, units, moved_at: at })}
      ON CONFLICT (investor, product) DO UPDATE SET units = positions.units + excluded.units, moved_at = excluded.moved_at`
  )

export const positions: OwnRows.Definition<"UnitsCredited" | "UnitsRedeemed"> = {
  name: "positions",
  // Raise it when `take` comes to mean other rows.
  version: 1,
  types: ["UnitsCredited", "UnitsRedeemed"],
  begin: Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DROP TABLE IF EXISTS positions`
    yield* sql`CREATE TABLE positions (
      investor TEXT NOT NULL, product TEXT NOT NULL, units BIGINT NOT NULL, moved_at TEXT NOT NULL,
      PRIMARY KEY (investor, product))`
  }),
  take: ({ data, meta, type }) =>
    moved(data.investorId, data.productId, type === "UnitsCredited" ? data.units : -data.units, meta.recordedAt)
}
