/**
 * Where openings are kept: a table of a SQL database, or an array. For {@link AccessRecord}, and for audits that read the record beside a
 * server. Nothing personal may be stored here.
 */
import { SqlTables } from "@effekten/event-store"
import { DateTime, Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import type { Access } from "./Access.ts"

/** At most so many openings in memory; then the oldest go. @category values */
export const maximumInMemory = 100_000
/** At most so many openings in a page. @category values */
export const maximumPage = 1_000

/** One kind of personal data of one subject, opened by one caller for one purpose. @category models */
export interface RecordedAccess {
  /** When it was recorded: before any reader saw what was opened. */
  readonly at: DateTime.Utc
  readonly actor: Access["actor"]
  readonly platform: string | undefined
  /** The platform's client, where a server knows it. */
  readonly client: string | undefined
  readonly purpose: Access["purpose"]
  /** `investor:…` or `document:…`. */
  readonly subject: string
  /** The type of the event whose personal part it is, or `content` of a document. */
  readonly class: string
  /** How many of these were opened at once. */
  readonly number: number
  /** Where it stands in the record: the next page begins after it. */
  readonly cursor: AccessCursor
}

/** @category models */
export interface AccessCursor {
  readonly at: number
  readonly ordinal: number
}

/** Which openings, oldest first; all if nothing is said. @category models */
export interface AccessQuery {
  readonly subject?: string | undefined
  /** Recorded then or later. */
  readonly since?: DateTime.Utc | undefined
  readonly after?: AccessCursor | undefined
  /** At most so many; {@link maximumPage} is the default and the largest. */
  readonly limit?: number | undefined
}

/** What is written of an opening. @category models */
export interface Row extends Omit<RecordedAccess, "at" | "cursor"> {}

/** @category models */
export interface AccessRecordTable<X> {
  /** Keeps all or none, recorded at one instant. */
  readonly insert: (at: number, rows: ReadonlyArray<Row>) => Effect.Effect<void, X>
  readonly page: (sought: AccessQuery) => Effect.Effect<ReadonlyArray<RecordedAccess>, X>
  /** Destroys at most so many of those recorded before; returns how many. */
  readonly destroy: (before: number, limit: number) => Effect.Effect<number, X>
  /** Keeps where the record is cut; before anything recorded earlier is destroyed. */
  readonly cut?: (before: number) => Effect.Effect<void, X>
}

const limitOf = ({ limit = maximumPage }: AccessQuery): number => Math.max(0, Math.min(limit, maximumPage))
const sinceOf = ({ since }: AccessQuery): number => (since === undefined ? 0 : DateTime.toEpochMillis(since))

/** Gone with the process. @category constructors */
export const inMemory = (): AccessRecordTable<never> => {
  const kept: Array<RecordedAccess> = []
  let ordinal = 0
  return {
    insert: (at, rows) =>
      Effect.sync(() => {
        for (const row of rows)
          kept.push({ ...row, at: DateTime.makeUnsafe(at), cursor: { at, ordinal: (ordinal += 1) } })
        kept.splice(0, kept.length - maximumInMemory)
      }),
    page: (sought) =>
      Effect.sync(() => {
        const after = sought.after?.ordinal ?? 0
        const since = sinceOf(sought)
        return kept
          .filter(
            ({ cursor, subject }) =>
              cursor.ordinal > after &&
              cursor.at >= since &&
              (sought.subject === undefined || sought.subject === subject)
          )
          .slice(0, limitOf(sought))
      }),
    destroy: (before, limit) =>
      Effect.sync(() => {
        const first = kept.findIndex(({ cursor }) => cursor.at >= before)
        return kept.splice(0, Math.min(first === -1 ? kept.length : first, limit)).length
      })
  }
}

/** Makes the table where it is missing. @category constructors */
export const create = (sql: SqlClient.SqlClient): Effect.Effect<void, SqlError> => {
  const ordinal = sql.onDialectOrElse({
    pg: () => sql`BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY`,
    orElse: () => sql`INTEGER PRIMARY KEY`
  })
  return SqlTables.create(sql, {
    openings: sql`CREATE TABLE IF NOT EXISTS openings (ordinal ${ordinal}, at BIGINT NOT NULL, actor TEXT NOT NULL, platform TEXT,
      client TEXT, purpose TEXT NOT NULL, subject TEXT NOT NULL, class TEXT NOT NULL, number INTEGER NOT NULL)`,
    openings_by_time: sql`CREATE INDEX IF NOT EXISTS openings_by_time ON openings (at, ordinal)`,
    openings_by_subject: sql`CREATE INDEX IF NOT EXISTS openings_by_subject ON openings (subject, at, ordinal)`
  })
}

interface Stored {
  readonly ordinal: number | bigint
  readonly at: number | bigint
  readonly actor: string
  readonly platform: string | null
  readonly client: string | null
  readonly purpose: string
  readonly subject: string
  readonly class: string
  readonly number: number
}

const openingOf = (row: Stored): RecordedAccess => {
  const at = Number(row.at)
  return {
    at: DateTime.makeUnsafe(at),
    actor: row.actor as RecordedAccess["actor"],
    platform: row.platform ?? undefined,
    client: row.client ?? undefined,
    purpose: row.purpose as RecordedAccess["purpose"],
    subject: row.subject,
    class: row.class,
    number: row.number,
    cursor: { at, ordinal: Number(row.ordinal) }
  }
}

/** The openings of one commit, in their order. @category computing */
export const rowsIn = (
  sql: SqlClient.SqlClient,
  first: number,
  last: number
): Effect.Effect<ReadonlyArray<Row>, SqlError> =>
  Effect.map(
    sql<Stored>`SELECT * FROM openings WHERE ordinal >= ${first} AND ordinal <= ${last} ORDER BY ordinal`,
    (rows) => rows.map(openingOf)
  )

/** Over a table that is there. @category constructors */
export const overSql = (sql: SqlClient.SqlClient): AccessRecordTable<SqlError> => ({
  insert: (at, rows) => {
    // One statement for any number of rows: it is prepared once, and it is its own transaction.
    const values = JSON.stringify(
      rows.map((row) => [row.actor, row.platform, row.client, row.purpose, row.subject, row.class, row.number])
    )
    const into = sql`INSERT INTO openings (at, actor, platform, client, purpose, subject, class, number)`
    return Effect.asVoid(
      sql.onDialectOrElse({
        pg: () => sql`${into} SELECT ${at}::bigint, one ->> 0, one ->> 1, one ->> 2, one ->> 3, one ->> 4, one ->> 5,
          (one ->> 6)::integer FROM json_array_elements(${values}::json) AS one`,
        orElse:
          () => sql`${into} SELECT ${at}, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
          value ->> 6 FROM json_each(${values})`
      })
    )
  },
  page: (sought) => {
    const { after, subject } = sought
    const since = sinceOf(sought)
    const conditions = [
      // One bound, the later one: of two SQLite seeks the first alone, and a deep page would pass everything before it.
      after !== undefined && after.at >= since
        ? sql`(at, ordinal) > (${after.at}, ${after.ordinal})`
        : sql`at >= ${since}`,
      ...(subject === undefined ? [] : [sql`subject = ${subject}`])
    ]
    return Effect.map(
      sql<Stored>`SELECT * FROM openings WHERE ${sql.and(conditions)} ORDER BY at, ordinal LIMIT ${limitOf(sought)}`,
      (rows) => rows.map(openingOf)
    )
  },
  destroy: (before, limit) =>
    Effect.map(
      sql`DELETE FROM openings WHERE ordinal IN (SELECT ordinal FROM openings WHERE at < ${before} ORDER BY at, ordinal LIMIT ${limit})
        RETURNING ordinal`,
      (rows) => rows.length
    )
})
