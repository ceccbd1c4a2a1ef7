/**
 * The files of an embedded register: which there are, how they are opened, what is done when one is missing. For the embedded layers.
 *
 * | file | what | lost |
 * |---|---|---|
 * | `log.db` | events, index, encrypted personal parts | the register |
 * | `register.key` | the register's own secrets | a repeated request takes effect twice; managed wallets are gone |
 * | `master.key`, `keys.db` | what personal data are encrypted under | everything personal is forgotten |
 * | `blobs/` | encrypted contents of documents | the documents |
 * | `openings.db` | who opened whose personal data, when and for what | that record; begun anew |
 * | `checkpoint.key` | what signs checkpoints | a new line of checkpoints begins |
 * | `state.db` | hashes of client secrets, tokens, progress, checkpoints | clients must be registered again; auditors' copies of checkpoints are the only ones |
 * | `views.db` | lists, snapshots of what decisions read | nothing: made again from the log |
 * | `lock.db` | held while a process has the folder open | nothing |
 */
import { catalogue, type RegisterEvent } from "@effekten/domain"
import { FolderLock, SqliteClient, SqliteEventStore, Vault } from "@effekten/event-store"
import { type ReadModels, SqlReadModels } from "@effekten/projections"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { attempt, database, refused, RegisterUnavailable, restore, writeDurably } from "../base/FolderFiles.ts"
import { Log, recording } from "../log/Log.ts"
import { masterKeyOf } from "./MasterKey.ts"
import { Openings, type OpeningsOptions } from "../log/Openings.ts"
import { RegisterState } from "../base/RegisterState.ts"
import * as Sealing from "../sealing/Sealing.ts"
import { Secrets, secretSize } from "../base/Secrets.ts"
import * as Snapshots from "../deciding/Snapshots.ts"

/** @category models */
export interface FolderOptions extends Sealing.SealingOptions, OpeningsOptions {
  readonly folder: string
  /** 32 bytes that wrap the keys of personal data. Default: the file `master.key`, made at the first start. */
  readonly masterKey?: Redacted.Redacted<Uint8Array> | undefined
}

/** A layer's failure, as a reason why the register cannot be opened. @category layers */
export const refusing = <A, R>(
  layer: Layer.Layer<A, { readonly message: string }, R>
): Layer.Layer<A, RegisterUnavailable, R> =>
  Layer.catch(layer, (error) => Layer.effectContext(Effect.fail(refused(error))))

const SecretsFile = Schema.Struct({
  /** The log these secrets belong to; absent until the log was made. */
  logId: Schema.optionalKey(Schema.String),
  pepper: Schema.Uint8ArrayFromBase64,
  custodySeed: Schema.Uint8ArrayFromBase64
})
const readSecrets = Schema.decodeUnknownEffect(Schema.fromJsonString(SecretsFile))
const printSecrets = Schema.encodeSync(Schema.fromJsonString(SecretsFile))
const secretsName = "register.key"

/** Everything that needs the folder, opened in the order of what depends on what. @category layers */
export const layer = (
  options: FolderOptions
): Layer.Layer<
  Log | Openings | ReadModels | RegisterState | Sealing.Sealing | Secrets | Vault.Vault,
  RegisterUnavailable,
  SecureRandom.SecureRandom
> => {
  const { folder } = options
  const file = (name: string) => join(folder, name)

  const locked = Layer.effectDiscard(
    Effect.gen(function* () {
      yield* attempt(`The folder ${folder} cannot be made`, () => mkdirSync(folder, { recursive: true, mode: 0o700 }))
      yield* database(folder, "lock.db")
      yield* Effect.mapError(FolderLock.acquire(folder), refused)
    })
  )

  const vault = Layer.unwrap(
    Effect.gen(function* () {
      // In this order: once there are keys, a master key is not made anew.
      const key = options.masterKey ?? (yield* masterKeyOf(folder))
      return refusing(Vault.layerSqlite({ filename: yield* database(folder, "keys.db"), masterKey: key }))
    })
  )

  const secretsFile = Effect.gen(function* () {
    const text = yield* attempt(`${file(secretsName)} cannot be read`, () => readFileSync(file(secretsName), "utf8"))
    return yield* Effect.mapError(
      readSecrets(text),
      () => new RegisterUnavailable({ message: `${file(secretsName)} is damaged. Restore it from your backup.` })
    )
  })
  const write = (secrets: typeof SecretsFile.Type) =>
    attempt(`${file(secretsName)} cannot be written`, () =>
      writeDurably(folder, secretsName, `${printSecrets(secrets)}\n`)
    )

  const openings = Layer.unwrap(
    Effect.map(database(folder, "openings.db"), (filename) => Openings.layerFile({ ...options, filename }))
  ).pipe(refusing)

  /** The log, made after the register's secrets and bound to them: a log without its secrets is not opened. */
  const register = Layer.effectContext(
    Effect.gen(function* () {
      const random = yield* SecureRandom.SecureRandom
      const isNew = !existsSync(file("log.db"))
      if (!existsSync(file(secretsName))) {
        if (!isNew) return yield* restore(folder, secretsName, "log.db")
        yield* write({
          pepper: yield* random.randomBytes(secretSize),
          custodySeed: yield* random.randomBytes(secretSize)
        })
      }
      const secrets = yield* secretsFile
      if (isNew && secrets.logId !== undefined) return yield* restore(folder, "log.db", secretsName)
      const log = yield* Effect.mapError(
        SqliteEventStore.make<RegisterEvent>({ filename: yield* database(folder, "log.db"), catalogue }),
        refused
      )
      if (secrets.logId === undefined) yield* write({ ...secrets, logId: log.logId })
      else if (secrets.logId !== log.logId) {
        return yield* new RegisterUnavailable({
          message: `${file(secretsName)} belongs to another log than ${file("log.db")}. Restore both from the same backup.`
        })
      }
      return Context.merge(
        Context.make(Log, recording(log, yield* Openings)),
        Context.make(
          Secrets,
          Secrets.make({ pepper: Redacted.make(secrets.pepper), custodySeed: Redacted.make(secrets.custodySeed) })
        )
      )
    })
  )

  const sqlite = (name: string, settings: { readonly synchronous?: "NORMAL" } = {}) =>
    Layer.unwrap(Effect.map(database(folder, name), (filename) => SqliteClient.layer({ filename, ...settings })))
  const state = Layer.effect(
    RegisterState,
    Effect.map(SqlClient.SqlClient, (sql) => RegisterState.of({ sql }))
  ).pipe(Layer.provide(sqlite("state.db")), refusing)
  const views = Layer.mergeAll(SqlReadModels.layer(Log), Snapshots.layerSql).pipe(
    Layer.provide(sqlite("views.db", { synchronous: "NORMAL" }))
  )
  // Derived data: what cannot be opened is made again from the log.
  const readModels = views.pipe(
    Layer.catch(() =>
      Layer.unwrap(
        Effect.as(
          attempt(`${file("views.db")} cannot be removed`, () => {
            for (const suffix of ["", "-wal", "-shm"]) rmSync(file(`views.db${suffix}`), { force: true })
          }),
          views
        )
      )
    ),
    refusing
  )

  return Layer.mergeAll(readModels, Layer.provideMerge(Sealing.layerFolder(options), state)).pipe(
    Layer.provideMerge(register),
    Layer.provideMerge(openings),
    Layer.provideMerge(vault),
    Layer.provide(locked)
  )
}
