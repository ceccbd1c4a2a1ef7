/**
 * Intents in a database: one row each, and a row that counts them. For `Intents` and its sender. Texts that hold personal data arrive sealed.
 *
 * A row is pending until `ended_at` is set. From then on its end never changes, whichever sender brings another.
 */
import { SqlTables } from "@effekten/event-store"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { KeyMark } from "./IntentSeal.ts"

/** The layout of the tables that this program reads and writes. @category values */
export const layout = 1

/** Rows that one statement forgets at most. */
const forgottenAtOnce = 500

/** What is recorded of a new intent. */
interface NewIntent {
  readonly id: string
  readonly operation: string
  readonly fingerprint: string
  readonly input: string
  readonly at: number
}

/** A recorded intent. Instants are milliseconds since 1970. @category models */
export interface IntentRow {
  readonly id: string
  readonly operation: string
  readonly fingerprint: string
  /** Sealed; gone with its end. */
  readonly input: string | null
  /** Sealed; the last failure while it is pending. */
  readonly failure: string | null
  /** Sealed; its end. */
  readonly ending: string | null
  readonly attempts: number
  readonly submittedAt: number
  readonly endedAt: number | null
}

interface Stored {
  readonly id: string
  readonly operation: string
  readonly fingerprint: string
  readonly input: string | null
  readonly failure: string | null
  readonly ending: string | null
  readonly attempts: number | bigint | string
  readonly submitted_at: number | bigint | string
  readonly ended_at: number | bigint | string | null
}

const rowOf = ({ attempts, ended_at, submitted_at, ...texts }: Stored): IntentRow => ({
  ...texts,
  attempts: Number(attempts),
  submittedAt: Number(submitted_at),
  endedAt: ended_at === null ? null : Number(ended_at)
})

/** What became of a row that was to be inserted. */
type Inserted = "recorded" | "full" | { readonly existing: Pick<IntentRow, "operation" | "fingerprint"> }

/** @category models */
export interface IntentTable {
  /** Inserts it, durably; where the id is taken, says by what. Joins a transaction of the caller. */
  readonly insert: (intent: NewIntent, capacity: number) => Effect.Effect<Inserted, SqlError>
  readonly find: (id: string) => Effect.Effect<IntentRow | undefined, SqlError>
  /** Pending intents in the order of their ids, those after `after`. */
  readonly pending: (after: string, limit: number) => Effect.Effect<ReadonlyArray<IntentRow>, SqlError>
  /** Pending intents whose turn has come, those that wait longest first. */
  readonly due: (now: number, limit: number) => Effect.Effect<ReadonlyArray<IntentRow>, SqlError>
  /** When the turn of the next pending intent comes. */
  readonly nextDue: Effect.Effect<number | undefined, SqlError>
  /** An attempt that did not end it. */
  readonly postpone: (id: string, dueAt: number, failure: string) => Effect.Effect<void, SqlError>
  /** Its end. Its input is dropped. Where it has ended already, nothing changes. */
  readonly end: (id: string, at: number, ending: string) => Effect.Effect<void, SqlError>
  /** No turn lies later than `latest`: the clock that set it was ahead. */
  readonly bringForward: (now: number, latest: number) => Effect.Effect<void, SqlError>
  /** Forgets some of those that ended by then, and returns how many. */
  readonly forget: (endedBy: number) => Effect.Effect<number, SqlError>
}

const definitions = (sql: SqlClient.SqlClient) => ({
  effekten_intents: sql`CREATE TABLE IF NOT EXISTS effekten_intents (id INTEGER PRIMARY KEY CHECK (id = 1),
    layout INTEGER NOT NULL, encrypted INTEGER NOT NULL, secret TEXT NOT NULL, number BIGINT NOT NULL)`,
  effekten_intent: sql`CREATE TABLE IF NOT EXISTS effekten_intent (id TEXT PRIMARY KEY, operation TEXT NOT NULL,
    fingerprint TEXT NOT NULL, input TEXT, failure TEXT, ending TEXT, attempts BIGINT NOT NULL,
    submitted_at BIGINT NOT NULL, due_at BIGINT NOT NULL, ended_at BIGINT)`,
  effekten_intent_due: sql`CREATE INDEX IF NOT EXISTS effekten_intent_due ON effekten_intent (due_at) WHERE ended_at IS NULL`,
  effekten_intent_pending: sql`CREATE INDEX IF NOT EXISTS effekten_intent_pending ON effekten_intent (id) WHERE ended_at IS NULL`,
  effekten_intent_ended: sql`CREATE INDEX IF NOT EXISTS effekten_intent_ended ON effekten_intent (ended_at) WHERE ended_at IS NOT NULL`,
  effekten_intent_lease: sql`CREATE TABLE IF NOT EXISTS effekten_intent_lease (id INTEGER PRIMARY KEY CHECK (id = 1),
    holder TEXT, length BIGINT NOT NULL, held_until BIGINT NOT NULL)`
})

/** What the database says of itself. @category models */
export interface Head extends KeyMark {
  readonly layout: number
}

/**
 * Makes the tables where they are missing, with this mark; returns what the database says of itself.
 *
 * @category constructors
 */
export const create = (sql: SqlClient.SqlClient, mark: KeyMark): Effect.Effect<Head, SqlError> =>
  Effect.gen(function* () {
    yield* SqlTables.create(sql, definitions(sql))
    yield* sql`INSERT INTO effekten_intents (id, layout, encrypted, secret, number)
      VALUES (1, ${layout}, ${mark.encrypted ? 1 : 0}, ${mark.secret}, 0) ON CONFLICT (id) DO NOTHING`
    yield* sql`INSERT INTO effekten_intent_lease (id, holder, length, held_until) VALUES (1, NULL, 0, 0)
      ON CONFLICT (id) DO NOTHING`
    const [head] = yield* sql<{ layout: number; encrypted: number; secret: string }>`
      SELECT layout, encrypted, secret FROM effekten_intents`
    return { layout: Number(head!.layout), encrypted: Number(head!.encrypted) === 1, secret: head!.secret }
  })

/** A transaction whose connection ended dies where it cannot be rolled back: for a caller, the database failed. */
const inTransaction = <A, E>(sql: SqlClient.SqlClient, effect: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError> =>
  sql
    .withTransaction(effect)
    .pipe(Effect.catchDefect((defect) => (isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect))))

/** The statement that records an intent, in a transaction of its own or of the caller. */
const inserting = (sql: SqlClient.SqlClient): IntentTable["insert"] => {
  const insert = (intent: NewIntent, capacity: number): Effect.Effect<Inserted, SqlError | "full"> =>
    Effect.gen(function* () {
      const { at, fingerprint, id, input, operation } = intent
      const recorded =
        yield* sql`INSERT INTO effekten_intent (id, operation, fingerprint, input, attempts, submitted_at, due_at)
        VALUES (${id}, ${operation}, ${fingerprint}, ${input}, 0, ${at}, ${at}) ON CONFLICT (id) DO NOTHING RETURNING id`
      if (recorded.length === 0) {
        const [existing] = yield* sql<Stored>`SELECT operation, fingerprint FROM effekten_intent WHERE id = ${id}`
        // It may have been forgotten between the two statements.
        return existing === undefined ? yield* insert(intent, capacity) : { existing }
      }
      const counted =
        yield* sql`UPDATE effekten_intents SET number = number + 1 WHERE number < ${capacity} RETURNING number`
      return counted.length === 0 ? yield* Effect.fail("full" as const) : ("recorded" as const)
    })
  return (intent, capacity) =>
    inTransaction(sql, insert(intent, capacity)).pipe(
      Effect.catchIf(
        (error) => error === "full",
        () => Effect.succeed("full" as const)
      )
    )
}

/** @category constructors */
export const make = (sql: SqlClient.SqlClient): IntentTable => {
  const rows = (statement: Effect.Effect<ReadonlyArray<Stored>, SqlError>) =>
    Effect.map(statement, (found) => found.map(rowOf))
  return {
    insert: inserting(sql),
    find: (id) => Effect.map(rows(sql<Stored>`SELECT * FROM effekten_intent WHERE id = ${id}`), ([row]) => row),
    pending: (after, limit) =>
      rows(
        sql<Stored>`SELECT * FROM effekten_intent WHERE ended_at IS NULL AND id > ${after} ORDER BY id LIMIT ${limit}`
      ),
    due: (now, limit) =>
      rows(sql<Stored>`SELECT * FROM effekten_intent WHERE ended_at IS NULL AND due_at <= ${now}
        ORDER BY due_at LIMIT ${limit}`),
    nextDue: Effect.map(
      sql<{ due_at: number | bigint | string }>`SELECT due_at FROM effekten_intent WHERE ended_at IS NULL
        ORDER BY due_at LIMIT 1`,
      ([first]) => (first === undefined ? undefined : Number(first.due_at))
    ),
    postpone: (id, dueAt, failure) =>
      Effect.asVoid(sql`UPDATE effekten_intent SET attempts = attempts + 1, due_at = ${dueAt}, failure = ${failure}
        WHERE id = ${id} AND ended_at IS NULL`),
    end: (id, at, ending) =>
      Effect.asVoid(sql`UPDATE effekten_intent SET attempts = attempts + 1, input = NULL, failure = NULL,
        ending = ${ending}, ended_at = ${at} WHERE id = ${id} AND ended_at IS NULL`),
    bringForward: (now, latest) =>
      Effect.asVoid(sql`UPDATE effekten_intent SET due_at = ${now} WHERE ended_at IS NULL AND due_at > ${latest}`),
    forget: (endedBy) =>
      inTransaction(
        sql,
        Effect.gen(function* () {
          const forgotten = yield* sql`DELETE FROM effekten_intent WHERE id IN (SELECT id FROM effekten_intent
            WHERE ended_at <= ${endedBy} ORDER BY ended_at LIMIT ${forgottenAtOnce}) RETURNING id`
          if (forgotten.length > 0) yield* sql`UPDATE effekten_intents SET number = number - ${forgotten.length}`
          return forgotten.length
        })
      )
  }
}
