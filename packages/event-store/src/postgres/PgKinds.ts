/**
 * The kinds of events in the log in PostgreSQL, as a node knows them. For the PostgreSQL store.
 *
 * An edition stands for all of them: the leaf of the first event of the newest kind. Every look returns it. So a node reads the kinds again
 * only where another node has recorded a new one, or the log was put back.
 */
import { type PgConnection } from "@effect/sql-pg"
import { Effect } from "effect"
import { attempt } from "../building/Attempt.ts"
import type { Fence, Kind } from "../building/Fence.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import type { PgStatements } from "./PgLayout.ts"
import { asStoreError } from "./PgSession.ts"

type Connection = Pick<PgConnection.PgConnection, "query" | "queryValues">

export interface PgKinds extends Pick<Fence, "missing"> {
  /** Of the kinds that are known here; empty where there are none. */
  readonly edition: () => string
  /** Fails where the log had a kind that is not known here when it was looked at last. */
  readonly check: Effect.Effect<void, EventStoreError>
  /**
   * Fails where the log, found in an edition, has a kind that is not known here. Looks at the kinds where it is another edition;
   * `undefined` says that it is.
   */
  readonly admit: (connection: Connection, edition: string | undefined) => Effect.Effect<void, EventStoreError>
  /** These were committed, and made another edition. */
  readonly recorded: (kinds: ReadonlyArray<Kind>, edition: string) => void
}

/** An edition that no log has: nothing was looked at. */
const unseen = "unseen"

export const makeKinds = (fence: Fence, statements: PgStatements): PgKinds => {
  let seen = unseen
  const look = (connection: Connection) =>
    Effect.map(Effect.mapError(connection.queryValues(statements.kinds), asStoreError), (rows) => {
      fence.learn(
        rows.map(([first, type, version]) => ({ first: Number(first), type: String(type), version: Number(version) }))
      )
      seen = String(rows.at(-1)?.[3] ?? "")
    })
  const check = attempt(fence.check)
  return {
    edition: () => seen,
    missing: fence.missing,
    check,
    admit: (connection, edition) => (edition === seen ? check : Effect.andThen(look(connection), check)),
    recorded: (kinds, edition) => {
      if (kinds.length === 0) return
      fence.recorded(kinds)
      seen = edition
    }
  }
}
