/**
 * Holds the tables of the log's file against the bodies in it: events, index, personal parts. For the SQLite log.
 */
import type { DatabaseSync } from "node:sqlite"
import type { Codec } from "../building/Codec.ts"
import { type IndexSums, makeIndexSums } from "../building/IndexSums.ts"
import type { AnyEvent, Position } from "../port/Event.ts"
import type { Fault, Inspected } from "../port/Inspected.ts"
import { indexInspected, leastEventBytes, makeInspection } from "../transparency/Inspection.ts"
import { readEntries } from "./IndexEntries.ts"
import { READ, type Row } from "./LogStatements.ts"
import { makeLacking } from "./SqliteIndexFit.ts"
import { type Kind, wordHalves } from "./TagIndex.ts"

/**
 * Events of a part. More of them would outlive the collections of young objects. With a thousand a verification took 353 MiB at its peak
 * instead of 212, and 1.3 times as long.
 */
const eventsOfPart = 250

/** The index is read in so many steps: by the first two of the hex digits its words consist of. */
export const indexParts = 256

/** Faults of the index that are told one by one, with what is missing; looking that up takes a while. */
const toldApart = 100

const isWord = /^[0-9a-f]{12}$/

export interface SqliteInspection<E extends AnyEvent> {
  /** From a position on, the events of a part. */
  readonly bodies: (from: Position) => Inspected<E>
  /** One part of the index, from 0; after all bodies. */
  readonly index: (part: number) => Inspected<never>
  /** What only the whole shows; after all parts of the index. */
  readonly end: () => Inspected<never>
}

interface SqliteInspectionOptions<E extends AnyEvent> {
  readonly database: DatabaseSync
  readonly codec: Codec<E>
  readonly to: Position
  readonly seed: Uint8Array
}

export const makeSqliteInspection = <E extends AnyEvent>(options: SqliteInspectionOptions<E>): SqliteInspection<E> => {
  const statements = prepareStatements(options.database)
  const found: Found = { sums: makeIndexSums(options.to, options.seed), unreadable: new Set(), strangers: new Set() }
  return {
    bodies: (from) => inspectBodies(options, statements, found, from),
    index: (part) => inspectIndex(options, statements, found, part),
    end: () => inspectWhole(options, statements, found)
  }
}

/** The last position. Where the file has no room for so many events, the one before the first gap. */
export const denseUpTo = (database: DatabaseSync, last: Position): Position => {
  const number = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0)
  if (last * leastEventBytes <= number("PRAGMA page_count") * number("PRAGMA page_size")) return last
  if (number("SELECT min(position) FROM events WHERE position >= 1") !== 1) return 0
  return number(`SELECT position FROM events AS event WHERE position >= 1
    AND NOT EXISTS (SELECT 1 FROM events WHERE position = event.position + 1) ORDER BY position LIMIT 1`)
}

/** What is known from the parts that were inspected. */
interface Found {
  readonly sums: IndexSums
  /** Events whose words are unknown, for their bodies cannot be read. */
  readonly unreadable: Set<Position>
  /** Positions the index knows, and which are those of no event that is inspected. */
  readonly strangers: Set<number>
}

type Statements = ReturnType<typeof prepareStatements>

const prepareStatements = (database: DatabaseSync) => {
  database.exec("CREATE VIRTUAL TABLE IF NOT EXISTS temp.index_words USING fts5vocab (main, words, instance)")
  const statement = (sql: string) => {
    const prepared = database.prepare(sql)
    prepared.setReturnArrays(true)
    return prepared
  }
  return {
    events: statement(`SELECT position, ${READ} FROM events WHERE position BETWEEN ? AND ? ORDER BY position`),
    personal: statement("SELECT position, ciphertext FROM personal WHERE position BETWEEN ? AND ? ORDER BY position"),
    entries: statement(
      "SELECT count(*), group_concat(term || ' ' || doc) FROM temp.index_words WHERE term >= ? AND term < ?"
    ),
    words: statement("SELECT doc, term FROM temp.index_words WHERE term >= ? AND term < ?"),
    loosePersonal: statement(
      "SELECT position FROM personal WHERE NOT EXISTS (SELECT 1 FROM events WHERE position = personal.position)"
    )
  }
}

const inspectBodies = <E extends AnyEvent>(
  { codec, to }: SqliteInspectionOptions<E>,
  { events, personal }: Statements,
  { sums, unreadable }: Found,
  from: Position
): Inspected<E> => {
  const put = (position: Position, kind: Kind, value: string): void => {
    const [first, second] = wordHalves(kind, value)
    sums.put(position, first, second)
  }
  const last = Math.min(to, from + eventsOfPart - 1)
  const part = makeInspection(codec, to)
  const ciphertexts = new Map(personal.all(from, last) as unknown as ReadonlyArray<readonly [Position, Uint8Array]>)
  let next = from
  for (const [position, body, leaf] of events.all(from, last) as unknown as ReadonlyArray<Row>) {
    for (; next < position; next++) part.hole(next)
    next = position + 1
    const event = part.text(position, body, leaf)
    part.personal(position, ciphertexts.get(position))
    if (event === undefined) unreadable.add(position)
    else {
      put(position, "type", event.type)
      for (const tag of event.tags) put(position, "tag", tag)
      if (event.personal !== undefined) put(position, "subject", event.personal.subject)
    }
  }
  for (; next <= last; next++) part.hole(next)
  return part.result()
}

const inspectIndex = <E extends AnyEvent>(
  { to }: SqliteInspectionOptions<E>,
  { entries, words }: Statements,
  { strangers, sums }: Found,
  part: number
): Inspected<never> => {
  const take = (position: number, first: number, second: number): void => {
    if (position < 1 || position > to) strangers.add(position)
    else sums.take(position, first, second)
  }
  // Whatever sorts before or after the hex digits belongs to the first or the last part.
  const from = part === 0 ? "" : digits(part)
  const before = part === indexParts - 1 ? "\u{10ffff}" : digits(part + 1)
  const [count, text] = entries.get(from, before) as unknown as readonly [number, string | null]
  const found = readEntries(text ?? "", count)
  if (found !== undefined) {
    const { first, second, positions } = found
    for (let entry = 0; entry < count; entry++) take(positions[entry]!, first[entry]!, second[entry]!)
    return indexInspected(part + 1, indexParts)
  }
  // A word here was not written by this program: read the part entry by entry.
  for (const row of words.iterate(from, before) as Iterable<unknown> as Iterable<readonly [number, string]>) {
    const [position, word] = row
    // No word of a body has these halves, so nothing cancels it.
    if (!isWord.test(word)) take(position, -1, -1)
    else take(position, Number.parseInt(word.slice(0, 6), 16), Number.parseInt(word.slice(6), 16))
  }
  return indexInspected(part + 1, indexParts)
}

const inspectWhole = <E extends AnyEvent>(
  options: SqliteInspectionOptions<E>,
  statements: Statements,
  { strangers, sums, unreadable }: Found
): Inspected<never> => {
  const { database, to } = options
  const faults: Array<Fault> = []
  // Positions after `to` may be events that came meanwhile; those before the first never were.
  const first = database.prepare("SELECT min(position) AS position FROM events").get()?.["position"]
  if (typeof first === "number" && first < 1)
    faults.push({ position: first, kind: "position", message: "there is an event before the first position" })
  const isEvent = database.prepare("SELECT 1 FROM events WHERE position = ?")
  for (const position of strangers)
    if (isEvent.get(position) === undefined)
      faults.push({ position, kind: "index", message: "the index knows an event the log has not" })
  for (const [position] of statements.loosePersonal.all() as unknown as ReadonlyArray<readonly [number]>)
    faults.push({ position, kind: "personal", message: "there is a personal part of an event the log has not" })
  for (let position = 1; position <= to; position++) {
    if (sums.agree(position) || unreadable.has(position)) continue
    const message =
      faults.length < toldApart
        ? describe(options, statements, position)
        : "the index does not find it by what its body says"
    faults.push({ position, kind: "index", message })
  }
  return indexInspected(indexParts, indexParts, faults)
}

/** What the index lacks of an event, in the words of its body. */
const describe = <E extends AnyEvent>(
  { codec, database }: SqliteInspectionOptions<E>,
  { events }: Statements,
  position: Position
): string => {
  const row = events.all(position, position)[0] as unknown as readonly [Position, string] | undefined
  if (row === undefined) return "the index knows an event the log has not"
  const event = codec.decode(position, JSON.parse(row[1]))
  const lacking = makeLacking(database)(event)
  return lacking === undefined
    ? "the index finds it by something its body does not say"
    : `the index does not find it by its ${lacking[0]} ${JSON.stringify(lacking[1])}`
}

const digits = (part: number): string => part.toString(16).padStart(2, "0")
