/**
 * The MACs in the log's file. For the SQLite log, which writes one within the transaction of each append.
 */
import type { DatabaseSync } from "node:sqlite"
import type { Head } from "../building/History.ts"
import { type Authenticator, keyless, macOf } from "../building/Macs.ts"
import type { Position } from "../port/Event.ts"
import type { StoredMac } from "../port/EventStore.ts"

/** Synchronous; what it throws the caller explains. */
export interface SqliteMacs {
  /** At most so many that end at a position or after it. */
  readonly page: (from: Position, limit: number) => ReadonlyArray<StoredMac>
  /** Writes the MAC of events that follow a head, where this log bears MACs. To be called before the commit. */
  readonly write: (head: Head, leaves: ReadonlyArray<Uint8Array>) => void
  /** Begins them at a head, unless they have begun. */
  readonly begin: (head: Head) => StoredMac
}

export const createMacs =
  "CREATE TABLE macs (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, mac BLOB NOT NULL) STRICT"

type Row = readonly [first: Position, last: Position, mac: Uint8Array]

export const makeSqliteMacs = (database: DatabaseSync, authenticator: Authenticator | undefined): SqliteMacs => {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  // Prepared when they are needed: a file of an older layout, open to be read, has no such table.
  let prepared: ReturnType<typeof statements> | undefined
  const statements = () => ({
    page: prepare("SELECT first, last, mac FROM macs WHERE last >= ? ORDER BY last LIMIT ?"),
    last: prepare("SELECT first, last, mac FROM macs ORDER BY last DESC LIMIT 1"),
    insert: prepare("INSERT INTO macs (first, last, mac) VALUES (?, ?, ?)")
  })
  const known = () => (prepared ??= statements())
  const isThere = (): boolean => prepare("SELECT 1 FROM sqlite_schema WHERE name = 'macs'").get() !== undefined
  const stored = ([first, last, mac]: Row): StoredMac => ({ first, last, mac })
  const page = (from: Position, limit: number): ReadonlyArray<StoredMac> =>
    prepared === undefined && !isThere()
      ? []
      : (known().page.all(from, limit) as unknown as ReadonlyArray<Row>).map(stored)
  const before = (): StoredMac | undefined => {
    const row = known().last.get() as unknown as Row | undefined
    return row === undefined ? undefined : stored(row)
  }
  const begin: SqliteMacs["begin"] = ({ leaf, position }) => {
    if (authenticator === undefined) throw keyless()
    const [begun] = page(0, 1)
    if (begun !== undefined) return begun
    const line = { first: position + 1, last: position, mac: authenticator.line({ position, leaf }) }
    known().insert.run(line.first, line.last, line.mac)
    return line
  }
  return {
    page,
    begin,
    write: (head, leaves) => {
      const first = head.position + 1
      if (authenticator !== undefined && first === 1) begin(head)
      const mac = macOf(authenticator, { first, leaves, before: before() })
      if (mac !== undefined) known().insert.run(first, head.position + leaves.length, mac)
    }
  }
}
