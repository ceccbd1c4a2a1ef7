/**
 * The register's log: the event store of the domain's events. For everything in this package, and for audits.
 *
 * Personal data are opened through it only with an access, which is recorded first. The store beneath can reveal without one; the log
 * cannot.
 */
import type { Events } from "@effekten/domain"
import { Asking, EventStoreError, type EventStoreShape, type Position, type Revealed } from "@effekten/event-store"
import { Context, Effect, Layer, type Scope } from "effect"
import type { Access } from "./Access.ts"
import { AccessRecord, type AccessRecordShape } from "./AccessRecord.ts"

/** @category models */
export interface RegisterLog extends Omit<EventStoreShape<Events.RegisterEvent>, "reveal"> {
  /**
   * The personal parts of the events at these positions, in their order, once it is recorded that they were opened. Fails as unavailable
   * where it cannot be recorded.
   */
  readonly reveal: (
    access: Access,
    positions: ReadonlyArray<Position>
  ) => Effect.Effect<ReadonlyArray<Revealed>, EventStoreError>
}

/** A store whose openings are recorded. @category constructors */
export const recording = (store: EventStoreShape<Events.RegisterEvent>, openings: AccessRecordShape): RegisterLog => ({
  ...store,
  // Whatever the store is: a group that is decided twice would be taken over twice.
  appendExclusive: Asking.decidingOnce(store),
  reveal: Effect.fnUntraced(function* (access, positions) {
    const parts = yield* store.reveal(positions)
    const opened = parts.flatMap((part) =>
      part._tag === "Present" ? [{ subject: part.subject, class: part.type }] : []
    )
    yield* Effect.mapError(openings.record(access, opened), unrecorded)
    return parts
  })
})

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
