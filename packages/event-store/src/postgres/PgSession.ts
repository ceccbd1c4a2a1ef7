/**
 * Connections to PostgreSQL with every bound the stores rely on, and what its errors mean. For everything in `postgres/`.
 */
import { type PgConnection, PgPool } from "@effect/sql-pg"
import { Duration, Effect, type Scope } from "effect"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import { EventStoreError } from "../port/EventStore.ts"
import { BECAME_STANDBY, TURNED_READ_ONLY } from "./PgDurability.ts"
import type { PgServer } from "./PgServer.ts"

export interface PgBounds {
  /** How long a statement waits for the writer lock, or any other. */
  readonly lockTimeout: Duration.Input
  /** How long the server lets a transaction stand still: after it, a node that was cut off no longer holds the lock. */
  readonly idleInTransaction: Duration.Input
  /** How long a statement may run. */
  readonly statementTimeout: Duration.Input
}

export const defaultBounds: PgBounds = {
  lockTimeout: "10 seconds",
  idleInTransaction: "5 seconds",
  statementTimeout: "30 seconds"
}

/** For sessions that only look: the server refuses whatever would write. */
export const readingOnly: Readonly<Record<string, string>> = { default_transaction_read_only: "on" }

const millis = (duration: Duration.Input): string => String(Math.ceil(Duration.toMillis(duration)))

/**
 * What every connection is told at its start. Durability and isolation are looked at again where they matter, in the functions that
 * write: a pooler in between may forget what it was told.
 */
export const sessionParameters = (bounds: PgBounds): Readonly<Record<string, string>> => ({
  default_transaction_isolation: "read committed",
  lock_timeout: millis(bounds.lockTimeout),
  idle_in_transaction_session_timeout: millis(bounds.idleInTransaction),
  statement_timeout: millis(bounds.statementTimeout),
  // A peer that is gone without a word is noticed within half a minute, also while its statement waits for the lock.
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
  tcp_user_timeout: "25000",
  client_connection_check_interval: "5000",
  // Every statement here has to walk an index. A planner that believes a table still empty must not change that.
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  jit: "off"
})

/** Opens a pool. Nothing is connected yet. */
export const openPool = (
  server: PgServer,
  bounds: PgBounds,
  applicationName: string,
  parameters: Readonly<Record<string, string>> = {}
): Effect.Effect<PgPool.PgPool, never, Scope.Scope> =>
  Effect.orDie(
    PgPool.make({
      keepAlive: "10 seconds",
      applicationName,
      ...server,
      startupParameters: { ...sessionParameters(bounds), ...parameters },
      multiplex: false
    })
  )

/** What the server said, where it said anything: an SQLSTATE. A connection that broke has none. */
const sqlState = (error: SqlError): string | undefined => {
  const { cause } = error.reason as { readonly cause?: unknown }
  return typeof cause === "object" && cause !== null && "code" in cause && /^[0-9A-Z]{5}$/.test(String(cause.code))
    ? String(cause.code)
    : undefined
}

const detail = (error: SqlError): string => {
  const { cause } = error.reason as { readonly cause?: unknown }
  return cause instanceof Error ? cause.message : error.message
}

const CORRUPTED = new Set(["XX001", "XX002"])
/** Corruption; and an entry where none may be yet: the index knows an event the log has not. */
const DAMAGED = new Set([...CORRUPTED, "23505"])
/** The class of errors outside of PostgreSQL itself, as of its disk. */
const SYSTEM_ERROR = "58"
const READ_ONLY = "25006"
const LOCK_NOT_AVAILABLE = "55P03"
const INSUFFICIENT_PRIVILEGE = "42501"
const START_AS_OWNER = "start this version once as the role that owns the schemas, or grant this role what it lacks"

/** A statement that can be repeated without harm has failed, or one the server refused: it did not happen. */
export const asStoreError = (error: SqlError): EventStoreError => {
  const state = sqlState(error)
  const failed = (reason: EventStoreError["reason"], message: string) =>
    new EventStoreError({ reason, message, cause: error })
  if (state === undefined) return failed("unavailable", `PostgreSQL cannot be reached: ${detail(error)}`)
  if (DAMAGED.has(state)) return failed("damaged", `PostgreSQL found damage: ${detail(error)}`)
  if (state === READ_ONLY)
    return failed(
      "read_only",
      detail(error) === BECAME_STANDBY ? BECAME_STANDBY : `${TURNED_READ_ONLY} (${detail(error)})`
    )
  if (state === LOCK_NOT_AVAILABLE) return failed("unavailable", "other writers held the log for too long")
  return failed("unavailable", `PostgreSQL refused (${state}): ${detail(error)}`)
}

/** Whether the server met an I/O error, or damage in its own files. A full disk is none: the server undoes what had no room. */
export const meansBrokenDisk = ({ cause }: EventStoreError): boolean => {
  const state = isSqlError(cause) ? sqlState(cause) : undefined
  return state !== undefined && (state.startsWith(SYSTEM_ERROR) || CORRUPTED.has(state))
}

/**
 * A commit that was sent has failed. Only an answer of the server says that it did not happen; when the connection broke instead, the
 * commit may have gone through. (A backend that is terminated closes the connection and counts as broken.)
 */
export const asCommitError = (error: SqlError): EventStoreError =>
  sqlState(error) === undefined
    ? new EventStoreError({
        reason: "unknown",
        message: `the connection broke before PostgreSQL answered, the append may have happened: ${detail(error)}`,
        cause: error
      })
    : asStoreError(error)

/** A transaction on one connection. Whatever goes wrong, it is rolled back, or its connection is thrown away. */
export const transaction = <A, X, R>(
  pool: PgPool.PgPool,
  work: (connection: PgConnection.PgConnection) => Effect.Effect<A, X, R>
): Effect.Effect<A, X | EventStoreError, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* Effect.mapError(pool.reserve, asStoreError)
      yield* Effect.mapError(connection.query("BEGIN ISOLATION LEVEL READ COMMITTED"), asStoreError)
      const done = yield* Effect.onError(work(connection), () =>
        Effect.catch(Effect.asVoid(connection.query("ROLLBACK")), () => pool.invalidate(connection))
      )
      const { command } = yield* Effect.mapError(connection.query("COMMIT"), asCommitError)
      // PostgreSQL answers COMMIT with ROLLBACK when the transaction had failed.
      if (command !== "COMMIT")
        return yield* new EventStoreError({ reason: "unavailable", message: "PostgreSQL rolled the transaction back" })
      return done
    })
  )

/** Why a database is not opened, with what to do. `database` names it without its password. */
export const refusing =
  (database: string) =>
  (error: SqlError): DatabaseRefused => {
    const state = sqlState(error)
    const said = detail(error)
    return new DatabaseRefused({
      filename: database,
      reason: state !== undefined && CORRUPTED.has(state) ? "damaged" : "unavailable",
      message:
        state === undefined
          ? `${database} cannot be reached (${said}): check the address, and that the server runs`
          : `${database} cannot be opened: ${said}${state === INSUFFICIENT_PRIVILEGE ? `; ${START_AS_OWNER}` : ""}`,
      cause: error
    })
  }

/** A name for messages: where the server is and which schema, without a password. */
export const describe = (server: PgServer, schema: string): string => {
  const where = [server.host, server.database].filter((part) => part !== undefined).join("/")
  return `PostgreSQL ${where === "" ? "" : `${where} `}schema ${schema}`
}

/** Schemas are part of statements that have no parameters for names. */
export const checkSchema = (schema: string): string => {
  if (!/^[a-z_][a-z0-9_]{0,47}$/.test(schema))
    throw new RangeError(`a schema is called with small letters, digits and underscores, at most 48: ${schema}`)
  return schema
}
