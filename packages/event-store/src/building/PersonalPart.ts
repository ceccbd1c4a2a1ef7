/**
 * The personal part of an event on its way into the vault and back. For the stores.
 */
import { hash } from "node:crypto"
import { Effect, Option } from "effect"
import type { Opened, Position } from "../port/Event.ts"
import { EventStoreError, InvalidEvent } from "../port/EventStore.ts"
import { canonical, type JsonObject } from "../port/Json.ts"
import { VaultError } from "../vault/KeyStore.ts"
import type { SubjectErased, VaultShape } from "../vault/Vault.ts"
import { damaged, type EncodedEvent, type Envelope } from "./Codec.ts"

/** A ciphertext to be stored beside the body that names its hash. @category models */
export interface SealedPart {
  readonly ciphertext: Uint8Array
  readonly hash: string
}

/** Binds a ciphertext to its event, so that it opens nowhere else. */
const placeOf = (
  subject: string,
  event: { readonly id: string; readonly type: string; readonly version: number }
): string => canonical([subject, event.id, event.type, event.version])

/** The vault's errors as those of a store. @category errors */
export const asStoreError = (error: VaultError): EventStoreError =>
  new EventStoreError({
    reason: error.reason === "unavailable" ? "unavailable" : "damaged",
    message: error.message,
    cause: error
  })

/** @category errors */
export const asInvalidEvent = (type: string, error: SubjectErased): InvalidEvent =>
  new InvalidEvent({ type, reason: "subject_erased", message: `event ${type}: ${error.message}` })

/** Whether a log has an event with a personal part of a subject. @category models */
export type HasSubject = (subject: string) => Effect.Effect<boolean, EventStoreError>

/** Encrypts the personal part of an encoded event, if it has one. @category conversions */
export const seal = (
  vault: VaultShape,
  encoded: EncodedEvent,
  hasSubject: HasSubject
): Effect.Effect<SealedPart | undefined, InvalidEvent | EventStoreError> => {
  const { personal } = encoded
  if (personal === undefined) return Effect.undefined
  const isKnown = Effect.mapError(
    hasSubject(personal.subject),
    (cause) => new VaultError({ reason: "unavailable", message: cause.message, cause })
  )
  return vault.seal(personal.subject, placeOf(personal.subject, encoded), Buffer.from(personal.text), isKnown).pipe(
    Effect.map((ciphertext) => ({ ciphertext, hash: hash("sha256", ciphertext, "hex") })),
    Effect.catchTags({
      SubjectErased: (error) => Effect.fail(asInvalidEvent(encoded.type, error)),
      VaultError: (error) => Effect.fail(asStoreError(error))
    })
  )
}

/**
 * Opens what was sealed. A missing or altered ciphertext is damage, unless its subject was forgotten. The value is not checked against a
 * schema again: the hash proves that it was not altered. An old value may be of an older schema.
 *
 * @category conversions
 */
export const reveal = (
  vault: VaultShape,
  position: Position,
  event: Envelope,
  ciphertext: Uint8Array | undefined
): Effect.Effect<Opened, EventStoreError> =>
  Effect.gen(function* (): Effect.fn.Return<Opened, EventStoreError | VaultError> {
    const { personal } = event
    if (personal === undefined) return { _tag: "None" }
    const isWhole = ciphertext !== undefined && hash("sha256", ciphertext, "hex") === personal.hash
    if (!isWhole) {
      if (yield* vault.isForgotten(personal.subject)) return { _tag: "Erased" }
      return yield* damaged(
        position,
        ciphertext === undefined
          ? "its personal part is gone, and its subject was not forgotten"
          : "its personal part is not the one the body names"
      )
    }
    const plaintext = yield* vault.open(personal.subject, placeOf(personal.subject, event), ciphertext)
    if (Option.isNone(plaintext)) return { _tag: "Erased" }
    const value = JSON.parse(Buffer.from(plaintext.value).toString()) as JsonObject
    return { _tag: "Present", value, subject: personal.subject, type: event.type }
  }).pipe(
    Effect.catchTag("VaultError", (error) =>
      Effect.fail(error.reason === "unavailable" ? asStoreError(error) : damaged(position, error.message, error))
    )
  )
