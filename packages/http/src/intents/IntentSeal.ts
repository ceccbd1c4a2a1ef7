/**
 * How texts of intents stand in the database: sealed under the caller's key, or as they are. For the table of intents.
 *
 * A sealed text is bound to its intent and its column, so a text that is moved to another place does not open there.
 */
import { Json, SealedBox } from "@effekten/event-store"
import { Effect, Redacted } from "effect"
import type { SecureRandom } from "effect/crypto"
import { createHmac } from "node:crypto"
import { IntentsRefused } from "./IntentError.ts"

/** @category models */
export interface IntentSeal {
  readonly seal: (id: string, column: string, text: string) => Effect.Effect<string>
  /** Undefined where it is not what was sealed in this place. */
  readonly open: (id: string, column: string, stored: string) => string | undefined
}

const asIs: IntentSeal = { seal: (_id, _column, text) => Effect.succeed(text), open: (_id, _column, stored) => stored }

const placeOf = (id: string, column: string): string => Json.canonical(["effekten intent", id, column])

const refusal = (reason: IntentsRefused["reason"], message: string) =>
  Effect.fail(new IntentsRefused({ reason, message }))

/** @category constructors */
export const make = (
  key: Redacted.Redacted<Uint8Array> | undefined,
  random: SecureRandom.SecureRandom["Service"]
): Effect.Effect<IntentSeal, IntentsRefused> => {
  if (key === undefined) return Effect.succeed(asIs)
  const bytes = Redacted.value(key).slice()
  if (bytes.length !== SealedBox.KEY_BYTES)
    return refusal("wrong_key", `A key for intents has ${SealedBox.KEY_BYTES} bytes, and this one has ${bytes.length}.`)
  return Effect.succeed({
    seal: (id, column, text) =>
      Effect.map(random.randomBytes(SealedBox.NONCE_BYTES), (nonce) =>
        Buffer.from(SealedBox.encrypt(bytes, nonce, placeOf(id, column), Buffer.from(text))).toString("base64")
      ),
    open: (id, column, stored) => {
      const text = SealedBox.decrypt(bytes, placeOf(id, column), Buffer.from(stored, "base64"))
      return text === undefined ? undefined : Buffer.from(text).toString()
    }
  })
}

/** What the database remembers of the key it was made with. @category models */
export interface KeyMark {
  readonly encrypted: boolean
  /** The secret of the fingerprints, sealed as all texts are: a wrong key does not open it. */
  readonly secret: string
}

/** The place of the secret: no intent has this id, for it is no key. */
const secretPlace = ["", "secret"] as const

/** The mark of a database that is made now. @category constructors */
export const mark = (
  key: Redacted.Redacted<Uint8Array> | undefined,
  seal: IntentSeal,
  random: SecureRandom.SecureRandom["Service"]
): Effect.Effect<KeyMark> =>
  Effect.flatMap(random.randomBytes(32), (bytes) =>
    Effect.map(seal.seal(...secretPlace, Buffer.from(bytes).toString("hex")), (secret) => ({
      encrypted: key !== undefined,
      secret
    }))
  )

/**
 * The fingerprints of a database, if it was made with this key. A fingerprint is keyed: what a person typed cannot be guessed from it
 * without the secret.
 *
 * @category constructors
 */
export const fingerprints = (
  { encrypted, secret }: KeyMark,
  key: Redacted.Redacted<Uint8Array> | undefined,
  seal: IntentSeal
): Effect.Effect<(value: Json.Json) => string, IntentsRefused> => {
  if (encrypted && key === undefined)
    return refusal("key_missing", "The intents are encrypted: give the key that they were encrypted under.")
  if (!encrypted && key !== undefined)
    return refusal("not_encrypted", "The intents are not encrypted: open them without a key, or begin a new database.")
  const opened = seal.open(...secretPlace, secret)
  return opened === undefined
    ? refusal("wrong_key", "The intents are encrypted under another key: give that key. Nothing was changed.")
    : Effect.succeed((value) => createHmac("sha256", opened).update(Json.canonical(value)).digest("hex"))
}
