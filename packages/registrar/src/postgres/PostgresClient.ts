/**
 * A client of the register's database. For the modules that are loaded where a register is in PostgreSQL.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { nameIn, type PostgresDatabase } from "./PostgresDatabase.ts"

/** A client whose tables are those of one schema. */
export const client = (options: PostgresDatabase, part: string, parameters: Record<string, string> = {}) =>
  PgClient.layer({
    keepAlive: "10 seconds",
    applicationName: nameIn(options, part),
    ...options.server,
    startupParameters: {
      search_path: nameIn(options, part),
      lock_timeout: "10000",
      idle_in_transaction_session_timeout: "10000",
      tcp_keepalives_idle: "10",
      // Set here, whatever default a role or the database has.
      synchronous_commit: "on",
      ...parameters
    }
  })
