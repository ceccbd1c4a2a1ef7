/**
 * The database of small state that is neither events nor derived: `state.db`. For all that keeps some.
 */
import { Context } from "effect"
import type { SqlClient } from "effect/sql"

/** @category services */
export class RegisterState extends Context.Service<RegisterState, { readonly sql: SqlClient.SqlClient }>()(
  "effekten/registrar/RegisterState"
) {}
