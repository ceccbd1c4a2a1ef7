/**
 * The log of a register in PostgreSQL, to be read only, also while nodes serve it. For {@link Audit.layerPostgres}.
 */
import { Events } from "@effekten/domain"
import { CheckpointStore, EventStoreError, KeyStore, type MacLine, type SignedNote, Vault } from "@effekten/event-store"
import { PgEventStore, PgKeyStore } from "@effekten/event-store/postgres"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { inSql } from "../base/StoredContents.ts"
import { RegisterState } from "../base/RegisterState.ts"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { logKeyOf, openingsKeyOf } from "../base/Secrets.ts"
import { agreed, given as givenBy, type KeptSecrets, ofOtherLog } from "../base/SecretsText.ts"
import { type AuditedLog, readingOf } from "../log/AuditedLog.ts"
import { faultsOf, openingsAnchor } from "../log/AccessChain.ts"
import { anchoredIn } from "../sealing/AnchorFile.ts"
import { isNameOf, lineIn, publicKeys } from "../sealing/Signers.ts"
import { client } from "./PostgresClient.ts"
import { nameIn, type PostgresAuditOptions } from "./PostgresDatabase.ts"
import { signersText, storedSecrets } from "./SealedSecrets.ts"

/** @category constructors */
export const open = (options: PostgresAuditOptions): Effect.Effect<AuditedLog, RegisterUnavailable, Scope.Scope> =>
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
    const sealed = yield* unsealed(options, { keys, sql, logId: log.logId })
    const [found] = yield* sql<{ there: boolean }>`SELECT to_regclass('checkpoint_keys') IS NOT NULL AS there`
    return {
      ...readingOf(log),
      checkpoints: found?.there === true ? CheckpointStore.fromSql(sql) : yield* CheckpointStore.makeMemory,
      isOrigin: (name) => isNameOf(log.logId, name),
      anchor: yield* anchoredIn(options.anchor),
      openings: Effect.gen(function* () {
        const [there] = yield* sql<{ there: boolean }>`SELECT to_regclass('opening_groups') IS NOT NULL AS there`
        const anchor = options.anchor === undefined ? undefined : openingsAnchor(options.anchor)
        return yield* faultsOf(sql, there?.there === true, { key: sealed.openingsKey, anchor })
      }).pipe(
        Effect.mapError((cause) => new EventStoreError({ reason: "unavailable", message: cause.message, cause }))
      ),
      macs: {
        line: sealed.line,
        authentication: sealed.logKey === undefined ? undefined : { key: sealed.logKey },
        fault: sealed.fault
      },
      signers: sealed.signers,
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

/** What of a register is sealed, as far as it could be opened. */
interface Unsealed {
  readonly logKey?: Redacted.Redacted<Uint8Array>
  readonly openingsKey?: Redacted.Redacted<Uint8Array>
  readonly line?: MacLine.MacLine | undefined
  readonly signers?: ReadonlyArray<SignedNote.VerifierKey> | undefined
  readonly fault?: string | undefined
}

/** What is opened by the master key, or given beside it; what neither gives is not checked. */
const unsealed = Effect.fnUntraced(function* (
  { masterKey, secrets }: PostgresAuditOptions,
  {
    keys,
    logId,
    sql
  }: { readonly keys: KeyStore.KeyStoreShape; readonly sql: SqlClient.SqlClient; readonly logId: string }
) {
  const given = yield* givenBy(secrets)
  if (given?.secrets.logId !== undefined && given.secrets.logId !== logId)
    return yield* new RegisterUnavailable({ message: `${given.name} gives the secrets of another log` })
  if (masterKey === undefined) return keysOf(given?.secrets)
  const vault = yield* Effect.provideService(Vault.make({ masterKey }), KeyStore.KeyStore, keys)
  return yield* Effect.gen(function* () {
    const stored = yield* storedSecrets
    const isHere = given !== undefined || (stored !== undefined && !("elsewhere" in stored.secrets))
    const agreedOn = stored !== undefined && isHere ? yield* agreed(stored, given) : given?.secrets
    const text = yield* signersText
    return {
      ...keysOf(agreedOn),
      line: yield* lineIn({ text, logId }),
      signers: yield* publicKeys({ text, logId }),
      fault: stored === undefined ? undefined : ofOtherLog(stored, logId)
    }
  }).pipe(Effect.provideService(Vault.Vault, vault), Effect.provideService(RegisterState, { sql }))
})

const keysOf = (secrets: KeptSecrets | undefined): Unsealed => {
  if (secrets === undefined) return {}
  const pepper = Redacted.make(secrets.pepper)
  return { logKey: logKeyOf(pepper), openingsKey: openingsKeyOf(pepper) }
}
