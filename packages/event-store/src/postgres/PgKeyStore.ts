/**
 * The vault's keys in a PostgreSQL schema of their own, shared by all nodes. For registers whose log is in PostgreSQL too.
 *
 * Where backups are kept, give it another database than the log's. What was forgotten can be read as long as an old copy of its key and the
 * master key exist. So keep backups of keys shorter. A deleted key is out of the table at once. Wrapped, it stays in the free space of its
 * page until that is written over, and in the write-ahead log until that is recycled.
 */
import { type PgPool, PgTypes } from "@effect/sql-pg"
import { Array, Duration, Effect, Layer, type Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { SqlError } from "effect/sql/SqlError"
import type { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import {
  type KeyEntry,
  type KeyStates,
  KeyStore,
  type KeyStoreShape,
  VaultError,
  type WrappedKey
} from "../vault/KeyStore.ts"
import { layer as vaultLayer, type Vault, type VaultOptions } from "../vault/Vault.ts"
import { tellForgotten } from "./PgForgotten.ts"
import { openKeys, REPLACED } from "./PgKeyLayout.ts"
import { openSessions } from "./PgPooler.ts"
import { array } from "./PgLog.ts"
import type { PgServer } from "./PgServer.ts"
import { checkSchema, defaultBounds, describe, readingOnly, refusing, transaction } from "./PgSession.ts"

export { silence } from "./PgForgotten.ts"

/** @category models */
export interface PgKeyStoreOptions {
  readonly server: PgServer
  /** The schema, made where there is none; not a word of SQL. Default: `event_store_keys`. */
  readonly schema?: string
  /** How often to look for what other nodes have forgotten, which bounds how long a node goes on using a key. Default: a second. */
  readonly pollInterval?: Duration.Input
  /** Opens keys that are there, and refuses others; nothing can be kept or forgotten. */
  readonly readOnly?: boolean
}

/** Keys of one statement. */
const keysPerStatement = 1_000

/** What a rotation of the master key is told when the keys are not those that were read any more. */
const CHANGED = "keys were made, or their master key was replaced, meanwhile: stop all nodes, and repeat it"

const unavailable = (cause: SqlError | EventStoreError | VaultError | string): VaultError =>
  cause instanceof VaultError
    ? cause
    : new VaultError({ reason: "unavailable", message: "the key store did not answer", cause })

const refused = (message: string) => new VaultError({ reason: "unavailable", message })

const isSame = (a: unknown, b: unknown): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0

/** The tables of the keys, open. */
interface Keys {
  readonly schema: string
  readonly pool: PgPool.PgPool
  readonly readOnly: boolean
  readonly query: (
    sql: string,
    params?: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, VaultError>
  /** The check value the keys were opened under: a node that finds another one was left behind by a rotation. */
  openedUnder: Uint8Array | undefined
}

/** Keys in a schema; the connection pool is closed with the scope. @category constructors */
export const make = (options: PgKeyStoreOptions): Effect.Effect<KeyStoreShape, DatabaseRefused, Scope.Scope> =>
  Effect.gen(function* () {
    const schema = checkSchema(options.schema ?? "event_store_keys")
    const database = describe(options.server, schema)
    const { readOnly = false } = options
    const pool = yield* openSessions({
      server: { maxConnections: 4, ...options.server },
      bounds: defaultBounds,
      applicationName: `${schema} keys`,
      database,
      parameters: readOnly ? readingOnly : {}
    })
    yield* openKeys(pool, schema, database, readOnly)

    const query: Keys["query"] = (sql, params = []) =>
      Effect.mapError(
        pool.use((connection) => connection.queryValues(sql, params)),
        unavailable
      )
    const keys: Keys = { schema, pool, readOnly, query, openedUnder: undefined }
    const [last] = yield* Effect.mapError(
      pool.use((connection) => connection.queryValues(`SELECT coalesce(max(ordinal), 0) FROM ${schema}.forgotten`)),
      refusing(database)
    )
    const listen = yield* tellForgotten({
      schema,
      query,
      seen: Number(last?.[0] ?? 0),
      interval: Duration.fromInputUnsafe(options.pollInterval ?? "1 second"),
      isLeftBehind: makeIsLeftBehind(keys)
    })

    return {
      get: (subject) => get(keys, subject),
      states: (subjects) => states(keys, subjects),
      insert: (fresh) =>
        Effect.flatMap(
          query(`SELECT ${schema}.keep($1, $2, $3)`, [...pairs(fresh), keys.openedUnder ?? null]),
          ([row]) => (row?.[0] === true ? Effect.void : Effect.fail(unavailable("the subject was forgotten")))
        ),
      forget: (subject) =>
        Effect.gen(function* () {
          yield* query(`SELECT ${schema}.forget($1)`, [Buffer.from(subject)])
          // Frees its place, so that the next key is written over it. Only the owner may; for others the autovacuum does it later.
          yield* Effect.ignore(query(`VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) ${schema}.keys`))
        }),
      check: (value) => check(keys, value),
      all: Effect.map(query(`SELECT subject, wrapped FROM ${schema}.keys`), (rows) =>
        rows.map(([subject, wrapped]) => ({
          subject: Buffer.from(subject as Uint8Array).toString(),
          wrapped: wrapped as Uint8Array
        }))
      ),
      forgotten: Effect.map(query(`SELECT subject FROM ${schema}.forgotten ORDER BY subject`), (rows) =>
        rows.map(([subject]) => Buffer.from(subject as Uint8Array).toString())
      ),
      note: Effect.map(query(`SELECT text FROM ${schema}.note`), ([row]) =>
        row === undefined ? undefined : String(row[0])
      ),
      setNote: (text) =>
        Effect.asVoid(
          query(`INSERT INTO ${schema}.note (text) VALUES ($1) ON CONFLICT (one) DO UPDATE SET text = excluded.text`, [
            text
          ])
        ),
      replace: (rewrapped, value) => replace(keys, rewrapped, value),
      watch: (onForgotten) => Effect.sync(() => listen(onForgotten))
    }
  })

const pairs = (keys: ReadonlyArray<WrappedKey>) =>
  [keys.map(({ subject }) => Buffer.from(subject)), keys.map(({ wrapped }) => wrapped)].map((values) =>
    array(values, PgTypes.OID.bytea)
  )

/** Whether the master key was replaced since the keys were opened. Once it was, it stays so. */
const makeIsLeftBehind = (keys: Keys): Effect.Effect<boolean, VaultError> => {
  let isLeftBehind = false
  return Effect.gen(function* () {
    if (keys.openedUnder === undefined || isLeftBehind) return isLeftBehind
    const [row] = yield* keys.query(`SELECT value FROM ${keys.schema}.master`)
    if (isSame(row?.[0], keys.openedUnder)) return false
    isLeftBehind = true
    yield* Effect.logError(`No keys are used any more: ${REPLACED}`)
    return true
  })
}

const get = (keys: Keys, subject: string): Effect.Effect<KeyEntry | undefined, VaultError> =>
  Effect.flatMap(
    keys.query(
      `SELECT k.wrapped, f.subject, (SELECT value FROM ${keys.schema}.master) FROM (SELECT $1::bytea AS subject) AS asked
       LEFT JOIN ${keys.schema}.keys AS k USING (subject) LEFT JOIN ${keys.schema}.forgotten AS f USING (subject)`,
      [Buffer.from(subject)]
    ),
    ([row]): Effect.Effect<KeyEntry | undefined, VaultError> => {
      const [wrapped, forgotten, master] = row ?? []
      if (forgotten instanceof Uint8Array) return Effect.succeed({ _tag: "Forgotten" })
      if (keys.openedUnder !== undefined && !isSame(master, keys.openedUnder)) return Effect.fail(refused(REPLACED))
      return Effect.succeed(wrapped instanceof Uint8Array ? { _tag: "Key", wrapped } : undefined)
    }
  )

const states = (keys: Keys, subjects: ReadonlyArray<string>): Effect.Effect<KeyStates, VaultError> =>
  subjects.length === 0
    ? Effect.succeed(new Map())
    : Effect.map(
        keys.query(
          `SELECT asked.subject, f.subject IS NOT NULL FROM unnest($1::bytea[]) AS asked (subject)
           LEFT JOIN ${keys.schema}.keys AS k USING (subject) LEFT JOIN ${keys.schema}.forgotten AS f USING (subject)
           WHERE k.subject IS NOT NULL OR f.subject IS NOT NULL`,
          [
            array(
              subjects.map((subject) => Buffer.from(subject)),
              PgTypes.OID.bytea
            )
          ]
        ),
        (rows) =>
          new Map(
            rows.map(([subject, isForgotten]) => [
              Buffer.from(subject as Uint8Array).toString(),
              isForgotten === true ? "Forgotten" : "Key"
            ])
          )
      )

const check = (keys: Keys, value: Uint8Array): Effect.Effect<Uint8Array, VaultError> =>
  Effect.gen(function* () {
    const { pool, query, readOnly, schema } = keys
    if (!readOnly)
      yield* Effect.mapError(
        transaction(pool, (connection) =>
          Effect.gen(function* () {
            yield* connection.query(`SELECT ${schema}.durably()`)
            yield* connection.query(`INSERT INTO ${schema}.master (value) VALUES ($1) ON CONFLICT DO NOTHING`, [value])
          })
        ),
        unavailable
      )
    const rows = yield* query(`SELECT value FROM ${schema}.master`)
    const found = rows[0]?.[0]
    if (!(found instanceof Uint8Array)) return yield* unavailable("the check value is gone")
    keys.openedUnder = found
    return found
  })

const replace = (
  keys: Keys,
  rewrapped: ReadonlyArray<WrappedKey>,
  value: Uint8Array
): Effect.Effect<void, VaultError> => {
  const { pool, schema } = keys
  const rewrap = `WITH rewrapped AS (
      UPDATE ${schema}.keys AS k SET wrapped = fresh.wrapped
      FROM unnest($1::bytea[], $2::bytea[]) AS fresh (subject, wrapped) WHERE k.subject = fresh.subject RETURNING 1)
    SELECT count(*) FROM rewrapped`
  return transaction(pool, (connection) =>
    Effect.gen(function* () {
      yield* connection.query("SET LOCAL statement_timeout = 0")
      yield* connection.query(`SELECT ${schema}.durably()`)
      yield* connection.query(`LOCK TABLE ${schema}.keys IN SHARE ROW EXCLUSIVE MODE`)
      const one = (sql: string, params: ReadonlyArray<unknown> = []) =>
        Effect.map(connection.queryValues(sql, params), (rows) => rows[0]?.[0])
      let count = 0
      // What was forgotten since the keys were read is not there any more, and does not come back.
      for (const chunk of Array.chunksOf(rewrapped, keysPerStatement)) count += Number(yield* one(rewrap, pairs(chunk)))
      const isWhole = count === Number(yield* one(`SELECT count(*) FROM ${schema}.keys`))
      const master = yield* one(`SELECT value FROM ${schema}.master`)
      if (!isWhole || (keys.openedUnder !== undefined && !isSame(master, keys.openedUnder)))
        return yield* refused(CHANGED)
      yield* connection.query(
        `INSERT INTO ${schema}.master (value) VALUES ($1) ON CONFLICT (one) DO UPDATE SET value = excluded.value`,
        [value]
      )
    })
  ).pipe(
    Effect.tap(() => Effect.sync(() => void (keys.openedUnder = value))),
    Effect.mapError(unavailable)
  )
}

/** @category layers */
export const layer = (options: PgKeyStoreOptions): Layer.Layer<KeyStore, DatabaseRefused> =>
  Layer.effect(KeyStore, make(options))

/** A vault whose keys lie in PostgreSQL. @category layers */
export const layerVault = (
  options: VaultOptions & PgKeyStoreOptions
): Layer.Layer<Vault, DatabaseRefused | VaultError, SecureRandom.SecureRandom> =>
  vaultLayer(options).pipe(Layer.provide(layer(options)))
