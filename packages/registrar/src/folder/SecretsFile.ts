/**
 * The register's own secrets, in the file `register.key` of a folder or elsewhere, and the log they are bound to. For what opens the folder: a
 * log without its secrets is not opened.
 */
import { Events } from "@effekten/domain"
import { FolderLock, SqliteEventStore, type Vault } from "@effekten/event-store"
import { Context, Effect, Layer, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { writeDurably } from "../base/DurableFile.ts"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { Secrets, secretSize } from "../base/Secrets.ts"
import {
  agreed,
  given as givenBy,
  type GivenSecrets,
  type KeptSecrets,
  noteOf,
  parseSecrets,
  printSecrets,
  type SecretSource,
  type StoredSecrets,
  takenOut
} from "../base/SecretsText.ts"
import { Log, recording } from "../log/Log.ts"
import { AccessRecord } from "../log/AccessRecord.ts"
import { attempt, database, restore } from "./FolderFiles.ts"

const fileName = "register.key"

const read = Effect.fnUntraced(function* (folder: string) {
  const name = join(folder, fileName)
  if (!existsSync(name)) return undefined
  const text = yield* attempt(`${name} cannot be read`, () => readFileSync(name, "utf8"))
  const secrets = yield* Effect.mapError(
    parseSecrets(text),
    () => new RegisterUnavailable({ message: `${name} is damaged. Restore it from your backup.` })
  )
  return { name, secrets }
})

const write = (folder: string, secrets: StoredSecrets) =>
  attempt(`${join(folder, fileName)} cannot be written`, () =>
    writeDurably(folder, fileName, `${printSecrets(secrets)}\n`)
  )

/** The secrets, for an audit; none where they cannot be read. @category constructors */
export const secretsIn = Effect.fnUntraced(function* (
  folder: string,
  source: SecretSource | undefined
): Effect.fn.Return<{ readonly name: string; readonly secrets: KeptSecrets } | undefined, RegisterUnavailable> {
  const given = yield* givenBy(source)
  const stored = yield* Effect.orElseSucceed(read(folder), () => undefined)
  if (stored === undefined) return given
  if (given === undefined && "elsewhere" in stored.secrets) return undefined
  return { name: stored.name, secrets: yield* agreed(stored, given) }
})

/** Takes the secrets out of a folder that no process has open, into another file. @category running */
export const takeOut = (folder: string, file: string): Effect.Effect<void, RegisterUnavailable> =>
  Effect.gen(function* () {
    yield* Effect.mapError(FolderLock.acquire(folder), refused)
    const stored = yield* read(folder)
    if (stored === undefined) return yield* restore(folder, fileName, "log.db")
    yield* write(folder, yield* takenOut(stored, file))
  }).pipe(Effect.scoped)

/** Binds the secrets to the log that was opened with them. */
class Binding extends Context.Service<
  Binding,
  { readonly bind: (logId: string) => Effect.Effect<void, RegisterUnavailable> }
>()("effekten/registrar/SecretsFile/Binding") {}

/** What is to be in the file: what is there, a note for what was given, or new secrets of a new log. */
const storedIn = Effect.fnUntraced(function* (
  folder: string,
  given: GivenSecrets | undefined
): Effect.fn.Return<
  { readonly name: string; readonly secrets: StoredSecrets },
  RegisterUnavailable,
  SecureRandom.SecureRandom
> {
  const random = yield* SecureRandom.SecureRandom
  const isNew = !existsSync(join(folder, "log.db"))
  const name = join(folder, fileName)
  const found = yield* read(folder)
  // A log that is there is the one that its secrets name; a log that they name is there.
  if (found === undefined && !isNew && given?.secrets.logId === undefined)
    return yield* restore(folder, fileName, "log.db")
  if (isNew && (found ?? given)?.secrets.logId !== undefined)
    return yield* restore(folder, "log.db", found === undefined ? given!.name : fileName)
  if (found !== undefined) return found
  if (given !== undefined) return { name, secrets: noteOf(given.secrets) }
  const secrets: StoredSecrets = {
    pepper: yield* random.randomBytes(secretSize),
    custodySeed: yield* random.randomBytes(secretSize)
  }
  yield* write(folder, secrets)
  return { name, secrets }
})

/** The register's secrets, made where neither they nor the log are there. @category layers */
export const secrets = (
  folder: string,
  source: SecretSource | undefined
): Layer.Layer<Secrets | Binding, RegisterUnavailable, SecureRandom.SecureRandom> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const given = yield* givenBy(source)
      const stored = yield* storedIn(folder, given)
      const { custodySeed, logId, pepper } = yield* agreed(stored, given)
      const bind = Effect.fnUntraced(function* (opened: string) {
        if (logId !== undefined && logId !== opened)
          return yield* new RegisterUnavailable({
            message: `${stored.name} belongs to another log than ${join(folder, "log.db")}. Restore both from the same backup.`
          })
        if (stored.secrets.logId === undefined || !existsSync(stored.name))
          yield* write(folder, { ...stored.secrets, logId: opened })
      })
      const made = Secrets.make({ pepper: Redacted.make(pepper), custodySeed: Redacted.make(custodySeed) })
      return Context.make(Secrets, made).pipe(Context.add(Binding, { bind }))
    })
  )

/** The log, made after the register's secrets and bound to them. @category layers */
export const register = (
  folder: string
): Layer.Layer<Log, RegisterUnavailable, AccessRecord | Binding | Secrets | SecureRandom.SecureRandom | Vault.Vault> =>
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
      yield* (yield* Binding).bind(log.logId)
      return recording(log, yield* AccessRecord)
    })
  )
