/**
 * Where a register is stored in PostgreSQL: on which server, and in which schemas. For everything that opens one.
 * Here nothing may need the driver `@effect/sql-pg`, which a register in a folder does without.
 */
import type { PgServer } from "@effekten/event-store"
import type { Redacted } from "effect"
import type { ListOptions } from "../base/ListOptions.ts"
import type { SecretsElsewhere } from "../base/SecretsText.ts"
import type { AccessRecordOptions } from "../log/AccessRecord.ts"
import type { SealingOptions } from "../sealing/Sealing.ts"

/** @category models */
export interface PostgresDatabase {
  /** The primary; at least `url`, `postgres://user:password@host:5432/database`. */
  readonly server: PgServer
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
