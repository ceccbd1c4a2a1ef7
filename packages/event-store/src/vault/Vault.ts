/**
 * Encrypts what is personal under one key per subject, and forgets a subject by destroying its key. For the stores and for document blobs.
 */
import { Context, Effect, Layer, Option, Redacted, Schema, Semaphore } from "effect"
import { SecureRandom } from "effect/crypto"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, tooNew } from "./SealedBox.ts"
import { canonical } from "../port/Json.ts"
import {
  KeyStore,
  layerMemory as keysInMemory,
  layerSqlite as keysInSqlite,
  type SqliteKeyStoreOptions,
  VaultError,
  type WrappedKey
} from "./KeyStore.ts"
import { Limits } from "../port/Limits.ts"

/** Something was to be sealed for a subject that was forgotten. @category errors */
export class SubjectErased extends Schema.TaggedError<SubjectErased>()("SubjectErased", {
  subject: Schema.String,
  message: Schema.String
}) {}

/** A sealed box, and whose it is. @category models */
export interface SealedFor {
  readonly subject: string
  readonly ciphertext: Uint8Array
}

/** What the vault offers. @category models */
export interface VaultShape {
  /**
   * Encrypts bytes under the subject's key, which is made at the first use. The associated data must be given again to open them: it
   * binds them to their place. **Call `ensureKeys` before storing what this returns**; until then the key may live in memory only.
   */
  readonly seal: (
    subject: string,
    associatedData: string,
    plaintext: Uint8Array
  ) => Effect.Effect<Uint8Array, SubjectErased | VaultError>
  /**
   * Makes durable the keys these subjects were sealed under, all in one transaction. Fails if one was forgotten meanwhile. Where several
   * processes share the keys, `sealed` says what is about to be stored: it fails as `unavailable` if another process made the key first.
   */
  readonly ensureKeys: (
    subjects: ReadonlyArray<string>,
    sealed?: ReadonlyArray<SealedFor>
  ) => Effect.Effect<void, SubjectErased | VaultError>
  /** Decrypts; none when the subject was forgotten. */
  readonly open: (
    subject: string,
    associatedData: string,
    ciphertext: Uint8Array
  ) => Effect.Effect<Option.Option<Uint8Array>, VaultError>
  /** Whether the subject was forgotten. */
  readonly isForgotten: (subject: string) => Effect.Effect<boolean, VaultError>
  /** Destroys the subject's key for good; nothing can be sealed for it afterwards. Repeating it is harmless. */
  readonly forget: (subject: string) => Effect.Effect<void, VaultError>
  /** Every subject that was forgotten. */
  readonly forgotten: Effect.Effect<ReadonlyArray<string>, VaultError>
  /** A text that lies with the keys, so that a restored key file brings its own: how far forgetting has come. */
  readonly note: Effect.Effect<string | undefined, VaultError>
  readonly setNote: (text: string) => Effect.Effect<void, VaultError>
}

/** @category services */
export class Vault extends Context.Service<Vault, VaultShape>()("@effekten/event-store/Vault") {}

/** What a wrapped key is bound to, so that no key passes for another's. */
const keyPlace = (subject: string) => canonical(["key", subject])
const CHECK_PLACE = canonical(["master"])
const CHECK = new Uint8Array(KEY_BYTES)

/** @category models */
export interface VaultOptions {
  /** 32 bytes that wrap every key. Keep them apart from the key file; without them nothing personal can be read again. */
  readonly masterKey: Redacted.Redacted<Uint8Array>
}

/**
 * A vault over a key store.
 *
 * @category constructors
 */
export const make = (
  options: VaultOptions
): Effect.Effect<VaultShape, DatabaseRefused | VaultError, KeyStore | SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const keyStore = yield* KeyStore
    const random = yield* SecureRandom.SecureRandom
    const master = Uint8Array.from(Redacted.value(options.masterKey))
    if (master.length !== KEY_BYTES)
      return yield* refuseMaster(`the master key has ${master.length} bytes instead of ${KEY_BYTES}`)
    const wrap = (key: Uint8Array, place: string) =>
      Effect.map(random.randomBytes(NONCE_BYTES), (nonce) => encrypt(master, nonce, place, key))

    const check = yield* keyStore.check(yield* wrap(CHECK, CHECK_PLACE))
    if (decrypt(master, CHECK_PLACE, check) === undefined) {
      const newer = tooNew(check)
      return yield* newer === undefined
        ? refuseMaster("the master key is not the one these keys were wrapped with: start with the right one")
        : new DatabaseRefused({ filename: "the key store", reason: "newer", message: `the keys are ${newer}` })
    }

    // Durable keys unwrapped, the least recently used first; and keys that are in no key store yet.
    const cached = new Map<string, Uint8Array>()
    const pending = new Map<string, Uint8Array>()
    const lock = yield* Semaphore.make(1)
    const shared = keyStore.watch !== undefined
    // Under which key a box was sealed, where another process may have been faster with another key.
    const sealedUnder = new WeakMap<Uint8Array, Uint8Array>()
    // Counts what was told: a key that was read meanwhile is read again, for nobody would tell of it a second time.
    let told = 0
    yield* (
      keyStore.watch?.((subject) => {
        told += 1
        for (const known of subject === undefined ? [...cached.keys()] : [subject]) {
          // Zeroed, for another fiber may have it in its hands; but a key that is merely unsure can still be in use.
          if (subject !== undefined) cached.get(known)?.fill(0)
          cached.delete(known)
        }
      }) ?? Effect.void
    )

    const remember = (subject: string, key: Uint8Array): Uint8Array => {
      cached.delete(subject)
      cached.set(subject, key)
      if (cached.size > Limits.cachedKeys) for (const oldest of cached.keys()) if (cached.delete(oldest)) break
      return key
    }

    /** The durable key of a subject; undefined where there was none ever. Under the lock, or a key forgotten meanwhile came back. */
    const load = (subject: string): Effect.Effect<Uint8Array | "forgotten" | undefined, VaultError> =>
      Effect.suspend(() => {
        const known = cached.get(subject)
        if (known !== undefined) return Effect.succeed(remember(subject, known))
        const before = told
        return Effect.flatMap(
          keyStore.get(subject),
          (entry): Effect.Effect<Uint8Array | "forgotten" | undefined, VaultError> => {
            if (entry === undefined) return Effect.undefined
            if (entry._tag === "Forgotten") return Effect.succeed("forgotten" as const)
            if (told !== before) return load(subject)
            const key = decrypt(master, keyPlace(subject), entry.wrapped)
            return key === undefined
              ? Effect.fail(damagedKey(subject, entry.wrapped))
              : Effect.succeed(remember(subject, key))
          }
        )
      })

    /** Whether the keys are there for all that: inserted by a transaction whose answer was lost. What is another's is not ours any more. */
    const reconcile = (fresh: ReadonlyArray<readonly [string, Uint8Array]>, error: VaultError) =>
      Effect.gen(function* () {
        let ours = true
        for (const [subject, key] of fresh) {
          const found = yield* load(subject)
          if (found instanceof Uint8Array && Buffer.compare(found, key) === 0) continue
          ours = false
          if (found !== undefined) pending.delete(subject)
        }
        if (!ours) return yield* error
      })

    const flush = (subjects: Iterable<string>) =>
      Effect.gen(function* () {
        const fresh: Array<readonly [string, Uint8Array]> = []
        for (const subject of subjects) {
          const key = pending.get(subject)
          if (key !== undefined) fresh.push([subject, key])
        }
        if (fresh.length === 0) return
        const wrapped: Array<{ readonly subject: string; readonly wrapped: Uint8Array }> = []
        for (const [subject, key] of fresh) wrapped.push({ subject, wrapped: yield* wrap(key, keyPlace(subject)) })
        yield* Effect.catch(keyStore.insert(wrapped), (error) =>
          shared ? reconcile(fresh, error) : Effect.fail(error)
        )
        for (const [subject, key] of fresh) {
          pending.delete(subject)
          remember(subject, key)
        }
      })

    const keyForSealing = (subject: string): Effect.Effect<Uint8Array, SubjectErased | VaultError> =>
      Effect.suspend(() => {
        const known = cached.get(subject) ?? pending.get(subject)
        if (known !== undefined) return Effect.succeed(known)
        return lock.withPermit(
          Effect.gen(function* () {
            const durable = pending.get(subject) ?? (yield* load(subject))
            if (durable === "forgotten") return yield* erased(subject)
            if (durable !== undefined) return durable
            // Keys of events that were never appended would pile up; made durable they are merely unused.
            if (pending.size >= Limits.cachedKeys) yield* flush([...pending.keys()])
            const key = yield* random.randomBytes(KEY_BYTES)
            pending.set(subject, key)
            return key
          })
        )
      })

    /** Refuses what was sealed under a key that did not become the subject's. */
    const stillFits = (sealed: ReadonlyArray<SealedFor>) =>
      Effect.gen(function* () {
        if (!shared) return
        for (const { ciphertext, subject } of sealed) {
          const used = sealedUnder.get(ciphertext)
          const key = cached.get(subject)
          if (used === undefined || used === key) continue
          if (isDestroyed(used)) return yield* erased(subject)
          if (key !== undefined && Buffer.compare(used, key) === 0) continue
          return yield* new VaultError({
            reason: "unavailable",
            message: `it is not sure that ${subject} has the key it was sealed under, another process may have made one first: prepare again`
          })
        }
      })

    return {
      seal: (subject, associatedData, plaintext) =>
        Effect.flatMap(random.randomBytes(NONCE_BYTES), (nonce) =>
          Effect.flatMap(keyForSealing(subject), (key) => {
            if (isDestroyed(key)) return Effect.fail(erased(subject))
            const ciphertext = encrypt(key, nonce, associatedData, plaintext)
            if (shared) sealedUnder.set(ciphertext, key)
            return Effect.succeed(ciphertext)
          })
        ),
      ensureKeys: (subjects, sealed = []) =>
        Effect.suspend(() => {
          if (subjects.every((subject) => cached.has(subject))) return stillFits(sealed)
          return Effect.uninterruptible(
            lock.withPermit(
              Effect.gen(function* () {
                for (const subject of subjects) {
                  if (pending.has(subject)) continue
                  const durable = yield* load(subject)
                  if (durable === "forgotten") return yield* erased(subject)
                  if (durable === undefined) return yield* missing(subject)
                }
                yield* flush(new Set(subjects))
                yield* stillFits(sealed)
              })
            )
          )
        }),
      open: (subject, associatedData, ciphertext) =>
        Effect.gen(function* () {
          const key = cached.get(subject) ?? pending.get(subject) ?? (yield* lock.withPermit(load(subject)))
          if (key === "forgotten" || (key !== undefined && isDestroyed(key))) return Option.none()
          if (key === undefined) return yield* missing(subject)
          const plaintext = decrypt(key, associatedData, ciphertext)
          if (plaintext === undefined)
            return yield* new VaultError({
              reason: "not_authentic",
              message: `a ciphertext of ${subject} is ${tooNew(ciphertext) ?? "damaged, or stands in another's place"}`
            })
          return Option.some(plaintext)
        }),
      isForgotten: (subject) =>
        Effect.suspend(() =>
          // Another process may have forgotten it a moment ago: who asks is answered by what is kept.
          !shared && (cached.has(subject) || pending.has(subject))
            ? Effect.succeed(false)
            : Effect.map(keyStore.get(subject), (entry) => entry?._tag === "Forgotten")
        ),
      forget: (subject) =>
        Effect.uninterruptible(
          lock.withPermit(
            Effect.gen(function* () {
              yield* keyStore.forget(subject)
              for (const keys of [cached, pending]) {
                keys.get(subject)?.fill(0)
                keys.delete(subject)
              }
            })
          )
        ),
      forgotten: keyStore.forgotten,
      note: keyStore.note,
      setNote: keyStore.setNote
    }
  })

/**
 * Wraps every key anew with another master key; ciphertexts, bodies and their hashes stay as they are. No vault may be open on the key
 * store meanwhile. All or nothing: after a crash either the old master key is the right one, or the new.
 *
 * @category rotation
 */
export const rotateMasterKey = (options: {
  readonly from: Redacted.Redacted<Uint8Array>
  readonly to: Redacted.Redacted<Uint8Array>
}): Effect.Effect<void, DatabaseRefused | VaultError, KeyStore | SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    // Opening shows that the old key is right, before anything is replaced.
    yield* make({ masterKey: options.from })
    const keyStore = yield* KeyStore
    const random = yield* SecureRandom.SecureRandom
    const from = Redacted.value(options.from)
    const to = Redacted.value(options.to)
    if (to.length !== KEY_BYTES)
      return yield* refuseMaster(`the new master key has ${to.length} bytes instead of ${KEY_BYTES}`)
    const rewrapped: Array<WrappedKey> = []
    for (const { subject, wrapped } of yield* keyStore.all) {
      const key = decrypt(from, keyPlace(subject), wrapped)
      if (key === undefined) return yield* damagedKey(subject, wrapped)
      rewrapped.push({ subject, wrapped: encrypt(to, yield* random.randomBytes(NONCE_BYTES), keyPlace(subject), key) })
    }
    yield* keyStore.replace(rewrapped, encrypt(to, yield* random.randomBytes(NONCE_BYTES), CHECK_PLACE, CHECK))
  })

/** Forgetting zeroes a key another fiber may have in its hands. A random key is never all zeroes. */
const isDestroyed = (key: Uint8Array): boolean => key.every((byte) => byte === 0)

const refuseMaster = (message: string) =>
  new DatabaseRefused({ filename: "the key store", reason: "wrong_master_key", message })

const erased = (subject: string) =>
  new SubjectErased({ subject, message: `${subject} was forgotten: nothing can be written for it` })

const damagedKey = (subject: string, wrapped: Uint8Array) =>
  new VaultError({ reason: "not_authentic", message: `the key of ${subject} is ${tooNew(wrapped) ?? "damaged"}` })

const missing = (subject: string) =>
  new VaultError({
    reason: "missing_key",
    message: `there is no key for ${subject}, and nobody forgot it: restore the key file from a backup`
  })

/** A vault over whatever key store is provided. @category layers */
export const layer = (
  options: VaultOptions
): Layer.Layer<Vault, DatabaseRefused | VaultError, KeyStore | SecureRandom.SecureRandom> =>
  Layer.effect(Vault, make(options))

/** A vault in memory, with a master key nobody knows: gone with the process. @category layers */
export const layerMemory: Layer.Layer<Vault, never, SecureRandom.SecureRandom> = Layer.effect(
  Vault,
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    return yield* make({ masterKey: Redacted.make(yield* random.randomBytes(KEY_BYTES)) })
  })
).pipe(Layer.provide(keysInMemory), Layer.orDie)

/** A vault whose keys lie in a SQLite file. @category layers */
export const layerSqlite = (
  options: VaultOptions & SqliteKeyStoreOptions
): Layer.Layer<Vault, DatabaseRefused | VaultError, SecureRandom.SecureRandom> =>
  layer(options).pipe(Layer.provide(keysInSqlite(options)))
