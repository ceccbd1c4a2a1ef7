/**
 * How many writers of a process write to a log in PostgreSQL at a time: a few, and none after an I/O error. For the PostgreSQL store.
 */
import { Effect, Semaphore } from "effect"
import { EventStoreError } from "../port/EventStore.ts"
import { meansBrokenDisk } from "./PgSession.ts"

/** Writers of one process that wait for the lock side by side. More would only fill the pool. @category values */
export const maximumWriters = 4

export interface PgWriters {
  /** Work that is not broken off once it has begun. Refused after an I/O error, and told of one. */
  readonly writing: <A, X, R>(work: Effect.Effect<A, X, R>) => Effect.Effect<A, X | EventStoreError, R>
  /** Fails if an earlier fault closed the log for this process's writing. */
  readonly refuseIfClosed: Effect.Effect<void, EventStoreError>
}

export const makeWriters: Effect.Effect<PgWriters> = Effect.map(Semaphore.make(maximumWriters), (permits) => {
  /** Why nothing can be written any more. */
  let closedBecause: string | undefined
  const refuseIfClosed = Effect.suspend(() =>
    closedBecause === undefined
      ? Effect.void
      : Effect.fail(new EventStoreError({ reason: "read_only", message: closedBecause }))
  )
  // What the server said did not happen. But a disk that fails once may have lost what it was told before: a person has to look.
  const closeAfter = (error: unknown) =>
    Effect.sync(() => {
      if (error instanceof EventStoreError && meansBrokenDisk(error))
        closedBecause ??= `${error.message}; look at the server's disk, then open the log again`
    })
  return {
    refuseIfClosed,
    writing: (work) =>
      permits.withPermit(Effect.uninterruptible(Effect.andThen(refuseIfClosed, Effect.tapError(work, closeAfter))))
  }
})
