/**
 * Measures how long a platform waits over HTTP while another one floods the server. Both run in this process, server and clients, so the
 * figures are too long rather than too short.
 */
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Platforms } from "@effekten/services"
import { Effect, Layer, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServer } from "effect/http"
import { mkdirSync } from "node:fs"
import { Agent, request } from "node:http"
import { join } from "node:path"
import { investor } from "../packages/http/test/Harness.ts"
import { quantile, type Result } from "./Measure.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

const path = "/api/external/v2/investors/"
const body = JSON.stringify(investor)
/** Members that no page names: they are read, and ignored. */
const large = JSON.stringify({
  ...investor,
  unknown: Array.from({ length: 7_000 }, (_, index) => `${index} ${"a".repeat(25)}`)
})

type Send = (method: "GET" | "POST", query?: string, body?: string) => Promise<void>

/** Requests of one client, each on a connection that stays. */
const sender = (port: number, token: string, agent: Agent): Send => {
  let key = 0
  return (method, query = "", text) =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(text === undefined ? {} : { "content-type": "application/json", "x-idempotency-key": `key-${++key}` })
      }
      request({ port, agent, method, path: `${path}${query}`, headers }, (response) => {
        response.resume().on("end", () => {
          if (response.statusCode === 200 || response.statusCode === 201) resolve()
          else reject(new Error(`the answer is ${response.statusCode}`))
        })
      })
        .on("error", reject)
        .end(text)
    })
}

/** Milliseconds that calls of one platform take while another sends without a pause. */
const waiting = async (calm: Send, flood: () => Promise<void>, connections: number, seconds: number) => {
  const ended = new AbortController()
  const floods = Array.from({ length: connections }, async () => {
    while (!ended.signal.aborted) await flood()
  })
  const times: Array<number> = []
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end || times.length < 4) {
    const begin = performance.now()
    await (times.length % 2 === 0 ? calm("GET") : calm("POST", "", body))
    times.push(performance.now() - begin)
  }
  ended.abort()
  await Promise.all(floods)
  return times
}

const tokenOf = Effect.fnUntraced(function* (port: number, name: string) {
  const platform = (yield* (yield* Platforms).register({ name })).id
  const { clientId, secret } = yield* OAuth.registerClient({ platform, scopes: ["investors:read", "investors:write"] })
  return yield* Effect.promise(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/external/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: Redacted.value(secret)
      })
    })
    return ((await answer.json()) as { readonly access_token: string }).access_token
  })
})

export const measure = (options: { readonly subject: Subject; readonly folder: string; readonly quick: boolean }) =>
  Effect.gen(function* () {
    const folder = join(options.folder, "fairness")
    mkdirSync(folder)
    const served = Layer.provideMerge(
      DistributionServer.layerNode({ port: 0, rateLimit: "none" }),
      Layer.mergeAll(Register.layerOver(folder, options.subject.layer(folder)), OAuthStore.layerMemory)
    )
    return yield* Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      if (address._tag === "UnixPathAddress") return yield* Effect.die("no port")
      const agent = Effect.acquireRelease(
        Effect.sync(() => new Agent({ keepAlive: true })),
        (made) => Effect.sync(() => made.destroy())
      )
      const busy = sender(address.port, yield* tokenOf(address.port, "busy"), yield* agent)
      const calm = sender(address.port, yield* tokenOf(address.port, "calm"), yield* agent)
      const seconds = options.quick ? 1 : 10
      const floods: ReadonlyArray<readonly [name: string, flood: () => Promise<void>, connections: number]> = [
        ["nothing", async () => {}, 0],
        ["16 bodies of 240 kB at once", () => busy("POST", "", large), 16],
        ["16 pages of 500 at once", () => busy("GET", "?limit=500"), 16],
        ["400 commands at once", () => busy("POST", "", body), 400]
      ]
      return yield* Effect.promise(async () => {
        for (let count = 0; count < 10; count++)
          await Promise.all(Array.from({ length: 60 }, () => busy("POST", "", body)))
        const results: Array<Result> = []
        for (const [name, flood, connections] of floods) {
          const times = await waiting(calm, flood, connections, seconds)
          results.push({
            name: `a call beside another platform that sends ${name}`,
            shape: "a page of its own investors, or an investor",
            figures: { "ms p50": quantile(times, 0.5), "ms p90": quantile(times, 0.9), calls: times.length },
            ratios: {}
          })
        }
        return results
      })
    }).pipe(Effect.provide(Layer.merge(served, SecureRandom.layerWebCrypto)), Effect.scoped)
  })
