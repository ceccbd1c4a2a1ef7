/**
 * A register that can no longer write says so: to the balancer, to the caller, to the operator. For operators.
 */
import { catalogue, type RegisterEvent } from "@effekten/domain"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import { DistributionServer, OAuth, OAuthStore, scopes } from "@effekten/http"
import { MemoryReadModels } from "@effekten/projections"
import { Blobs, Custody, Ledger, Log, Progress, Randomness, Registrar, Secrets } from "@effekten/registrar"
import { Platforms } from "@effekten/services"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, expect, it } from "vitest"
import { connect, investorBody } from "../../../test/Api.ts"
import { readinessOf } from "../src/Readiness.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it("once the disk is full /readyz is 503, /livez 200, reads go on, and commands are 503 with executed no", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const said: Array<string> = []
      let database: DatabaseSync | undefined
      const log = SqliteEventStore.make<RegisterEvent>({
        filename: join(folder, "log.db"),
        catalogue,
        connect: (file, how) => (database = new DatabaseSync(file, how))
      })
      const register = Registrar.layerNoDeps().pipe(
        Layer.provide([
          Blobs.layerMemory,
          Custody.layerEmbedded,
          Ledger.layerBookEntry(),
          MemoryReadModels.layer(Log),
          Progress.layerMemory
        ]),
        Layer.provideMerge(Layer.effect(Log, log)),
        Layer.provide([Vault.layerMemory, Secrets.layerMemory]),
        Layer.provideMerge(Layer.merge(Randomness.layer, OAuthStore.layerMemory))
      )
      const context = yield* Layer.build(register)
      const client = yield* Effect.gen(function* () {
        const { id } = yield* (yield* Platforms).register({ name: "Erste Plattform" })
        return yield* OAuth.registerClient({ platform: id, scopes })
      }).pipe(Effect.provideContext(context))
      const server = yield* Layer.build(
        DistributionServer.layerNode({ port: 0 }).pipe(
          Layer.provide(Layer.succeedContext(context)),
          Layer.provide(Layer.succeed(DistributionServer.Readiness, readinessOf(Context.get(context, Log)))),
          Layer.provide(Logger.layer([Logger.make(({ message }) => said.push(String(message)))]))
        )
      )
      const origin = HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address)

      yield* Effect.promise(async () => {
        const statusOf = async (path: string) => (await fetch(`${origin}${path}`)).status
        const clientSecret = Redacted.value(client.secret)
        const api = await connect({ url: `${origin}/api/external`, clientId: client.clientId, clientSecret })
        const create = (key: string) => api.post("/v2/investors/", investorBody(), key)

        const before = await create("before")
        expect([before.status, await statusOf("/readyz"), said]).toEqual([201, 200, []])

        database!.exec(`PRAGMA max_page_count = ${Number(database!.prepare("PRAGMA page_count").get()!["page_count"])}`)
        let refused = await create("full-0")
        for (let i = 1; refused.status === 201; i++) refused = await create(`full-${i}`)
        for (const answer of [refused, await create("after")]) {
          expect(answer).toMatchObject({ status: 503, json: { executed: "no" } })
        }
        expect([await statusOf("/readyz"), await statusOf("/readyz"), await statusOf("/livez")]).toEqual([
          503, 503, 200
        ])
        expect((await api.get(`/v2/investors/${before.json.id}/`)).bytes).toEqual(before.bytes)
        const repeated = await create("before")
        expect([repeated.status, repeated.bytes]).toEqual([201, before.bytes])
        expect(said.filter((line) => line.startsWith("not ready"))).toEqual([expect.stringMatching(/log\.db.*full/)])
      })
    }).pipe(Effect.scoped)
  ))
