/**
 * The register's log: the event store of the domain's events. For everything in this package, and for audits.
 *
 * Personal data are opened through it only with an access, which is recorded first. The store beneath can reveal without one; the log
 * cannot.
 */
import type { Events } from "@effekten/domain"
import {
  Asking,
  EventStoreError,
  type EventStoreShape,
  type Opened,
  type Position,
  type Revealed,
  type Sealed
} from "@effekten/event-store"
import { Context, Effect, Layer, type Scope } from "effect"
import type { Access } from "./Access.ts"
import { AccessRecord, type AccessRecordShape } from "./AccessRecord.ts"

/** @category models */
export interface RegisterLog extends Omit<EventStoreShape<Events.RegisterEvent>, "reveal" | "sealed"> {
  /**
   * The personal parts of the events at these positions, in their order, once it is recorded that they were opened. Fails as unavailable
   * where it cannot be recorded.
   */
  readonly reveal: (
    access: Access,
    positions: ReadonlyArray<Position>
  ) => Effect.Effect<ReadonlyArray<Revealed>, EventStoreError>
  /** The personal parts at these positions, encrypted: to be kept, and opened again and again. */
  readonly sealed: (positions: ReadonlyArray<Position>) => Effect.Effect<SealedParts, EventStoreError>
  /** What {@link reveal} says of them. */
  readonly open: (access: Access, sealed: SealedParts) => Effect.Effect<ReadonlyArray<Revealed>, EventStoreError>
}

/** Personal parts that only the log opens which gave them. @category models */
export interface SealedParts {
  /** Of all ciphertexts together. */
  readonly bytes: number
}

/** A store whose openings are recorded. @category constructors */
export const recording = (store: EventStoreShape<Events.RegisterEvent>, openings: AccessRecordShape): RegisterLog => {
  const given = new WeakMap<SealedParts, ReadonlyArray<Sealed>>()
  const sealed: RegisterLog["sealed"] = (positions) =>
    Effect.map(store.sealed(positions), (parts) => {
      const together = { bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) }
      given.set(together, parts)
      return together
    })
  const record = (access: Access, parts: ReadonlyArray<Opened>) => {
    const opened = parts.flatMap((part) =>
      part._tag === "Present" ? [{ subject: part.subject, class: part.type }] : []
    )
    return opened.length === 0
      ? Effect.succeed(parts)
      : Effect.mapBoth(openings.record(access, opened), { onFailure: unrecorded, onSuccess: () => parts })
  }
  const open: RegisterLog["open"] = (access, together) => {
    const parts = given.get(together)
    if (parts === undefined) return Effect.die(new Error("these personal parts are of another log"))
    return Effect.flatMap(
      Effect.forEach(parts, ({ open }) => open),
      (opened) => record(access, opened)
    )
  }
  return {
    ...store,
    // Whatever the store is: a group that is decided twice would be taken over twice.
    appendExclusive: Asking.decidingOnce(store),
    sealed,
    open,
    reveal: (access, positions) => Effect.flatMap(store.reveal(positions), (opened) => record(access, opened))
  }
}

const unrecorded = (error: { readonly message: string }): EventStoreError =>
  new EventStoreError({ reason: "unavailable", message: error.message, cause: error })

/** @category services */
export class Log extends Context.Service<Log, RegisterLog>()("effekten/registrar/Log") {
  /** The log over a store. */
  static readonly layer = <X, R>(
    store: Effect.Effect<EventStoreShape<Events.RegisterEvent>, X, R>
  ): Layer.Layer<Log, X, AccessRecord | Exclude<R, Scope.Scope>> =>
    Layer.effect(
      Log,
      Effect.gen(function* () {
        return recording(yield* store, yield* AccessRecord)
      })
    )
}
