/**
 * Where a register is stored in PostgreSQL: on which server, and in which schemas. For everything that opens one.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type { PgEventStore } from "@effekten/event-store/postgres"
import type { Redacted } from "effect"
import type { ListOptions } from "../base/ListOptions.ts"
import type { SecretsElsewhere } from "../base/SecretsText.ts"
import type { AccessRecordOptions } from "../log/AccessRecord.ts"
import type { SealingOptions } from "../sealing/Sealing.ts"

/** @category models */
export interface PostgresDatabase {
  /** The primary; at least `url`, `postgres://user:password@host:5432/database`. */
  readonly server: PgEventStore.PgServer
  /** What the schemas' names begin with: a database can hold several registers. Default: `effekten`. */
  readonly schema?: string | undefined
}

/** @category models */
export interface PostgresOptions
  extends PostgresDatabase, SealingOptions, AccessRecordOptions, ListOptions, SecretsElsewhere {
  /** 32 bytes that wrap the keys of personal data and seal the register's secrets: the same for every node. */
  readonly masterKey: Redacted.Redacted<Uint8Array>
}

/** @category models */
export interface PostgresAuditOptions extends PostgresDatabase, Pick<SealingOptions, "anchor">, SecretsElsewhere {
  /** Opens the register's secrets, and nothing personal. Default: what they would check is not checked. */
  readonly masterKey?: Redacted.Redacted<Uint8Array> | undefined
}

/** Name of a schema. */
export const nameIn = (options: Pick<PostgresDatabase, "schema">, part: string) =>
  `${options.schema ?? "effekten"}_${part}`

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
