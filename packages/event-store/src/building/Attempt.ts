/**
 * Small steps that all stores take, on the border between plain functions and effects. For the stores; no rule of one store belongs here.
 */
import { Effect } from "effect"
import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import { EventStoreError } from "../port/EventStore.ts"
import * as StoreLimits from "../port/StoreLimits.ts"

/** Runs what throws {@link EventStoreError}; anything else it throws is a defect. */
export const attempt = <A>(work: () => A): Effect.Effect<A, EventStoreError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(work())
    } catch (error) {
      return error instanceof EventStoreError ? Effect.fail(error) : Effect.die(error)
    }
  })

/** The type promises it; a caller in JavaScript may not keep the promise. */
export const nonEmpty = <A>(events: ReadonlyArray<A>): NonEmptyReadonlyArray<A> => {
  if (!isReadonlyArrayNonEmpty(events)) throw new TypeError("an append needs at least one event")
  return events
}

export const tooManyRead = (): RangeError =>
  new RangeError(`a query read at once matches more than ${StoreLimits.readAll} events: read it as a stream`)
