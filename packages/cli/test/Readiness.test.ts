/**
 * A register that can no longer write says so to the load balancer, to the caller and to the operator. For operators.
 */
import { Events } from "@effekten/domain"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { MemoryReadModels } from "@effekten/projections"
import {
  Blobs,
  Custody,
  Ledger,
  Log,
  AccessRecord,
  Progress,
  Randomness,
  Registrar,
  Secrets
} from "@effekten/registrar"
import { Platforms, scopes } from "@effekten/services"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, expect, it } from "vitest"
import { disksOf, readinessOf } from "../src/Readiness.ts"

/** An id that no investor has. */
const investor = {
  natural_person: {
    salutation: "MS",
    forename: "Erika",
    surname: "Beispiel",
    birth_date: "1984-02-29",
    birth_place: "Musterstadt",
    citizenship: "DEU",
    street: "Lindenallee 7",
    city: "Musterstadt",
    zip: "12345",
    country: "DEU",
    phone: "+49 30 0000 000",
    is_pep: false
  },
  bank_account: {
    account_holder: "Erika Beispiel",
    iban: "DE89370400440532013000",
    bic: "COBADEFFXXX",
    currency: "EUR"
  },
  tax_information: { tax_identification_number: "0000", non_assessment_certificate: false },
  communication: { email: "erika@example.org", email_confirmed: true },
  is_beneficiary: true
}

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
      const log = SqliteEventStore.make<Events.RegisterEvent>({
        filename: join(folder, "log.db"),
        catalogue: Events.catalogue,
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
        Layer.provideMerge(Log.layer(log)),
        Layer.provide([AccessRecord.layerMemory(), Vault.layerMemory, Secrets.layerMemory]),
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
          Layer.provide(
            Layer.succeed(DistributionServer.Readiness, readinessOf(Context.get(context, Log), Effect.void))
          ),
          Layer.provide(Logger.layer([Logger.make(({ message }) => said.push(String(message)))]))
        )
      )
      const origin = HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address)

      yield* Effect.promise(async () => {
        const statusOf = async (path: string) => (await fetch(`${origin}${path}`)).status
        const token = await fetch(`${origin}/api/external/oauth/token`, {
          method: "POST",
          body: new URLSearchParams({
            grant_type: "client_credentials",
            client_id: client.clientId,
            client_secret: Redacted.value(client.secret)
          })
        })
        const { access_token } = (await token.json()) as { readonly access_token: string }
        const authorization = `Bearer ${access_token}`
        const answerOf = async (answer: Response) => {
          const text = await answer.text()
          return { status: answer.status, text, json: JSON.parse(text) as { readonly id: string } }
        }
        const investors = `${origin}/api/external/v2/investors/`
        const create = async (key: string) =>
          answerOf(
            await fetch(investors, {
              method: "POST",
              headers: { authorization, "content-type": "application/json", "x-idempotency-key": key },
              body: JSON.stringify(investor)
            })
          )

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
        const read = await answerOf(await fetch(`${investors}${before.json.id}/`, { headers: { authorization } }))
        expect([read.status, read.text]).toEqual([200, before.text])
        expect(await create("before")).toEqual(before)
        expect(said.filter((line) => line.startsWith("not ready"))).toEqual([expect.stringMatching(/log\.db.*full/)])
      })
    }).pipe(Effect.scoped)
  ))

it("a disk that takes no writes is not ready, though the log has not noticed; one that does is, and nothing is left on it", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const ready = (...paths: ReadonlyArray<string>) =>
        Effect.flatMap(disksOf(paths), (disks) => readinessOf({ writable: Effect.void }, disks))
      // The contents of documents may lie on a volume of their own.
      const refused = yield* Effect.flip(ready(folder, join(folder, "unplugged")))
      expect(refused.message).toMatch(/unplugged takes no writes/)
      expect(yield* ready(folder)).toBe(true)
      expect(readdirSync(folder)).toEqual([])
    })
  ))
