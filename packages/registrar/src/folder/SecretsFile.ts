/**
 * The register's own secrets, in the file `register.key` of a folder, and the log they are bound to. For what opens the folder: a log without
 * its secrets is not opened.
 */
import { Events } from "@effekten/domain"
import { type Macs, SqliteEventStore, type Vault } from "@effekten/event-store"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { writeDurably } from "../base/DurableFile.ts"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { logKeyOf, Secrets, secretSize } from "../base/Secrets.ts"
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

/** With what the log's MACs are made, for an audit; none where the secrets cannot be read. @category constructors */
export const authenticationIn = (folder: string): Effect.Effect<Macs.Authentication | undefined> =>
  Effect.option(read(folder)).pipe(
    Effect.map(
      Option.match({
        onNone: () => undefined,
        onSome: ({ pepper }) => ({ key: logKeyOf(Redacted.make(pepper)) })
      })
    )
  )

/** The log, made after the register's secrets and bound to them. @category layers */
export const register = (
  folder: string
): Layer.Layer<Log | Secrets, RegisterUnavailable, AccessRecord | SecureRandom.SecureRandom | Vault.Vault> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const random = yield* SecureRandom.SecureRandom
      const logFile = join(folder, "log.db")
      const isNew = !existsSync(logFile)
      if (!existsSync(join(folder, fileName))) {
        if (!isNew) return yield* restore(folder, fileName, "log.db")
        yield* write(folder, {
          pepper: yield* random.randomBytes(secretSize),
          custodySeed: yield* random.randomBytes(secretSize)
        })
      }
      const secrets = yield* read(folder)
      if (isNew && secrets.logId !== undefined) return yield* restore(folder, "log.db", fileName)
      const log = yield* Effect.mapError(
        SqliteEventStore.make<Events.RegisterEvent>({
          filename: yield* database(folder, "log.db"),
          catalogue: Events.catalogue,
          authentication: { key: logKeyOf(Redacted.make(secrets.pepper)) }
        }),
        refused
      )
      if (secrets.logId === undefined) yield* write(folder, { ...secrets, logId: log.logId })
      else if (secrets.logId !== log.logId) {
        return yield* new RegisterUnavailable({
          message: `${join(folder, fileName)} belongs to another log than ${logFile}. Restore both from the same backup.`
        })
      }
      return Context.merge(
        Context.make(Log, recording(log, yield* AccessRecord)),
        Context.make(
          Secrets,
          Secrets.make({ pepper: Redacted.make(secrets.pepper), custodySeed: Redacted.make(secrets.custodySeed) })
        )
      )
    })
  )
