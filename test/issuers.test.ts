/**
 * Issuers over real HTTP: an issuer reads and changes what is its own, and neither side reaches into the other's. For a developer that adds
 * a route below `/issuer`.
 */
import { Id } from "@effekten/domain"
import { DistributionClient, DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Registrar } from "@effekten/registrar"
import {
  IssuedCampaigns,
  IssuedProducts,
  issuerResources,
  issuerScopes,
  Operation,
  Pages,
  type PageOptions,
  platformResources,
  Platforms,
  Products,
  type Scope as ApiScope,
  scopes
} from "@effekten/services"
import { Context, Effect, Exit, Layer, Redacted, Scope, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { FetchHttpClient, HttpServer } from "effect/http"
import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { expectAllConforming } from "../packages/http/test/Conforms.ts"
import { type Answer, type Api, connect, created, eventually, investmentBody, onboard } from "./Api.ts"

const scope = Scope.makeUnsafe()
const secret = Redacted.make("a secret for tests only, 256 bits")
const every: ReadonlyArray<ApiScope> = [...new Set([...scopes, ...issuerScopes])]

let url: string
let own: Api
let other: Api
let platform: Api
let issuerId: string
let otherId: string
let platformId: string

const setUp = Effect.gen(function* () {
  const register = yield* Layer.build(Registrar.layerMemory())
  const clients = yield* Layer.build(OAuthStore.layerMemory)
  const context = Context.merge(register, clients)
  const server = yield* Layer.build(
    DistributionServer.layerNode({ port: 0, rateLimit: "none" }).pipe(Layer.provide(Layer.succeedContext(context)))
  )
  const address = HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address)
  const made = Effect.gen(function* () {
    const products = yield* Products
    const first = (yield* products.registerIssuer()).id
    const second = (yield* products.registerIssuer()).id
    const platform = (yield* (yield* Platforms).register({ name: "Musterplattform" })).id
    yield* OAuth.registerClient({ issuer: first, clientId: "first", scopes: issuerScopes, secret })
    yield* OAuth.registerClient({ issuer: second, clientId: "second", scopes: issuerScopes, secret })
    // Whatever scopes a client has, it stays the client of a platform, or of an issuer.
    yield* OAuth.registerClient({ platform, clientId: "platform", scopes: every, secret })
    yield* OAuth.registerClient({ issuer: first, clientId: "all", scopes: every, secret })
    return { first, second, platform }
  })
  const ids = yield* made.pipe(Effect.provideContext(context), Effect.provide(SecureRandom.layerWebCrypto))
  return { ...ids, url: `${address}/api/external` }
})

const as = (clientId: string) => connect({ url, clientId, clientSecret: Redacted.value(secret) })

beforeAll(async () => {
  const made = await Effect.runPromise(Scope.provide(setUp, scope))
  url = made.url
  issuerId = made.first
  otherId = made.second
  platformId = made.platform
  own = await as("first")
  other = await as("second")
  platform = await as("platform")
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  expectAllConforming(Number(new URL(url).port))
})

const nobody = "0198c0de-0000-7000-8000-000000000000"

const price = { amount: "100000", decimals: 2, currency: "EUR" }
const body = (issuer: string) => ({
  issuer_id: issuer,
  name: "Musteranleihe",
  product_type: "BOND",
  ewpg: true,
  provide_nominal_value: true,
  nominal_value: price,
  max_issuable_amount: 1_000,
  step_size: 10,
  payment_deadline: 14
})

let keys = 0
const key = () => `key-${++keys}`

const patch = (api: Api, path: string, value: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  api.send("PATCH", path, {
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value)
  })

const said = ({ json, status }: Answer) => [status, json?.code]

const routesOf = (resources: typeof issuerResources | typeof platformResources) =>
  resources.flatMap(({ resource }) =>
    Object.values<Operation.Any>(resource.operations).map((operation) => [operation.route!, operation] as const)
  )

const requested = (api: Api, route: Operation.Route, id = nobody) => {
  const [method, path] = Operation.partsOf(route)
  return api.send(method, path.replace(/:\w+/g, id), {
    headers: { "x-idempotency-key": key(), ...(method === "GET" ? {} : { "content-type": "application/json" }) },
    ...(method === "GET" ? {} : { body: "{}" })
  })
}

describe.each(routesOf(issuerResources))("promise 10: %s", (route) => {
  it("is not there for a platform, whatever its scopes", async () => {
    expect(said(await requested(platform, route))).toEqual([404, "not_found"])
  })

  it("answers under one prefix", async () => {
    const [method, path] = Operation.partsOf(route)
    const distributor = `${url}/distributor${path.replace(/:\w+/g, nobody)}`
    expect((await fetch(distributor, { method })).status).toBe(404)
  })
})

it.each(routesOf(platformResources))(
  "promise 10: %s is not there for an issuer, whatever its scopes",
  async (route) => {
    expect(said(await requested(await as("all"), route))).toEqual([404, "not_found"])
  }
)

describe("an issuer", () => {
  it("sees itself, and no other issuer", async () => {
    expect((await own.get("/issuer/v2/issuers/")).json).toMatchObject({ count: 1, results: [{ id: issuerId }] })
    expect((await own.get(`/issuer/v2/issuers/${issuerId}/`)).json).toMatchObject({ id: issuerId })
    expect(said(await own.get(`/issuer/v2/issuers/${otherId}/`))).toEqual([404, "issuer_not_found"])
  })

  it("amends what is known of itself, and another issuer neither sees nor changes it", async () => {
    const path = `/issuer/v2/issuers/${issuerId}/`
    const legal_person = {
      company_name: "Muster GmbH",
      commercial_register: "Amtsgericht Musterstadt",
      commercial_register_number: "HRB 0",
      street: "Lindenallee 8",
      city: "Musterstadt",
      zip: "12345",
      country: "DEU",
      phone: ""
    }
    const bank_account = { account_holder: "Muster GmbH", iban: "DE89370400440532013000", bic: "COBADEFFXXX" }
    const unknown = { id: issuerId, natural_person: null, legal_person: null, bank_account: null }
    expect(said(await patch(own, path, { legal_person: { phone: "0" } }))).toEqual([400, "invalid_request"])
    expect(said(await patch(other, path, { legal_person }))).toEqual([404, "issuer_not_found"])
    expect((await own.get(path)).json).toEqual(unknown)

    const told = await patch(own, path, { legal_person, bank_account: { ...bank_account, currency: "EUR" } })
    const account = { ...bank_account, currency: "EUR" }
    expect([told.status, told.json]).toEqual([200, { ...unknown, legal_person, bank_account: account }])
    const seen = (await own.get(path)).headers.get("etag")!
    const moved = { ...legal_person, city: "Beispielstadt" }
    const change = { legal_person: { city: "Beispielstadt" }, bank_account: null }
    expect((await patch(own, path, change, { "if-match": seen, "x-idempotency-key": "moved" })).json).toEqual({
      ...unknown,
      legal_person: moved
    })
    // Again with its key, and once more without a change.
    expect((await patch(own, path, change, { "x-idempotency-key": "moved" })).headers.get("idempotent-replayed")).toBe(
      "true"
    )
    expect((await patch(own, path, { legal_person: { city: "Beispielstadt" } })).status).toBe(200)
    expect(said(await patch(own, path, change, { "if-match": seen }))).toEqual([412, "precondition_failed"])
    expect((await own.get("/issuer/v2/issuers/")).json.results).toEqual([{ ...unknown, legal_person: moved }])
    expect((await other.get("/issuer/v2/issuers/")).bytes.includes("Muster GmbH")).toBe(false)
    for (const change of [{}, { legal_person: {} }, { legal_person: { company_name: "" } }])
      expect(said(await patch(own, path, change))).toEqual([400, "invalid_request"])
  })

  it("sees the platforms that its products can be listed on", async () => {
    const known = { id: platformId, platform_company_name: "Musterplattform", is_allowed: true }
    expect((await own.get("/issuer/v2/distribution-platforms/")).json).toMatchObject({ count: 1, results: [known] })
    expect((await own.get(`/issuer/v2/distribution-platforms/${platformId}/`)).json).toEqual(known)
    expect(said(await own.get(`/issuer/v2/distribution-platforms/${nobody}/`))).toEqual([404, "platform_not_found"])
  })

  it("registers products and amends them: another issuer neither sees nor changes them", async () => {
    const made = await own.post("/issuer/v2/products/", body(issuerId), "a-product")
    const product = created(made)
    const path = `/issuer/v2/products/${product.id}/`
    expect(made.headers.get("location")).toBe(url + path)
    expect(product).toMatchObject({ ...body(issuerId), status: "ACTIVE", issuance_price: null, network: null })
    expect((await own.get(path)).json).toEqual(product)
    expect((await own.get("/issuer/v2/products/")).json).toMatchObject({ count: 1, results: [product] })

    expect((await other.get("/issuer/v2/products/")).json).toMatchObject({ count: 0, results: [] })
    expect(said(await other.get(path))).toEqual([404, "product_not_found"])
    expect(said(await patch(other, path, { name: "Fremd" }))).toEqual([404, "product_not_found"])
    expect(said(await other.post("/issuer/v2/products/", body(issuerId), key()))).toEqual([404, "issuer_not_found"])

    const change = { payment_deadline: null, max_issuable_amount: 2_000 }
    const amended = await patch(own, path, change)
    expect([amended.status, amended.json]).toEqual([200, { ...product, ...change }])
    expect((await own.get(path)).json).toEqual(amended.json)
  })

  it("has idempotency keys of its own, and entity tags", async () => {
    const first = await own.post("/issuer/v2/products/", body(issuerId), "shared")
    const again = await own.post("/issuer/v2/products/", body(issuerId), "shared")
    expect(again.bytes).toEqual(first.bytes)
    expect(again.headers.get("idempotent-replayed")).toBe("true")
    const others = await other.post("/issuer/v2/products/", body(otherId), "shared")
    expect([others.status, others.headers.get("idempotent-replayed")]).toEqual([201, null])
    const path = `/issuer/v2/products/${first.json.id}/`
    const seen = { "if-match": (await own.get(path)).headers.get("etag")! }
    expect((await patch(own, path, { name: "Andere Anleihe" }, seen)).status).toBe(200)
    expect(said(await patch(own, path, { name: "Dritte Anleihe" }, seen))).toEqual([412, "precondition_failed"])
  })

  it("gives one price, that which it announces; and changes nothing of what stays", async () => {
    const { nominal_value, ...unpriced } = body(issuerId)
    for (const wrong of [
      unpriced,
      { ...unpriced, issuance_price: price },
      { ...unpriced, nominal_value, issuance_price: price },
      { ...unpriced, nominal_value, provide_nominal_value: false }
    ])
      expect(said(await own.post("/issuer/v2/products/", wrong, key()))).toEqual([400, "invalid_request"])
    const priced = { ...unpriced, provide_nominal_value: false, issuance_price: price }
    const product = created(await own.post("/issuer/v2/products/", priced, key()))
    expect(product).toMatchObject({ provide_nominal_value: false, nominal_value: null, issuance_price: price })
    for (const fixed of [{ ewpg: true }, { isin: "DE000A0000A1" }, { issuer_id: otherId }])
      expect(said(await patch(own, `/issuer/v2/products/${product.id}/`, fixed))).toEqual([400, "invalid_request"])
  })

  it("lists its products, and opens, resizes and closes campaigns: another issuer neither sees nor changes them", async () => {
    const { id: product_id } = created(await own.post("/issuer/v2/products/", body(issuerId), key()))
    const listing = { product_id, distribution_platform_id: platformId }
    const offer = { ...listing, allocation: 600 }
    expect(said(await own.post("/issuer/v2/campaigns/", offer, key()))).toEqual([409, "product_not_listed"])
    expect(said(await other.post("/issuer/v2/listings/", listing, key()))).toEqual([404, "product_not_found"])
    // Listed again, it stays as it is.
    for (const _ of [1, 2])
      expect(created(await own.post("/issuer/v2/listings/", listing, key()))).toEqual({ ...listing, listed: true })
    const listings = `/issuer/v2/listings/?product_id=${product_id}`
    expect((await own.get(listings)).json).toMatchObject({ count: 1, results: [{ ...listing, listed: true }] })
    expect(said(await other.get(listings))).toEqual([404, "product_not_found"])

    expect(said(await other.post("/issuer/v2/campaigns/", offer, key()))).toEqual([404, "product_not_found"])
    const made = await own.post("/issuer/v2/campaigns/", offer, key())
    const campaign = created(made)
    const path = `/issuer/v2/campaigns/${campaign.id}/`
    expect(made.headers.get("location")).toBe(url + path)
    expect(campaign).toMatchObject({ ...offer, used_units: 0, closes_at: null, review_required: false, open: true })
    expect((await own.get(path)).json).toEqual(campaign)
    expect(said(await other.get(path))).toEqual([404, "campaign_not_found"])
    expect(said(await patch(other, path, { allocation: 1 }))).toEqual([404, "campaign_not_found"])
    expect(said(await other.post(`${path}closures/`, undefined, key()))).toEqual([404, "campaign_not_found"])
    expect((await platform.get(`/v2/campaigns/${campaign.id}/`)).json).toMatchObject({ free_units: 600 })

    expect(said(await patch(own, path, { allocation: 1_001 }))).toEqual([409, "issue_volume_exceeded"])
    const resized = { ...campaign, allocation: 700 }
    expect((await patch(own, path, { allocation: 700 })).json).toEqual(resized)
    expect(said(await patch(own, path, { closes_at: "2030-01-01T00:00:00Z" }))).toEqual([400, "invalid_request"])
    const closed = { ...resized, open: false }
    expect(created(await own.post(`${path}closures/`, undefined, key()))).toEqual(closed)
    expect(created(await own.post(`${path}closures/`, undefined, key()))).toEqual(closed)
    expect((await own.get(path)).json).toEqual(closed)
  })

  it("ends a listing: nothing new is sold there, and what is signed goes on", async () => {
    const { id: product_id } = created(await own.post("/issuer/v2/products/", body(issuerId), key()))
    const listing = { product_id, distribution_platform_id: platformId }
    const offer = { ...listing, allocation: 100 }
    created(await own.post("/issuer/v2/listings/", listing, key()))
    const { id: campaignId } = created(await own.post("/issuer/v2/campaigns/", offer, key()))
    const { investor, wallet } = await onboard(platform, "delisted")
    const subscription = investmentBody({ campaignId }, investor, wallet, 10)
    const { id } = created(await platform.post("/v2/investments/", subscription, key()))

    expect(said(await other.post("/issuer/v2/delistings/", listing, key()))).toEqual([404, "product_not_found"])
    for (const _ of [1, 2])
      expect(created(await own.post("/issuer/v2/delistings/", listing, key()))).toEqual({ ...listing, listed: false })
    const listings = `/issuer/v2/listings/?product_id=${product_id}`
    expect((await own.get(listings)).json.results).toEqual([{ ...listing, listed: false }])
    expect(said(await own.post("/issuer/v2/campaigns/", offer, key()))).toEqual([409, "product_not_listed"])
    expect(said(await platform.post("/v2/investments/", subscription, key()))).toEqual([409, "product_not_listed"])
    created(await platform.post(`/v2/investments/${id}/credits/`, undefined, key()))
    await eventually(async () => (await platform.get(`/v2/investments/${id}/`)).json.delivered_at ?? undefined)
    expect(created(await own.post("/issuer/v2/listings/", listing, key()))).toEqual({ ...listing, listed: true })
  })

  it("sees what was sold, and not to whom: no investor, no wallet, no document; another issuer sees nothing", async () => {
    const { id: product_id } = created(await own.post("/issuer/v2/products/", body(issuerId), key()))
    const listing = { product_id, distribution_platform_id: platformId }
    created(await own.post("/issuer/v2/listings/", listing, key()))
    const { id: campaignId } = created(await own.post("/issuer/v2/campaigns/", { ...listing, allocation: 100 }, key()))
    const { investor, wallet } = await onboard(platform, "sold")
    const document = created(await platform.upload("contract.pdf", "nothing in it", key())).id
    const documents = [{ document_id: document, category: "contract", subject: "Beispiel" }]
    const subscription = investmentBody({ campaignId }, investor, wallet, 30, documents)
    const { id } = created(await platform.post("/v2/investments/", subscription, key()))
    created(await platform.post(`/v2/investments/${id}/credits/`, undefined, key()))
    await eventually(async () => (await platform.get(`/v2/investments/${id}/`)).json.delivered_at ?? undefined)

    const path = `/issuer/v2/investments/${id}/`
    const whole = (await platform.get(`/v2/investments/${id}/`)).json
    const { investor_id: _investor, signed_documents: _documents, wallet: _wallet, ...anonymous } = whole
    const seen = await own.get(path)
    expect(seen.json).toEqual(anonymous)
    for (const hidden of [investor, wallet, document, "Beispiel"]) expect(seen.bytes.includes(hidden)).toBe(false)
    const list = `/issuer/v2/investments/?product_id=${product_id}`
    expect((await own.get(list)).json).toMatchObject({ count: 1, results: [anonymous] })
    expect(said(await other.get(path))).toEqual([404, "investment_not_found"])
    expect(said(await other.get(list))).toEqual([404, "product_not_found"])
    expect(said(await own.get(`/issuer/v2/investments/${nobody}/`))).toEqual([404, "investment_not_found"])
  })

  it("names the product in the query of a list: its pages lead on, and a query without it is refused", async () => {
    const { id: product_id } = created(await own.post("/issuer/v2/products/", body(issuerId), key()))
    const listing = { product_id, distribution_platform_id: platformId }
    created(await own.post("/issuer/v2/listings/", listing, key()))
    const campaigns: Array<string> = []
    for (const allocation of [1, 2, 3])
      campaigns.push(created(await own.post("/issuer/v2/campaigns/", { ...listing, allocation }, key())).id)
    const found: Array<string> = []
    let next: string | null = `/issuer/v2/campaigns/?limit=2&product_id=${product_id}`
    while (next !== null) {
      const { json }: Answer = await own.get(next)
      expect(json.count).toBe(3)
      found.push(...json.results.map(({ id }: { readonly id: string }) => id))
      next = json.next === null ? null : json.next.slice(url.length)
    }
    expect(found).toEqual(campaigns)
    for (const query of ["", "?limit=1", "?product_id=", `?product_id=${product_id}&product_id=${product_id}`]) {
      const { json, status } = await own.get(`/issuer/v2/campaigns/${query}`)
      expect([status, json.errors.map(({ pointer }: { readonly pointer: string }) => pointer)]).toEqual([
        400,
        ["/product_id"]
      ])
    }
    expect(said(await own.get(`/issuer/v2/campaigns/?product_id=${nobody}`))).toEqual([404, "product_not_found"])

    const listed = await Effect.runPromise(
      Effect.gen(function* () {
        const options = { url, clientId: "first", clientSecret: secret }
        const campaigns = Context.get(yield* DistributionClient.make(issuerResources, options), IssuedCampaigns)
        const ofProduct = (page?: PageOptions) => campaigns.list(Id.ProductId.make(product_id), page)
        return yield* Stream.runCollect(Pages.stream(ofProduct, { limit: 1 }))
      }).pipe(Effect.scoped, Effect.provide([FetchHttpClient.layer, SecureRandom.layerWebCrypto]))
    )
    expect(listed.map(({ id }) => id)).toEqual(campaigns)
  })

  it("deposits the terms of its products, and lists their versions: another issuer does neither", async () => {
    const { id: product_id } = created(await own.post("/issuer/v2/products/", body(issuerId), key()))
    const path = `/issuer/v2/products/${product_id}/terms/`
    const deposit = (api: Api, content: string, name: string): Promise<Answer> => {
      const form = new FormData()
      form.set("file", new Blob([content], { type: "application/pdf" }), "terms.pdf")
      return api.send("POST", path, { headers: { "x-idempotency-key": name }, body: form })
    }
    const first = await deposit(own, "Fassung 1", "first-terms")
    expect(created(first)).toMatchObject({
      product_id,
      version: 1,
      sha256: createHash("sha256").update("Fassung 1").digest("hex")
    })
    expect((await deposit(own, "Fassung 1", "first-terms")).bytes).toEqual(first.bytes)
    const second = created(await deposit(own, "Fassung 2", "second-terms"))
    expect(second).toMatchObject({ product_id, version: 2 })
    expect((await own.get(path)).json).toMatchObject({ count: 2, results: [first.json, second] })
    expect(said(await deposit(other, "Fremde Fassung", "foreign-terms"))).toEqual([404, "product_not_found"])
    expect(said(await other.get(path))).toEqual([404, "product_not_found"])

    // A platform sees them once the product is listed there, and from then on.
    const seen = `/v2/products/${product_id}/terms/`
    expect(said(await platform.get(seen))).toEqual([404, "product_not_found"])
    const listing = { product_id, distribution_platform_id: platformId }
    created(await own.post("/issuer/v2/listings/", listing, key()))
    created(await own.post("/issuer/v2/delistings/", listing, key()))
    expect((await platform.get(seen)).json).toEqual({
      count: 2,
      next: null,
      previous: null,
      results: [first.json, second]
    })
  })

  it("may use the typed client", async () => {
    const names = await Effect.runPromise(
      Effect.gen(function* () {
        const options = { url, clientId: "second", clientSecret: secret }
        const services = yield* DistributionClient.make(issuerResources, options)
        const products = Context.get(services, IssuedProducts)
        const { results } = yield* products.list()
        const { id } = yield* products.amend(results[0]!.id, { name: "Neue Anleihe" as never })
        return [(yield* products.get(id)).name, (yield* products.get(Id.ProductId.make(id))).issuerId]
      }).pipe(Effect.scoped, Effect.provide([FetchHttpClient.layer, SecureRandom.layerWebCrypto]))
    )
    expect(names).toEqual(["Neue Anleihe", otherId])
  })
})
