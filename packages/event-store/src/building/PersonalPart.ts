/**
 * The personal part of an event on its way into the vault and back. For the stores.
 */
import { hash } from "node:crypto"
import { Effect, Option } from "effect"
import type { AnyEvent, Opened, Position } from "../port/Event.ts"
import { EventStoreError, type EventStoreShape, InvalidEvent, type Sealed } from "../port/EventStore.ts"
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

/** A personal part where it lies, and the event that names it. @category models */
export interface Kept {
  readonly position: Position
  readonly event: Envelope
  readonly ciphertext: Uint8Array | undefined
}

/** Reads personal parts by one way to where they lie. @category constructors */
export const revealing = (
  vault: VaultShape,
  read: (positions: ReadonlyArray<Position>) => Effect.Effect<ReadonlyArray<Kept>, EventStoreError>
): Pick<EventStoreShape<AnyEvent>, "reveal" | "sealed"> => {
  const sealed = (positions: ReadonlyArray<Position>) =>
    Effect.map(read(positions), (parts) => parts.map((part) => sealedOf(vault, part)))
  return {
    sealed,
    reveal: (positions) => Effect.flatMap(sealed(positions), (parts) => Effect.forEach(parts, ({ open }) => open))
  }
}

const none: Sealed = { bytes: 0, open: Effect.succeed({ _tag: "None" }) }
const erased: Opened = { _tag: "Erased" }

/**
 * What was sealed. A missing or altered ciphertext is damage, unless its subject was forgotten. The value is not checked against a schema
 * again: the hash proves that it was not altered. An old value may be of an older schema.
 */
const sealedOf = (vault: VaultShape, { ciphertext, event, position }: Kept): Sealed => {
  const { personal, type } = event
  if (personal === undefined) return none
  const { subject } = personal
  if (ciphertext === undefined || hash("sha256", ciphertext, "hex") !== personal.hash) {
    const fault = damaged(
      position,
      ciphertext === undefined
        ? "its personal part is gone, and its subject was not forgotten"
        : "its personal part is not the one the body names"
    )
    const open = Effect.flatMap(vault.isForgotten(subject), (isForgotten) =>
      isForgotten ? Effect.succeed(erased) : Effect.fail(fault)
    )
    return { bytes: 0, open: opening(position, open) }
  }
  const place = placeOf(subject, event)
  const open = Effect.map(
    Effect.suspend(() => vault.open(subject, place, ciphertext)),
    (plaintext): Opened =>
      Option.isNone(plaintext)
        ? erased
        : { _tag: "Present", value: JSON.parse(Buffer.from(plaintext.value).toString()) as JsonObject, subject, type }
  )
  return { bytes: ciphertext.length, open: opening(position, open) }
}

const opening = <A>(
  position: Position,
  open: Effect.Effect<A, EventStoreError | VaultError>
): Effect.Effect<A, EventStoreError> =>
  Effect.catchTag(open, "VaultError", (error) =>
    Effect.fail(error.reason === "unavailable" ? asStoreError(error) : damaged(position, error.message, error))
  )
