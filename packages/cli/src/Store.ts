/**
 * Where a served register keeps its data: a folder, or a PostgreSQL database that several nodes share. For `serve`.
 */
import type { PgPool } from "@effect/sql-pg"
import { Registrar, type RegisterState, type RegisterUnavailable } from "@effekten/registrar"
import { Config, Effect, type Layer, Option, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

/** @category models */
export interface StoreOptions {
  readonly folder: string
  /** URL of a PostgreSQL database; the folder if not said. */
  readonly store: Redacted.Redacted | undefined
  /** Milliseconds the ledger takes; settles at once if not said. */
  readonly settleAfter: number | undefined
}

const keySize = 32

const refused = (message: string) => new CommandFailed({ exitCode: ExitCode.folder, message })

/** The master key of a register in PostgreSQL: `EFFEKTEN_MASTER_KEY`, or `master.key` in the data folder, made at the first start. */
const masterKey = (folder: string): Effect.Effect<Redacted.Redacted<Uint8Array>, CommandFailed> =>
  Effect.gen(function* () {
    const given = yield* Config.option(Config.Redacted("EFFEKTEN_MASTER_KEY"))
    const path = join(folder, "master.key")
    const text = Option.isSome(given)
      ? Redacted.value(given.value)
      : yield* readOrMake(folder, path).pipe(Effect.provide(SecureRandom.layerWebCrypto))
    const key = Buffer.from(text.trim(), "base64")
    if (key.length !== keySize) {
      return yield* refused(
        `${Option.isSome(given) ? "EFFEKTEN_MASTER_KEY" : path} does not hold ${keySize} bytes in Base64`
      )
    }
    return Redacted.make<Uint8Array>(key)
  }).pipe(Effect.catchTag("ConfigError", (error) => Effect.fail(refused(error.message))))

const readOrMake = (folder: string, path: string): Effect.Effect<string, CommandFailed, SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    const fresh = Buffer.from(yield* random.randomBytes(keySize)).toString("base64")
    return yield* Effect.try({
      try: () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        try {
          return readFileSync(path, "utf8")
        } catch (cause) {
          if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause
        }
        // Whole or not there; and if another node of this folder is faster, its key is the one.
        const own = `${path}.${process.pid}`
        const file = openSync(own, "w", 0o600)
        try {
          writeSync(file, `${fresh}\n`)
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

/** The register, where it was said to be. @category layers */
export const openRegister = ({
  folder,
  settleAfter,
  store
}: StoreOptions): Effect.Effect<Layer.Layer<Registrar.Register | RegisterState, RegisterUnavailable>, CommandFailed> =>
  Effect.gen(function* () {
    const settling = settleAfter === undefined ? {} : { settleAfter }
    if (store === undefined) return Registrar.layerFolder({ folder, ...settling })
    // The driver comes with the command, which cannot know whether it will be asked for.
    const server: PgPool.Config = { url: store }
    return Registrar.layerPostgres({ server, masterKey: yield* masterKey(folder), ...settling })
  })
