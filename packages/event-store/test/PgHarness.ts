/** What the tests on PostgreSQL share: stores in schemas of a server, and a plain session that sees what they do. */
import { PgConnection } from "@effect/sql-pg"
import { type Duration, Effect, Layer, type Scope } from "effect"
import { PgEventStore, PgKeyStore } from "@effekten/event-store/postgres"
import { Codec } from "@effekten/event-store"
import { type KitEvent, kitCatalogue } from "@effekten/event-store/testing"
import { ofType } from "../src/postgres/PgWords.ts"
import { masterKey, random } from "./Harness.ts"

export type Options = Partial<PgEventStore.PgEventStoreOptions<KitEvent>> & { readonly schema: string }

export const vaultAt = (server: PgEventStore.PgServer, schema: string, pollInterval: Duration.Input = "100 millis") =>
  PgKeyStore.layerVault({
    server,
    schema: `${schema}_keys`,
    masterKey: masterKey(),
    pollInterval
  }).pipe(Layer.provideMerge(random))

/** A store as one node opens it. */
export const nodeAt = (server: PgEventStore.PgServer, options: Options, keysPolled?: Duration.Input) =>
  Effect.flatMap(Layer.build(vaultAt(server, options.schema, keysPolled)), (vault) =>
    PgEventStore.make({ server, catalogue: kitCatalogue, ...options }).pipe(Effect.provideContext(vault))
  )

/** A session of one's own, outside of every store. */
export const sessionAt = (
  server: PgEventStore.PgServer
): Effect.Effect<PgConnection.PgConnection, unknown, Scope.Scope> =>
  PgConnection.make({ ...server, applicationName: "test" })

/**
 * Appends an event as a node does, in a transaction that the session has begun and that stays open.
 *
 * @param body around its instant
 */
export const appendIn = (
  session: PgConnection.PgConnection,
  schema: string,
  [before, after]: readonly [string, string],
  words: ReadonlyArray<bigint>
) =>
  Effect.gen(function* () {
    const [[head, leaf, edition] = []] = yield* session.queryValues(
      `SELECT head, leaf, edition FROM ${schema}.lock_head(0)`
    )
    const body = before + new Date().toISOString() + after
    yield* session.query(
      `SELECT * FROM ${schema}.append($1, $2, now(), ARRAY[$3], ARRAY[$4::bytea], ARRAY[$5::integer],
        ARRAY[${words.join()}]::bigint[], array_fill(1, ARRAY[${words.length}]), '{}', '{}', NULL, NULL, NULL, NULL, NULL, $6,
        CASE WHEN EXISTS (SELECT FROM ${schema}.kinds WHERE type = 'Noted') THEN '{}'::integer[] ELSE ARRAY[1] END, ARRAY['Noted'], ARRAY[1])`,
      [head, leaf, body, Codec.leafOf(body), ofType("Noted").number, edition]
    )
  })

/** Until the server has finished what it got from these clients, those that are gone included. */
export const untilQuiet = (session: PgConnection.PgConnection, applicationName: string) =>
  Effect.repeat(
    session.queryValues("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'", [
      applicationName
    ]),
    { until: (rows) => Number(rows[0]?.[0]) === 0 }
  )
