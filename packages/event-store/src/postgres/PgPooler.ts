/**
 * What stands between a store and its server: whether a session has what it was told at its start, and stays the same session. For
 * everything that opens a pool. A pooler may forget the one and change the other; then a lock or a deadline is believed that is none.
 */
import { type PgConnection, type PgPool, PgTypes } from "@effect/sql-pg"
import { Effect, Result, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { PgServer } from "./PgServer.ts"
import { openPool, type PgBounds, refusing, sessionParameters } from "./PgSession.ts"

/** Two, so that they can be held against each other, and because the log keeps one to listen. */
const fewestConnections = 2

/** How often two connections are held against each other, behind a pooler. One round finds it, unless others use the pool meanwhile. */
const ROUNDS = 5

/** What may be without effect: where the system has no such thing, and where a pooler keeps its own sockets. */
const optional = /^(tcp_|client_connection_check_interval|jit)/

/** Opens a pool, whose sessions are what they are taken for. A pool of one connection is a defect: it would wait for itself. */
export const openSessions = (options: {
  readonly server: PgServer
  readonly bounds: PgBounds
  readonly applicationName: string
  readonly database: string
  readonly parameters?: Readonly<Record<string, string>>
}): Effect.Effect<PgPool.PgPool, DatabaseRefused, Scope.Scope> =>
  Effect.gen(function* () {
    const { applicationName, bounds, database, parameters, server } = options
    const { maxConnections = fewestConnections } = server
    if (maxConnections < fewestConnections)
      return yield* Effect.die(
        new RangeError(`maxConnections is ${maxConnections}: a store needs at least ${fewestConnections}`)
      )
    const pool = yield* openPool(server, bounds, applicationName, parameters)
    yield* checkSessions(pool, bounds, database)
    return pool
  })

/** Refuses sessions that lack a setting, and those of a pooler that changes them between transactions. */
const checkSessions = (
  pool: PgPool.PgPool,
  bounds: PgBounds,
  database: string
): Effect.Effect<void, DatabaseRefused> => {
  const refuse = (message: string) =>
    new DatabaseRefused({ filename: database, reason: "unavailable", message: `${database} ${message}` })
  const expected = sessionParameters(bounds)
  return Effect.scoped(
    Effect.gen(function* () {
      const one = yield* pool.reserve
      const names = Object.keys(expected).filter((name) => !optional.test(name))
      const found = yield* one.queryValues(
        "SELECT name, setting, pg_backend_pid() FROM pg_settings WHERE name = ANY ($1)",
        [Result.getOrThrow(PgTypes.array(names, PgTypes.OID.text))],
        false
      )
      const settings = new Map(found.map(([name, setting]) => [name, setting]))
      const lacking = names.filter((name) => settings.get(name) !== expected[name])
      if (lacking.length > 0) return yield* refuse(lackingSettings(lacking, expected))
      // A pooler gives its clients numbers of its own. Where it is the server's, there is none.
      if (Number(found[0]?.[2]) === one.processId) return
      const other = yield* pool.reserve
      for (let round = 0; round < ROUNDS; round++)
        if (yield* areShared(one, other, `${round}`)) return yield* refuse(pooledByTransaction)
    })
  ).pipe(Effect.catchTag("SqlError", (error) => Effect.fail(refusedBy(database, error, Object.keys(expected)))))
}

/**
 * Whether two connections do not have a session each. Then what one says to its session is heard in the other's; or it is forgotten, while
 * the other has a transaction open.
 */
const areShared = (
  one: PgConnection.PgConnection,
  other: PgConnection.PgConnection,
  word: string
): Effect.Effect<boolean, SqlError> =>
  Effect.gen(function* () {
    const hears = (connection: PgConnection.PgConnection) =>
      Effect.map(
        connection.queryValues("SELECT current_setting('effekten.session', true)", [], false),
        ([row]) => row?.[0] === word
      )
    yield* one.query("SELECT set_config('effekten.session', $1, false)", [word], false)
    yield* other.query("BEGIN", [], false)
    const heard = yield* hears(other)
    const forgotten = !(yield* hears(one))
    yield* other.query("ROLLBACK", [], false)
    return heard || forgotten
  })

const pooledByTransaction =
  "is reached through a pooler that gives a session to another client after each transaction: locks and leases are held by sessions, " +
  "so let it pool by session (PgBouncer: pool_mode = session), or connect to the server directly"

const lackingSettings = (lacking: ReadonlyArray<string>, expected: Readonly<Record<string, string>>): string => {
  const commands = lacking.map((name) => `ALTER ROLE … SET ${name} = '${expected[name]}'`).join("; ")
  return (
    "is reached through a pooler, or by a role, that keeps what a connection is told from the server: connect to the server directly, " +
    `or give the role what is lacking: ${commands}`
  )
}

/** A pooler that takes no settings at the start says so before anything was asked. */
const refusedBy = (database: string, error: SqlError, names: ReadonlyArray<string>): DatabaseRefused => {
  const refused = refusing(database)(error)
  if (!refused.message.includes("unsupported startup parameter")) return refused
  return new DatabaseRefused({
    filename: database,
    reason: "unavailable",
    message:
      `${refused.message}. A pooler takes no settings at the start of a connection: connect to the server directly, or let it pass ` +
      `over them (PgBouncer: ignore_startup_parameters = ${names.join(",")}) and give them to the role with ALTER ROLE … SET`,
    cause: error
  })
}
