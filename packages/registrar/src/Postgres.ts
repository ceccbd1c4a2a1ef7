/**
 * The register in a PostgreSQL database, for several nodes: which schemas there are, how they are opened, what every node must agree on.
 * For {@link Registrar.layerPostgres}.
 *
 * | schema | what | lost |
 * |---|---|---|
 * | `…_log` | events, index, encrypted personal parts, leases | the register |
 * | `…_keys` | what personal data are encrypted under, wrapped by the master key | everything personal is forgotten |
 * | `…_state` | the register's own secrets, sealed; clients, tokens, progress; encrypted contents of documents | see `Folder` |
 * | `…_views` | lists | nothing: made again from the log |
 *
 * One secret stands outside, the master key, and every node is given the same one. Pepper and custody seed lie in the database, sealed
 * under it: so all nodes have the same, and a backup of the database has them as they were when the log was.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { catalogue, type RegisterEvent } from "@effekten/domain"
import { Vault } from "@effekten/event-store"
import { PgEventStore, PgKeyStore, PgLease } from "@effekten/event-store/postgres"
import { type ReadModels, SqlReadModels } from "@effekten/projections"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient, type SqlError } from "effect/sql"
import { refusing } from "./Folder.ts"
import { RegisterUnavailable } from "./FolderFiles.ts"
import { Lease } from "./Lease.ts"
import { Log } from "./Log.ts"
import { RegisterState } from "./RegisterState.ts"
import { Secrets, secretSize } from "./Secrets.ts"

/** @category models */
export interface PostgresOptions {
  /** The primary; at least `url`, `postgres://user:password@host:5432/database`. */
  readonly server: PgEventStore.PgServer
  /** 32 bytes that wrap the keys of personal data and seal the register's secrets: the same for every node. */
  readonly masterKey: Redacted.Redacted<Uint8Array>
  /** What the schemas' names begin with: a database can hold several registers. Default: `effekten`. */
  readonly schema?: string | undefined
}

const unavailable = (message: string, cause?: unknown) =>
  new RegisterUnavailable({ message, ...(cause === undefined ? {} : { cause }) })

const StoredSecrets = Schema.fromJsonString(
  Schema.Struct({
    logId: Schema.String,
    pepper: Schema.Uint8ArrayFromBase64,
    custodySeed: Schema.Uint8ArrayFromBase64
  })
)

/** Whose key seals the register's secrets, and what binds them to their place. */
const subject = "register"
const place = "secrets of the register"
/** Times a node tries to make the secrets while another one does. */
const attempts = 5

/** Everything that needs the database, opened in the order of what depends on what. @category layers */
export const layer = (
  options: PostgresOptions
): Layer.Layer<
  Log | ReadModels | RegisterState | Secrets | Vault.Vault,
  RegisterUnavailable,
  SecureRandom.SecureRandom
> => {
  const { server, masterKey } = options
  const name = (part: string) => `${options.schema ?? "effekten"}_${part}`

  const vault = PgKeyStore.layerVault({ server, schema: name("keys"), masterKey }).pipe(refusing)
  const log = Layer.effect(Log, PgEventStore.make<RegisterEvent>({ server, schema: name("log"), catalogue })).pipe(
    refusing
  )

  /** A client whose tables are those of one schema. */
  const client = (part: string) =>
    PgClient.layer({
      keepAlive: "10 seconds",
      applicationName: name(part),
      ...server,
      startupParameters: {
        search_path: name(part),
        lock_timeout: "10000",
        idle_in_transaction_session_timeout: "10000",
        tcp_keepalives_idle: "10"
      }
    })
  const schemas = Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${name("schemas")}, 0))`
          for (const part of ["state", "views"]) {
            const [found] = yield* sql<{ there: boolean }>`SELECT to_regnamespace(${name(part)}) IS NOT NULL AS there`
            if (found?.there !== true) yield* sql`CREATE SCHEMA ${sql(name(part))}`
          }
          yield* sql`CREATE TABLE IF NOT EXISTS secrets (
            one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), sealed BYTEA NOT NULL)`
        })
      )
    })
  )

  const state = Layer.effect(
    RegisterState,
    Effect.map(SqlClient.SqlClient, (sql) => RegisterState.of({ sql }))
  ).pipe(
    Layer.provideMerge(schemas.pipe(Layer.provideMerge(client("state")))),
    (layer) => Layer.effectContext(Effect.map(Layer.build(layer), Context.pick(RegisterState))),
    refusing
  )

  const secrets = Layer.effect(
    Secrets,
    Effect.retry(openSecrets, { times: attempts, while: (error) => !(error instanceof RegisterUnavailable) }).pipe(
      Effect.mapError((error) =>
        error instanceof RegisterUnavailable ? error : unavailable("the register's secrets cannot be read", error)
      )
    )
  )

  const readModels = SqlReadModels.layer(Log).pipe(Layer.provide(client("views")), refusing)

  return readModels.pipe(
    Layer.provideMerge(secrets),
    Layer.provideMerge(Layer.mergeAll(log, state)),
    Layer.provideMerge(vault)
  )
}

/** The secrets that are there; or new ones for a log that is new. Whoever is first makes them for all. */
const openSecrets = Effect.gen(function* () {
  const { sql } = yield* RegisterState
  const vault = yield* Vault.Vault
  const log = yield* Log
  const random = yield* SecureRandom.SecureRandom
  const stored: Effect.Effect<Uint8Array | undefined, SqlError.SqlError> = Effect.map(
    sql<{ sealed: Uint8Array }>`SELECT sealed FROM secrets`,
    (rows) => rows[0]?.sealed
  )
  if ((yield* stored) === undefined) {
    if ((yield* log.head) > 0) {
      return yield* unavailable(
        "the log has events, but the register's secrets are missing: restore the schemas of state and log from one backup; new ones would not fit"
      )
    }
    const fresh = yield* Schema.encodeEffect(StoredSecrets)({
      logId: log.logId,
      pepper: yield* random.randomBytes(secretSize),
      custodySeed: yield* random.randomBytes(secretSize)
    })
    const ciphertext = yield* vault.seal(subject, place, Buffer.from(fresh))
    yield* vault.ensureKeys([subject], [{ subject, ciphertext }])
    yield* sql`INSERT INTO secrets (sealed) VALUES (${ciphertext}) ON CONFLICT DO NOTHING`
  }
  const opened = yield* vault.open(subject, place, (yield* stored) ?? new Uint8Array())
  if (Option.isNone(opened)) return yield* unavailable("the key of the register's secrets is gone: restore the keys")
  const { custodySeed, logId, pepper } = yield* Schema.decodeEffect(StoredSecrets)(Buffer.from(opened.value).toString())
  if (logId !== log.logId) {
    return yield* unavailable(
      "the register's secrets belong to another log: restore the schemas of state and log from one backup"
    )
  }
  return Secrets.make({ pepper: Redacted.make(pepper), custodySeed: Redacted.make(custodySeed) })
})

/** Reactors run on the node that holds their lease. @category layers */
export const layerLease = (options: PostgresOptions): Layer.Layer<never, RegisterUnavailable> =>
  Layer.effect(
    Lease,
    Effect.map(
      PgLease.make({ server: options.server, schema: `${options.schema ?? "effekten"}_log` }),
      ({ whileHeld }) => ({ whileHeld, shared: true })
    )
  ).pipe(refusing)
