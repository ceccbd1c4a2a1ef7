/**
 * The register in a PostgreSQL database, for several nodes: which schemas there are, how they are opened, what every node must agree on.
 * For {@link Registrar.layerPostgres}.
 *
 * | schema | what | lost |
 * |---|---|---|
 * | `…_log` | events, index, encrypted personal parts, leases | the register |
 * | `…_keys` | what personal data are encrypted under, wrapped by the master key | everything personal is forgotten |
 * | `…_state` | the register's own secrets, sealed, or a note that they lie elsewhere; checkpoints; clients, tokens, progress; the record of openings; encrypted contents of documents | see `Folder` |
 * | `…_views` | lists, snapshots of what decisions read | nothing: made again from the log |
 *
 * The master key alone is outside the database, and every node is given the same one. Pepper, custody seed and the keys that sign
 * checkpoints are stored in the database, sealed under it. So all nodes have the same ones, and a backup has those that fit its log. A thief
 * of the database alone can sign nothing.
 */
import { Events } from "@effekten/domain"
import type { Vault } from "@effekten/event-store"
import { PgEventStore, PgKeyStore, PgLease } from "@effekten/event-store/postgres"
import { type ReadModels, SqlReadModels } from "@effekten/projections"
import { Context, Effect, Layer } from "effect"
import type { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { Lease } from "../base/Lease.ts"
import { listed } from "../base/ListOptions.ts"
import { RegisterState } from "../base/RegisterState.ts"
import { refusing, type RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { Secrets } from "../base/Secrets.ts"
import * as SnapshotsTable from "../deciding/SnapshotsTable.ts"
import { Log, recording } from "../log/Log.ts"
import { openingsAnchor } from "../log/AccessChain.ts"
import { AccessRecord } from "../log/AccessRecord.ts"
import * as Sealing from "../sealing/Sealing.ts"
import { client } from "./PostgresClient.ts"
import { nameIn, type PostgresOptions } from "./PostgresDatabase.ts"
import { createTables, openSecrets, signersText } from "./SealedSecrets.ts"

/** The schemas that no store makes by itself; nodes that start together make them once. */
const schemas = (name: (part: string) => string) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${name("schemas")}, 0))`
          for (const part of ["state", "views"]) {
            const [found] = yield* sql<{ there: boolean }>`SELECT to_regnamespace(${name(part)}) IS NOT NULL AS there`
            if (found?.there !== true) yield* sql`CREATE SCHEMA ${sql(name(part))}`
          }
          yield* createTables
        })
      )
    })
  )

/** What every node has of the database, and the operator's commands that change keys in it. @category layers */
export const shared = (
  options: PostgresOptions
): Layer.Layer<
  Log | AccessRecord | RegisterState | Secrets | Vault.Vault,
  RegisterUnavailable,
  SecureRandom.SecureRandom
> => {
  const { server, masterKey } = options
  const name = (part: string) => nameIn(options, part)

  const vault = PgKeyStore.layerVault({ server, schema: name("keys"), masterKey }).pipe(refusing)
  const store = { server, schema: name("log"), catalogue: Events.catalogue }
  // The log is made, or brought up to date, before the secrets that belong to it; and opened with the key that these hold.
  const secrets = Layer.effect(
    Secrets,
    Effect.gen(function* () {
      const found = yield* Effect.scoped(
        Effect.flatMap(PgEventStore.make<Events.RegisterEvent>(store), ({ head, logId }) =>
          Effect.map(head, (position) => ({ logId, head: position }))
        )
      )
      return yield* openSecrets(found, options.secrets)
    })
  ).pipe(refusing)
  const log = Layer.effect(
    Log,
    Effect.gen(function* () {
      const { logKey } = yield* Secrets
      const opened = yield* PgEventStore.make<Events.RegisterEvent>({ ...store, authentication: { key: logKey } })
      return recording(opened, yield* AccessRecord)
    })
  ).pipe(refusing)

  const state = Layer.effect(
    RegisterState,
    Effect.map(SqlClient.SqlClient, (sql) => RegisterState.of({ sql }))
  ).pipe(
    Layer.provideMerge(schemas(name).pipe(Layer.provideMerge(client(options, "state")))),
    (layer) => Layer.effectContext(Effect.map(Layer.build(layer), Context.pick(RegisterState))),
    refusing
  )

  const openings = Layer.unwrap(
    Effect.gen(function* () {
      const { sql } = yield* RegisterState
      const anchor = options.anchor === undefined ? undefined : openingsAnchor(options.anchor)
      const chain = { key: (yield* Secrets).openingsKey, anchor }
      return Layer.provide(AccessRecord.layerSql({ ...options, chain }), Layer.succeed(SqlClient.SqlClient, sql))
    })
  ).pipe(refusing)

  return log.pipe(
    Layer.provideMerge(openings),
    Layer.provideMerge(secrets),
    Layer.provideMerge(state),
    // Its table is stored in the log's schema, which the log makes.
    (layer) => Layer.provideMerge(lease(options), layer),
    Layer.provideMerge(vault)
  )
}

/** Everything that needs the database, opened in the order of what depends on what. @category layers */
export const layer = (
  options: PostgresOptions
): Layer.Layer<
  Log | AccessRecord | ReadModels.ReadModels | RegisterState | Sealing.Sealing | Secrets | Vault.Vault,
  RegisterUnavailable,
  SecureRandom.SecureRandom
> => {
  // Rows and how far they have come are committed together: what a power loss takes back is folded again.
  const views = client(options, "views", { synchronous_commit: "off" })
  const readModels = Layer.mergeAll(SqlReadModels.layer(Log, listed(options)), SnapshotsTable.layer).pipe(
    Layer.provide(views),
    refusing
  )
  const sealing = Sealing.layer({
    name: "the log in PostgreSQL",
    wayOut: {
      shorter: "Restore all schemas from one backup, the newest.",
      other_history: "Restore all schemas from one backup; `effekten verify` says where this log differs.",
      other_key: "Restore all schemas from one backup."
    },
    text: signersText,
    sealing: options.sealing,
    anchor: options.anchor
  })
  return Layer.mergeAll(readModels, sealing).pipe(Layer.provideMerge(shared(options)))
}

/** Reactors run on the node that holds their lease. @category layers */
export const lease = (options: PostgresOptions): Layer.Layer<never, RegisterUnavailable> =>
  Layer.effect(
    Lease,
    Effect.map(PgLease.make({ server: options.server, schema: nameIn(options, "log") }), ({ whileHeld }) => ({
      whileHeld,
      shared: true
    }))
  ).pipe(refusing)
