/**
 * The lease of the sender: of several programs over one database, one sends. For `Intents`.
 *
 * A lease saves work, and is no fence. A holder that was paused may send what another sends too. That does no harm: both send under the same
 * key, so the register carries it out once and answers both alike.
 */
import { Clock, Duration, Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"

/** @category models */
export interface IntentLease {
  /** Runs the work whenever this program holds the lease, and interrupts it when the lease is lost. */
  readonly whileHeld: (work: Effect.Effect<never>) => Effect.Effect<never>
  readonly isHeld: () => boolean
}

/** How often a program without the lease looks whether it is free. */
const looks = Duration.seconds(1)

/**
 * Takes the lease, or keeps it. It is free when its end has come. It is free too when its end lies further ahead than any holder would set
 * it: then a clock has gone back.
 */
const take = (sql: SqlClient.SqlClient, holder: string, length: number): Effect.Effect<boolean, SqlError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.map(
      sql`UPDATE effekten_intent_lease SET holder = ${holder}, length = ${length}, held_until = ${now + length}
        WHERE holder IS NULL OR holder = ${holder} OR held_until <= ${now} OR held_until > ${now} + 2 * length
        RETURNING holder`,
      (taken) => taken.length > 0
    )
  )

const release = (sql: SqlClient.SqlClient, holder: string): Effect.Effect<void> =>
  Effect.ignore(sql`UPDATE effekten_intent_lease SET holder = NULL WHERE holder = ${holder}`)

/**
 * @param holder names this program among those over the database
 * @param length how long others wait for a holder that died; it is renewed three times as often
 *
 * @category constructors
 */
export const make = (sql: SqlClient.SqlClient, holder: string, length: Duration.Duration): IntentLease => {
  const millis = Math.ceil(Duration.toMillis(length))
  let held = false
  const taking = take(sql, holder, millis).pipe(
    Effect.catch((error) =>
      Effect.as(Effect.logWarning(`Intents are not sent now, the lease cannot be renewed: ${error.message}`), false)
    )
  )
  const renewing = Effect.andThen(Effect.sleep(millis / 3), taking).pipe(Effect.repeat({ while: (kept) => kept }))
  const pause = Duration.min(looks, length)
  const once = (work: Effect.Effect<never>) =>
    Effect.flatMap(taking, (taken) => {
      if (!taken) return Effect.sleep(pause)
      held = true
      return Effect.raceFirst(work, renewing).pipe(
        Effect.ensuring(
          Effect.suspend(() => {
            held = false
            return release(sql, holder)
          })
        )
      )
    })
  return { whileHeld: (work) => Effect.forever(once(work)), isHeld: () => held }
}
