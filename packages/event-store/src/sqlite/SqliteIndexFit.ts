/**
 * Holds the index of the log's file against what the catalogue says of some events. For the SQLite log.
 */
import type { DatabaseSync } from "node:sqlite"
import { indexLacks, saidOf } from "../building/IndexFit.ts"
import { resultCode } from "../files/OpenDatabase.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import type { SqliteReading } from "./SqliteReading.ts"
import { wordOf } from "./TagIndex.ts"

/** Looks up what the index lacks of an event; undefined where it has all. */
export const makeLacking = (database: DatabaseSync) => {
  // A range, though it is one row: beside MATCH, FTS5 (SQLite 3.53) passes over `rowid = ?`.
  const indexed = database.prepare(
    "SELECT 1 FROM words WHERE words MATCH ? AND rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)"
  )
  return <E extends AnyEvent>(event: RecordedEvent<E>) =>
    saidOf(event).find(
      ([kind, value]) => indexed.get(wordOf(kind, value), event.position, event.position) === undefined
    )
}

interface IndexFitOptions<E extends AnyEvent> {
  readonly filename: string
  readonly database: DatabaseSync
  readonly reading: SqliteReading<E>
  readonly types: ReadonlyArray<string>
  readonly last: Position
}

/**
 * Throws {@link DatabaseRefused} where the oldest or the newest event, of the log or of a type, lacks a word. The index does not find those of
 * the log: an empty one finds none. What cannot be read is no reason: a read of it
 * says so, and an index is made again of a log that is opened.
 */
export const refuseUnfit = <E extends AnyEvent>(options: IndexFitOptions<E>): void => {
  const { database, filename, last, reading, types } = options
  const lacking = makeLacking(database)
  for (const query of types.length === 0
    ? []
    : (["all", ...types.map((type) => [{ types: [type] }] as const)] as const))
    for (const backwards of [false, true]) {
      const found = unlessUnreadable(() => {
        const [event] = reading.page(query, { from: 1, to: last, limit: 1, backwards }).events
        const lacks = event === undefined ? undefined : lacking(event)
        return event === undefined || lacks === undefined ? undefined : ([event, lacks] as const)
      })
      if (found !== undefined) throw indexLacks(filename, ...found)
    }
}

const unlessUnreadable = <A>(look: () => A): A | undefined => {
  try {
    return look()
  } catch (cause) {
    if (cause instanceof EventStoreError || resultCode(cause) !== undefined) return undefined
    throw cause
  }
}
