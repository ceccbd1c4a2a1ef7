/**
 * The master key of a register in a folder, which wraps every key of the vault: the file `master.key`. For what opens the folder, and for an
 * operator that replaces the key.
 *
 * A rotation writes the new key beside the old one, wraps the keys with it, and puts it in the place of the old one. It may break off
 * between any two steps: the next start sees by the keys which of the two is right.
 */
import { FolderLock, KeyStore, Vault } from "@effekten/event-store"
import { Effect, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { writeDurably } from "../base/DurableFile.ts"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { secretSize } from "../base/Secrets.ts"
import { attempt, restore } from "./FolderFiles.ts"

const currentName = "master.key"
const nextName = "master.key.next"
const keysName = "keys.db"

type MasterKey = Redacted.Redacted<Uint8Array>

const fresh: Effect.Effect<Uint8Array, never, SecureRandom.SecureRandom> = Effect.flatMap(
  SecureRandom.SecureRandom,
  (random) => random.randomBytes(secretSize)
)

const write = (folder: string, name: string, key: Uint8Array) =>
  attempt(`${join(folder, name)} cannot be written`, () =>
    writeDurably(folder, name, `${Buffer.from(key).toString("base64")}\n`)
  )

const read = Effect.fnUntraced(function* (folder: string, name: string) {
  const path = join(folder, name)
  const text = yield* attempt(`${path} cannot be read`, () => readFileSync(path, "utf8"))
  const key = Buffer.from(text.trim(), "base64")
  if (key.length === secretSize) return Redacted.make<Uint8Array>(key)
  return yield* new RegisterUnavailable({
    message: `${path} does not hold ${secretSize} bytes in Base64. Restore it from your backup.`
  })
})

/** Whether the keys are wrapped with this one. */
const opens = (folder: string, masterKey: MasterKey) =>
  Effect.provide(Vault.make({ masterKey }), KeyStore.layerSqlite({ filename: join(folder, keysName) })).pipe(
    Effect.as(true),
    Effect.catchTag("DatabaseRefused", (error) =>
      error.reason === "wrong_master_key" ? Effect.succeed(false) : Effect.fail(error)
    ),
    Effect.mapError(refused)
  )

/** Ends a rotation that broke off, one way or the other. */
const settle = Effect.fnUntraced(function* (folder: string) {
  const next = join(folder, nextName)
  if (!existsSync(next)) return
  const isDone = existsSync(join(folder, keysName)) && (yield* opens(folder, yield* read(folder, nextName)))
  yield* attempt(`${next} cannot be moved`, () => (isDone ? renameSync(next, join(folder, currentName)) : rmSync(next)))
})

/** The master key of a folder, made where there are no keys yet. To be read by the process that holds the folder. @category computing */
export const masterKeyOf = Effect.fnUntraced(function* (
  folder: string
): Effect.fn.Return<MasterKey, RegisterUnavailable, SecureRandom.SecureRandom> {
  yield* settle(folder)
  if (!existsSync(join(folder, currentName))) {
    if (existsSync(join(folder, keysName))) return yield* restore(folder, currentName, keysName)
    yield* write(folder, currentName, yield* fresh)
  }
  return yield* read(folder, currentName)
})

/**
 * Puts a new master key in the place of the old one; no event, no ciphertext and no key of the vault changes. The folder must not be open.
 * Only the file system overwrites the old key. It still opens older backups of `keys.db`.
 *
 * @category running
 */
export const rotate = (folder: string): Effect.Effect<void, RegisterUnavailable, SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    if (!existsSync(join(folder, keysName)))
      return yield* new RegisterUnavailable({ message: `${folder} holds no register: there are no keys in it` })
    yield* Effect.mapError(FolderLock.acquire(folder), refused)
    const from = yield* masterKeyOf(folder)
    const next = yield* fresh
    yield* write(folder, nextName, next)
    yield* Vault.rotateMasterKey({ from, to: Redacted.make(next) }).pipe(
      Effect.provide(KeyStore.layerSqlite({ filename: join(folder, keysName) })),
      Effect.mapError(refused)
    )
    yield* settle(folder)
  }).pipe(Effect.scoped, Effect.uninterruptible)
