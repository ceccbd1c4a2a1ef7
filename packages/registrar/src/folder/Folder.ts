/**
 * The files of an embedded register: which there are, how they are opened, what is done when one is missing. For the embedded layers.
 *
 * | file | what | lost |
 * |---|---|---|
 * | `log.db` | events, index, encrypted personal parts | the register |
 * | `register.key` | the register's own secrets, or a note that they lie elsewhere | a repeated request takes effect twice; managed wallets are gone |
 * | `master.key`, `keys.db` | what personal data are encrypted under | everything personal is forgotten |
 * | `blobs/` | encrypted contents of documents | the documents |
 * | `openings.db` | which actor opened whose personal data, when and for what | that record; a new one begins |
 * | `checkpoint.key` | what signs checkpoints | a new line of checkpoints begins |
 * | `checkpoint.anchor` | the last checkpoint once more | checkpoints that were rolled back with the log are not missed |
 * | `state.db` | hashes of client secrets, tokens, progress, checkpoints | clients must be registered again; auditors' copies of checkpoints are the only ones |
 * | `views.db` | lists, snapshots of what decisions read | nothing: made again from the log |
 * | `lock.db` | held while a process has the folder open | nothing |
 */
import { FolderLock, SqliteClient, Vault } from "@effekten/event-store"
import { type ReadModels, SqlReadModels } from "@effekten/projections"
import { Effect, Layer, type Redacted } from "effect"
import type { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { existsSync, mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { listed, type ListOptions } from "../base/ListOptions.ts"
import { RegisterState } from "../base/RegisterState.ts"
import { refused, refusing, type RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { Secrets } from "../base/Secrets.ts"
import type { SecretsElsewhere } from "../base/SecretsText.ts"
import * as SnapshotsTable from "../deciding/SnapshotsTable.ts"
import { Log } from "../log/Log.ts"
import { openingsAnchor } from "../log/AccessChain.ts"
import { AccessRecord, type AccessRecordOptions } from "../log/AccessRecord.ts"
import { anchorName } from "../sealing/AnchorFile.ts"
import * as Sealing from "../sealing/Sealing.ts"
import { keyFile } from "./CheckpointKeyFile.ts"
import { attempt, database, restore } from "./FolderFiles.ts"
import { masterKeyOf } from "./MasterKeyFile.ts"
import { register, secrets } from "./SecretsFile.ts"

/** @category models */
export interface FolderOptions extends Sealing.SealingOptions, AccessRecordOptions, ListOptions, SecretsElsewhere {
  readonly folder: string
  /** 32 bytes that wrap the keys of personal data. Default: the file `master.key`, made at the first start. */
  readonly masterKey?: Redacted.Redacted<Uint8Array> | undefined
}

/** Everything that needs the folder, opened in the order of what depends on what. @category layers */
export const layer = (
  options: FolderOptions
): Layer.Layer<
  Log | AccessRecord | ReadModels.ReadModels | RegisterState | Sealing.Sealing | Secrets | Vault.Vault,
  RegisterUnavailable,
  SecureRandom.SecureRandom
> => {
  const { folder } = options
  return Layer.mergeAll(readModels(options), Layer.provideMerge(sealing(options), state(folder))).pipe(
    Layer.provideMerge(register(folder)),
    Layer.provideMerge(openings(options)),
    Layer.provideMerge(secrets(folder, options.secrets)),
    Layer.provideMerge(vault(options)),
    Layer.provide(locked(folder))
  )
}

/** Made where it is missing, and held as long as the layer is there. */
const locked = (folder: string) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      yield* attempt(`The folder ${folder} cannot be made`, () => mkdirSync(folder, { recursive: true, mode: 0o700 }))
      yield* database(folder, "lock.db")
      yield* Effect.mapError(FolderLock.acquire(folder), refused)
    })
  )

const vault = ({ folder, masterKey }: FolderOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      // The keys are made before the log, so a log without them has lost them.
      if (existsSync(join(folder, "log.db")) && !existsSync(join(folder, "keys.db")))
        return yield* restore(folder, "keys.db", "log.db")
      // In this order: once there are keys, no new master key is made.
      const key = masterKey ?? (yield* masterKeyOf(folder))
      return refusing(Vault.layerSqlite({ filename: yield* database(folder, "keys.db"), masterKey: key }))
    })
  )

const openings = (options: FolderOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const filename = yield* database(options.folder, "openings.db")
      const anchor = openingsAnchor(options.anchor ?? join(options.folder, anchorName))
      return AccessRecord.layerFile({ ...options, filename, chain: { key: (yield* Secrets).openingsKey, anchor } })
    })
  ).pipe(refusing)

const sqlite = (folder: string, name: string, settings: { readonly synchronous?: "NORMAL" } = {}) =>
  Layer.unwrap(Effect.map(database(folder, name), (filename) => SqliteClient.layer({ filename, ...settings })))

const state = (folder: string) =>
  Layer.effect(
    RegisterState,
    Effect.map(SqlClient.SqlClient, (sql) => RegisterState.of({ sql }))
  ).pipe(Layer.provide(sqlite(folder, "state.db")), refusing)

/** Derived data: what cannot be opened is made again from the log. */
const readModels = (options: FolderOptions) => {
  const { folder } = options
  const views = Layer.mergeAll(SqlReadModels.layer(Log, listed(options)), SnapshotsTable.layer).pipe(
    Layer.provide(sqlite(folder, "views.db", { synchronous: "NORMAL" }))
  )
  const file = join(folder, "views.db")
  const removed = attempt(`${file} cannot be removed`, () => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true })
  })
  return views.pipe(
    Layer.catch(() => Layer.unwrap(Effect.as(removed, views))),
    refusing
  )
}

/** Keys in `checkpoint.key`, checkpoints in `state.db`, the last of them in `checkpoint.anchor` too. */
const sealing = ({ anchor, folder, sealing }: FolderOptions) =>
  Sealing.layer({
    anchor: anchor ?? join(folder, anchorName),
    name: `${folder}/log.db`,
    wayOut: {
      shorter: "Restore the newest log.db.",
      other_history: "Restore the log.db that belongs to state.db; `effekten verify` says where this one differs.",
      other_key: "Restore checkpoint.key from the same backup as state.db."
    },
    text: Effect.succeed(keyFile(folder)),
    sealing
  })
