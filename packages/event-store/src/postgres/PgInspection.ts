/**
 * Holds the tables of the log's schema against the bodies in it: events, index, personal parts. For the PostgreSQL log.
 */
import { PgTypes } from "@effect/sql-pg"
import { Effect, Option, Stream } from "effect"
import type { Codec } from "../building/Codec.ts"
import { saidOf } from "../building/IndexFit.ts"
import { type IndexSums, makeIndexSums } from "../building/IndexSums.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import type { Fault, Inspected } from "../port/Inspected.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import { indexInspected, leastEventBytes, makeInspection, upToGap } from "../transparency/Inspection.ts"
import { type PgStatements, statementsOf } from "./PgLayout.ts"
import { array } from "./PgLog.ts"
import { ofType, wordOf, wordsOf } from "./PgWords.ts"

/** The index is told in so many parts: by the first byte of its words. */
const indexParts = 256
/** Entries of the index fetched at a time. */
const entriesAtOnce = 20_000
/** Faults of the index that are told one by one, with what is missing; looking that up takes a while. */
const toldApart = 100

/** Below every word and every position. */
const lowest = -(2n ** 63n)
const highest = 2n ** 63n - 1n

type Values = ReadonlyArray<ReadonlyArray<unknown>>

interface PgInspectionOptions<E extends AnyEvent> {
  readonly schema: string
  readonly codec: Codec<E>
  readonly to: Position
  /** 16 bytes that no attacker can foresee. */
  readonly seed: Uint8Array
  readonly query: (sql: string, params: ReadonlyArray<unknown>) => Effect.Effect<Values, EventStoreError>
}

/** An inspection on its way. */
interface Inspecting<E extends AnyEvent> extends PgInspectionOptions<E> {
  readonly statements: PgStatements
  readonly sums: IndexSums
  /** Events whose words are unknown, for their bodies cannot be read. */
  readonly unreadable: Set<Position>
  /** What the index knows beyond the first event and the last. */
  readonly strangers: Set<bigint>
}

/** Every event from the first on, then every entry of the index. Statements are short, and no writer waits for them. */
export const inspectLog = <E extends AnyEvent>(
  options: PgInspectionOptions<E>
): Stream.Stream<Inspected<E>, EventStoreError> =>
  Stream.unwrap(Effect.map(denseUpTo(options), (to) => upToGap(inspectUpTo({ ...options, to }), to, options.to)))

const inspectUpTo = <E extends AnyEvent>(
  options: PgInspectionOptions<E>
): Stream.Stream<Inspected<E>, EventStoreError> => {
  if (options.to < 1) return Stream.empty
  const inspecting: Inspecting<E> = {
    ...options,
    statements: statementsOf(options.schema),
    sums: makeIndexSums(options.to, options.seed),
    unreadable: new Set(),
    strangers: new Set()
  }
  return Stream.paginate(1, (from: Position) =>
    Effect.map(
      inspectBodies(inspecting, from),
      (found) => [[found], found.done < options.to ? Option.some(found.done + 1) : Option.none()] as const
    )
  ).pipe(
    Stream.concat(
      Stream.paginate([lowest, lowest] as readonly [bigint, bigint], (after) =>
        Effect.map(takeEntries(inspecting, after), (next) => {
          const done = next === undefined ? indexParts : Number((next[0] - lowest) >> 56n)
          return [[indexInspected(done, indexParts)], Option.fromUndefinedOr(next)] as const
        })
      )
    ),
    Stream.concat(Stream.fromEffect(inspectWhole(inspecting)))
  )
}

/** The last position. Where the table has no room for so many events, the one before the first gap. */
const denseUpTo = Effect.fnUntraced(function* ({
  query,
  schema,
  to: last
}: Pick<PgInspectionOptions<AnyEvent>, "query" | "schema" | "to">) {
  const { firstGap, room } = statementsOf(schema)
  const number = (sql: string) => Effect.map(query(sql, []), ([row]) => Number(row?.[0] ?? 0))
  return last * leastEventBytes <= (yield* number(room)) ? last : yield* number(firstGap)
})

const high = (word: bigint): number => Number(BigInt.asIntN(32, word >> 32n))
const low = (word: bigint): number => Number(BigInt.asIntN(32, word))

const wordsIn = <E extends AnyEvent>(event: RecordedEvent<E>) =>
  new Set(wordsOf(event.type, event.tags, event.personal?.subject))

const positions = (rows: Values): ReadonlyArray<Position> => rows.map(([position]) => Number(position as bigint))

const loose = (position: Position): Fault => ({
  position,
  kind: "personal",
  message: "there is a personal part of an event the log has not"
})

/** The events from a position on, as many as a chunk has. */
const inspectBodies = Effect.fnUntraced(function* <E extends AnyEvent>(
  { codec, query, statements, sums, to, unreadable }: Inspecting<E>,
  from: Position
) {
  const last = Math.min(to, from + StoreLimits.chunk - 1)
  const part = makeInspection(codec, to)
  let next = from
  let whole = true
  for (const [at, body, leaf, recordedAt, ciphertext] of yield* query(statements.inspected, [from, last])) {
    const position = Number(at as bigint)
    whole &&= position === next
    for (; next < position; next++) part.hole(next)
    next = position + 1
    const event = part.body(position, String(body), leaf as Uint8Array)
    part.personal(position, ciphertext instanceof Uint8Array ? ciphertext : undefined)
    if (event === undefined) {
      unreadable.add(position)
      continue
    }
    for (const word of wordsIn(event)) sums.put(position, high(word), low(word), ofType(event.type).number)
    if (event.meta.recordedAt !== recordedAt)
      part.fault(position, "index", "the instant kept beside it is not the one its body says")
  }
  whole &&= next > last
  for (; next <= last; next++) part.hole(next)
  if (!whole)
    for (const position of positions(yield* query(statements.loosePersonal, [from, last])))
      part.fault(position, "personal", loose(position).message)
  return part.result()
})

/** The entries after one, and the last of them; none once all were taken. */
const takeEntries = Effect.fnUntraced(function* <E extends AnyEvent>(
  { query, statements, strangers, sums, to }: Inspecting<E>,
  after: readonly [word: bigint, position: bigint]
) {
  const rows = (yield* query(statements.wordsAfter, [...after, entriesAtOnce])) as unknown as ReadonlyArray<
    readonly [bigint, bigint, number]
  >
  for (const [word, at, type] of rows) {
    const position = Number(at)
    if (position < 1 || position > to) strangers.add(BigInt(at))
    else sums.take(position, high(BigInt(word)), low(BigInt(word)), type)
  }
  const end = rows.at(-1)
  return end === undefined || rows.length < entriesAtOnce ? undefined : ([BigInt(end[0]), BigInt(end[1])] as const)
})

/** What only the whole shows; after all entries. */
const inspectWhole = Effect.fnUntraced(function* <E extends AnyEvent>(inspecting: Inspecting<E>) {
  const { query, statements, strangers, sums, to, unreadable } = inspecting
  const faults: Array<Fault> = []
  for (const position of positions(yield* query(statements.beforeFirst, [])))
    faults.push({ position, kind: "position", message: "there is an event before the first position" })
  // Positions after `to` may be events that came meanwhile.
  const unknown = yield* query(statements.missing, [array([...strangers], PgTypes.OID.int8)])
  for (const position of positions(unknown))
    faults.push({ position, kind: "index", message: "the index knows an event the log has not" })
  for (const [from, until] of [
    [lowest, 0n],
    [BigInt(to) + 1n, highest]
  ])
    faults.push(...positions(yield* query(statements.loosePersonal, [from, until])).map(loose))
  for (let position = 1; position <= to; position++) {
    if (sums.agree(position) || unreadable.has(position)) continue
    const message =
      faults.length < toldApart
        ? yield* describe(inspecting, position)
        : "the index does not find it by what its body says"
    faults.push({ position, kind: "index", message })
  }
  return indexInspected(indexParts, indexParts, faults)
})

/** What the index lacks of an event, in the words of its body. */
const describe = Effect.fnUntraced(function* <E extends AnyEvent>(
  { codec, query, statements }: Inspecting<E>,
  position: Position
) {
  const [row] = yield* query(statements.inspected, [position, position])
  if (row === undefined) return "the index knows an event the log has not"
  const event = codec.decode(position, JSON.parse(String(row[1])))
  const { number } = ofType(event.type)
  const words = array([...wordsIn(event)], PgTypes.OID.int8)
  const found = new Map(
    (yield* query(statements.wordsOf, [words, position])).map(([word, type]) => [BigInt(word as bigint), type])
  )
  const lacking = saidOf(event).find(([kind, value]) => found.get(wordOf(kind, value)) !== number)
  return lacking === undefined
    ? "the index finds it by something its body does not say"
    : `the index does not find it by its ${lacking[0]} ${JSON.stringify(lacking[1])}`
})
