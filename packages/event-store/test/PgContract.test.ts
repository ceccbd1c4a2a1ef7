/** The contract kit on PostgreSQL: a schema for each store, on a real server. */
import { Effect, Layer, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import * as fastCheck from "fast-check"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { describe, it } from "vitest"
import { PgEventStore, PgKeyStore } from "@effekten/event-store/postgres"
import { Json, type Macs, type Vault } from "@effekten/event-store"
import { contractKit, kitCatalogue, type KitStore } from "@effekten/event-store/testing"
import { channelOf } from "../src/postgres/PgLayout.ts"
import { wordsOf } from "../src/postgres/PgWords.ts"
import { masterKey, random } from "./Harness.ts"
import { appendIn, sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()
const schemas = new WeakMap<KitStore, string>()
let made = 0

const vaultOf = (schema: string) =>
  PgKeyStore.layerVault({ server: postgres.server(), schema: `${schema}_keys`, masterKey: masterKey() }).pipe(
    Layer.provideMerge(random)
  )

const open = (
  schema: string,
  catalogue: PgEventStore.PgEventStoreOptions<any>["catalogue"],
  authentication?: Macs.Authentication
) =>
  provideHere(schema, PgEventStore.make({ server: postgres.server(), schema, catalogue, authentication })).pipe(
    Effect.map((store): KitStore => store),
    Effect.tap((store) => Effect.sync(() => schemas.set(store, schema)))
  )

contractKit({
  name: "PostgreSQL",
  make: (catalogue) => open(`kit_${++made}`, catalogue),
  reopen: (store, catalogue) => open(schemas.get(store) ?? "", catalogue),
  withKey: (store, authentication) => open(schemas.get(store) ?? "", kitCatalogue, authentication),
  edit: (store, position, change) =>
    Effect.gen(function* () {
      const schema = schemas.get(store) ?? ""
      const session = yield* sessionAt(postgres.server())
      const rows = yield* session.queryValues(`SELECT body FROM ${schema}.events WHERE position = $1`, [position])
      yield* session.query("SET session_replication_role = replica")
      yield* session.query(`UPDATE ${schema}.events SET body = $2 WHERE position = $1`, [
        position,
        change(String(rows[0]?.[0]))
      ])
    }),
  appendLate: (store, { data: { tags, text }, id }) =>
    Effect.gen(function* () {
      const schema = schemas.get(store) ?? ""
      const session = yield* sessionAt(postgres.server())
      const body = { data: { tags, text }, id, meta: { actor: "late", recordedAt: "" }, type: "Noted", version: 1 }
      const [before, after] = Json.canonical(body).split('"recordedAt":"')
      yield* session.query("BEGIN")
      yield* appendIn(session, schema, [`${before}"recordedAt":"`, after ?? ""], wordsOf("Noted", tags, undefined))
      return Effect.asVoid(session.query("COMMIT"))
    }),
  rewind: (store) =>
    Effect.map(store.head, (head) =>
      Effect.gen(function* () {
        const schema = schemas.get(store) ?? ""
        const session = yield* sessionAt(postgres.server())
        yield* session.query("SET session_replication_role = replica")
        yield* session.query("BEGIN")
        for (const [table, column] of [
          ["events", "position"],
          ["words", "position"],
          ["personal", "position"],
          ["macs", "last"],
          ["kinds", "first"]
        ])
          yield* session.query(`DELETE FROM ${schema}.${table} WHERE ${column} > $1`, [head])
        yield* session.query("COMMIT")
      })
    ),
  notify: (store) =>
    Effect.flatMap(sessionAt(postgres.server()), (session) =>
      session.query("SELECT pg_notify($1, '')", [channelOf(schemas.get(store) ?? "")])
    ),
  writeElsewhere: () =>
    Effect.gen(function* () {
      const session = yield* sessionAt(postgres.server())
      yield* session.query("CREATE DATABASE elsewhere")
      const other = yield* sessionAt(postgres.server({ database: "elsewhere" }))
      yield* other.query("CREATE TABLE t (x integer)")
      yield* other.query("BEGIN")
      yield* other.query("INSERT INTO t VALUES (1)")
    }),
  start: (store, life) => {
    const child = join(import.meta.dirname, "PgChild.ts")
    const options = ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"]
    return spawn(process.execPath, [...options, child, "kit", String(postgres.port), schemas.get(store) ?? "", life])
  },
  fastCheck,
  runs: 10,
  runner: { describe, it }
})

function provideHere<A, E>(
  schema: string,
  effect: Effect.Effect<A, E, Vault.Vault | SecureRandom.SecureRandom | Scope.Scope>
) {
  return Effect.flatMap(Layer.build(vaultOf(schema)), (context) => Effect.provideContext(effect, context))
}
