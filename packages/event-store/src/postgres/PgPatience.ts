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
  return (asking) =>
    Effect.retry(asking, { while: ({ reason }) => isOpen && reason === "unavailable", schedule: again })
})
