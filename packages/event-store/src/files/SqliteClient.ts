/**
 * Effect's `SqlClient` over `node:sqlite`, for read models and small state: files of their own, never the log's.
 */
import { Context, Effect, Layer, type Scope, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import { connectToRead } from "./ReadOnlyMedia.ts"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

/** @category models */
export interface SqliteClientOptions {
  /** The file, or `:memory:`. */
  readonly filename: string
  /**
   * `FULL` (the default) keeps every commit through a power loss. `NORMAL` may lose the last commits: it is for what can be made again, or
   * is synced later.
   */
  readonly synchronous?: "FULL" | "NORMAL"
  readonly readonly?: boolean
}

/** How long to wait for a lock another connection holds, in milliseconds. */
const LOCK_TIMEOUT = 5_000

/** Prepared statements kept; past it the oldest goes. */
const STATEMENTS = 500

const failure = (cause: unknown, operation: string): SqlError.SqlError => {
  // The classifier reads `errno`; node:sqlite says `errcode`.
  const classified =
    typeof cause === "object" && cause !== null && "errcode" in cause && !("errno" in cause)
      ? Object.assign(cause, { errno: cause.errcode })
      : cause
  return new SqlError.SqlError({
    reason: SqlError.classifySqliteError(classified, { message: `SQLite failed to ${operation}`, operation })
  })
}

/**
 * A client on one connection. Statements of other fibers queue behind a running transaction.
 *
 * @category constructors
 */
export const make = (
  options: SqliteClientOptions
): Effect.Effect<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity.Reactivity> =>
  Effect.gen(function* () {
    const database = yield* Effect.acquireRelease(
      Effect.try({ try: () => open(options), catch: (cause) => failure(cause, "open") }),
      (opened) => Effect.sync(() => opened.close())
    )
    const connection = connect(database)
    const semaphore = yield* Semaphore.make(1)
    return yield* SqlClient.make({
      ...SqlClient.makeSqliteAcquirers({
        connection: Effect.succeed(connection),
        semaphore,
        isTransaction: () => database.isTransaction
      }),
      driver: "node-sqlite",
      compiler: Statement.makeCompilerSqlite(),
      beginTransaction: options.readonly === true ? "BEGIN" : "BEGIN IMMEDIATE",
      prepareTransactionControls: true,
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  })

const open = ({ filename, readonly = false, synchronous = "FULL" }: SqliteClientOptions): DatabaseSync => {
  const connect = (file: string) => new DatabaseSync(file, { readOnly: readonly, timeout: LOCK_TIMEOUT })
  const database = readonly ? connectToRead(filename, connect) : connect(filename)
  try {
    if (!readonly) {
      database.exec("PRAGMA journal_mode = WAL")
      database.exec(`PRAGMA synchronous = ${synchronous}`)
      if (process.platform === "darwin" && synchronous === "FULL") database.exec("PRAGMA fullfsync = 1")
    }
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

const connect = (database: DatabaseSync): SqlConnection.Connection => {
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    if (statements.size >= STATEMENTS) for (const oldest of statements.keys()) if (statements.delete(oldest)) break
    statements.set(sql, statement)
    return statement
  }
  const run = (
    sql: string,
    params: ReadonlyArray<unknown>,
    arrays = false
  ): Effect.Effect<ReadonlyArray<any>, SqlError.SqlError> =>
    Effect.withFiber((fiber) => {
      const bigints = Context.get(fiber.context, SqlClient.SafeIntegers)
      return Effect.try({
        try: () => {
          const statement = prepare(sql)
          const returnsRows = statement.columns().length > 0
          // Without rows too: run() itself would fail on a row id past 2^53, after it has written.
          statement.setReadBigInts(bigints || !returnsRows)
          statement.setReturnArrays(arrays)
          if (returnsRows) return statement.all(...params.map(toInput)) as ReadonlyArray<any>
          statement.run(...params.map(toInput))
          return []
        },
        catch: (cause) => failure(cause, "execute a statement")
      })
    })
  const execute: SqlConnection.Connection["execute"] = (sql, params, transform) =>
    transform === undefined ? run(sql, params) : Effect.map(run(sql, params), transform)
  const values = (sql: string, params: ReadonlyArray<unknown>) => run(sql, params, true)
  return {
    execute,
    executeUnprepared: execute,
    executeRaw: (sql, params) => run(sql, params),
    executeValues: values,
    executeValuesUnprepared: values,
    executeStream: (sql, params, transform) =>
      Stream.unwrap(Effect.map(execute(sql, params, transform), (rows) => Stream.fromIterable(rows)))
  }
}

/** What SQLite has no type for, as the type it is usually kept in. */
const toInput = (value: unknown): SQLInputValue => {
  if (typeof value === "boolean") return value ? 1 : 0
  if (value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  return value as SQLInputValue
}

/** @category layers */
export const layer = (options: SqliteClientOptions): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))
