/**
 * Holds the index in PostgreSQL against what the catalogue says of some events, in two statements. For the PostgreSQL store.
 */
import { type PgPool, PgTypes } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Codec } from "../building/Codec.ts"
import { indexLacks, saidOf } from "../building/IndexFit.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import type { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent, RecordedEvent } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import type { PgStatements } from "./PgLayout.ts"
import { array, parseStored } from "./PgLog.ts"
import { refusing } from "./PgSession.ts"
import { wordOf } from "./PgWords.ts"

const { int8 } = PgTypes.OID

interface IndexFitOptions<E extends AnyEvent> {
  readonly pool: PgPool.PgPool
  readonly statements: PgStatements
  readonly codec: Codec<E>
  readonly database: string
  readonly catalogue: Catalogue<E>
}

/**
 * Fails where the oldest or the newest event, of the log or of a type, lacks a word. The index does not find those of the log: an empty one
 * finds none. What cannot be read is no reason: a read of it says so, and an index is
 * made again of a log that is opened.
 */
export const refuseUnfit = <E extends AnyEvent>(options: IndexFitOptions<E>): Effect.Effect<void, DatabaseRefused> => {
  const { codec, database, pool, statements, catalogue } = options
  return pool
    .use((connection) =>
      Effect.gen(function* () {
        const words = Object.keys(catalogue.events).map((type) => wordOf("type", type))
        const rows = yield* connection.queryValues(statements.outermost, [array(words, int8)])
        const asked = rows.flatMap(([position, body, leaf]) => {
          const event = readable(codec, Number(position), body as string, leaf as Uint8Array)
          return event === undefined ? [] : saidOf(event).map((said) => ({ event, said }))
        })
        const [lacking] = yield* connection.queryValues(statements.lacking, [
          array(
            asked.map(({ said: [kind, value] }) => wordOf(kind, value)),
            int8
          ),
          array(
            asked.map(({ event }) => BigInt(event.position)),
            int8
          )
        ])
        return lacking === undefined ? undefined : asked[Number(lacking[0]) - 1]
      })
    )
    .pipe(
      Effect.mapError(refusing(database)),
      Effect.flatMap((found) =>
        found === undefined ? Effect.void : Effect.fail(indexLacks(database, found.event, found.said))
      )
    )
}

const readable = <E extends AnyEvent>(
  codec: Codec<E>,
  position: number,
  body: string,
  leaf: Uint8Array
): RecordedEvent<E> | undefined => {
  try {
    return codec.decode(position, parseStored(position, body, leaf))
  } catch (cause) {
    if (cause instanceof EventStoreError) return undefined
    throw cause
  }
}
