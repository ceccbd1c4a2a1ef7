/**
 * The log in a register's folder, to be read only, also while a server has the folder open. For {@link Audit.layerFolder}.
 */
import { Events } from "@effekten/domain"
import {
  CheckpointStore,
  EventStoreError,
  KeyStore,
  SqliteClient,
  SqliteEventStore,
  Vault
} from "@effekten/event-store"
import { Effect, Layer, Redacted, Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { Reactivity } from "effect/reactivity"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { inFolder } from "../base/StoredContents.ts"
import { refused, type RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { logKeyOf, openingsKeyOf } from "../base/Secrets.ts"
import { ofOtherLog, type SecretsElsewhere } from "../base/SecretsText.ts"
import { faultsOf, openingsAnchor } from "../log/AccessChain.ts"
import { type AuditedLog, readingOf } from "../log/AuditedLog.ts"
import { anchoredIn, anchorName } from "../sealing/AnchorFile.ts"
import { isNameOf, lineIn, publicKeys } from "../sealing/Signers.ts"
import { keyFile } from "./CheckpointKeyFile.ts"
import { blobsName } from "./FolderFiles.ts"
import { secretsIn } from "./SecretsFile.ts"

/** @category constructors */
export const open = ({
  anchor,
  folder,
  secrets
}: SecretsElsewhere & {
  readonly folder: string
  readonly anchor?: string | undefined
}): Effect.Effect<AuditedLog, RegisterUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const file = (name: string) => join(folder, name)
    const log = yield* SqliteEventStore.make<Events.RegisterEvent>({
      filename: file("log.db"),
      catalogue: Events.catalogue,
      readOnly: true
    })
    const scope = yield* Effect.scope
    // Opened when they are asked for: a replay needs neither.
    const keys = yield* Effect.cached(
      Effect.suspend(() =>
        // Keys that are gone are no keys, and that is what the caller is told of each.
        existsSync(file("keys.db"))
          ? Effect.mapError(KeyStore.makeSqlite({ filename: file("keys.db"), readOnly: true }), unavailableKeys)
          : KeyStore.makeMemory
      ).pipe(Scope.provide(scope))
    )
    const kept = yield* secretsIn(folder, secrets)
    const pepper = kept === undefined ? undefined : Redacted.make(kept.secrets.pepper)
    return {
      ...readingOf(log),
      checkpoints: yield* checkpointsOf(file("state.db")),
      isOrigin: (name) => isNameOf(log.logId, name),
      anchor: yield* anchoredIn(anchor ?? file(anchorName)),
      macs: {
        line: yield* lineIn({ text: keyFile(folder), logId: log.logId }),
        authentication: pepper === undefined ? undefined : { key: logKeyOf(pepper) },
        fault: kept === undefined ? undefined : ofOtherLog(kept, log.logId)
      },
      openings: openingsOf(file("openings.db"), {
        key: pepper === undefined ? undefined : openingsKeyOf(pepper),
        anchor: openingsAnchor(anchor ?? file(anchorName))
      }),
      signers: yield* publicKeys({ text: keyFile(folder), logId: log.logId }),
      isForgotten: (subject) =>
        Effect.flatMap(keys, (store) => store.get(subject)).pipe(
          Effect.mapBoth({ onFailure: unreadable, onSuccess: (entry) => entry?._tag === "Forgotten" })
        ),
      keys: {
        states: (subjects) => Effect.flatMap(keys, (store) => store.states(subjects)),
        note: Effect.flatMap(keys, (store) => store.note)
      },
      contents: inFolder(file(blobsName))
    } satisfies AuditedLog
  }).pipe(
    // Nothing personal is opened.
    Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.mapError(refused)
  )

const unavailableKeys = (cause: { readonly message: string }): KeyStore.VaultError =>
  new KeyStore.VaultError({ reason: "unavailable", message: cause.message, cause })

const unreadable = (cause: { readonly message: string }): EventStoreError =>
  new EventStoreError({ reason: "unavailable", message: cause.message, cause })

/** What is wrong with the record of openings in a file. One that is not there is empty. */
const openingsOf = (filename: string, options: Parameters<typeof faultsOf>[2]) =>
  Effect.gen(function* () {
    const name = existsSync(filename) ? filename : ":memory:"
    const sql = yield* SqliteClient.make({ filename: name, readonly: name === filename }).pipe(
      Effect.provide(Reactivity.layer)
    )
    const tables = yield* sql`SELECT 1 FROM sqlite_schema WHERE name = 'opening_groups'`
    return yield* faultsOf(sql, tables.length > 0, options)
  }).pipe(Effect.scoped, Effect.mapError(unreadable))

/** The checkpoints in a state file; none where it is not there, or has no table of them. */
const checkpointsOf = Effect.fnUntraced(function* (filename: string) {
  if (!existsSync(filename)) return yield* CheckpointStore.makeMemory
  const sql = yield* SqliteClient.make({ filename, readonly: true }).pipe(Effect.provide(Reactivity.layer))
  const tables = yield* sql`SELECT 1 FROM sqlite_schema WHERE name = 'checkpoint_keys'`
  return tables.length === 0 ? yield* CheckpointStore.makeMemory : CheckpointStore.fromSql(sql)
})
