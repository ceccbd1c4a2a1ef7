/**
 * Bears a server that is away for a while, as at its restart. For the subscriptions of the PostgreSQL store, which do not end by that.
 */
import { Effect, Schedule, type Scope } from "effect"
import type { EventStoreError } from "../port/EventStore.ts"

/** Asks again while the server is away. */
export type PgPatience = <A>(asking: Effect.Effect<A, EventStoreError>) => Effect.Effect<A, EventStoreError>

const again = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("5 seconds")])

/** Patient for as long as the scope of the store is open: a store that was closed does not come back. */
export const makePatience: Effect.Effect<PgPatience, never, Scope.Scope> = Effect.gen(function* () {
  let isOpen = true
  yield* Effect.addFinalizer(() => Effect.sync(() => (isOpen = false)))
  // Told once for all of them, and again when the server goes away the next time.
  let isAway = false
  const isPatient = ({ reason }: EventStoreError): boolean => isOpen && reason === "unavailable"
  return (asking) =>
    asking.pipe(
      Effect.tapError((error) => {
        if (isAway || !isPatient(error)) return Effect.void
        isAway = true
        return Effect.logWarning("The subscriptions of a log wait for PostgreSQL", error)
      }),
      Effect.retry({ while: isPatient, schedule: again }),
      Effect.tap(() => Effect.sync(() => (isAway = false)))
    )
})
