/**
 * Work that runs on one node at a time: the holder of the lease does it, another node takes over when that one ends. For reactors and jobs
 * that are to be done once across nodes.
 *
 * A lease is an advisory lock of a session. When a process dies, the server releases it at once. When a process is cut off, the server
 * releases it as it gives the connection up (about 25 seconds). The holder asks for its session and stops its work well before. A lease
 * only saves work: what must not happen twice needs a fence of its own, such as an append condition.
 */
import type { PgConnection, PgPool } from "@effect/sql-pg"
import { Duration, Effect, Queue, Schedule, Schema, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import { openSessions } from "./PgPooler.ts"
import type { PgServer } from "./PgServer.ts"
import { checkSchema, defaultBounds, describe, refusing, transaction } from "./PgSession.ts"

/** How often the holder asks whether its session still lives. @category values */
export const heartbeat = Duration.seconds(2)
/** How long it waits for the answer, before it gives the lease up. */
const silence = Duration.seconds(4)
/** How often a node without the lease tries to get it. @category values */
export const attempts = Duration.seconds(1)
/** How long a new holder waits when the one before did not say goodbye: it may be noticing only now. @category values */
export const grace = Duration.seconds(2)

/** The session that held the lease has ended. @category errors */
export class LeaseLost extends Schema.TaggedError<LeaseLost>()("LeaseLost", {
  lease: Schema.String,
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** @category models */
export interface PgLeasesOptions {
  readonly server: PgServer
  /** The schema of the log whose nodes share the leases. Default: `event_store`. */
  readonly schema?: string
}

/** @category models */
export interface PgLeases {
  /**
   * Runs the work whenever this node holds the lease, and interrupts it when the lease is lost; then waits for it again. Ends when the
   * work ends by itself.
   */
  readonly whileHeld: <A, X, R>(lease: string, work: Effect.Effect<A, X, R>) => Effect.Effect<A, X, R>
}

/** @category constructors */
export const make = (options: PgLeasesOptions): Effect.Effect<PgLeases, DatabaseRefused, Scope.Scope> =>
  Effect.gen(function* () {
    const schema = checkSchema(options.schema ?? "event_store")
    const database = describe(options.server, schema)
    const pool = yield* openSessions({
      server: { ...options.server, minConnections: 0, maxConnections: 16 },
      bounds: defaultBounds,
      applicationName: `${schema} leases`,
      database
    })
    yield* Effect.mapError(prepareTable(pool, schema), (error) =>
      error._tag === "SqlError"
        ? refusing(database)(error)
        : new DatabaseRefused({ filename: database, reason: "unavailable", message: error.message, cause: error })
    )

    const whileHeld = <A, X, R>(lease: string, work: Effect.Effect<A, X, R>): Effect.Effect<A, X, R> => {
      const once = Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* pool.reserve
          yield* acquire(connection, schema, lease)
          const lost = yield* watch(connection, lease)
          return yield* Effect.raceFirst(
            Effect.mapError(work, (error) => new WorkFailed(error)),
            lost
          ).pipe(Effect.ensuring(release(pool, connection, schema, lease)))
        })
      )
      return Effect.suspend(() => once).pipe(
        Effect.tapError((error) =>
          error instanceof WorkFailed ? Effect.void : Effect.logInfo(`The lease ${lease} is not held: ${error.message}`)
        ),
        Effect.retry({ while: (error) => !(error instanceof WorkFailed), schedule: retrying }),
        Effect.mapError((error) => {
          if (error instanceof WorkFailed) return error.error as X
          throw error
        })
      )
    }
    return { whileHeld }
  })

/** Tells the work's own failure from the lease's. */
class WorkFailed {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

const retrying = Schedule.spaced(attempts)

const lockOf = (schema: string) => `hashtextextended('event store lease ${schema} ' || $1, 0)`

/** Names of leases, and whether the last holder let go by itself. Nodes that start together make the table once. */
const prepareTable = (pool: PgPool.PgPool, schema: string): Effect.Effect<void, SqlError | EventStoreError> =>
  transaction(pool, (connection) =>
    Effect.gen(function* () {
      yield* connection.query(`SELECT pg_advisory_xact_lock(hashtextextended('event store leases ${schema}', 0))`)
      const [there] = yield* connection.queryValues("SELECT to_regclass($1) IS NOT NULL", [`${schema}.leases`])
      if (there?.[0] === true) return
      yield* connection.query(`CREATE TABLE ${schema}.leases (name text PRIMARY KEY, held boolean NOT NULL)`, [], false)
    })
  )

const acquire = Effect.fnUntraced(function* (connection: PgConnection.PgConnection, schema: string, lease: string) {
  while (true) {
    const [row] = yield* connection.queryValues(`SELECT pg_try_advisory_lock(${lockOf(schema)})`, [lease])
    if (row?.[0] === true) break
    yield* Effect.sleep(attempts)
  }
  const [before] = yield* connection.queryValues(`SELECT held FROM ${schema}.leases WHERE name = $1`, [lease])
  if (before?.[0] === true) yield* Effect.sleep(grace)
  yield* connection.query(
    `INSERT INTO ${schema}.leases (name, held) VALUES ($1, true) ON CONFLICT (name) DO UPDATE SET held = true`,
    [lease]
  )
})

/** Fails as soon as the session is known to be gone, or can't be heard any more. */
const watch = Effect.fnUntraced(function* (connection: PgConnection.PgConnection, lease: string) {
  const lost = (cause: unknown) => new LeaseLost({ lease, message: `the session of the lease ${lease} ended`, cause })
  // A listener hears of a broken connection without asking.
  const closed = yield* connection.listen(`lease:${connection.processId}`)
  const asking = Effect.sleep(heartbeat).pipe(
    Effect.andThen(
      Effect.timeoutOrElse(connection.query("SELECT 1"), {
        duration: silence,
        orElse: () => Effect.fail(lost(undefined))
      })
    ),
    Effect.forever
  )
  return Effect.raceFirst(Effect.forever(Queue.take(closed)), asking).pipe(Effect.mapError(lost))
})

const release = (
  pool: PgPool.PgPool,
  connection: PgConnection.PgConnection,
  schema: string,
  lease: string
): Effect.Effect<void> =>
  connection.query(`UPDATE ${schema}.leases SET held = false WHERE name = $1`, [lease]).pipe(
    Effect.andThen(connection.query(`SELECT pg_advisory_unlock(${lockOf(schema)})`, [lease])),
    Effect.timeout(silence),
    // A session that cannot be asked is thrown away; the lock ends with it.
    Effect.catch(() => pool.invalidate(connection)),
    Effect.asVoid
  )
