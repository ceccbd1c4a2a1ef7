/**
 * The register's own secrets, in the file `register.key` of a folder, and the log they are bound to. For what opens the folder: a log without
 * its secrets is not opened.
 */
import { Events } from "@effekten/domain"
import { SqliteEventStore, type Vault } from "@effekten/event-store"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { writeDurably } from "../base/DurableFile.ts"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { Secrets, secretSize } from "../base/Secrets.ts"
import { Log, recording } from "../log/Log.ts"
import { AccessRecord } from "../log/AccessRecord.ts"
import { attempt, database, restore } from "./FolderFiles.ts"

const SecretsFile = Schema.Struct({
  /** The log these secrets belong to; absent until the log was made. */
  logId: Schema.optionalKey(Schema.String),
  pepper: Schema.Uint8ArrayFromBase64,
  custodySeed: Schema.Uint8ArrayFromBase64
})
const readSecrets = Schema.decodeUnknownEffect(Schema.fromJsonString(SecretsFile))
const printSecrets = Schema.encodeSync(Schema.fromJsonString(SecretsFile))
const fileName = "register.key"

const read = Effect.fnUntraced(function* (folder: string) {
  const path = join(folder, fileName)
  const text = yield* attempt(`${path} cannot be read`, () => readFileSync(path, "utf8"))
  return yield* Effect.mapError(
    readSecrets(text),
    () => new RegisterUnavailable({ message: `${path} is damaged. Restore it from your backup.` })
  )
})

const write = (folder: string, secrets: typeof SecretsFile.Type) =>
  attempt(`${join(folder, fileName)} cannot be written`, () =>
    writeDurably(folder, fileName, `${printSecrets(secrets)}\n`)
  )

/** The pepper, for an audit; none where the secrets cannot be read. @category constructors */
export const pepperIn = (folder: string): Effect.Effect<Redacted.Redacted<Uint8Array> | undefined> =>
  Effect.option(read(folder)).pipe(
    Effect.map(Option.match({ onNone: () => undefined, onSome: ({ pepper }) => Redacted.make(pepper) }))
  )

/** The register's secrets, made where neither they nor the log are there. @category layers */
export const secrets = (folder: string): Layer.Layer<Secrets, RegisterUnavailable, SecureRandom.SecureRandom> =>
  Layer.effect(
    Secrets,
    Effect.gen(function* () {
      const random = yield* SecureRandom.SecureRandom
      const isNew = !existsSync(join(folder, "log.db"))
      if (!existsSync(join(folder, fileName))) {
        if (!isNew) return yield* restore(folder, fileName, "log.db")
        yield* write(folder, {
          pepper: yield* random.randomBytes(secretSize),
          custodySeed: yield* random.randomBytes(secretSize)
        })
      }
      const { custodySeed, logId, pepper } = yield* read(folder)
      if (isNew && logId !== undefined) return yield* restore(folder, "log.db", fileName)
      return Secrets.make({ pepper: Redacted.make(pepper), custodySeed: Redacted.make(custodySeed) })
    })
  )

/** The log, made after the register's secrets and bound to them. @category layers */
export const register = (
  folder: string
): Layer.Layer<Log, RegisterUnavailable, AccessRecord | Secrets | SecureRandom.SecureRandom | Vault.Vault> =>
  Layer.effect(
    Log,
    Effect.gen(function* () {
      const { logKey } = yield* Secrets
      const log = yield* Effect.mapError(
        SqliteEventStore.make<Events.RegisterEvent>({
          filename: yield* database(folder, "log.db"),
          catalogue: Events.catalogue,
          authentication: { key: logKey }
        }),
        refused
      )
      const kept = yield* read(folder)
      if (kept.logId === undefined) yield* write(folder, { ...kept, logId: log.logId })
      else if (kept.logId !== log.logId) {
        return yield* new RegisterUnavailable({
          message: `${join(folder, fileName)} belongs to another log than ${join(folder, "log.db")}. Restore both from the same backup.`
        })
      }
      return recording(log, yield* AccessRecord)
    })
  )
