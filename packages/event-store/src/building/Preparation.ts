/**
 * Events prepared for an append one by one, and what a store writes of them in the end. For the stores.
 */
import { Effect, Result } from "effect"
import type { AnyEvent, NewEvent } from "../port/Event.ts"
import { EventStoreError, InvalidEvent, type PreparedEvent } from "../port/EventStore.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import type { VaultShape } from "../vault/Vault.ts"
import { closed, type Codec, type EncodedEvent, type Template } from "./Codec.ts"
import { asInvalidEvent, asStoreError, type HasSubject, seal, type SealedPart } from "./PersonalPart.ts"

/** A prepared event with what its own store needs. @category models */
export interface Prepared<E extends AnyEvent> extends PreparedEvent<E> {
  readonly type: string
  /** What its `recordedAt` must not precede; empty where there is nothing. */
  readonly notBefore: string
  /** The body around its `recordedAt`. */
  readonly before: string
  readonly after: string
  readonly personal: { readonly subject: string; readonly ciphertext: Uint8Array } | undefined
}

/** One event as it is stored. @category models */
export interface Written {
  readonly recordedAt: string
  readonly body: string
  readonly leaf: Uint8Array
  readonly type: string
  readonly tags: ReadonlyArray<string>
  readonly personal: { readonly subject: string; readonly ciphertext: Uint8Array } | undefined
}

/** @category models */
export interface Preparation<E extends AnyEvent> {
  /** An event without a personal part is prepared when this returns: its effect is an `Exit`. */
  readonly prepare: (event: NewEvent<E>) => Effect.Effect<Prepared<E>, InvalidEvent | EventStoreError>
  /** Prepares what is not prepared yet, and refuses too many events at once. */
  readonly prepareAll: (
    events: ReadonlyArray<NewEvent<E> | PreparedEvent<E>>
  ) => Effect.Effect<ReadonlyArray<Prepared<E>>, InvalidEvent | EventStoreError>
  /** Makes the keys of all personal parts durable. A store calls it under the writer lock, before it writes anything. */
  readonly ensureKeys: (events: ReadonlyArray<Prepared<E>>) => Effect.Effect<void, InvalidEvent | EventStoreError>
}

/** Made by one preparation alone, which knows its own again: a class costs less than a set of all of them would. */
class PreparedBody<E extends AnyEvent> implements Prepared<E> {
  readonly type: string
  readonly notBefore: string
  readonly tags: ReadonlyArray<string>
  readonly bytes: number
  readonly before: string
  readonly after: string
  readonly personal: Prepared<E>["personal"]
  readonly #owner: object
  readonly #encoded: EncodedEvent
  readonly #restore: (encoded: EncodedEvent) => NewEvent<E>
  #restored: NewEvent<E> | undefined

  constructor(
    owner: object,
    encoded: EncodedEvent,
    { before, after, bytes }: Template,
    sealed: SealedPart | undefined,
    restore: (encoded: EncodedEvent) => NewEvent<E>
  ) {
    this.#owner = owner
    this.#encoded = encoded
    this.#restore = restore
    this.type = encoded.type
    this.notBefore = encoded.notBefore
    this.tags = encoded.tags
    this.bytes = bytes
    this.before = before
    this.after = after
    this.personal =
      encoded.personal === undefined || sealed === undefined
        ? undefined
        : { subject: encoded.personal.subject, ciphertext: sealed.ciphertext }
  }

  /** Made from the texts when a caller asks for it: the caller's own object plays no part any more, and most events pay nothing. */
  get event(): NewEvent<E> {
    return (this.#restored ??= this.#restore(this.#encoded))
  }

  static isOf(owner: object, event: object): boolean {
    return #owner in event && event.#owner === owner
  }
}

/** @category constructors */
export const makePreparation = <E extends AnyEvent>(
  codec: Codec<E>,
  vault: VaultShape,
  /** Of the log that is written to: a key that is missing for one of its subjects is damage, and not replaced by another. */
  hasSubject: HasSubject
): Preparation<E> => {
  // An event prepared by another store was encrypted by another vault: it must not be stored here.
  const owner = {}
  const isOwn = (event: object): event is Prepared<E> => PreparedBody.isOf(owner, event)

  const close = (encoded: EncodedEvent, sealed: SealedPart | undefined): Effect.Effect<Prepared<E>, InvalidEvent> => {
    const body = codec.body(encoded, sealed?.hash)
    return Result.isFailure(body)
      ? Effect.fail(body.failure)
      : Effect.succeed(new PreparedBody<E>(owner, encoded, body.success, sealed, codec.restore))
  }
  const prepare = (event: NewEvent<E>): Effect.Effect<Prepared<E>, InvalidEvent | EventStoreError> => {
    const encoded = codec.encode(event)
    if (Result.isFailure(encoded)) return Effect.fail(encoded.failure)
    return encoded.success.personal === undefined
      ? close(encoded.success, undefined)
      : Effect.flatMap(seal(vault, encoded.success, hasSubject), (sealed) => close(encoded.success, sealed))
  }

  return {
    prepare,
    prepareAll: (events) =>
      Effect.gen(function* () {
        if (events.length > StoreLimits.eventsPerAppend)
          return yield* new InvalidEvent({
            type: "",
            reason: "too_large",
            message: `${events.length} events in one append, ${StoreLimits.eventsPerAppend} are allowed`
          })
        // A copy: the caller may change its own list while this one waits for the lock.
        if (events.every(isOwn)) return events.slice()
        const all: Array<Prepared<E>> = []
        for (const event of events) {
          if (isOwn(event)) all.push(event)
          else if ("bytes" in event && "event" in event)
            return yield* Effect.die(
              new TypeError("the event was prepared by another store: prepare it by the one that appends it")
            )
          else all.push(yield* prepare(event as NewEvent<E>))
        }
        return all
      }),
    ensureKeys: (events) => {
      const sealed = events.filter((event) => event.personal !== undefined)
      if (sealed.length === 0) return Effect.void
      const subjects = [...new Set(sealed.map((event) => event.personal?.subject ?? ""))]
      const boxes = sealed.flatMap((event) => event.personal ?? [])
      return vault.ensureKeys(subjects, boxes).pipe(
        Effect.catchTags({
          SubjectErased: (error) =>
            Effect.fail(
              asInvalidEvent(sealed.find((event) => event.personal?.subject === error.subject)?.type ?? "", error)
            ),
          VaultError: (error) => Effect.fail(asStoreError(error))
        })
      )
    }
  }
}

/** Closes the body of a prepared event around its instant. @category conversions */
export const finish = <E extends AnyEvent>(event: Prepared<E>, recordedAt: string): Written => {
  const { body, leaf } = closed(event, recordedAt)
  return { recordedAt, body, leaf, type: event.type, tags: event.tags, personal: event.personal }
}
