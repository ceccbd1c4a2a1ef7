/**
 * The vault's keys in a PostgreSQL schema of their own, shared by all nodes. For registers whose log is in PostgreSQL too.
 *
 * Give it another database than the log's where backups are kept: what was forgotten can be read as long as an old copy of its key and
 * the master key exist, so backups of keys live shorter. A deleted key is out of the table at once. Wrapped, it stays in the free
 * space of its page until that is written over, and in the write-ahead log until that is recycled.
 */
import { PgTypes } from "@effect/sql-pg"
import { Array, Clock, Duration, Effect, Layer, type Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { SqlError } from "effect/sql/SqlError"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import { aboutServer, serverFault, writesDurably } from "./PgDurability.ts"
import { array } from "./PgLog.ts"
import {
  checkSchema,
  defaultBounds,
  describe,
  openPool,
  type PgServer,
  readingOnly,
  refusing,
  transaction
} from "./PgSession.ts"
import { type KeyEntry, KeyStore, type KeyStoreShape, VaultError, type WrappedKey } from "../vault/KeyStore.ts"
import { layer as vaultLayer, type Vault, type VaultOptions } from "../vault/Vault.ts"

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

/** From layout 2 on there are sealed boxes of format 3, here and in the log: a program that can't open them doesn't open the keys either. */
const LAYOUT = 2

/** How long to wait for the answer what was forgotten, before all keys are dropped. @category limits */
export const silence = Duration.seconds(4)

/** Keys of one statement. */
const keysPerStatement = 1_000
/** Subjects told of at a time; where more were forgotten, the rest is asked for at once. */
const toldAtOnce = 1_000

const tables = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.layout (one boolean PRIMARY KEY DEFAULT true CHECK (one), layout integer NOT NULL)`,
  `CREATE TABLE ${schema}.keys (subject bytea PRIMARY KEY, wrapped bytea NOT NULL)`,
  `CREATE TABLE ${schema}.forgotten (subject bytea PRIMARY KEY, ordinal bigint NOT NULL UNIQUE)`,
  `CREATE TABLE ${schema}.master (one boolean PRIMARY KEY DEFAULT true CHECK (one), value bytea NOT NULL)`,
  `CREATE TABLE ${schema}.note (one boolean PRIMARY KEY DEFAULT true CHECK (one), text text NOT NULL)`,
  `INSERT INTO ${schema}.layout (layout) VALUES (${LAYOUT})`
]

/** What a node is told that goes on under the old one. */
const REPLACED = "the master key was replaced: start this node again with the new one"
/** What whoever replaces the master key is told when the keys are not those that were read any more. */
const CHANGED = "keys were made, or their master key was replaced, meanwhile: stop all nodes, and repeat it"

/** Functions hold no data: they are made anew at every start that may write. Each is one round trip and one commit. */
const functions = (schema: string): ReadonlyArray<string> => [
  // A subject that has a key fails on the primary key. One that was forgotten, and another master key than the one these were wrapped
  // with, is looked for after the lock, which `forget` and a rotation take too.
  `CREATE OR REPLACE FUNCTION ${schema}.keep(subjects bytea[], wraps bytea[], under bytea, OUT kept boolean) LANGUAGE plpgsql VOLATILE AS $$
   BEGIN${writesDurably}
     LOCK TABLE ${schema}.keys IN ROW EXCLUSIVE MODE;
     IF under IS NOT NULL AND under IS DISTINCT FROM (SELECT value FROM ${schema}.master) THEN
       RAISE EXCEPTION '${REPLACED}' USING ERRCODE = 'ES001';
     END IF;
     kept := NOT EXISTS (SELECT FROM ${schema}.forgotten AS f WHERE f.subject = ANY (subjects));
     IF kept THEN INSERT INTO ${schema}.keys (subject, wrapped) SELECT * FROM unnest(subjects, wraps); END IF;
   END $$`,
  // Alone: nobody keeps keys meanwhile, and ordinals are committed in their order.
  `CREATE OR REPLACE FUNCTION ${schema}.forget(gone bytea) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
   BEGIN${writesDurably}
     LOCK TABLE ${schema}.keys IN SHARE ROW EXCLUSIVE MODE;
     DELETE FROM ${schema}.keys WHERE subject = gone;
     INSERT INTO ${schema}.forgotten (subject, ordinal)
       SELECT gone, coalesce(max(ordinal), 0) + 1 FROM ${schema}.forgotten ON CONFLICT DO NOTHING;
   END $$`,
  // For whoever writes in a transaction of its own.
  `CREATE OR REPLACE FUNCTION ${schema}.durably() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
   BEGIN${writesDurably}
   END $$`
]

const unavailable = (cause: SqlError | EventStoreError | VaultError | string): VaultError =>
  cause instanceof VaultError
    ? cause
    : new VaultError({ reason: "unavailable", message: "the key store did not answer", cause })

const refused = (message: string) => new VaultError({ reason: "unavailable", message })

const isSame = (a: unknown, b: unknown): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0

/** Keys in a schema; the connection pool is closed with the scope. @category constructors */
export const make = (options: PgKeyStoreOptions): Effect.Effect<KeyStoreShape, DatabaseRefused, Scope.Scope> =>
  Effect.gen(function* () {
    const schema = checkSchema(options.schema ?? "event_store_keys")
    const database = describe(options.server, schema)
    const { readOnly = false } = options
    const server = { maxConnections: 4, ...options.server }
    const pool = yield* openPool(server, defaultBounds, `${schema} keys`, readOnly ? readingOnly : {})
    yield* open(pool, schema, database, readOnly)

    const query = (sql: string, params: ReadonlyArray<unknown> = []) =>
      Effect.mapError(
        pool.use((connection) => connection.queryValues(sql, params)),
        unavailable
      )
    const bytes = (subject: string) => Buffer.from(subject)
    const rewrap = `WITH rewrapped AS (
        UPDATE ${schema}.keys AS k SET wrapped = fresh.wrapped
        FROM unnest($1::bytea[], $2::bytea[]) AS fresh (subject, wrapped) WHERE k.subject = fresh.subject RETURNING 1)
      SELECT count(*) FROM rewrapped`
    const pairs = (keys: ReadonlyArray<WrappedKey>) =>
      [keys.map(({ subject }) => bytes(subject)), keys.map(({ wrapped }) => wrapped)].map((values) =>
        array(values, PgTypes.OID.bytea)
      )

    /** How many subjects were forgotten so far; those after are news. */
    const forgottenAfter = (ordinal: number) =>
      query(
        `SELECT ordinal, subject FROM ${schema}.forgotten WHERE ordinal > $1 ORDER BY ordinal LIMIT ${toldAtOnce}`,
        [ordinal]
      )
    /** The check value the keys were opened under: whoever finds another one was left behind by a rotation. */
    let openedUnder: Uint8Array | undefined
    let isLeftBehind = false
    const lookAtMaster = Effect.gen(function* () {
      if (openedUnder === undefined || isLeftBehind) return
      const [row] = yield* query(`SELECT value FROM ${schema}.master`)
      if (isSame(row?.[0], openedUnder)) return
      isLeftBehind = true
      yield* Effect.logError(`No keys are used any more: ${REPLACED}`)
    })
    const listeners = new Set<(subject: string | undefined) => void>()
    let seen = Number(
      (yield* Effect.mapError(
        pool.use((connection) => connection.queryValues(`SELECT coalesce(max(ordinal), 0) FROM ${schema}.forgotten`)),
        refusing(database)
      ))[0]?.[0] ?? 0
    )
    const doubt = Effect.sync(() => listeners.forEach((tell) => tell(undefined)))
    // Not the time of day: a clock that is set back must not keep keys alive.
    const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))
    let heard = yield* now
    const look = Effect.gen(function* () {
      yield* lookAtMaster
      // What is asked for again is refused.
      if (isLeftBehind) yield* doubt
      while (true) {
        const asked = yield* now
        const rows = yield* forgottenAfter(seen)
        for (const [ordinal, subject] of rows) {
          for (const tell of listeners) tell(Buffer.from(subject as Uint8Array).toString())
          seen = Number(ordinal as bigint)
        }
        if (rows.length === toldAtOnce) continue
        heard = asked
        return
      }
    }).pipe(
      Effect.timeout(silence),
      // Who cannot ask holds no keys: the next use asks the table.
      Effect.catch(() => doubt)
    )
    const interval = Duration.fromInputUnsafe(options.pollInterval ?? "1 second")
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(interval), look)))
    // Apart from it, for a question that hangs can take long to be called off. Who asks seldom is not in doubt between two questions.
    const trusted = Math.max(Duration.toMillis(silence), 2 * Duration.toMillis(interval))
    const watchman = Effect.flatMap(now, (at) => (at - heard >= trusted ? doubt : Effect.void))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("1 second"), watchman)))

    return {
      get: (subject) =>
        Effect.flatMap(
          query(
            `SELECT k.wrapped, f.subject, (SELECT value FROM ${schema}.master) FROM (SELECT $1::bytea AS subject) AS asked
             LEFT JOIN ${schema}.keys AS k USING (subject) LEFT JOIN ${schema}.forgotten AS f USING (subject)`,
            [bytes(subject)]
          ),
          ([row]): Effect.Effect<KeyEntry | undefined, VaultError> => {
            const [wrapped, forgotten, master] = row ?? []
            if (forgotten instanceof Uint8Array) return Effect.succeed({ _tag: "Forgotten" })
            if (openedUnder !== undefined && !isSame(master, openedUnder)) return Effect.fail(refused(REPLACED))
            return Effect.succeed(wrapped instanceof Uint8Array ? { _tag: "Key", wrapped } : undefined)
          }
        ),
      insert: (keys) =>
        Effect.flatMap(query(`SELECT ${schema}.keep($1, $2, $3)`, [...pairs(keys), openedUnder ?? null]), ([row]) =>
          row?.[0] === true ? Effect.void : Effect.fail(unavailable("the subject was forgotten"))
        ),
      forget: (subject) =>
        Effect.gen(function* () {
          yield* query(`SELECT ${schema}.forget($1)`, [bytes(subject)])
          // Frees its place, so that the next key is written over it. Who is not the owner may not, and the autovacuum does it later.
          yield* Effect.ignore(query(`VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) ${schema}.keys`))
        }),
      check: (value) =>
        Effect.gen(function* () {
          if (!readOnly)
            yield* Effect.mapError(
              transaction(pool, (connection) =>
                Effect.gen(function* () {
                  yield* connection.query(`SELECT ${schema}.durably()`)
                  yield* connection.query(`INSERT INTO ${schema}.master (value) VALUES ($1) ON CONFLICT DO NOTHING`, [
                    value
                  ])
                })
              ),
              unavailable
            )
          const rows = yield* query(`SELECT value FROM ${schema}.master`)
          const found = rows[0]?.[0]
          if (!(found instanceof Uint8Array)) return yield* unavailable("the check value is gone")
          openedUnder = found
          return found
        }),
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
      replace: (keys, check) =>
        Effect.mapError(
          transaction(pool, (connection) =>
            Effect.gen(function* () {
              yield* connection.query("SET LOCAL statement_timeout = 0")
              yield* connection.query(`SELECT ${schema}.durably()`)
              yield* connection.query(`LOCK TABLE ${schema}.keys IN SHARE ROW EXCLUSIVE MODE`)
              const one = (sql: string, params: ReadonlyArray<unknown> = []) =>
                Effect.map(connection.queryValues(sql, params), (rows) => rows[0]?.[0])
              let rewrapped = 0
              // What was forgotten since the keys were read is not there any more, and does not come back.
              for (const chunk of Array.chunksOf(keys, keysPerStatement))
                rewrapped += Number(yield* one(rewrap, pairs(chunk)))
              const isWhole = rewrapped === Number(yield* one(`SELECT count(*) FROM ${schema}.keys`))
              const master = yield* one(`SELECT value FROM ${schema}.master`)
              if (!isWhole || (openedUnder !== undefined && !isSame(master, openedUnder)))
                return yield* refused(CHANGED)
              yield* connection.query(
                `INSERT INTO ${schema}.master (value) VALUES ($1) ON CONFLICT (one) DO UPDATE SET value = excluded.value`,
                [check]
              )
            })
          ).pipe(Effect.tap(() => Effect.sync(() => void (openedUnder = check)))),
          unavailable
        ),
      watch: (onForgotten) => Effect.sync(() => void listeners.add(onForgotten))
    }
  })

const open = Effect.fnUntraced(function* (
  pool: Effect.Success<ReturnType<typeof openPool>>,
  schema: string,
  database: string,
  readOnly: boolean
): Effect.fn.Return<void, DatabaseRefused> {
  yield* transaction(pool, (connection) =>
    Effect.gen(function* () {
      const run = (sql: string, params: ReadonlyArray<unknown> = []) => connection.queryValues(sql, params, false)
      const refuse = (reason: DatabaseRefused["reason"], message: string) =>
        new DatabaseRefused({ filename: database, reason, message: `${database} ${message}` })
      const fault = serverFault((yield* run(aboutServer))[0] ?? [])
      if (fault !== undefined) return yield* refuse(fault.reason, fault.message)
      yield* run(`SELECT pg_advisory_xact_lock(hashtextextended('event store keys ${schema}', 0))`)
      const [there] = yield* run("SELECT to_regclass($1) IS NOT NULL, to_regnamespace($2) IS NOT NULL", [
        `${schema}.layout`,
        schema
      ])
      if (there?.[0] !== true && readOnly) return yield* refuse("unavailable", "holds no keys")
      if (there?.[0] !== true) {
        if (there?.[1] !== true) yield* run(`CREATE SCHEMA ${schema}`)
        for (const statement of tables(schema)) yield* run(statement)
      }
      const layout = Number((yield* run(`SELECT layout FROM ${schema}.layout`))[0]?.[0])
      if (layout > LAYOUT)
        return yield* refuse(
          "newer",
          `has layout ${layout}, this program knows ${LAYOUT}: run the version that wrote it`
        )
      if (readOnly) return
      if (layout < LAYOUT) yield* run(`UPDATE ${schema}.layout SET layout = ${LAYOUT}`)
      for (const statement of functions(schema)) yield* run(statement)
    })
  ).pipe(
    Effect.catchTags({
      SqlError: (error) => Effect.fail(refusing(database)(error)),
      EventStoreError: (error) =>
        Effect.fail(
          new DatabaseRefused({ filename: database, reason: "unavailable", message: error.message, cause: error })
        )
    })
  )
})

/** @category layers */
export const layer = (options: PgKeyStoreOptions): Layer.Layer<KeyStore, DatabaseRefused> =>
  Layer.effect(KeyStore, make(options))

/** A vault whose keys lie in PostgreSQL. @category layers */
export const layerVault = (
  options: VaultOptions & PgKeyStoreOptions
): Layer.Layer<Vault, DatabaseRefused | VaultError, SecureRandom.SecureRandom> =>
  vaultLayer(options).pipe(Layer.provide(layer(options)))
