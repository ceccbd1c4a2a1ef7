/**
 * Reads the log's rows and compares them with their leaves: events by query, bodies and leaves as they are. For the SQLite log.
 */
import { type Codec, damaged, isEnvelope, parse } from "../building/Codec.ts"
import { hexDigest } from "../building/Digest.ts"
import { nextOf, refuseHole, refuseHoles } from "../building/Pages.ts"
import type { Page, Range } from "../building/Reading.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import type { StoredEvent, StoredLeaves } from "../port/EventStore.ts"
import type { Query } from "../port/Query.ts"
import type { Row, Statements } from "./LogStatements.ts"
import { matchExpression, tagExpression, wordOf } from "./TagIndex.ts"
import type { WordFilter } from "./WordFilter.ts"

/** How many events with the tags of a query the store looks at, before it decides whether most have its types too. */
const FIRST_LOOK = 64

/** Synchronous; what is damaged throws, and so does SQLite. */
export interface SqliteReading<E extends AnyEvent> {
  /** The parsed body of an event, whatever it is; undefined where there is none. */
  readonly body: (position: Position) => unknown
  readonly page: (query: Query, range: Range) => Page<RecordedEvent<E>>
  readonly stored: (range: Range) => Page<StoredEvent>
  readonly leaves: (range: Range) => Page<StoredLeaves>
  /** Whether an event up to a position has a personal part of a subject. */
  readonly hasSubject: (subject: string, to: Position) => boolean
}

export const makeSqliteReading = <E extends AnyEvent>(
  statements: Statements,
  codec: Codec<E>,
  filter: WordFilter
): SqliteReading<E> => ({
  body: (position) => {
    const row = statements.one.get(position) as unknown as Row | undefined
    return row === undefined ? undefined : parseStored(row)
  },
  page: (query, range) => pageOf(statements, codec, filter, query, range),
  stored: (range) => {
    const { from, to, limit } = range
    const found = statements.stored.all(from, to, limit) as unknown as ReadonlyArray<
      readonly [Position, string, Uint8Array]
    >
    refuseHoles(found, range)
    return { events: found.map(([position, body, leaf]) => ({ position, body, leaf })), next: nextOf(found, range) }
  },
  leaves: (range) => {
    const { from, to, limit } = range
    const found = statements.leaves.all(from, to, limit) as unknown as ReadonlyArray<readonly [Position, Uint8Array]>
    refuseHoles(found, range)
    const hashes = new Uint8Array(32 * found.length)
    for (const [position, leaf] of found) {
      if (leaf.length !== 32) throw damaged(position, "its leaf is not a hash")
      hashes.set(leaf, 32 * (position - from))
    }
    const last = from + found.length - 1
    return { events: [{ first: from, hashes }], next: last < to ? last + 1 : undefined }
  },
  hasSubject: (subject, to) => {
    const word = wordOf("subject", subject)
    if (filter.isNew(to)?.(word) === true) return false
    for (const { body, position } of statements.ofSubject.iterate(word)) {
      const event = parse(Number(position), String(body))
      if (isEnvelope(event) && event.personal?.subject === subject) return true
    }
    return false
  }
})

const every = (statements: Statements, range: Range): ReadonlyArray<Row> => {
  const { from, to, limit, backwards } = range
  const statement = backwards ? statements.allBackwards : statements.all
  const found = statement.all(from, to, limit) as unknown as ReadonlyArray<Row>
  refuseHoles(found, range)
  return found
}

const matching = (statements: Statements, expression: string, range: Range): ReadonlyArray<Row> => {
  const { from, to, limit, backwards } = range
  const statement = backwards ? statements.matchBackwards : statements.match
  const found = statement.all(expression, from, to, limit) as unknown as ReadonlyArray<Row>
  for (const [position, body] of found) if (body === null) refuseHole(undefined, position)
  return found
}

const pageOf = <E extends AnyEvent>(
  statements: Statements,
  codec: Codec<E>,
  filter: WordFilter,
  query: Query,
  range: Range
): Page<RecordedEvent<E>> => {
  const events: Array<RecordedEvent<E>> = []
  let rest = range
  /** Takes what matches, and says where to go on. */
  const take = (found: ReadonlyArray<Row>): Position | undefined => {
    for (const row of found) {
      const event = codec.find(row[0], parseStored(row), query)
      if (event !== undefined) events.push(event)
    }
    const next = nextOf(found, rest)
    if (next !== undefined) rest = range.backwards ? { ...rest, to: next } : { ...rest, from: next }
    return next
  }
  const isNew = filter.isNew(range.to)
  const expression = matchExpression(query, isNew)
  if (expression === "none") return { events, next: undefined }
  if (expression === "all") {
    const next = take(every(statements, rest))
    return { events, next }
  }
  const byTags = tagExpression(query, isNew)
  if (byTags !== undefined) {
    let looked = 0
    for (let look = FIRST_LOOK; looked <= 2 * events.length; look *= 4) {
      rest = { ...rest, limit: Math.min(look, range.limit - events.length) }
      looked += rest.limit
      const next = take(matching(statements, byTags.match, rest))
      if (next === undefined || events.length === range.limit) return { events, next }
    }
  }
  rest = { ...rest, limit: range.limit - events.length }
  const next = take(matching(statements, expression.match, rest))
  return { events, next }
}

/** The parsed body of an event, once it is the one its leaf was made of. */
const parseStored = ([position, body, leaf]: Row): unknown => {
  if (hexDigest(`\0${body}`) !== leaf) throw damaged(position, "the body is not the one that was written")
  return parse(position, body)
}
