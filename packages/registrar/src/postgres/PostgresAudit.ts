/**
 * The log of a register in PostgreSQL, to be read only, also while nodes serve it. For {@link Audit.layerPostgres}.
 */
import { Events } from "@effekten/domain"
import { CheckpointStore, EventStoreError, Vault } from "@effekten/event-store"
import { PgEventStore, PgKeyStore } from "@effekten/event-store/postgres"
import { Context, Effect, Layer, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { inSql } from "../base/StoredContents.ts"
import { refused, type RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { type AuditedLog, readingOf } from "../log/AuditedLog.ts"
import { faultsOf, openingsAnchor } from "../log/AccessChain.ts"
import { anchoredIn } from "../sealing/AnchorFile.ts"
import type { SealingOptions } from "../sealing/Sealing.ts"
import { isNameOf } from "../sealing/Signers.ts"
import { client, nameIn, type PostgresDatabase } from "./PostgresDatabase.ts"

/** @category constructors */
export const open = (
  options: PostgresDatabase & Pick<SealingOptions, "anchor">
): Effect.Effect<AuditedLog, RegisterUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const { server } = options
    const log = yield* PgEventStore.make<Events.RegisterEvent>({
      server,
      schema: nameIn(options, "log"),
      catalogue: Events.catalogue,
      readOnly: true
    })
    const keys = yield* PgKeyStore.make({ server, schema: nameIn(options, "keys"), readOnly: true })
    const state = yield* Layer.build(client(options, "state", { default_transaction_read_only: "on" }))
    const sql = Context.get(state, SqlClient.SqlClient)
    const [found] = yield* sql<{ there: boolean }>`SELECT to_regclass('checkpoint_keys') IS NOT NULL AS there`
    return {
      ...readingOf(log),
      checkpoints: found?.there === true ? CheckpointStore.fromSql(sql) : yield* CheckpointStore.makeMemory,
      isOrigin: (name) => isNameOf(log.logId, name),
      anchor: yield* anchoredIn(options.anchor),
      openings: Effect.gen(function* () {
        const [there] = yield* sql<{ there: boolean }>`SELECT to_regclass('opening_groups') IS NOT NULL AS there`
        const anchor = options.anchor === undefined ? undefined : openingsAnchor(options.anchor)
        return yield* faultsOf(sql, there?.there === true, { key: undefined, anchor })
      }).pipe(
        Effect.mapError((cause) => new EventStoreError({ reason: "unavailable", message: cause.message, cause }))
      ),
      // Both are sealed under the master key, as are the signers.
      macs: { line: undefined, authentication: undefined },
      // They are sealed under the master key, which an audit does without.
      signers: undefined,
      isForgotten: (subject) =>
        keys.get(subject).pipe(
          Effect.map((entry) => entry?._tag === "Forgotten"),
          Effect.mapError((cause) => new EventStoreError({ reason: "unavailable", message: cause.message, cause }))
        ),
      keys,
      contents: inSql(sql)
    } satisfies AuditedLog
  }).pipe(
    // Nothing personal is opened.
    Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.mapError(refused)
  )
