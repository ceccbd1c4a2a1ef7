/**
 * The register in a PostgreSQL database, for several nodes: which schemas there are, how they are opened, what every node must agree on.
 * For {@link Registrar.layerPostgres}.
 *
 * | schema | what | lost |
 * |---|---|---|
 * | `…_log` | events, index, encrypted personal parts, leases | the register |
 * | `…_keys` | what personal data are encrypted under, wrapped by the master key | everything personal is forgotten |
 * | `…_state` | the register's own secrets, sealed; checkpoints; clients, tokens, progress; who opened what; encrypted contents of documents | see `Folder` |
 * | `…_views` | lists, snapshots of what decisions read | nothing: made again from the log |
 *
 * One secret stands outside, the master key, and every node is given the same one. Pepper, custody seed and the keys that sign checkpoints
 * lie in the database, sealed under it: so all nodes have the same, a backup of the database has them as they were when the log was, and
 * who has the database alone can sign nothing.
 */
import { catalogue, type RegisterEvent } from "@effekten/domain"
import { type SignedNote, Vault } from "@effekten/event-store"
import { PgEventStore, PgKeyStore, PgLease } from "@effekten/event-store/postgres"
import { type ReadModels, SqlReadModels } from "@effekten/projections"
import { Context, Deferred, Duration, Effect, Fiber, Layer, Option, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import * as CheckpointKeys from "../sealing/CheckpointKeys.ts"
import { refusing } from "./Folder.ts"
import { refused, RegisterUnavailable } from "../base/FolderFiles.ts"
import { Lease } from "../base/Lease.ts"
import { Log } from "../log/Log.ts"
import { open as openAudit } from "./PostgresAudit.ts"
import { client, nameIn, type PostgresDatabase } from "./PostgresSchemas.ts"
import { Openings, type OpeningsOptions } from "../log/Openings.ts"
import { RegisterState } from "../base/RegisterState.ts"
import * as Sealing from "../sealing/Sealing.ts"
import { Secrets, secretSize } from "../base/Secrets.ts"
import * as Snapshots from "../deciding/Snapshots.ts"

/** @category models */
export interface PostgresOptions extends PostgresDatabase, Sealing.SealingOptions, OpeningsOptions {
  /** 32 bytes that wrap the keys of personal data and seal the register's secrets: the same for every node. */
  readonly masterKey: Redacted.Redacted<Uint8Array>
}

const unavailable = (message: string, cause?: unknown) =>
  new RegisterUnavailable({ message, ...(cause === undefined ? {} : { cause }) })

const keyIsGone = (cause?: unknown) =>
  unavailable(
    "the key of the register's secrets is gone, or is another one: restore the schemas of keys, state and log from one backup",
    cause
  )

const StoredSecrets = Schema.fromJsonString(
  Schema.Struct({
    logId: Schema.String,
    pepper: Schema.Uint8ArrayFromBase64,
    custodySeed: Schema.Uint8ArrayFromBase64
  })
)

/** Whose key seals the register's secrets. */
const subject = "register"
/** What binds each secret to its place: the table. */
const places = { secrets: "secrets of the register", checkpoint_signers: "keys of the register's checkpoints" }
/** Times a node tries to make the secrets while another one does. */
const attempts = 5

/** What every node has of the database, and whoever changes its keys. */
const shared = (
  options: PostgresOptions
): Layer.Layer<
  Log | Openings | RegisterState | Secrets | Vault.Vault,
  RegisterUnavailable,
  SecureRandom.SecureRandom
> => {
  const { server, masterKey } = options
  const name = (part: string) => nameIn(options, part)

  const vault = PgKeyStore.layerVault({ server, schema: name("keys"), masterKey }).pipe(refusing)
  const log = Log.layer(PgEventStore.make<RegisterEvent>({ server, schema: name("log"), catalogue })).pipe(refusing)

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
          for (const table of Object.keys(places))
            yield* sql`CREATE TABLE IF NOT EXISTS ${sql(table)} (
              one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), sealed BYTEA NOT NULL)`
        })
      )
    })
  )

  const state = Layer.effect(
    RegisterState,
    Effect.map(SqlClient.SqlClient, (sql) => RegisterState.of({ sql }))
  ).pipe(
    Layer.provideMerge(schemas.pipe(Layer.provideMerge(client(options, "state")))),
    (layer) => Layer.effectContext(Effect.map(Layer.build(layer), Context.pick(RegisterState))),
    refusing
  )

  const openings = Layer.unwrap(
    Effect.map(RegisterState, ({ sql }) =>
      Layer.provide(Openings.layerSql(options), Layer.succeed(SqlClient.SqlClient, sql))
    )
  ).pipe(refusing)

  const secrets = Layer.effect(
    Secrets,
    Effect.retry(openSecrets, { times: attempts, while: (error) => !(error instanceof RegisterUnavailable) }).pipe(
      Effect.mapError((error) =>
        error instanceof RegisterUnavailable ? error : unavailable("the register's secrets cannot be read", error)
      )
    )
  )

  return secrets.pipe(
    Layer.provideMerge(log),
    Layer.provideMerge(openings),
    Layer.provideMerge(state),
    // Its table lies in the log's schema, which the log makes.
    (layer) => Layer.provideMerge(lease(options), layer),
    Layer.provideMerge(vault)
  )
}

/** Everything that needs the database, opened in the order of what depends on what. @category layers */
export const layer = (
  options: PostgresOptions
): Layer.Layer<
  Log | Openings | ReadModels | RegisterState | Sealing.Sealing | Secrets | Vault.Vault,
  RegisterUnavailable,
  SecureRandom.SecureRandom
> => {
  // Rows and how far they have come are committed together: what a power loss takes back is folded again.
  const views = client(options, "views", { synchronous_commit: "off" })
  const readModels = Layer.mergeAll(SqlReadModels.layer(Log), Snapshots.layerSql).pipe(Layer.provide(views), refusing)
  const sealing = Sealing.layer({
    name: "the log in PostgreSQL",
    wayOut: {
      shorter: "Restore all schemas from one backup, the newest.",
      other_history: "Restore all schemas from one backup; `effekten verify` says where this log differs.",
      other_key: "Restore all schemas from one backup."
    },
    text: signersText,
    sealing: options.sealing
  })
  return Layer.mergeAll(readModels, sealing).pipe(Layer.provideMerge(shared(options)))
}

/** A secret of the register, sealed under its key in a table of its own. Another one than the first is only ever put there by `replace`. */
const sealedIn = Effect.fnUntraced(function* (table: keyof typeof places) {
  const { sql } = yield* RegisterState
  const vault = yield* Vault.Vault
  const seal = Effect.fnUntraced(function* (text: string) {
    const ciphertext = yield* vault.seal(subject, places[table], Buffer.from(text))
    yield* vault.ensureKeys([subject], [{ subject, ciphertext }])
    return ciphertext
  })
  return {
    read: Effect.gen(function* () {
      const [row] = yield* sql<{ sealed: Uint8Array }>`SELECT sealed FROM ${sql(table)}`
      if (row === undefined) return undefined
      const opened = yield* Effect.catchIf(
        vault.open(subject, places[table], row.sealed),
        ({ reason }) => reason !== "unavailable",
        (error) => Effect.fail(keyIsGone(error))
      )
      if (Option.isNone(opened)) return yield* keyIsGone()
      return Buffer.from(opened.value).toString()
    }),
    create: Effect.fnUntraced(function* (text: string) {
      yield* sql`INSERT INTO ${sql(table)} (sealed) VALUES (${yield* seal(text)}) ON CONFLICT DO NOTHING`
    }),
    replace: Effect.fnUntraced(function* (text: string) {
      yield* sql`INSERT INTO ${sql(table)} (sealed) VALUES (${yield* seal(text)})
        ON CONFLICT (one) DO UPDATE SET sealed = excluded.sealed`
    })
  }
})

/** The keys that sign checkpoints. */
const signersText = Effect.gen(function* (): Effect.fn.Return<
  CheckpointKeys.KeyText,
  never,
  RegisterState | Vault.Vault
> {
  const stored = yield* sealedIn("checkpoint_signers")
  const name = "what signs checkpoints, in the schema of the state,"
  const refusing = <A>(effect: Effect.Effect<A, { readonly message: string }>) =>
    Effect.mapError(effect, (error) =>
      error instanceof RegisterUnavailable
        ? error
        : unavailable(`${name} cannot be read or written: ${error.message}`, error)
    )
  return {
    name,
    together: "the schema of the log",
    read: refusing(stored.read),
    create: (text) => refusing(stored.create(text)),
    replace: (text) => refusing(stored.replace(text))
  }
})

/** The secrets that are there; or new ones for a log that is new. Whoever is first makes them for all. */
const openSecrets = Effect.gen(function* () {
  const log = yield* Log
  const random = yield* SecureRandom.SecureRandom
  const stored = yield* sealedIn("secrets")
  if ((yield* stored.read) === undefined) {
    if ((yield* log.head) > 0) {
      return yield* unavailable(
        "the log has events, but the register's secrets are missing: restore the schemas of state and log from one backup; new ones would not fit"
      )
    }
    yield* stored.create(
      yield* Schema.encodeEffect(StoredSecrets)({
        logId: log.logId,
        pepper: yield* random.randomBytes(secretSize),
        custodySeed: yield* random.randomBytes(secretSize)
      })
    )
  }
  const { custodySeed, logId, pepper } = yield* Schema.decodeEffect(StoredSecrets)((yield* stored.read) ?? "")
  if (logId !== log.logId) {
    return yield* unavailable(
      "the register's secrets belong to another log: restore the schemas of state and log from one backup"
    )
  }
  return Secrets.make({ pepper: Redacted.make(pepper), custodySeed: Redacted.make(custodySeed) })
})

/** Reactors run on the node that holds their lease. */
const lease = (options: PostgresOptions): Layer.Layer<never, RegisterUnavailable> =>
  Layer.effect(
    Lease,
    Effect.map(PgLease.make({ server: options.server, schema: nameIn(options, "log") }), ({ whileHeld }) => ({
      whileHeld,
      shared: true
    }))
  ).pipe(refusing)

/** How long to wait for the lease of the sealer, which some node has while any runs. */
const patience = Duration.seconds(5)

/** Runs what no node may meet. Begun it is not broken off any more: the lease is waited for, not the work. */
const whileNobodyServes = <A, X, R>(work: Effect.Effect<A, X, R>): Effect.Effect<A, X | RegisterUnavailable, R> =>
  Effect.gen(function* () {
    const { whileHeld } = yield* Lease
    const begun = yield* Deferred.make<void>()
    const working = yield* Effect.forkScoped(
      whileHeld(Sealing.sealingLease, Effect.andThen(Deferred.succeed(begun, undefined), work))
    )
    if (Option.isNone(yield* Effect.timeoutOption(Deferred.await(begun), patience)))
      return yield* unavailable("a node serves the register: stop all nodes first")
    return yield* Fiber.join(working)
  }).pipe(Effect.scoped)

/** Changes the keys that sign checkpoints, of a register no node serves. Gives the newest one. @category keys */
export const changeKeys = (
  options: PostgresOptions & { readonly action: CheckpointKeys.Action }
): Effect.Effect<SignedNote.VerifierKey, RegisterUnavailable> =>
  Effect.gen(function* () {
    // Only where there is a register: a slip of the pen makes no new one.
    yield* Effect.scoped(openAudit(options))
    const context = yield* Layer.build(shared(options))
    const change = Effect.gen(function* () {
      const { logId } = yield* Log
      const checkpoints = yield* Effect.mapError(Sealing.openCheckpoints, refused)
      const text = yield* signersText
      return yield* whileNobodyServes(CheckpointKeys.change(options.action, { text, logId, checkpoints }))
    })
    return yield* Effect.provideContext(change, context)
  }).pipe(Effect.scoped, Effect.provide(SecureRandom.layerWebCrypto))

/** Wraps the keys of a register no node serves with another master key. False where they are already. @category keys */
export const rotateMasterKey = (
  options: PostgresOptions & { readonly next: PostgresOptions["masterKey"] }
): Effect.Effect<boolean, RegisterUnavailable, SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    yield* Effect.scoped(openAudit(options))
    const keys = { server: options.server, schema: nameIn(options, "keys") }
    const opens = (masterKey: PostgresOptions["masterKey"]) =>
      Effect.scoped(Layer.build(PgKeyStore.layerVault({ ...keys, masterKey }))).pipe(
        Effect.as(true),
        Effect.catchIf(
          (error) => error._tag === "DatabaseRefused" && error.reason === "wrong_master_key",
          () => Effect.succeed(false)
        )
      )
    if (!(yield* opens(options.masterKey)) && (yield* opens(options.next))) return false
    const rotation = Vault.rotateMasterKey({ from: options.masterKey, to: options.next })
    yield* whileNobodyServes(Effect.provide(rotation, PgKeyStore.layer(keys))).pipe(Effect.provide(lease(options)))
    return true
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => (error._tag === "RegisterUnavailable" ? error : refused(error)))
  )
