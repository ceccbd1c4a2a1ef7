/**
 * Opens the log's schema in a PostgreSQL database and returns its rows: every statement, no decision. For PgEventStore.
 */
import { type PgConnection, type PgPool, PgTypes } from "@effect/sql-pg"
import { Effect, Result, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { damaged, leafDigest, parse } from "../building/Codec.ts"
import type { Kind } from "../building/Fence.ts"
import { type Head, type Look, positionOf } from "../building/History.ts"
import type { Written } from "../building/Preparation.ts"
import type { Range } from "../building/Reading.ts"
import type { Conflicting, Strayed } from "../building/Writing.ts"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { Position } from "../port/Event.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import type { AppendCondition } from "../port/Query.ts"
import { aboutServer, serverFault } from "./PgDurability.ts"
import { makeFunctions } from "./PgFunctions.ts"
import { functions, LAYOUT, migrations, type PgStatements, sessionsOf } from "./PgLayout.ts"
import { asStoreError, refusing, transaction } from "./PgSession.ts"
import { encodeQuery, ofType, wordsOf } from "./PgWords.ts"

/** Position, body (null where the index knows an event the log has not), leaf; where the index was asked, the head it was asked at. */
export type Row = readonly [
  position: Position,
  body: string | null,
  leaf: Uint8Array | null,
  head: Position | undefined
]

type Connection = Pick<PgConnection.PgConnection, "query" | "queryValues">

/** An array parameter with a named type, so that an empty array has the type too. */
export const array = (values: ReadonlyArray<unknown>, oid: number): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, oid))
const { bytea, int4, int8, text } = PgTypes.OID

const olderSessions =
  "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
const heldByOlder = "is held by an older program: stop all nodes, then start this version; this step is not rolling"

/** A log as it was opened. */
interface OpenedLayout {
  readonly logId: string
  readonly layout: number
}

/**
 * Makes the schema or brings it to this program's layout, and gives the log's id. A database that is refused is not written to, nor is one
 * that is only to be read.
 */
export const openLayout = (
  pool: PgPool.PgPool,
  schema: string,
  database: string,
  newLogId: string | undefined
): Effect.Effect<OpenedLayout, DatabaseRefused, Scope.Scope> => {
  const refuse = (reason: DatabaseRefused["reason"], message: string, cause?: EventStoreError) =>
    new DatabaseRefused({
      filename: database,
      reason,
      ...(cause === undefined ? { message: `${database} ${message}` } : { message, cause })
    })
  const unreachable = refusing(database)
  const one = (connection: Connection, sql: string, params: ReadonlyArray<unknown> = []) =>
    Effect.map(Effect.mapError(connection.queryValues(sql, params, false), unreachable), (rows) => rows[0])
  const run = (connection: Connection, sql: string) => Effect.mapError(connection.query(sql, [], false), unreachable)

  /** The layout that is there; 0 where there is none. */
  const layoutOf = Effect.fnUntraced(function* (connection: Connection) {
    const table = yield* one(connection, "SELECT to_regclass($1) IS NOT NULL", [`${schema}.log`])
    if (table?.[0] !== true) return 0
    const row = yield* one(connection, `SELECT layout FROM ${schema}.log`)
    return Number(row?.[0] ?? 0)
  })

  const migrate = (found: number, newLogId: string) =>
    transaction(pool, (connection) =>
      Effect.gen(function* () {
        // Nodes that start together make the schema once. Not the writers' lock: a log at work is not stopped by a start.
        yield* run(connection, "SET LOCAL lock_timeout = '60s'")
        yield* run(connection, "SET LOCAL statement_timeout = 0")
        yield* run(connection, `SELECT pg_advisory_xact_lock(hashtextextended('event store layout ${schema}', 0))`)
        const layout = found === 0 ? yield* layoutOf(connection) : found
        for (let older = 1; older <= layout && older < LAYOUT; older++)
          if ((yield* one(connection, olderSessions, [sessionsOf(schema, older)]))?.[0] === true)
            return yield* refuse("unavailable", heldByOlder)
        if (layout === 0) {
          const exists = yield* one(connection, "SELECT to_regnamespace($1) IS NOT NULL", [schema])
          if (exists?.[0] !== true) yield* run(connection, `CREATE SCHEMA ${schema}`)
        }
        for (const [index, statements] of migrations.entries())
          if (index >= layout) for (const statement of statements(schema)) yield* run(connection, statement)
        if (layout === 0)
          yield* Effect.mapError(
            connection.query(`INSERT INTO ${schema}.log (id, layout) VALUES ($1, $2)`, [newLogId, LAYOUT], false),
            unreachable
          )
        else if (layout < LAYOUT) yield* run(connection, `UPDATE ${schema}.log SET layout = ${LAYOUT}`)
        const ask = (sql: string, params: ReadonlyArray<unknown> = []) =>
          Effect.mapError(connection.queryValues(sql, params, false), unreachable)
        yield* makeFunctions(ask, schema, functions(schema))
      })
    ).pipe(Effect.catchTag("EventStoreError", (error) => Effect.fail(refuse("unavailable", error.message, error))))

  return Effect.gen(function* () {
    const connection = yield* Effect.mapError(pool.get, unreachable)
    const fault = serverFault((yield* one(connection, aboutServer)) ?? [])
    if (fault !== undefined) return yield* refuse(fault.reason, fault.message)
    const found = yield* layoutOf(connection)
    if (found > LAYOUT)
      return yield* refuse("newer", `has layout ${found}, this program knows ${LAYOUT}: run the version that wrote it`)
    if (newLogId !== undefined) yield* migrate(found, newLogId)
    else if (found === 0) return yield* refuse("unavailable", "holds no log")
    const id = (yield* one(connection, `SELECT id FROM ${schema}.log`))?.[0]
    if (typeof id !== "string")
      return yield* refuse("damaged", "has a log without its id: restore the database from a backup")
    const opened: OpenedLayout = { logId: id, layout: newLogId === undefined ? found : LAYOUT }
    return opened
  }).pipe(Effect.scoped)
}

/** What a look at the log finds; the leaves are in the order of the positions asked for. */
interface PgLook extends Pick<Look, "head"> {
  readonly edition: string
  readonly standby: boolean
  readonly leaves: ReadonlyArray<string | null>
}

/** A head that events are made for, with the MAC of the append that it ends. */
export interface Expected extends Head {
  readonly mac: Uint8Array | undefined
}

/** Events made for a head: they begin after it, and are not to be recorded before it. */
export interface Made {
  readonly head: Expected
  readonly written: ReadonlyArray<Written>
  readonly mac: Uint8Array | undefined
  /** Of the log for which the kinds were made. */
  readonly edition: string
  readonly kinds: ReadonlyArray<Kind>
  /** Where MACs begin with these events: the one of that place. */
  readonly line: Uint8Array | undefined
}

/** What became of an append that nothing refused: it happened, or the head was another one. */
export interface Appending {
  readonly found: Expected
  readonly appended: boolean
}

/** What the index found, and whether the edition that a caller knows is that of the log. */
interface Rows {
  readonly rows: ReadonlyArray<Row>
  readonly isKnown: boolean
}

export interface PgLog {
  /** The head, and the leaves at some positions, of one snapshot. */
  readonly look: (connection: Connection, at: ReadonlyArray<Position>) => Effect.Effect<PgLook, SqlError>
  /** The head and the leaf at a position, once the writer lock is held; it is held to the end of the transaction. */
  readonly lock: (
    connection: Connection,
    at?: Position
  ) => Effect.Effect<Look & { readonly head: Expected; readonly edition: string }, SqlError>
  /** The head as it was a moment ago, without the lock. */
  readonly last: (connection: Connection) => Effect.Effect<Expected, SqlError>
  /**
   * Appends what was made for a head, unless the condition refuses it or the head is another one. The writer lock is held from here on, if
   * it was not yet.
   */
  readonly append: (
    connection: Connection,
    made: Made,
    condition: AppendCondition | undefined
  ) => Effect.Effect<Conflicting | Strayed | Appending, SqlError>
  /** Every row of a range. */
  readonly range: (connection: Connection, range: Range) => Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** What the index finds in a range. */
  readonly find: (connection: Connection, items: string, range: Range, edition: string) => Effect.Effect<Rows, SqlError>
}

const number = (value: unknown): number => Number(value as bigint | number)

export const makeLog = (statements: PgStatements, logId: string): PgLog => ({
  look: (connection, at) =>
    Effect.map(connection.queryValues(statements.look, [array(at.map(BigInt), int8)]), ([row = []]) => {
      const [position, leaf, standby, edition, leaves] = row
      return {
        ...lookOf(position, leaf, null),
        standby: standby === true,
        edition: String(edition),
        leaves: leaves as PgLook["leaves"]
      }
    }),
  lock: (connection, at = 0) =>
    Effect.map(connection.queryValues(statements.lock, [at]), ([row = []]) => {
      const [position, leaf, recordedAt, known, mac, edition] = row
      return {
        ...lookOf(position, leaf, known),
        head: expected(position, leaf, recordedAt, mac),
        edition: String(edition)
      }
    }),
  last: (connection) =>
    Effect.map(connection.queryValues(statements.last), ([row]) => {
      if (row === undefined) return { position: 0, leaf: logId, recordedAt: "", mac: undefined }
      const [position, leaf, recordedAt, mac] = row
      return expected(position, leaf, recordedAt, mac)
    }),
  append: (connection, made, condition) =>
    Effect.map(
      connection.queryValues(statements.append, [...parametersOf(made), ...conditionOf(condition), ...kindsOf(made)]),
      ([row = []]) => {
        const [position, before, known, strayed, conflict, recordedAt, mac, , appended] = row
        if (strayed === true) return { strayed: lookOf(position, before, known) }
        if (conflict !== null) return { conflict: number(conflict) }
        return { found: expected(position, before, recordedAt, mac), appended: appended === true }
      }
    ),
  range: (connection, { from, to, limit, backwards }) =>
    Effect.map(
      connection.queryValues(backwards ? statements.allBackwards : statements.all, [from, to, limit]),
      (rows) => rows.map(rowOf)
    ),
  find: (connection, items, { from, to, limit, backwards }, edition) =>
    Effect.map(
      connection.queryValues(backwards ? statements.findBackwards : statements.find, [items, from, to, limit, edition]),
      (rows) => ({ rows: rows[0]?.[0] === null ? [] : rows.map(rowOf), isKnown: rows[0]?.[4] === true })
    )
})

const rowOf = ([position, body, leaf, head]: ReadonlyArray<unknown>): Row => [
  number(position),
  body as string | null,
  leaf as Uint8Array | null,
  head === undefined ? undefined : number(head)
]

const lookOf = (position: unknown, leaf: unknown, known: unknown): Look => ({
  head: { position: number(position), leaf: String(leaf) },
  leaf: known === null ? undefined : String(known)
})

const expected = (position: unknown, leaf: unknown, recordedAt: unknown, mac: unknown): Expected => ({
  position: number(position),
  leaf: String(leaf),
  recordedAt: String(recordedAt ?? ""),
  mac: mac instanceof Uint8Array ? mac : undefined
})

/** Position, leaf and items: without a position there is no condition, without items every event is in the way. */
const conditionOf = (
  condition: AppendCondition | undefined
): readonly [Position | null, string | null, string | null] => {
  if (condition === undefined) return [null, null, null]
  const { after = 0, failIfEventsMatch } = condition
  const query = encodeQuery(failIfEventsMatch)
  const items = query === "all" ? null : query === "none" ? "[]" : query.items
  return [positionOf(after), typeof after === "number" ? null : after.leaf, items]
}

/** What was made for a head, as the function takes it: words and ciphertexts come with the number of their event. */
const parametersOf = ({ head, line, mac, written }: Made): ReadonlyArray<unknown> => {
  const types: Array<number> = []
  const words: Array<bigint> = []
  const wordEvents: Array<number> = []
  const ciphertexts: Array<Uint8Array> = []
  const ciphertextEvents: Array<number> = []
  let index = 0
  for (const { type, tags, personal } of written) {
    index += 1
    types.push(ofType(type).number)
    for (const word of wordsOf(type, tags, personal?.subject)) {
      words.push(word)
      wordEvents.push(index)
    }
    if (personal !== undefined) {
      ciphertexts.push(personal.ciphertext)
      ciphertextEvents.push(index)
    }
  }
  return [
    head.position,
    head.leaf,
    written[0]?.recordedAt ?? null,
    array(
      written.map(({ body }) => body),
      text
    ),
    array(
      written.map(({ leaf }) => leaf),
      bytea
    ),
    array(types, int4),
    array(words, int8),
    array(wordEvents, int4),
    array(ciphertexts, bytea),
    array(ciphertextEvents, int4),
    mac ?? null,
    line ?? null
  ]
}

/** New kinds, by the number of the event that each comes with. */
const kindsOf = ({ edition, head, kinds }: Made): ReadonlyArray<unknown> => [
  edition,
  array(
    kinds.map(({ first }) => first - head.position),
    int4
  ),
  array(
    kinds.map(({ type }) => type),
    text
  ),
  array(
    kinds.map(({ version }) => version),
    int4
  )
]

/** Holds a body against the hash kept beside it, and parses it. Throws the damage it finds. */
export const parseStored = (position: Position, body: string, leaf: Uint8Array): unknown => {
  const digest = leafDigest(body)
  let same = leaf.length === digest.length
  for (let index = 0; same && index < digest.length; index++) same = leaf[index] === digest.charCodeAt(index)
  if (!same) throw damaged(position, "the body is not the one that was written")
  return parse(position, body)
}

export const storeError = <A>(effect: Effect.Effect<A, SqlError>) => Effect.mapError(effect, asStoreError)
