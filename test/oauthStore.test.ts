/** The store of clients and tokens in PostgreSQL, with several nodes over one database. For the author of a store. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { expect, it } from "vitest"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { OAuthStore } from "@effekten/http"
import { oauthStoreContract, sharedStoreContract } from "../packages/http/test/OAuthStoreContract.ts"

const postgres = useServer()
let schemas = 0

/** A schema of its own for each store. */
const freshSchema = () => `oauth_${++schemas}`
const clientIn = (schema: string) =>
  PgClient.layer({ ...postgres.server(), startupParameters: { search_path: schema } })
const storeIn = (schema: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE SCHEMA IF NOT EXISTS ${sql(schema)}`
      return OAuthStore.layerSql
    })
  ).pipe(Layer.provideMerge(clientIn(schema)))

oauthStoreContract("PostgreSQL", () => storeIn(freshSchema()), 5)
sharedStoreContract("PostgreSQL", () => {
  const schema = freshSchema()
  return { one: storeIn(schema), two: storeIn(schema) }
})

it("nodes that issue at the same moment drop none of the tokens just made", async () => {
  const schema = freshSchema()
  // More than either node makes, and fewer than both do.
  const limit = 25
  const put = (node: string) =>
    Effect.gen(function* () {
      const store = yield* OAuthStore.OAuthStore
      yield* Effect.forEach(Array.from({ length: 20 }), (_, index) =>
        Effect.gen(function* () {
          const hash = `${node}${index}`
          const token = { hash, clientId: "c", secretHash: "s", scopes: new Set<string>(), expiresAt: 5 }
          yield* store.putToken(token, { now: 0, limit })
          expect(Option.isSome(yield* store.token(hash))).toBe(true)
        })
      )
    }).pipe(Effect.provide(storeIn(schema)))
  const first = Effect.gen(function* () {
    const store = yield* OAuthStore.OAuthStore
    yield* store.putClient({ clientId: "c", platform: "p" as never, scopes: new Set(), secretHash: "s" })
  }).pipe(Effect.provide(storeIn(schema)))
  await Effect.runPromise(first)
  await Effect.runPromise(Effect.all([put("a"), put("b")], { concurrency: "unbounded" }))
  const kept = await Effect.runPromise(
    Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT hash FROM oauth_token`).pipe(
      Effect.provide(clientIn(schema))
    )
  )
  expect(kept.length).toBeLessThanOrEqual(limit + 1)
})

it("nodes that start at the same moment make the tables, and add to those of an earlier version", async () => {
  const schema = freshSchema()
  const earlier = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE SCHEMA IF NOT EXISTS ${sql(schema)}`
    yield* sql`CREATE TABLE oauth_token (
      hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, token_scopes TEXT NOT NULL, expires_at BIGINT NOT NULL)`
  }).pipe(Effect.provide(clientIn(schema)))
  await Effect.runPromise(earlier)
  const start = Effect.scoped(Layer.build(storeIn(schema)))
  await Effect.runPromise(Effect.all([start, start, start, start], { concurrency: "unbounded" }))
})
