/**
 * The kinds of events in the log's file. For the SQLite log, which writes one within the transaction of its first event.
 */
import type { DatabaseSync } from "node:sqlite"
import type { Fence, Kind } from "../building/Fence.ts"
import type { Position } from "../port/Event.ts"

/** Synchronous; what it throws the caller explains. */
export interface SqliteKinds {
  /** Looks at the kinds that the log has: at the opening, and where another connection may have written. */
  readonly look: () => void
  /** Writes the new kinds of events that follow a position, and returns them. To be called before the commit. */
  readonly write: (events: ReadonlyArray<{ readonly type: string }>, after: Position) => ReadonlyArray<Kind>
}

export const createKinds =
  "CREATE TABLE kinds (first INTEGER PRIMARY KEY, type TEXT NOT NULL, version INTEGER NOT NULL) STRICT"

/** Of the bodies of a log from before. One that is no JSON is damage, and has no kind. */
export const kindsOfBodies = `
  INSERT INTO kinds (first, type, version)
  SELECT min(position), json_extract(body, '$.type') AS type, json_extract(body, '$.version') AS version
  FROM events WHERE json_valid(body) AND json_type(body, '$.type') = 'text' AND json_type(body, '$.version') = 'integer'
  GROUP BY type, version`

type Row = readonly [first: Position, type: string, version: number]

export const makeSqliteKinds = (database: DatabaseSync, fence: Fence): SqliteKinds => {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  // Prepared when they are needed: a file of an older layout, open to be read, has no such table.
  let prepared: ReturnType<typeof statements> | undefined
  const statements = () => ({
    all: prepare("SELECT first, type, version FROM kinds ORDER BY first"),
    insert: prepare("INSERT INTO kinds (first, type, version) VALUES (?, ?, ?)")
  })
  const isThere = (): boolean => prepare("SELECT 1 FROM sqlite_schema WHERE name = 'kinds'").get() !== undefined
  return {
    look: () => {
      if (prepared === undefined && !isThere()) return fence.learn([])
      prepared ??= statements()
      const rows = prepared.all.all() as unknown as ReadonlyArray<Row>
      fence.learn(rows.map(([first, type, version]) => ({ first, type, version })))
    },
    write: (events, after) => {
      const kinds = fence.missing(events, after)
      if (kinds.length > 0) prepared ??= statements()
      for (const { first, type, version } of kinds) prepared?.insert.run(first, type, version)
      return kinds
    }
  }
}
