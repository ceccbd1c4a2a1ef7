/**
 * The master key of a register in PostgreSQL, as this node gets it: from the environment, or from a file. For {@link PostgresPlace}.
 */
import { Config, Effect, Option, Redacted } from "effect"
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

const keySize = 32
const nextMasterKeyName = "EFFEKTEN_NEXT_MASTER_KEY"

const refused = (message: string) => new CommandFailed({ exitCode: ExitCode.folder, message })

/** `EFFEKTEN_MASTER_KEY`, or `master.key` in the data folder, made where the register does not exist yet. @category constructors */
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

/** The master key, for what does without it where this machine has none. @category constructors */
export const masterKeyAtHand = (
  folder: string
): Effect.Effect<Redacted.Redacted<Uint8Array> | undefined, CommandFailed> =>
  Config.option(Config.Redacted("EFFEKTEN_MASTER_KEY")).pipe(
    Effect.mapError((error) => refused(error.message)),
    Effect.flatMap((given) =>
      Option.isNone(given) && !existsSync(join(folder, "master.key")) ? Effect.undefined : masterKey(folder, true)
    )
  )

/**
 * The key that is to take its place. An operator must have stored it before anything is wrapped with it, so the command makes none.
 *
 * @category constructors
 */
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
        // Whole or not there. If another node of this folder is faster, its key is taken.
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
