/**
 * The database `state.db`: small state that is neither an event nor derived from events. For every part that keeps such state.
 */
import { Context } from "effect"
import type { SqlClient } from "effect/sql"

/** @category services */
export class RegisterState extends Context.Service<RegisterState, { readonly sql: SqlClient.SqlClient }>()(
  "effekten/registrar/RegisterState"
) {}
