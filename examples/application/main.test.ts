/**
 * The shop does the same over an embedded register and over a remote one.
 */
import { SqliteClient } from "@effekten/event-store"
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Registrar } from "@effekten/registrar"
import { scopes } from "@effekten/services"
import { Context, Effect, Layer, ManagedRuntime } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpRouter, HttpServer } from "effect/http"
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import * as Register from "./Register.ts"
import * as Shop from "./Shop.ts"

/** The shop, over a register, and a way to ask it. */
const opened = (register: ReturnType<typeof Register.embedded> | ReturnType<typeof Register.remote>, file: string) => {
  const own = SqliteClient.layer({ filename: file })
  const shop = Shop.layer.pipe(Layer.provide([register, own, HttpServer.layerServices]), Layer.orDie)
  const { dispose, handler } = HttpRouter.toWebHandler(shop, { disableLogger: true })
  const ask = async (method: string, path: string, body?: object) => {
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }
    const answer = await handler(new Request(`http://shop${path}`, { method, ...sent }))
    return { status: answer.status, body: (await answer.json()) as { [member: string]: unknown } }
  }
  return { ask, close: dispose }
}

const sells = async ({ ask, close }: ReturnType<typeof opened>) => {
  const placed = await ask("PUT", "/orders/4711", { customer: "ada", units: 30 })
  assert.equal(placed.status, 200, JSON.stringify(placed.body))
  // Again: the same order, and nothing more.
  assert.deepEqual(await ask("PUT", "/orders/4711", { customer: "ada", units: 30 }), placed)
  assert.deepEqual(await ask("GET", "/orders/4711"), placed)
  const missing = await ask("GET", "/orders/0")
  assert.deepEqual([missing.status, missing.body["code"]], [404, "order_not_found"])
  const tooMany = await ask("PUT", "/orders/4712", { customer: "ada", units: 5_000 })
  assert.deepEqual([tooMany.status, tooMany.body["code"]], [409, "allocation_exhausted"])
  await close()
  return placed
}

/** What a platform is given by the operator of a register. */
class Given extends Context.Service<Given, Omit<Parameters<typeof Register.remote>[0], "url">>()("shop/Given") {}

/** A register that somebody else serves, in this process so that the example stands alone. */
const served = ManagedRuntime.make(
  Layer.mergeAll(
    DistributionServer.layerNode({ port: 0 }),
    Layer.effect(
      Given,
      Effect.gen(function* () {
        const { campaignId, platform } = yield* Register.offering
        const { clientId, secret } = yield* OAuth.registerClient({ platform, scopes })
        return { campaignId, clientId, clientSecret: secret }
      })
    )
  ).pipe(Layer.provide([Registrar.layerMemory(), OAuthStore.layerMemory, SecureRandom.layerWebCrypto]), Layer.orDie)
)

test("embedded, in a folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "example-application-"))
  const start = () => opened(Register.embedded(join(folder, "register")), join(folder, "shop.db"))
  const first = await sells(start())
  // Started again, it finds what it did.
  assert.deepEqual(await sells(start()), first)
  rmSync(folder, { recursive: true, force: true })
})

test("remote, with another layer", async () => {
  const context = await served.context()
  const url = `${HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)}/api/external`
  await sells(opened(Register.remote({ url, ...Context.get(context, Given) }), ":memory:"))
  await served.dispose()
})
