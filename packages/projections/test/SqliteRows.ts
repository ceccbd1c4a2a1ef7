/**
 * A database of read models that lasts as long as a test. For the tests of read models.
 */
import { SqliteClient } from "@effekten/event-store"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const inMemory = SqliteClient.layer({ filename: ":memory:" })

export const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  effect.pipe(Effect.provide(inMemory), Effect.runPromise)
