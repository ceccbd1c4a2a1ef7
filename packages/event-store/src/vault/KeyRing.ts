/**
 * The keys of subjects that a vault has in memory: unwrapped, made at their first use, durable when they must be. For the vault.
 *
 * A forgotten key must not come back. So the vault reads and makes a key under one lock. It reads a key again that another process may have
 * forgotten since.
 */
import { Effect, Schema, Semaphore } from "effect"
import type { SecureRandom } from "effect/crypto"
import { canonical } from "../port/Json.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import { type KeyStoreShape, VaultError } from "./KeyStore.ts"
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, tooNew } from "./SealedBox.ts"

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

export interface KeyRing {
  readonly keyStore: KeyStoreShape
  readonly random: SecureRandom.SecureRandom["Service"]
  readonly master: Uint8Array
  /** Whether other processes make and forget keys too. */
  readonly shared: boolean
  /** Durable keys unwrapped, the least recently used first. */
  readonly cached: Map<string, Uint8Array>
  /** Keys that are in no key store yet. */
  readonly pending: Map<string, Uint8Array>
  /** Under which key a box was sealed, where another process may have been faster with another key. */
  readonly sealedUnder: WeakMap<Uint8Array, Uint8Array>
  readonly lock: Semaphore.Semaphore
  /** Counts what was told: a key that was read meanwhile is read again, for nobody would tell of it a second time. */
  told: number
}

/** What is at hand without asking the key store. */
export const atHand = ({ cached, pending }: KeyRing, subject: string): Uint8Array | undefined =>
  cached.get(subject) ?? pending.get(subject)

export const makeKeyRing = (
  keyStore: KeyStoreShape,
  random: KeyRing["random"],
  master: Uint8Array
): Effect.Effect<KeyRing> =>
  Effect.gen(function* () {
    const ring: KeyRing = {
      keyStore,
      random,
      master,
      shared: keyStore.watch !== undefined,
      cached: new Map(),
      pending: new Map(),
      sealedUnder: new WeakMap(),
      lock: yield* Semaphore.make(1),
      told: 0
    }
    const { cached } = ring
    yield* (
      keyStore.watch?.((subject) => {
        ring.told += 1
        for (const known of subject === undefined ? [...cached.keys()] : [subject]) {
          // Zeroed, for another fiber may have it in its hands; but a key that is merely unsure can still be in use.
          if (subject !== undefined) cached.get(known)?.fill(0)
          cached.delete(known)
        }
      }) ?? Effect.void
    )
    return ring
  })

/** The key a subject's data are sealed under; made where there is none, and nothing was sealed for the subject before. */
export const keyForSealing = (
  ring: KeyRing,
  subject: string,
  isKnown: Effect.Effect<boolean, VaultError>
): Effect.Effect<Uint8Array, SubjectErased | VaultError> =>
  Effect.suspend(() => {
    const known = atHand(ring, subject)
    if (known !== undefined) return Effect.succeed(known)
    const { lock, pending, random } = ring
    return lock.withPermit(
      Effect.gen(function* () {
        const durable = pending.get(subject) ?? (yield* load(ring, subject))
        if (durable === "forgotten") return yield* erased(subject)
        if (durable !== undefined) return durable
        if (yield* isKnown) return yield* missing(subject)
        // Keys of events that were never appended would pile up; made durable they are merely unused.
        if (pending.size >= StoreLimits.cachedKeys) yield* flush(ring, [...pending.keys()])
        const key = yield* random.randomBytes(KEY_BYTES)
        pending.set(subject, key)
        return key
      })
    )
  })

/** The key a subject's data were sealed under. */
export const keyForOpening = (ring: KeyRing, subject: string): Effect.Effect<Uint8Array | "forgotten", VaultError> =>
  Effect.gen(function* () {
    const key = atHand(ring, subject) ?? (yield* ring.lock.withPermit(load(ring, subject)))
    if (key === undefined) return yield* missing(subject)
    return key !== "forgotten" && isDestroyed(key) ? "forgotten" : key
  })

/** Makes the keys of subjects durable, and refuses what was sealed under a key that did not become its subject's. */
export const ensureKeys = (
  ring: KeyRing,
  subjects: ReadonlyArray<string>,
  sealed: ReadonlyArray<SealedFor>
): Effect.Effect<void, SubjectErased | VaultError> =>
  Effect.suspend(() => {
    if (subjects.every((subject) => ring.cached.has(subject))) return stillFits(ring, sealed)
    return Effect.uninterruptible(
      ring.lock.withPermit(
        Effect.gen(function* () {
          for (const subject of subjects) {
            if (ring.pending.has(subject)) continue
            const durable = yield* load(ring, subject)
            if (durable === "forgotten") return yield* erased(subject)
            if (durable === undefined) return yield* missing(subject)
          }
          yield* flush(ring, new Set(subjects))
          yield* stillFits(ring, sealed)
        })
      )
    )
  })

/** Destroys a subject's key, in the key store and in the hands of every fiber. */
export const destroyKey = (ring: KeyRing, subject: string): Effect.Effect<void, VaultError> =>
  Effect.uninterruptible(
    ring.lock.withPermit(
      Effect.gen(function* () {
        yield* ring.keyStore.forget(subject)
        for (const keys of [ring.cached, ring.pending]) {
          keys.get(subject)?.fill(0)
          keys.delete(subject)
        }
      })
    )
  )

/** Drops a key that was never made durable. */
export const dropKey = ({ lock, pending }: KeyRing, subject: string): Effect.Effect<void> =>
  lock.withPermit(
    Effect.sync(() => {
      pending.get(subject)?.fill(0)
      pending.delete(subject)
    })
  )

const remember = ({ cached }: KeyRing, subject: string, key: Uint8Array): Uint8Array => {
  cached.delete(subject)
  cached.set(subject, key)
  if (cached.size > StoreLimits.cachedKeys) for (const oldest of cached.keys()) if (cached.delete(oldest)) break
  return key
}

/** The durable key of a subject; undefined where there was none ever. Under the lock, or a key forgotten meanwhile came back. */
const load = (ring: KeyRing, subject: string): Effect.Effect<Uint8Array | "forgotten" | undefined, VaultError> =>
  Effect.suspend(() => {
    const known = ring.cached.get(subject)
    if (known !== undefined) return Effect.succeed(remember(ring, subject, known))
    const before = ring.told
    return Effect.flatMap(
      ring.keyStore.get(subject),
      (entry): Effect.Effect<Uint8Array | "forgotten" | undefined, VaultError> => {
        if (entry === undefined) return Effect.undefined
        if (entry._tag === "Forgotten") return Effect.succeed("forgotten" as const)
        if (ring.told !== before) return load(ring, subject)
        const key = decrypt(ring.master, keyPlace(subject), entry.wrapped)
        return key === undefined
          ? Effect.fail(damagedKey(subject, entry.wrapped))
          : Effect.succeed(remember(ring, subject, key))
      }
    )
  })

/** Makes those of these keys durable that are not yet. */
const flush = (ring: KeyRing, subjects: Iterable<string>): Effect.Effect<void, VaultError> =>
  Effect.gen(function* () {
    const { keyStore, pending, shared } = ring
    const fresh: Array<readonly [string, Uint8Array]> = []
    for (const subject of subjects) {
      const key = pending.get(subject)
      if (key !== undefined) fresh.push([subject, key])
    }
    if (fresh.length === 0) return
    const wrapped: Array<{ readonly subject: string; readonly wrapped: Uint8Array }> = []
    for (const [subject, key] of fresh) wrapped.push({ subject, wrapped: yield* wrap(ring, key, keyPlace(subject)) })
    yield* Effect.catch(keyStore.insert(wrapped), (error) =>
      shared ? reconcile(ring, fresh, error) : Effect.fail(error)
    )
    for (const [subject, key] of fresh) {
      pending.delete(subject)
      remember(ring, subject, key)
    }
  })

/** Whether the keys are there for all that: inserted by a transaction whose answer was lost. What is another's is not ours any more. */
const reconcile = (ring: KeyRing, fresh: ReadonlyArray<readonly [string, Uint8Array]>, error: VaultError) =>
  Effect.gen(function* () {
    let ours = true
    for (const [subject, key] of fresh) {
      const found = yield* load(ring, subject)
      if (found instanceof Uint8Array && Buffer.compare(found, key) === 0) continue
      ours = false
      if (found !== undefined) ring.pending.delete(subject)
    }
    if (!ours) return yield* error
  })

const stillFits = (ring: KeyRing, sealed: ReadonlyArray<SealedFor>) =>
  Effect.gen(function* () {
    if (!ring.shared) return
    for (const { ciphertext, subject } of sealed) {
      const used = ring.sealedUnder.get(ciphertext)
      const key = ring.cached.get(subject)
      if (used === undefined || used === key) continue
      if (isDestroyed(used)) return yield* erased(subject)
      if (key !== undefined && Buffer.compare(used, key) === 0) continue
      return yield* new VaultError({
        reason: "unavailable",
        message: `it is not sure that ${subject} has the key it was sealed under, another process may have made one first: prepare again`
      })
    }
  })

/** Wraps a key with the master key. */
export const wrap = ({ master, random }: Pick<KeyRing, "master" | "random">, key: Uint8Array, place: string) =>
  Effect.map(random.randomBytes(NONCE_BYTES), (nonce) => encrypt(master, nonce, place, key))

/** What a wrapped key is bound to, so that no key passes for another's. */
export const keyPlace = (subject: string) => canonical(["key", subject])

/** Forgetting zeroes a key another fiber may have in its hands. A random key is never all zeroes. */
export const isDestroyed = (key: Uint8Array): boolean => key.every((byte) => byte === 0)

export const erased = (subject: string) =>
  new SubjectErased({ subject, message: `${subject} was forgotten: nothing can be written for it` })

export const damagedKey = (subject: string, wrapped: Uint8Array) =>
  new VaultError({ reason: "not_authentic", message: `the key of ${subject} is ${tooNew(wrapped) ?? "damaged"}` })

const missing = (subject: string) =>
  new VaultError({
    reason: "missing_key",
    message: `there is no key for ${subject}, and nobody forgot it: restore the key file from a backup`
  })
