/**
 * Access tokens: the client credentials grant, over the wire and in both stores. For the author of the server.
 */
import { Id } from "@effekten/domain"
import { SqliteClient } from "@effekten/event-store"
import { it as effectIt } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { TestClock } from "effect/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { OAuth, OAuthStore } from "../src/index.ts"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start({
    clients: [
      { clientId: "reader", scopes: ["investors:read"] },
      { clientId: "odd %:client", scopes: ["investors:read"] },
      { clientId: "stranger", scopes: ["investors:read"], platform: Id.PlatformId.make("platform_b") }
    ]
  })
})
afterAll(() => h.close())

const form = "application/x-www-form-urlencoded"
const credentials = { grant_type: "client_credentials", client_id: "reader", client_secret: H.secret }
const ask = (
  parameters: { readonly [name: string]: string } | string,
  headers: { readonly [name: string]: string } = {},
  url = `${h.url}/oauth/token`
) => H.post(url, { "content-type": form, body: new URLSearchParams(parameters).toString(), ...headers })

const basic = (id: string, secret: string) => {
  const encoded = [id, secret].map((part) => encodeURIComponent(part).replaceAll("%20", "+")).join(":")
  return { authorization: `Basic ${Buffer.from(encoded).toString("base64")}` }
}

describe("O-01 a token", () => {
  it.each(["/api/external/oauth/token", "/api/external/distributor/oauth/token"])("under %s", async (path) => {
    const answer = await ask(credentials, {}, `${h.origin}${path}`)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ "cache-control": "no-store", "content-type": "application/json" })
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^effekten_token_[\w-]{43}$/),
      token_type: "Bearer",
      expires_in: 36_000,
      scope: "investors:read"
    })
    const list = await H.get(`${h.url}/v2/investors/`, { authorization: `Bearer ${answer.json.access_token}` })
    expect(list.status).toBe(200)
  })

  it("by HTTP Basic, form-encoded as RFC 6749 asks", async () => {
    const grant = { grant_type: "client_credentials" }
    expect((await ask(grant, basic("reader", H.secret))).status).toBe(200)
    expect((await ask(grant, basic("odd %:client", H.secret))).status).toBe(200)
    expect((await ask({ ...grant, client_id: "reader" }, basic("reader", H.secret))).status).toBe(200)
  })

  it("the guide's own request", async () => {
    const scope = "investors:write investors:read investments:write investments:read documents:write"
    const answer = await ask({ ...credentials, client_id: "all", scope })
    expect(answer.json.scope).toBe(scope)
  })

  it("sees its own platform's objects only", async () => {
    const create = await H.post(`${h.url}/v2/investors/`, {
      authorization: `Bearer ${h.token}`,
      "x-idempotency-key": "mine",
      "content-type": "application/json",
      body: JSON.stringify(H.investor)
    })
    const stranger = { authorization: `Bearer ${await h.tokenFor("stranger")}` }
    const unknown = await H.get(`${h.url}/v2/investors/nobody/`, stranger)
    const foreign = await H.get(`${h.url}/v2/investors/${create.json.id}/`, stranger)
    expect(foreign.status).toBe(404)
    const said = (answer: H.Answer) => ({ ...answer.json, instance: "", request_id: "" })
    expect(said(foreign)).toEqual(said(unknown))
    expect((await H.get(`${h.url}/v2/investors/`, stranger)).json.count).toBe(0)
  })
})

describe("O-01 refusals of RFC 6749 §5.2", () => {
  it.each<[string, { readonly [name: string]: string } | string, { readonly [name: string]: string }, number, string]>([
    ["no grant", { client_id: "reader", client_secret: H.secret }, {}, 400, "invalid_request"],
    ["another grant", { ...credentials, grant_type: "password" }, {}, 400, "unsupported_grant_type"],
    ["no secret", { grant_type: "client_credentials", client_id: "reader" }, {}, 400, "invalid_request"],
    ["an empty secret", { ...credentials, client_secret: "" }, {}, 400, "invalid_request"],
    ["an unknown client", { ...credentials, client_id: "nobody" }, {}, 401, "invalid_client"],
    ["a wrong secret", { ...credentials, client_secret: `${H.secret}x` }, {}, 401, "invalid_client"],
    ["a scope it lacks", { ...credentials, scope: "investors:read investors:write" }, {}, 400, "invalid_scope"],
    ["a scope nobody knows", { ...credentials, scope: "everything" }, {}, 400, "invalid_scope"],
    ["a repeated parameter", `${new URLSearchParams(credentials)}&scope=a&scope=b`, {}, 400, "invalid_request"],
    ["both ways at once", credentials, basic("reader", H.secret), 400, "invalid_request"],
    [
      "two clients",
      { grant_type: "client_credentials", client_id: "all" },
      basic("reader", H.secret),
      400,
      "invalid_request"
    ],
    [
      "a Basic that is none",
      { grant_type: "client_credentials" },
      { authorization: "Basic !" },
      400,
      "invalid_request"
    ],
    ["a Bearer", { grant_type: "client_credentials" }, { authorization: "Bearer x" }, 400, "invalid_request"],
    [
      "JSON",
      credentials,
      { "content-type": "application/json", body: JSON.stringify(credentials) },
      400,
      "invalid_request"
    ],
    ["too much", { ...credentials, padding: "x".repeat(20_000) }, {}, 413, "invalid_request"]
  ])("%s", async (_, parameters, headers, status, error) => {
    const answer = await ask(parameters, headers)
    expect(answer.status).toBe(status)
    expect(answer.json).toEqual({ error, error_description: expect.any(String) })
    expect(answer.headers["cache-control"]).toBe("no-store")
    expect(answer.text).not.toContain(H.secret)
  })

  it("a wrong secret by Basic is challenged", async () => {
    const answer = await ask({ grant_type: "client_credentials" }, basic("reader", "wrong"))
    expect(answer.status).toBe(401)
    expect(answer.headers["www-authenticate"]).toBe('Basic realm="effekten"')
  })

  it("O-04 an unknown client and a wrong secret are the same answer", async () => {
    const unknown = await ask({ ...credentials, client_id: "nobody" })
    const wrong = await ask({ ...credentials, client_secret: "wrong" })
    const { date: _1, "x-request-id": _2, ...left } = unknown.headers
    const { date: _3, "x-request-id": _4, ...right } = wrong.headers
    expect([unknown.text, left]).toEqual([wrong.text, right])
  })

  it("O-09 a token in the query is no token", async () => {
    expect((await H.get(`${h.url}/v2/investors/?access_token=${h.token}`)).status).toBe(401)
  })
})

const stores = {
  memory: OAuthStore.layerMemory,
  sql: OAuthStore.layerSql.pipe(Layer.provideMerge(SqliteClient.layer({ filename: ":memory:" })))
}

describe.each(Object.entries(stores))("the store: %s", (_, store) => {
  const platform = H.platform
  const world = OAuth.layer({ tokenLifetime: "10 seconds", liveTokens: 2 }).pipe(
    Layer.provideMerge(store),
    Layer.provideMerge(SecureRandom.layerWebCrypto)
  )
  const scopes = ["investors:read"] as const

  effectIt.effect("O-06 tokens live as long as they say, by the clock", () =>
    Effect.gen(function* () {
      const { clientId, secret } = yield* OAuth.registerClient({ platform, scopes })
      const oauth = yield* OAuth.OAuth
      const token = yield* oauth.issue({ clientId, secret, scope: undefined })
      expect(token.expires_in).toBe(10)
      const who = oauth.authenticate(Redacted.make(token.access_token))
      yield* TestClock.adjust("9999 millis")
      expect(Option.getOrThrow(yield* who)).toEqual({ platform, clientId, scopes: new Set(scopes) })
      yield* TestClock.adjust("1 millis")
      expect(Option.isNone(yield* who)).toBe(true)
    }).pipe(Effect.provide(world))
  )

  effectIt.effect("live tokens of a client are bounded: the oldest dies", () =>
    Effect.gen(function* () {
      const { clientId, secret } = yield* OAuth.registerClient({ platform, scopes })
      const other = yield* OAuth.registerClient({ platform, scopes })
      const oauth = yield* OAuth.OAuth
      const issue = Effect.andThen(
        TestClock.adjust("1 millis"),
        Effect.map(oauth.issue({ clientId, secret, scope: undefined }), (token) => Redacted.make(token.access_token))
      )
      const others = yield* oauth.issue({ ...other, scope: undefined })
      const tokens = [yield* issue, yield* issue, yield* issue]
      const live = yield* Effect.forEach([...tokens, Redacted.make(others.access_token)], oauth.authenticate)
      expect(live.map(Option.isSome)).toEqual([false, true, true, true])
    }).pipe(Effect.provide(world))
  )

  effectIt.effect("O-11 a client that is replaced or removed takes its tokens along", () =>
    Effect.gen(function* () {
      const store = yield* OAuthStore.OAuthStore
      const oauth = yield* OAuth.OAuth
      const client = yield* OAuth.registerClient({ platform, scopes, clientId: "c" })
      const first = Redacted.make((yield* oauth.issue({ ...client, scope: undefined })).access_token)
      const again = yield* OAuth.registerClient({ platform, scopes, clientId: "c" })
      expect(Option.isNone(yield* oauth.authenticate(first))).toBe(true)
      expect((yield* Effect.flip(oauth.issue({ ...client, scope: undefined })))._tag).toBe("TokenRefused")
      const second = Redacted.make((yield* oauth.issue({ ...again, scope: undefined })).access_token)
      yield* store.removeClient("c")
      expect(Option.isNone(yield* oauth.authenticate(second))).toBe(true)
    }).pipe(Effect.provide(world))
  )

  effectIt.effect("O-03 keeps neither secrets nor tokens", () =>
    Effect.gen(function* () {
      const store = yield* OAuthStore.OAuthStore
      const { clientId, secret } = yield* OAuth.registerClient({ platform, scopes })
      expect(Redacted.value(secret)).toMatch(/^effekten_secret_[\w-]{43}$/)
      const client = Option.getOrThrow(yield* store.client(clientId))
      expect(client.secretHash).toMatch(/^[0-9a-f]{64}$/)
      expect(JSON.stringify(client)).not.toContain(Redacted.value(secret))
    }).pipe(Effect.provide(world))
  )
})
