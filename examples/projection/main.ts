/**
 * For a developer who keeps rows of their own beside the register: sells to customers, and prints what each of them holds.
 *
 *     node main.ts example-data
 *
 * Kill it at any moment and run it again: each event is in the rows once. `node main.ts example-data rebuild` makes them again.
 */
import { SqliteClient } from "@effekten/event-store"
import { OwnRows } from "@effekten/projections"
import { Log, Registrar } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { positions } from "./Positions.ts"
import { selling } from "./Selling.ts"

const [folder = "example-data", command] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })

const program = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS customers (name TEXT PRIMARY KEY, investor TEXT NOT NULL)`
  const rows = yield* OwnRows.make(yield* Log, positions)
  if (command === "rebuild") yield* rows.rebuild

  const sellTo = yield* selling
  for (const customer of ["ada", "grace", "katherine"]) {
    const investor = yield* sellTo(customer)
    yield* sql`INSERT INTO customers ${sql.insert({ name: customer, investor })} ON CONFLICT (name) DO NOTHING`
    yield* rows.catchUp // so that the next read sees what was just done
    yield* Console.log(`sold to ${customer}`)
  }
  const held = yield* sql<{ name: string; units: number }>`SELECT name, units FROM customers
    JOIN positions USING (investor) ORDER BY name`
  for (const { name, units } of held) yield* Console.log(`${name} holds ${units}`)
})

await Effect.runPromise(
  program.pipe(
    Effect.provide([
      Registrar.layerFolder({ folder: join(folder, "register"), sandbox: true }),
      SqliteClient.layer({ filename: join(folder, "app.db") })
    ])
  )
)
