/**
 * How the PostgreSQL store hears of appends: from the server, but for its own process's, of which that has heard already.
 */
import type { PgPool } from "@effect/sql-pg"
import { Effect, Queue, Schedule, type Scope } from "effect"

/** What the server will say of this process's own appends, by the session they went over. One is said for each that is committed. */
export const makeEchoes = () => {
  const expected = new Map<number, number>()
  return {
    expect: (session: number) => void expected.set(session, (expected.get(session) ?? 0) + 1),
    /** Whether one was expected, which then is no more. */
    take: (session: number): boolean => {
      const count = expected.get(session) ?? 0
      if (count > 1) expected.set(session, count - 1)
      else expected.delete(session)
      return count > 0
    },
    /** Nobody knows what was committed over it. */
    drop: (session: number) => void expected.delete(session),
    clear: () => expected.clear()
  }
}

/** Hears of appends, for as long as the scope lives. A connection that is lost is made again; polling bridges the gap. */
export const listen = (
  pool: PgPool.PgPool,
  channel: string,
  tell: { readonly begun: () => void; readonly heard: (session: number) => void }
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* pool.reserve
    const notifications = yield* connection.listen(channel)
    tell.begun()
    return yield* Effect.forever(
      Effect.tap(Queue.take(notifications), ({ processId }) => Effect.sync(() => tell.heard(processId)))
    )
  }).pipe(
    Effect.scoped,
    Effect.tapError(() => Effect.sync(tell.begun)),
    Effect.retry(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])),
    Effect.ignore,
    Effect.forkScoped,
    Effect.asVoid
  )
