/**
 * Calls of the server that end in time, also when it can no longer be heard. For the PostgreSQL store.
 */
import type { PgConnection, PgPool } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { EventStoreError } from "../port/EventStore.ts"
import { within } from "./Deadline.ts"
import { asCommitError, asStoreError, type PgBounds } from "./PgSession.ts"

export interface PgCalls {
  /** Asks on a connection of the pool; repeating it is harmless. */
  readonly read: <A>(
    ask: (connection: PgConnection.PgConnection) => Effect.Effect<A, EventStoreError>
  ) => Effect.Effect<A, EventStoreError>
  /** Sends a statement that commits. Where no answer comes, it is unknown whether it did. */
  readonly commit: <A>(
    send: (connection: PgConnection.PgConnection) => Effect.Effect<A, SqlError>
  ) => Effect.Effect<A, EventStoreError>
  /** Gives an effect up that takes longer than the server takes to end it, and says so with this reason. */
  readonly inTime: (
    reason: "unavailable" | "unknown"
  ) => <A, X, R>(effect: Effect.Effect<A, X, R>) => Effect.Effect<A, X | EventStoreError, R>
}

export const makeCalls = (pool: PgPool.PgPool, bounds: PgBounds): PgCalls => {
  // The server ends what takes too long by itself. This is for the server that can no longer be heard.
  const deadline = Duration.sum(
    Duration.fromInputUnsafe(bounds.statementTimeout),
    Duration.sum(Duration.fromInputUnsafe(bounds.lockTimeout), Duration.seconds(5))
  )
  const inTime: PgCalls["inTime"] = (reason) => (effect) =>
    within(
      effect,
      Duration.toMillis(deadline),
      () => new EventStoreError({ reason, message: `PostgreSQL did not answer within ${Duration.format(deadline)}` })
    )
  /** A connection that could not be made has sent nothing. */
  const use = <A>(work: (connection: PgConnection.PgConnection) => Effect.Effect<A, EventStoreError>) =>
    Effect.catchTag(pool.use(work), "SqlError", (error) => Effect.fail(asStoreError(error)))
  return {
    inTime,
    read: (ask) => inTime("unavailable")(use(ask)),
    commit: (send) => inTime("unknown")(use((connection) => Effect.mapError(send(connection), asCommitError)))
  }
}
