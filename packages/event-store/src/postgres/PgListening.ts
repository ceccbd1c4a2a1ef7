/**
 * How the subscriptions of this process hear of appends: of its own at once, of those of other processes from the server. For the
 * PostgreSQL store.
 *
 * The server tells of every append, but a process need not hear of its own twice. Without needless wakes, a command of one caller takes
 * half the CPU, of 64 callers three quarters (docs/reference/performance.md, "What was tried").
 */
import type { PgConnection, PgPool } from "@effect/sql-pg"
import { Effect, Queue, Schedule, type Scope } from "effect"
import type { Wake } from "../building/Wake.ts"
import type { Conflicting, Strayed } from "../building/Writing.ts"
import type { Appending } from "./PgLog.ts"

export interface PgListening {
  /** An append over a session: what the server will say of it is nothing new to this process. */
  readonly expecting: <A extends Conflicting | Strayed | Appending, X>(
    connection: PgConnection.PgConnection,
    append: Effect.Effect<A, X>
  ) => Effect.Effect<A, X>
}

/** Listens for as long as the scope lives. */
export const makeListening = (
  pool: PgPool.PgPool,
  channel: string,
  wake: Wake
): Effect.Effect<PgListening, never, Scope.Scope> =>
  Effect.gen(function* () {
    const echoes = makeEchoes()
    yield* listen(pool, channel, {
      begun: () => {
        echoes.clear()
        wake.notify()
      },
      heard: (session) => {
        if (!echoes.take(session)) wake.notify()
      }
    })
    return {
      expecting: ({ processId }, append) =>
        Effect.suspend(() => {
          echoes.expect(processId)
          return append.pipe(
            Effect.tap((outcome) =>
              Effect.sync(() => !("appended" in outcome && outcome.appended) && echoes.take(processId))
            ),
            Effect.onError(() =>
              Effect.sync(() => {
                echoes.drop(processId)
                wake.notify()
              })
            )
          )
        })
    }
  })

/** What the server will say of this process's own appends, by the session they went over. It says so once for each that is committed. */
const makeEchoes = () => {
  const expected = new Map<number, number>()
  return {
    expect: (session: number) => void expected.set(session, (expected.get(session) ?? 0) + 1),
    /** Whether an echo was expected, which then is no more. */
    take: (session: number): boolean => {
      const count = expected.get(session) ?? 0
      if (count > 1) expected.set(session, count - 1)
      else expected.delete(session)
      return count > 0
    },
    /** It is unknown what was committed over it. */
    drop: (session: number) => void expected.delete(session),
    clear: () => expected.clear()
  }
}

/** A connection that is lost is made again; polling bridges the gap. */
const listen = (
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
