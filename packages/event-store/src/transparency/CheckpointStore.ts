/**
 * Where signed checkpoints are stored, and with them the keys and the upper nodes of the tree. For the sealer, and for proofs.
 *
 * They must not be stored in the log's own file: otherwise an older copy of the log would bring its older checkpoints along.
 */
import { Context, Effect, Layer, Option, Result, Stream } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import * as SqlTables from "../building/SqlTables.ts"
import type { Position } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import type { Checkpoint } from "./Checkpoint.ts"
import { sameHash } from "./MerkleTree.ts"
import { parseKey, printKey, type VerifierKey } from "./SignedNote.ts"

/** A checkpoint as it was signed. @category models */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string
}

/** A stored checkpoint, with the size of the one before it; -1 where it is the first. @category models */
export interface KeptCheckpoint extends SignedCheckpoint {
  readonly previous: number
}

/** The hash of a complete subtree of 2^level leaves; levels are multiples of {@link nodeLevels}. @category models */
export interface StoredNode {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

/** Every so many levels of the tree, a level is stored. A proof makes the others from it, or from the leaves. @category values */
export const nodeLevels = 8

/** @category models */
export interface CheckpointStoreShape {
  readonly last: (origin: string) => Effect.Effect<Option.Option<SignedCheckpoint>, EventStoreError>
  /** The smallest that covers this position, if any is so large. */
  readonly covering: (
    origin: string,
    position: Position
  ) => Effect.Effect<Option.Option<SignedCheckpoint>, EventStoreError>
  /** From the smallest on; as it is when the stream begins, and perhaps what comes meanwhile. */
  readonly all: (origin: string) => Stream.Stream<KeptCheckpoint, EventStoreError>
  /**
   * Stores a checkpoint durably, if `previous` is still the last one; else changes nothing and returns false. So all that was signed, by
   * one process or by several, is one line of growing trees.
   */
  readonly put: (
    next: SignedCheckpoint,
    previous: Option.Option<Checkpoint>,
    nodes: ReadonlyArray<StoredNode>
  ) => Effect.Effect<boolean, EventStoreError>
  /** Adjacent nodes of one level; fewer where some are not known. */
  readonly nodes: (
    origin: string,
    level: number,
    first: number,
    count: number
  ) => Effect.Effect<ReadonlyArray<Uint8Array>, EventStoreError>
  /** Makes the nodes again: they are derived from the leaves. */
  readonly replaceNodes: (origin: string, nodes: ReadonlyArray<StoredNode>) => Effect.Effect<void, EventStoreError>
  /** Every public key that ever signed, the newest last; its name is the log's current origin. */
  readonly keys: Effect.Effect<ReadonlyArray<VerifierKey>, EventStoreError>
  /** Remembers public keys, forever. Repeating it is harmless. */
  readonly addKeys: (keys: ReadonlyArray<VerifierKey>) => Effect.Effect<void, EventStoreError>
}

/** @category services */
export class CheckpointStore extends Context.Service<CheckpointStore, CheckpointStoreShape>()(
  "@effekten/event-store/CheckpointStore"
) {}

/** Checkpoints in memory: gone with the process. @category constructors */
export const makeMemory: Effect.Effect<CheckpointStoreShape> = Effect.sync(() => {
  const checkpoints = new Map<string, Array<KeptCheckpoint>>()
  const nodes = new Map<string, Uint8Array>()
  const keys = new Map<string, VerifierKey>()
  const of = (origin: string) => checkpoints.get(origin) ?? []
  const nodeName = (origin: string, level: number, index: number) => `${origin} ${level} ${index}`
  const keep = (origin: string, fresh: ReadonlyArray<StoredNode>) => {
    for (const { level, index, hash } of fresh) nodes.set(nodeName(origin, level, index), hash)
  }
  return {
    last: (origin) => Effect.sync(() => Option.fromNullishOr(of(origin).at(-1))),
    covering: (origin, position) =>
      Effect.sync(() => Option.fromNullishOr(of(origin).find(({ size }) => size >= position))),
    all: (origin) => Stream.suspend(() => Stream.fromIterable([...of(origin)])),
    put: (next, previous, fresh) =>
      Effect.sync(() => {
        const known = of(next.origin)
        if (!isSame(Option.fromNullishOr(known.at(-1)), previous) || !follows(next, previous)) return false
        checkpoints.set(next.origin, [...known, { ...next, previous: sizeOf(previous) }])
        keep(next.origin, fresh)
        return true
      }),
    nodes: (origin, level, first, count) =>
      Effect.sync(() =>
        Array.from({ length: count }, (_, index) => nodes.get(nodeName(origin, level, first + index))).filter(
          (hash) => hash !== undefined
        )
      ),
    replaceNodes: (origin, fresh) =>
      Effect.sync(() => {
        for (const name of nodes.keys()) if (name.startsWith(`${origin} `)) nodes.delete(name)
        keep(origin, fresh)
      }),
    keys: Effect.sync(() => [...keys.values()]),
    addKeys: (fresh) =>
      Effect.sync(() => {
        for (const key of fresh) if (!keys.has(printKey(key))) keys.set(printKey(key), key)
      })
  }
})

const isSame = (a: Option.Option<Checkpoint>, b: Option.Option<Checkpoint>): boolean =>
  Option.isNone(a)
    ? Option.isNone(b)
    : Option.isSome(b) && a.value.size === b.value.size && sameHash(a.value.root, b.value.root)

const sizeOf = (previous: Option.Option<Checkpoint>): number => (Option.isNone(previous) ? -1 : previous.value.size)

const follows = (next: Checkpoint, previous: Option.Option<Checkpoint>): boolean => next.size > sizeOf(previous)

const failed = (cause: SqlError): EventStoreError =>
  new EventStoreError({ reason: "unavailable", message: "the checkpoints cannot be read or written", cause })

/** The order of a checkpoint that cannot be read: this program did not write its row. */
const damagedRow = (what: string): EventStoreError =>
  new EventStoreError({ reason: "damaged", message: `the table of checkpoints holds a ${what} that is none` })

/** Checkpoints fetched at a time. */
const pageSize = 1_000
/** Rows of one INSERT: well below the number of parameters a database allows. */
const rowsAtOnce = 500

interface Row {
  readonly size: number | bigint | string
  readonly root: string
  readonly note: string
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")

/** Three tables of a database, SQLite or PostgreSQL; made where they are not yet there. @category constructors */
export const makeSql: Effect.Effect<CheckpointStoreShape, EventStoreError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    yield* SqlTables.create(sql, {
      checkpoint_keys: sql`CREATE TABLE IF NOT EXISTS checkpoint_keys (number INTEGER PRIMARY KEY, line TEXT NOT NULL UNIQUE)`,
      // A checkpoint names the one before it, and no two may name the same: so the line of them cannot fork.
      checkpoints: sql`CREATE TABLE IF NOT EXISTS checkpoints (origin TEXT NOT NULL, size BIGINT NOT NULL, root TEXT NOT NULL,
      note TEXT NOT NULL, previous BIGINT NOT NULL, PRIMARY KEY (origin, size), UNIQUE (origin, previous))`,
      tree_nodes: sql`CREATE TABLE IF NOT EXISTS tree_nodes (origin TEXT NOT NULL, level INTEGER NOT NULL, number BIGINT NOT NULL,
      hash TEXT NOT NULL, PRIMARY KEY (origin, level, number))`
    })
    return fromSql(sql)
  }
).pipe(Effect.catchTag("SqlError", (cause) => Effect.fail(failed(cause))))

/** The same over tables that are there, for a program that may only read. @category constructors */
export const fromSql = (sql: SqlClient.SqlClient): CheckpointStoreShape => ({
  last: (origin) => mapped(selectLast(sql, origin)),
  covering: (origin, position) => mapped(selectCovering(sql, origin, position)),
  all: (origin) => selectAll(sql, origin),
  put: (next, previous, nodes) => put(sql, next, previous, nodes),
  nodes: (origin, level, first, count) =>
    mapped(
      Effect.map(
        sql<{ hash: string }>`SELECT hash FROM tree_nodes WHERE origin = ${origin} AND level = ${level}
            AND number >= ${first} AND number < ${first + count} ORDER BY number`,
        (rows) => rows.map(({ hash }) => Buffer.from(hash, "base64"))
      )
    ),
  replaceNodes: (origin, nodes) =>
    mapped(
      sql.withTransaction(
        Effect.andThen(sql`DELETE FROM tree_nodes WHERE origin = ${origin}`, insertNodes(sql, origin, nodes))
      )
    ),
  keys: mapped(
    Effect.flatMap(sql<{ line: string }>`SELECT line FROM checkpoint_keys ORDER BY number`, (rows) =>
      Effect.forEach(rows, ({ line }) =>
        Result.match(parseKey(line), {
          onSuccess: (key) => Effect.succeed(key),
          onFailure: () => Effect.fail(damagedRow("key"))
        })
      )
    )
  ),
  addKeys: (keys) =>
    mapped(
      Effect.forEach(
        keys,
        (key) => sql`INSERT INTO checkpoint_keys (number, line)
            SELECT coalesce(max(number), 0) + 1, ${printKey(key)} FROM checkpoint_keys WHERE true
            ON CONFLICT (line) DO NOTHING`,
        { discard: true }
      )
    ).pipe(
      // Two processes counted to the same number; the next try counts on.
      Effect.retry({ times: 5, while: isConflict })
    )
})

const mapped = <A>(effect: Effect.Effect<A, SqlError | EventStoreError>): Effect.Effect<A, EventStoreError> =>
  Effect.mapError(effect, (error) => (error._tag === "SqlError" ? failed(error) : error))

const checkpointIn = (origin: string, { size, root, note }: Row): SignedCheckpoint => ({
  origin,
  size: Number(size),
  root: Buffer.from(root, "base64"),
  note
})

const checkpointOf = (origin: string, row: Row | undefined): Option.Option<SignedCheckpoint> =>
  row === undefined ? Option.none() : Option.some(checkpointIn(origin, row))

const selectCovering = (sql: SqlClient.SqlClient, origin: string, position: Position) =>
  Effect.map(
    sql<Row>`SELECT size, root, note FROM checkpoints WHERE origin = ${origin} AND size >= ${position} ORDER BY size LIMIT 1`,
    ([row]) => checkpointOf(origin, row)
  )

const selectLast = (sql: SqlClient.SqlClient, origin: string) =>
  Effect.map(
    sql<Row>`SELECT size, root, note FROM checkpoints WHERE origin = ${origin} ORDER BY size DESC LIMIT 1`,
    ([row]) => checkpointOf(origin, row)
  )

const selectAll = (sql: SqlClient.SqlClient, origin: string) =>
  Stream.paginate(-1, (after) =>
    mapped(
      sql<Row & { readonly previous: Row["size"] }>`SELECT size, root, note, previous FROM checkpoints
                   WHERE origin = ${origin} AND size > ${after} ORDER BY size LIMIT ${pageSize}`
    ).pipe(
      Effect.map((rows) => {
        const found = rows.map((row) => ({ ...checkpointIn(origin, row), previous: Number(row.previous) }))
        const end = found.at(-1)
        return [found, end === undefined ? Option.none() : Option.some(end.size)] as const
      })
    )
  )

const put = (
  sql: SqlClient.SqlClient,
  next: SignedCheckpoint,
  previous: Option.Option<Checkpoint>,
  nodes: ReadonlyArray<StoredNode>
): Effect.Effect<boolean, EventStoreError> =>
  mapped(
    sql.withTransaction(
      Effect.gen(function* () {
        if (!isSame(yield* selectLast(sql, next.origin), previous) || !follows(next, previous)) return false
        const row = {
          origin: next.origin,
          size: next.size,
          root: base64(next.root),
          note: next.note,
          previous: sizeOf(previous)
        }
        yield* sql`INSERT INTO checkpoints ${sql.insert(row)}`
        yield* insertNodes(sql, next.origin, nodes)
        return true
      })
    )
  ).pipe(
    // Another process put one in the same place between our look and our write.
    Effect.catchIf(isConflict, () => Effect.succeed(false))
  )

const insertNodes = (
  sql: SqlClient.SqlClient,
  origin: string,
  nodes: ReadonlyArray<StoredNode>
): Effect.Effect<void, SqlError> =>
  Effect.forEach(
    Array.from({ length: Math.ceil(nodes.length / rowsAtOnce) }, (_, part) =>
      nodes.slice(part * rowsAtOnce, (part + 1) * rowsAtOnce)
    ),
    ([first, ...rest]) =>
      first === undefined
        ? Effect.void
        : Effect.asVoid(
            sql`INSERT INTO tree_nodes
                ${sql.insert([nodeRow(origin, first), ...rest.map((node) => nodeRow(origin, node))])}
                ON CONFLICT DO NOTHING`
          ),
    { discard: true }
  )

const nodeRow = (origin: string, { level, index, hash }: StoredNode) => ({
  origin,
  level,
  number: index,
  hash: base64(hash)
})

const isConflict = ({ cause }: EventStoreError): boolean =>
  typeof cause === "object" &&
  cause !== null &&
  "reason" in cause &&
  typeof cause.reason === "object" &&
  cause.reason !== null &&
  "_tag" in cause.reason &&
  cause.reason._tag === "UniqueViolation"

/** @category layers */
export const layerMemory: Layer.Layer<CheckpointStore> = Layer.effect(CheckpointStore, makeMemory)

/** @category layers */
export const layerSql: Layer.Layer<CheckpointStore, EventStoreError, SqlClient.SqlClient> = Layer.effect(
  CheckpointStore,
  makeSql
).pipe(Layer.fresh)
