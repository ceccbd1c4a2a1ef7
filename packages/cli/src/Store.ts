/**
 * Where a register keeps its data: a folder, or a PostgreSQL database that several nodes share. For every command that opens one.
 */
import type { PgPool } from "@effect/sql-pg"
import { defaultPolicy, type Policy, retentionOf } from "@effekten/domain"
import { Audit, Registrar, type RegisterState, type RegisterUnavailable } from "@effekten/registrar"
import { Config, Effect, Layer, Option, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

/** @category models */
export interface Place {
  readonly folder: string
  /** URL of a PostgreSQL database; the folder if not said. */
  readonly store?: Redacted.Redacted | undefined
}

/** @category models */
export interface StoreOptions extends Place {
  /** Milliseconds the ledger takes; settles at once if not said. */
  readonly settleAfter?: number | undefined
  /** What the law leaves to the register; the default if not said. */
  readonly policy?: Policy | undefined
  /** Whether investors are erased as soon as nothing stands against it; not, if not said. */
  readonly eraseWhenDue?: boolean
  /** Whether it is there already: then no master key is made for it. */
  readonly exists?: boolean
}

const keySize = 32
const nextMasterKeyName = "EFFEKTEN_NEXT_MASTER_KEY"

const refused = (message: string) => new CommandFailed({ exitCode: ExitCode.folder, message })

/** The master key of a register in PostgreSQL: `EFFEKTEN_MASTER_KEY`, or `master.key` in the data folder, made at the first start. */
export const masterKey = (
  folder: string,
  exists = false
): Effect.Effect<Redacted.Redacted<Uint8Array>, CommandFailed> =>
  Effect.gen(function* () {
    const given = yield* Config.option(Config.Redacted("EFFEKTEN_MASTER_KEY"))
    const path = join(folder, "master.key")
    const text = Option.isSome(given)
      ? Redacted.value(given.value)
      : yield* readOrMake(folder, path, exists).pipe(Effect.provide(SecureRandom.layerWebCrypto))
    return yield* keyIn(text, Option.isSome(given) ? "EFFEKTEN_MASTER_KEY" : path)
  }).pipe(Effect.catchTag("ConfigError", (error) => Effect.fail(refused(error.message))))

/** The master key that is to take its place: whoever has it must have it before anything is wrapped with it. */
export const nextMasterKey: Effect.Effect<Redacted.Redacted<Uint8Array>, CommandFailed> = Effect.gen(function* () {
  const given = yield* Config.option(Config.Redacted(nextMasterKeyName))
  if (Option.isSome(given)) return yield* keyIn(Redacted.value(given.value), nextMasterKeyName)
  return yield* new CommandFailed({
    exitCode: ExitCode.usage,
    message: `make the new master key yourself (openssl rand -base64 32), keep it, and give it as ${nextMasterKeyName}`
  })
}).pipe(Effect.catchTag("ConfigError", (error) => Effect.fail(refused(error.message))))

const keyIn = (text: string, name: string): Effect.Effect<Redacted.Redacted<Uint8Array>, CommandFailed> => {
  const key = Buffer.from(text.trim(), "base64")
  return key.length === keySize
    ? Effect.succeed(Redacted.make<Uint8Array>(key))
    : Effect.fail(refused(`${name} does not hold ${keySize} bytes in Base64`))
}

const readOrMake = (
  folder: string,
  path: string,
  exists: boolean
): Effect.Effect<string, CommandFailed, SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    const fresh = Buffer.from(yield* random.randomBytes(keySize)).toString("base64")
    return yield* Effect.try({
      try: () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        try {
          return readFileSync(path, "utf8")
        } catch (cause) {
          if (exists || (cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause
        }
        // Whole or not there; and if another node of this folder is faster, its key is the one.
        const own = `${path}.${process.pid}`
        const file = openSync(own, "w", 0o600)
        try {
          writeFileSync(file, `${fresh}\n`)
          fsyncSync(file)
        } finally {
          closeSync(file)
        }
        try {
          linkSync(own, path)
        } catch (cause) {
          if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
        } finally {
          rmSync(own, { force: true })
        }
        return readFileSync(path, "utf8")
      },
      catch: (cause) => refused(`${path} cannot be used: ${(cause as Error).message}`)
    })
  })

// The driver comes with the command, which cannot know whether it will be asked for.
export const serverAt = (store: Redacted.Redacted): PgPool.Config => ({ url: store })

/** The register, where it was said to be. @category layers */
export const openRegister = ({
  eraseWhenDue,
  exists,
  folder,
  policy,
  settleAfter,
  store
}: StoreOptions): Effect.Effect<Layer.Layer<Registrar.Register | RegisterState, RegisterUnavailable>, CommandFailed> =>
  Effect.gen(function* () {
    const options = {
      ...(settleAfter === undefined ? {} : { settleAfter }),
      ...(policy === undefined ? {} : { policy }),
      ...(eraseWhenDue === undefined ? {} : { eraseWhenDue })
    }
    if (store === undefined) return Registrar.layerFolder({ folder, ...options })
    return Registrar.layerPostgres({ server: serverAt(store), masterKey: yield* masterKey(folder, exists), ...options })
  })

/** The policy of a register that keeps data for so many calendar years. @category values */
export const keepingFor = (years: number): Policy => ({ ...defaultPolicy, retainUntil: retentionOf(years) })

/** Its log, to be read only. @category layers */
export const openAudit = ({ folder, store }: Place): Layer.Layer<Audit, CommandFailed> =>
  (store === undefined ? Audit.layerFolder({ folder }) : Audit.layerPostgres({ server: serverAt(store) })).pipe(
    Layer.catch(({ message }) => Layer.effectContext(Effect.fail(refused(message))))
  )

/** Fails where no register is: a slip of the pen makes no new one. @category checks */
export const mustExist = (place: Place): Effect.Effect<void, CommandFailed> =>
  place.store !== undefined
    ? Effect.scoped(Effect.asVoid(Layer.build(openAudit(place))))
    : existsSync(join(place.folder, "log.db"))
      ? Effect.void
      : Effect.fail(refused(`${place.folder} holds no register`))
