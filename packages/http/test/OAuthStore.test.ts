/**
 * The stores of clients and tokens that need no server: in memory and in SQLite, and what a store remembers of its reads. For the author of
 * a store.
 */
import { SqliteClient } from "@effekten/event-store"
import { Clock, Deferred, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Id } from "@effekten/domain"
import { OAuthStore } from "../src/index.ts"
import * as TokenCache from "../src/oauth/TokenCache.ts"
import { makeClock, oauthStoreContract, sharedStoreContract } from "./OAuthStoreContract.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "oauth-store-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const sqlite = (filename: string) =>
  OAuthStore.layerSql.pipe(Layer.provideMerge(SqliteClient.layer({ filename, synchronous: "NORMAL" })))

oauthStoreContract("memory", () => OAuthStore.layerMemory, 50)
oauthStoreContract("SQLite", () => sqlite(":memory:"), 50)
sharedStoreContract("SQLite", () => {
  const filename = join(folder, `${++files}.db`)
  return { one: sqlite(filename), two: sqlite(filename) }
})

it("tables of an earlier version are opened: their token is live, and is the first to go", async () => {
  const filename = join(folder, "earlier.db")
  const before = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE oauth_client (
      client_id TEXT PRIMARY KEY, platform TEXT NOT NULL, client_scopes TEXT NOT NULL, secret_hash TEXT NOT NULL)`
    yield* sql`CREATE TABLE oauth_token (
      hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, token_scopes TEXT NOT NULL, expires_at BIGINT NOT NULL)`
    yield* sql`INSERT INTO oauth_client VALUES ('c', 'platform_a', 'investors:read', 'secret')`
    yield* sql`INSERT INTO oauth_token VALUES ('token', 'c', 'investors:read', 4102444800000)`
  })
  await Effect.runPromise(Effect.provide(before, SqliteClient.layer({ filename })))
  const readOnly = Effect.flatMap(SqlClient.SqlClient, OAuthStore.clientsIn)
  const clients = await Effect.runPromise(Effect.provide(readOnly, SqliteClient.layer({ filename, readonly: true })))
  expect(clients.map(({ clientId }) => clientId)).toEqual(["c"])
  for (const put of [false, true]) {
    const found = await Effect.runPromise(
      Effect.gen(function* () {
        const store = yield* OAuthStore.OAuthStore
        const token = { hash: "new", clientId: "c", secretHash: "secret", scopes: new Set<string>(), expiresAt: 5 }
        if (put) yield* store.putToken(token, { now: 0, limit: 1 })
        return [yield* store.token("token"), yield* store.token("new")].map(Option.isSome)
      }).pipe(Effect.provide(sqlite(filename)))
    )
    expect(found).toEqual(put ? [false, true] : [true, false])
  }
})

describe("what is remembered of a token", () => {
  const grant = (clientId: string) =>
    Option.some({
      principal: { platform: Id.PlatformId.make("p"), clientId, scopes: new Set<string>() },
      expiresAt: Number.POSITIVE_INFINITY
    })

  it("a token is read once in five seconds, and one that is not there each time", async () => {
    let reads = 0
    const cache = TokenCache.make((hash) =>
      Effect.sync(() => {
        reads += 1
        return hash === "none" ? Option.none() : grant("c")
      })
    )
    const { clock, goOn } = makeClock()
    const look = (hash: string) => Effect.runSync(Effect.provideService(cache.token(hash), Clock.Clock, clock))
    for (let times = 0; times < 100; times++) look("one")
    expect(reads).toBe(1)
    goOn(4_999)
    look("one")
    expect(reads).toBe(1)
    goOn(1)
    look("one")
    expect(reads).toBe(2)
    look("none")
    look("none")
    expect(reads).toBe(4)
  })

  it("a read that a change overtakes is not remembered, also if the change fails", async () => {
    const outcome = await Effect.runPromise(
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        let live = true
        const cache = TokenCache.make(() => {
          const seen = live ? grant("c") : Option.none()
          return Effect.as(Deferred.await(gate), seen)
        })
        const reader = yield* Effect.forkChild(cache.token("t"), { startImmediately: true })
        const change = Effect.andThen(
          Effect.sync(() => {
            live = false
          }),
          Effect.fail("the connection broke after the commit")
        )
        yield* Effect.ignore(cache.changing("c", change))
        yield* Deferred.succeed(gate, undefined)
        return [yield* Fiber.join(reader), yield* cache.token("t")].map(Option.isSome)
      })
    )
    expect(outcome).toEqual([true, false])
  })

  it("tokens beyond the bound are read again, the first remembered first", () => {
    let reads = 0
    const cache = TokenCache.make(() => {
      reads += 1
      return Effect.succeed(grant("c"))
    })
    for (let each = 0; each <= TokenCache.rememberedTokens; each++) Effect.runSync(cache.token(`${each}`))
    expect(reads).toBe(TokenCache.rememberedTokens + 1)
    Effect.runSync(cache.token("1"))
    expect(reads).toBe(TokenCache.rememberedTokens + 1)
    Effect.runSync(cache.token("0"))
    expect(reads).toBe(TokenCache.rememberedTokens + 2)
  })
})
