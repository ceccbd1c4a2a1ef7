/**
 * How a node hears what other nodes have forgotten, and stops using keys when it cannot. For the PostgreSQL key store.
 */
import { Clock, Duration, Effect, type Scope } from "effect"
import type { VaultError } from "../vault/KeyStore.ts"

/** How long a node waits to be told what was forgotten, before it drops all keys. @category values */
export const silence = Duration.seconds(4)

/** Subjects told of at a time; where more were forgotten, the rest is asked for at once. */
const toldAtOnce = 1_000

interface ForgottenOptions {
  readonly schema: string
  readonly query: (
    sql: string,
    params?: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, VaultError>
  /** How many subjects were forgotten when the keys were opened; those after are news. */
  readonly seen: number
  readonly interval: Duration.Duration
  /** Whether the keys were wrapped with another master key since: then nothing that this node has is valid any more. */
  readonly isLeftBehind: Effect.Effect<boolean, VaultError>
}

/** Tells each listener of a subject that was forgotten, and of `undefined` when it can't be sure which. Lasts as long as the scope. */
export const tellForgotten = (
  options: ForgottenOptions
): Effect.Effect<(listener: (subject: string | undefined) => void) => void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { interval, isLeftBehind, query, schema } = options
    const listeners = new Set<(subject: string | undefined) => void>()
    let { seen } = options
    const doubt = Effect.sync(() => listeners.forEach((tell) => tell(undefined)))
    // Not the time of day: a clock that is set back must not keep keys alive.
    const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))
    let heard = yield* now
    const look = Effect.gen(function* () {
      // What is asked for again is refused.
      if (yield* isLeftBehind) yield* doubt
      while (true) {
        const asked = yield* now
        const rows = yield* query(
          `SELECT ordinal, subject FROM ${schema}.forgotten WHERE ordinal > $1 ORDER BY ordinal LIMIT ${toldAtOnce}`,
          [seen]
        )
        for (const [ordinal, subject] of rows) {
          for (const tell of listeners) tell(Buffer.from(subject as Uint8Array).toString())
          seen = Number(ordinal as bigint)
        }
        if (rows.length === toldAtOnce) continue
        heard = asked
        return
      }
    }).pipe(
      Effect.timeout(silence),
      // A node that cannot ask holds no keys: the next use asks the table.
      Effect.catch(() => doubt)
    )
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(interval), look)))
    // Apart from it, for a question that hangs can take long to be called off. A node that asks seldom is not in doubt in between.
    const trusted = Math.max(Duration.toMillis(silence), 2 * Duration.toMillis(interval))
    const watchman = Effect.flatMap(now, (at) => (at - heard >= trusted ? doubt : Effect.void))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("1 second"), watchman)))
    return (listener) => void listeners.add(listener)
  })
