/**
 * The API on a router of the application's own: beside its routes, below a prefix, on its server or as a web handler. For applications that
 * have a server already.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Investors, scopes } from "@effekten/services"
import { Context, Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DistributionClient, DistributionServer, OAuth, OAuthStore } from "../src/index.ts"
import { investor, platform, secret } from "./Harness.ts"
import * as MemoryServices from "./MemoryServices.ts"

type Handler = (path: string, init?: RequestInit) => Promise<Response>

const parts = () =>
  Layer.mergeAll(
    MemoryServices.make().layer,
    Layer.effectDiscard(
      OAuth.registerClient({ platform, clientId: "all", scopes, secret: Redacted.make(secret) })
    ).pipe(Layer.provide(SecureRandom.layerWebCrypto), Layer.provideMerge(OAuthStore.layerMemory))
  )

const own = Layer.mergeAll(
  HttpRouter.add(
    "GET",
    "/orders/:id",
    Effect.map(HttpRouter.params, ({ id }) => HttpServerResponse.text(`order ${id}`))
  ),
  HttpRouter.add("GET", "/docs-of-ours", HttpServerResponse.text("ours"))
)

/** The router of an application whose own prefix stands before all that is added to it. */
const inside = (prefix: "/a") =>
  Layer.effect(
    HttpRouter.HttpRouter,
    Effect.map(HttpRouter.HttpRouter, (router) => router.prefixed(prefix))
  )

const application = (options: DistributionServer.MountOptions, around: "" | "/a") => {
  const mount = DistributionServer.routes({ rateLimit: "none", ...options })
  const placed = around === "" ? mount : Layer.provide(mount, inside(around))
  return Layer.merge(own, placed).pipe(Layer.provide(parts()))
}

/** On a server, which listens. */
const served = async (options: DistributionServer.MountOptions, around: "" | "/a" = "") => {
  const runtime = ManagedRuntime.make(
    HttpRouter.serve(application(options, around), { disableListenLog: true, disableLogger: true }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
    )
  )
  const context = await runtime.context()
  const origin = HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
  return {
    origin,
    handler: (path: string, init?: RequestInit) => fetch(`${origin}${path}`, init),
    close: runtime.dispose
  }
}

/** As a function of a request. */
const asFunction = (options: DistributionServer.MountOptions, around: "" | "/a" = "") => {
  const origin = "https://app.example.org"
  const { dispose, handler } = HttpRouter.toWebHandler(application(options, around), { disableLogger: true })
  return Promise.resolve({
    origin,
    handler: (path: string, init?: RequestInit) => handler(new Request(`${origin}${path}`, init)),
    close: dispose as () => Promise<unknown>
  })
}

const cases = [
  { name: "on a server, below a prefix", mount: "/register", start: () => served({ prefix: "/register" }) },
  { name: "on a server, at the root", mount: "", start: () => served({}) },
  { name: "on a router that has a prefix", mount: "/a/register", start: () => served({ prefix: "/register" }, "/a") },
  { name: "as a web handler, below a prefix", mount: "/register", start: () => asFunction({ prefix: "/register" }) },
  { name: "as a web handler, at the root", mount: "", start: () => asFunction({}) }
] as const

describe.each(cases)("mounted $name", ({ mount, start }) => {
  let at: Awaited<ReturnType<typeof start>>
  let token: string
  const handler: Handler = (path, init) => at.handler(path, init)
  const api = (path: string, init: RequestInit = {}, prefix = "/api/external") =>
    handler(`${mount}${prefix}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...init.headers }
    })
  const create = (key: string, prefix?: string) =>
    api(
      "/v2/investors/",
      { method: "POST", body: JSON.stringify(investor), headers: { "x-idempotency-key": key } },
      prefix
    )

  beforeAll(async () => {
    at = await start()
    const answer = await handler(`${mount}/api/external/oauth/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: "all",
        client_secret: secret
      }).toString()
    })
    expect(answer.status).toBe(200)
    token = (await answer.json()).access_token
  })
  afterAll(async () => void (await at.close()))

  it("the application's own routes answer as before, and what is nowhere is its own 404", async () => {
    expect(await (await handler("/orders/4711")).text()).toBe("order 4711")
    expect(await (await handler("/docs-of-ours")).text()).toBe("ours")
    const missing = await handler("/nowhere")
    expect([missing.status, missing.headers.get("x-request-id")]).toEqual([404, null])
  })

  it("Location and the links of a list lead back, under the prefix that was used", async () => {
    for (const prefix of ["/api/external", "/api/external/distributor"]) {
      const made = await create(`made${prefix}`, prefix)
      expect(made.status).toBe(201)
      const location = made.headers.get("location")!
      expect(location).toMatch(new RegExp(`^${at.origin}${mount}${prefix}/v2/investors/[^/]+/$`))
      expect(
        (await handler(new URL(location).pathname, { headers: { authorization: `Bearer ${token}` } })).status
      ).toBe(200)
      const first = await (await api("/v2/investors/?limit=1", {}, prefix)).json()
      expect(first.results).toHaveLength(1)
      if (first.next === null) continue
      const next = new URL(first.next)
      expect(`${next.origin}${next.pathname}`).toBe(`${at.origin}${mount}${prefix}/v2/investors/`)
      const second = await handler(`${next.pathname}${next.search}`, { headers: { authorization: `Bearer ${token}` } })
      expect([second.status, (await second.json()).results.length]).toEqual([200, 1])
    }
  })

  it("a problem names its page, and the page is there", async () => {
    const refused = await handler(`${mount}/api/external/v2/investors/`)
    expect(refused.status).toBe(401)
    expect(refused.headers.get("link")).toBe(`<${mount}/problems/unauthorized>; rel="help"`)
    expect((await refused.json()).instance).toBe(`${mount}/api/external/v2/investors/`)
    expect((await handler(`${mount}/problems/unauthorized`)).status).toBe(200)
    const method = await handler(`${mount}/api/external/oauth/token`, { method: "PUT" })
    expect([method.status, method.headers.get("allow")]).toEqual([405, "OPTIONS, POST"])
    expect((await handler(`${mount}/api/external/nothing`)).headers.get("content-type")).toContain("problem+json")
  })

  it("the documentation links to what is mounted, and the document names where", async () => {
    const prefix = mount.replace(/^\/a/, "")
    const document = await (await handler(`${mount}/openapi.json`)).json()
    expect(document.servers.map(({ url }: { url: string }) => url)).toEqual([
      `${prefix}/api/external`,
      `${prefix}/api/external/distributor`
    ])
    const page = await (await handler(`${mount}/docs`)).text()
    const links = [...page.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, link]) => link!)
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter((link) => !link.startsWith(`${prefix}/`))).toEqual([])
    if (prefix === mount) for (const link of new Set(links)) expect((await handler(link)).status).toBe(200)
  })

  it("health is told, a path of any length leads where it should, and an upload is taken", async () => {
    expect((await handler(`${mount}/livez`)).status).toBe(200)
    expect((await handler(`${mount}/readyz`)).status).toBe(200)
    const id = "0198c0de-0000-7000-8000-000000000000"
    const long = await api(`/v2/investors/${id}/identifications/${id}/`, {}, "/api/external/distributor")
    expect([long.status, (await long.json()).code]).toEqual([404, "object_not_found"])
    const form = new FormData()
    form.set("file", new File(["nothing in it"], "protocol.pdf", { type: "application/pdf" }))
    const uploaded = await handler(`${mount}/api/external/v2/documents/`, {
      method: "POST",
      body: form,
      headers: { authorization: `Bearer ${token}`, "x-idempotency-key": "upload" }
    })
    expect(uploaded.status).toBe(201)
    expect((await uploaded.json()).id).toBeDefined()
  })

  it("what a large body, a bad one and a foreign host are told stays the same", async () => {
    const bad = await api("/v2/investors/", { method: "POST", body: "{", headers: { "x-idempotency-key": "bad" } })
    expect([bad.status, (await bad.json()).code]).toEqual([400, "malformed_json"])
    const large = await api("/v2/investors/", {
      method: "POST",
      body: `{"a":"${"a".repeat(2_000_000)}"}`,
      headers: { "x-idempotency-key": "large" }
    })
    expect([large.status, (await large.json()).code]).toEqual([413, "payload_too_large"])
    expect((await handler(`${mount}/api/external/v2/%69nvestors/`)).status).toBe(400)
  })
})

it("the typed client calls a mount by its URL", async () => {
  const { close, origin } = await served({ prefix: "/register" })
  const program = Effect.gen(function* () {
    const investors = yield* Investors
    const page = yield* investors.list({ limit: 1 })
    return page.results.length
  })
  const credentials = { clientId: "all", clientSecret: Redacted.make(secret) }
  const client = DistributionClient.layer({ url: `${origin}/register/api/external`, ...credentials })
  expect(await Effect.runPromise(Effect.provide(program, client))).toBe(0)
  await close()
})

it("a prefix that is none is refused where the layer is built", async () => {
  for (const prefix of ["/register/", "register", "/a/:id", "/a b"] as ReadonlyArray<`/${string}`>) {
    const layer = DistributionServer.routes({ prefix }).pipe(Layer.provide(HttpRouter.layer), Layer.provide(parts()))
    await expect(Effect.runPromise(Effect.scoped(Layer.build(layer)))).rejects.toThrow(/is no prefix/)
  }
})
