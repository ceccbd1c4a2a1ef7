/**
 * The layout of the log's file and every statement on it. For the SQLite log. Names of tables and columns must not change: files have them.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Position } from "../port/Event.ts"
import { createKinds } from "./SqliteKinds.ts"
import { createMacs } from "./SqliteMacs.ts"

/** "Elog" in ASCII. */
export const APPLICATION_ID = 0x45_6c_6f_67

/**
 * The layout this program reads and writes. Before layout 4 the kinds of events were not kept, and before layout 3 there were no MACs. In
 * layout 1 the words of the index were taken from SHA-256; the tables are the same.
 */
export const LAYOUT = 4
/** The first layout whose index this program can use. */
export const INDEX_LAYOUT = 2

export const createTables = `
  CREATE TABLE log (id TEXT NOT NULL) STRICT;
  CREATE TABLE events (position INTEGER PRIMARY KEY, body TEXT NOT NULL, leaf BLOB NOT NULL) STRICT;
  CREATE TABLE personal (position INTEGER PRIMARY KEY, ciphertext BLOB NOT NULL) STRICT;
  CREATE VIRTUAL TABLE words USING fts5 (list, content = '', detail = none, columnsize = 0, tokenize = 'ascii');
  ${createMacs};
  ${createKinds};
`

/**
 * An event as it is read: its body, and its leaf in hex. The first is null where the index has an event that the log has not. Both are
 * texts, because a blob costs more than all the rest of its row. No text here has a NUL: some versions of Node cut it off there.
 */
export type Row = readonly [position: Position, body: string, leaf: string]

/** The last of them, and the last two. */
const LEAF = "lower(hex(events.leaf))"
export const READ = `events.body, ${LEAF}`

/** Every statement of the log, prepared once: single rows in a loop are the fastest way in. */
export const prepareStatements = (database: DatabaseSync) => {
  // The driver binds every number as a float, and the index takes no float for a bound. It would go through all matches from the first
  // event on, wherever the range begins.
  const matched = (order: string): StatementSync =>
    inArrays(
      database.prepare(
        `SELECT words.rowid, ${READ} FROM words LEFT JOIN events ON events.position = words.rowid
         WHERE words MATCH ? AND words.rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)
         ORDER BY words.rowid ${order} LIMIT ?`
      )
    )
  const ranged = (order: string): StatementSync =>
    inArrays(
      database.prepare(
        `SELECT position, ${READ} FROM events WHERE position BETWEEN ? AND ? ORDER BY position ${order} LIMIT ?`
      )
    )
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    logId: inArrays(database.prepare("SELECT id FROM log")),
    head: inArrays(database.prepare(`SELECT position, ${LEAF} FROM events ORDER BY position DESC LIMIT 1`)),
    leafAt: inArrays(database.prepare(`SELECT ${LEAF} FROM events WHERE position = ?`)),
    look: inArrays(
      database.prepare(
        `SELECT last.position, (SELECT ${LEAF} FROM events WHERE events.position = last.position), (SELECT id FROM log),
           (SELECT ${LEAF} FROM events WHERE events.position = ?)
         FROM (SELECT max(position) AS position FROM events) AS last`
      )
    ),
    one: inArrays(database.prepare(`SELECT position, ${READ} FROM events WHERE position = ?`)),
    all: ranged("ASC"),
    allBackwards: ranged("DESC"),
    stored: inArrays(
      database.prepare(
        "SELECT position, body, leaf FROM events WHERE position BETWEEN ? AND ? ORDER BY position LIMIT ?"
      )
    ),
    leaves: inArrays(
      database.prepare("SELECT position, leaf FROM events WHERE position BETWEEN ? AND ? ORDER BY position LIMIT ?")
    ),
    match: matched("ASC"),
    matchBackwards: matched("DESC"),
    ofSubject: database.prepare(
      "SELECT position, body FROM words JOIN events ON position = words.rowid WHERE words MATCH ?"
    ),
    personal: database.prepare("SELECT ciphertext FROM personal WHERE position = ?"),
    insertEvent: database.prepare("INSERT INTO events (position, body, leaf) VALUES (?, ?, ?)"),
    insertWords: database.prepare("INSERT INTO words (rowid, list) VALUES (?, ?)"),
    insertPersonal: database.prepare("INSERT INTO personal (position, ciphertext) VALUES (?, ?)"),
    deletePersonal: database.prepare("DELETE FROM personal WHERE position = ?")
  }
}

export type Statements = ReturnType<typeof prepareStatements>

const inArrays = (statement: StatementSync): StatementSync => {
  statement.setReturnArrays(true)
  return statement
}
