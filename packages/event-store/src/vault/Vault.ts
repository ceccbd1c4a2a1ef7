/**
 * Encrypts what is personal under one key per subject, and forgets a subject by destroying its key. For the stores and for document blobs.
 * No text, key or ciphertext may reach a message here.
 */
import { Context, Effect, Layer, Option, Redacted, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import { canonical } from "../port/Json.ts"
import {
  atHand,
  damagedKey,
  destroyKey,
  dropKey,
  ensureKeys,
  erased,
  isDestroyed,
  keyForOpening,
  keyForSealing,
  keyPlace,
  type KeyRing,
  makeKeyRing,
  type SealedFor,
  type SubjectErased,
  wrap
} from "./KeyRing.ts"
import {
  type KeyStates,
  KeyStore,
  type KeyStoreShape,
  layerMemory as keysInMemory,
  layerSqlite as keysInSqlite,
  type SqliteKeyStoreOptions,
  VaultError,
  type WrappedKey
} from "./KeyStore.ts"
import { type Passing, SALT_BYTES } from "./ChunkedBox.ts"
import { decrypt, decryptPieces, encrypt, encryptPieces, KEY_BYTES, NONCE_BYTES, tooNew } from "./SealedBox.ts"

export { type SealedFor, SubjectErased } from "./KeyRing.ts"
export { isSizeOf } from "./SealedBox.ts"

/** What the vault offers. @category models */
export interface VaultShape {
  /**
   * Encrypts bytes under the subject's key, which is made at the first use. The associated data must be given again to open them: it
   * binds them to their place. **Call `ensureKeys` before storing what this returns**; until then the key may live in memory only.
   *
   * `isKnown` says whether something was stored for the subject before. Then no key is made in the place of one that is missing: it fails as
   * `missing_key`. By default it was not.
   */
  readonly seal: (
    subject: string,
    associatedData: string,
    plaintext: Uint8Array,
    isKnown?: Effect.Effect<boolean, VaultError>
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
  /**
   * Encrypts what comes piece by piece, as it comes, and holds one piece of it at a time. The same is asked of `ensureKeys` as for `seal`.
   * Where the whole was not kept, `discard` the key.
   */
  readonly sealPieces: <E>(
    subject: string,
    associatedData: string,
    plaintext: Stream.Stream<Uint8Array, E>
  ) => Stream.Stream<Uint8Array, E | SubjectErased | VaultError>
  /**
   * Decrypts piece by piece, whatever the box was sealed with; none when the subject was forgotten. Every piece is authentic. That it is all
   * of the text is known at the end: it fails there as `not_authentic`.
   */
  readonly openPieces: <E>(
    subject: string,
    associatedData: string,
    ciphertext: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<Option.Option<Stream.Stream<Uint8Array, E | VaultError>>, VaultError>
  /** Drops a key that is in no key store yet: nothing that was sealed under it is kept. Nothing is remembered of it. */
  readonly discard: (subject: string) => Effect.Effect<void>
  /** Whether the subject was forgotten. */
  readonly isForgotten: (subject: string) => Effect.Effect<boolean, VaultError>
  /** Which of these subjects have a key, and which were forgotten. A subject that is not in it has neither. */
  readonly states: (subjects: ReadonlyArray<string>) => Effect.Effect<KeyStates, VaultError>
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

/** What stands under the master key to tell it from another. */
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
    yield* checkMaster(keyStore, master, yield* wrap({ master, random }, CHECK, CHECK_PLACE))
    const ring = yield* makeKeyRing(keyStore, random, master)

    return {
      seal: (subject, associatedData, plaintext, isKnown = Effect.succeed(false)) =>
        Effect.flatMap(random.randomBytes(NONCE_BYTES), (nonce) =>
          Effect.flatMap(keyForSealing(ring, subject, isKnown), (key) => {
            if (isDestroyed(key)) return Effect.fail(erased(subject))
            const ciphertext = encrypt(key, nonce, associatedData, plaintext)
            if (ring.shared) ring.sealedUnder.set(ciphertext, key)
            return Effect.succeed(ciphertext)
          })
        ),
      ensureKeys: (subjects, sealed = []) => ensureKeys(ring, subjects, sealed),
      open: (subject, associatedData, ciphertext) =>
        Effect.gen(function* () {
          const key = yield* keyForOpening(ring, subject)
          if (key === "forgotten") return Option.none()
          const plaintext = decrypt(key, associatedData, ciphertext)
          return plaintext === undefined ? yield* notAuthentic(subject, ciphertext) : Option.some(plaintext)
        }),
      sealPieces: (subject, associatedData, plaintext) => sealPieces(ring, subject, associatedData, plaintext),
      openPieces: (subject, associatedData, ciphertext) =>
        Effect.map(keyForOpening(ring, subject), (key) =>
          key === "forgotten" ? Option.none() : Option.some(openPieces(key, subject, associatedData, ciphertext))
        ),
      discard: (subject) => dropKey(ring, subject),
      isForgotten: (subject) =>
        Effect.suspend(() =>
          // Another process may have forgotten it a moment ago: only the key store knows.
          !ring.shared && atHand(ring, subject) !== undefined
            ? Effect.succeed(false)
            : Effect.map(keyStore.get(subject), (entry) => entry?._tag === "Forgotten")
        ),
      states: keyStore.states,
      forget: (subject) => destroyKey(ring, subject),
      forgotten: keyStore.forgotten,
      note: keyStore.note,
      setNote: keyStore.setNote
    }
  })

const notAuthentic = (subject: string, ciphertext: Uint8Array) =>
  new VaultError({
    reason: "not_authentic",
    message: `a ciphertext of ${subject} is ${tooNew(ciphertext) ?? "damaged, or stands in another's place"}`
  })

const sealPieces = <E>(
  ring: KeyRing,
  subject: string,
  associatedData: string,
  plaintext: Stream.Stream<Uint8Array, E>
): Stream.Stream<Uint8Array, E | SubjectErased | VaultError> =>
  Effect.gen(function* () {
    const salt = yield* ring.random.randomBytes(SALT_BYTES)
    const key = yield* keyForSealing(ring, subject, Effect.succeed(false))
    if (isDestroyed(key)) return yield* erased(subject)
    const { end, head, push } = encryptPieces(key, salt, associatedData)
    return Stream.succeed<ReadonlyArray<Uint8Array>>([head]).pipe(
      Stream.concat(Stream.map(plaintext, push)),
      Stream.concat(Stream.sync(end)),
      Stream.flattenIterable
    )
  }).pipe(Stream.unwrap)

const openPieces = <E>(
  key: Uint8Array,
  subject: string,
  associatedData: string,
  ciphertext: Stream.Stream<Uint8Array, E>
): Stream.Stream<Uint8Array, E | VaultError> =>
  Stream.suspend(() => {
    let format = new Uint8Array()
    let box: Passing | undefined
    const authentic = (pass: () => ReadonlyArray<Uint8Array>) =>
      Effect.try({ try: pass, catch: () => notAuthentic(subject, format) })
    return ciphertext.pipe(
      Stream.filter(isSomething),
      Stream.mapEffect((piece) =>
        authentic(() => {
          if (box !== undefined) return box.push(piece)
          format = piece.slice(0, 1)
          box = decryptPieces(key, associatedData, piece[0]!)
          return box.push(piece.subarray(1))
        })
      ),
      Stream.concat(
        Stream.fromEffect(Effect.suspend(() => authentic(() => (box ?? decryptPieces(key, associatedData, 0)).end())))
      ),
      Stream.flattenIterable,
      Stream.filter(isSomething)
    )
  })

const isSomething = (piece: Uint8Array): boolean => piece.length > 0

/** Refuses a master key that the keys were not wrapped with. */
const checkMaster = (
  keyStore: KeyStoreShape,
  master: Uint8Array,
  fresh: Uint8Array
): Effect.Effect<void, DatabaseRefused | VaultError> =>
  Effect.gen(function* () {
    const check = yield* keyStore.check(fresh)
    if (decrypt(master, CHECK_PLACE, check) !== undefined) return
    const newer = tooNew(check)
    return yield* newer === undefined
      ? refuseMaster("the master key is not the one these keys were wrapped with: start with the right one")
      : new DatabaseRefused({ filename: "the key store", reason: "newer", message: `the keys are ${newer}` })
  })

/**
 * Wraps every key anew with another master key; ciphertexts, bodies and their hashes stay as they are. No vault may be open on the key
 * store meanwhile. All or nothing: after a crash either the old master key is the right one, or the new.
 *
 * @category running
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

const refuseMaster = (message: string) =>
  new DatabaseRefused({ filename: "the key store", reason: "wrong_master_key", message })

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
