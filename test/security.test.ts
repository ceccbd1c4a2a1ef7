/**
 * Platforms are strangers to each other: every route by id in the API's own document says nothing of another platform's objects. For a
 * developer that adds a route.
 */
import { Currency, type Id, Units } from "@effekten/domain"
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Registrar } from "@effekten/registrar"
import { Campaigns, Platforms, Products } from "@effekten/services"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServer } from "effect/http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connect, created, identificationBody, investmentBody, investorBody, onboard, type Api } from "./Api.ts"

interface Tenant {
  readonly api: Api
  readonly campaignId: string
  readonly ids: { readonly [name: string]: string }
}

const scope = Scope.makeUnsafe()
let origin: string
let productId: string
let first: Tenant
let second: Tenant
let document: any

const setUp = Effect.gen(function* () {
  const register = yield* Layer.build(Registrar.layerMemory())
  const clients = yield* Layer.build(OAuthStore.layerMemory)
  const context = Context.merge(register, clients)
  const server = yield* Layer.build(
    DistributionServer.layerNode({ port: 0 }).pipe(Layer.provide(Layer.succeedContext(context)))
  )
  const { address } = Context.get(server, HttpServer.HttpServer)
  if (address._tag === "UnixPathAddress") return yield* Effect.die("no port")

  const offering = Effect.gen(function* () {
    const products = yield* Products
    const issuer = yield* products.registerIssuer()
    const register = products.register({
      issuerId: issuer.id,
      name: "Note",
      productType: "DEBT_SECURITY",
      ewpg: false,
      nominalValue: { amount: "100", decimals: 2, currency: Currency.Code.make("EUR") },
      issueVolume: Units.Units.make(1_000_000),
      stepSize: Units.Units.make(1)
    })
    const product = yield* register
    const one = yield* tenant("First", product.id, (yield* register).id)
    const two = yield* tenant("Second", product.id, (yield* register).id)
    return { productId: product.id, one, two }
  })
  const found = yield* offering.pipe(Effect.provideContext(context), Effect.provide(SecureRandom.layerWebCrypto))
  return { ...found, origin: `http://127.0.0.1:${address.port}` }
})

const tenant = Effect.fnUntraced(function* (name: string, productId: Id.ProductId, product: Id.ProductId) {
  const platform: Id.PlatformId = (yield* (yield* Platforms).register({ name })).id
  const products = yield* Products
  yield* products.list(productId, platform)
  yield* products.list(product, platform)
  const allocation = Units.Units.make(1_000)
  const campaign: Id.CampaignId = (yield* (yield* Campaigns).open({ productId, platformId: platform, allocation })).id
  const scopes = [
    "investors:read",
    "investors:write",
    "investments:read",
    "investments:write",
    "documents:write"
  ] as const
  const { clientId, secret } = yield* OAuth.registerClient({ platform, scopes })
  return { campaign, product, clientId, clientSecret: Redacted.value(secret) }
})

const companyBody = {
  company_name: "Muster GmbH",
  commercial_register: "Amtsgericht Musterstadt",
  commercial_register_number: "HRB 0",
  street: "Lindenallee 8",
  city: "Musterstadt",
  zip: "12345",
  country: "DEU",
  phone: ""
}

/** One of everything. */
const furnish = async (
  address: string,
  credentials: {
    readonly campaign: string
    readonly product: string
    readonly clientId: string
    readonly clientSecret: string
  }
): Promise<Tenant> => {
  const campaignId = credentials.campaign
  const api = await connect({ ...credentials, url: `${origin}/api/external` })
  const { investor, wallet } = await onboard(api, "owner")
  const uploaded = created(await api.upload("contract.pdf", "nothing in it", "contract")).id
  const signed = [{ document_id: uploaded, category: "contract", subject: "Subscription" }]
  const body = investmentBody({ campaignId }, investor, wallet, 100, signed)
  const investment = created(await api.post("/v2/investments/", body, "investment")).id
  const credit = created(await api.post(`/v2/investments/${investment}/credits/`, undefined, "credit")).id
  const redeem = { investor_id: investor, product_id: productId, wallet_id: wallet, units: 1 }
  const redemption = created(await api.post("/v2/redemptions/", redeem, "redemption")).id
  const identification = (await api.get(`/v2/investors/${investor}/identifications/`)).json.results[0].id
  const proven = { ...companyBody, company_identity_proof_id: uploaded }
  const company = created(
    await api.post("/v2/investors/", { ...investorBody(), is_beneficiary: false, legal_person: proven }, "company")
  ).id
  const benefiting = { forename: "Wilma", surname: "Beispiel", is_pep: false }
  const person = created(await api.post(`/v2/investors/${company}/benefiting-persons/`, benefiting, "person")).id
  const target = { address, receiving_enabled: true }
  created(await api.post(`/v2/investors/${investor}/wallets/eth-generic/`, target, "target"))
  const move = { product: productId, source_wallet: wallet, target_address: address, amount: 1 }
  const transfer = created(await api.post("/v2/transfers/", move, "transfer")).id
  return {
    api,
    campaignId,
    ids: {
      product: credentials.product,
      campaign: campaignId,
      investor,
      wallet,
      document: uploaded,
      investment,
      credit,
      redemption,
      identification,
      company,
      person,
      transfer
    }
  }
}

beforeAll(async () => {
  const { one, origin: at, productId: product, two } = await Effect.runPromise(Scope.provide(setUp, scope))
  origin = at
  productId = product
  first = await furnish("0x00000000000000000000000000000000000000fd", one)
  second = await furnish("0x00000000000000000000000000000000000000fe", two)
  document = await (await fetch(`${origin}/openapi.json`)).json()
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

/** What the first id of a path is of. */
const outerOf = (path: string): string =>
  path.includes("/benefiting-persons/") ? "company" : path.split("/")[2]!.replace(/s$/, "")

/** `/v2/investors/{id}/wallets/{wallet}/` belongs to an investor, by its first word; a further parameter is named after what it is. */
const fill = (path: string, ids: Tenant["ids"]): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const kind = name === "id" ? outerOf(path) : name
    const id = ids[kind]
    if (id === undefined) throw new Error(`${path}: the test knows no ${kind}; add one to furnish()`)
    return id
  })

interface Operation {
  readonly method: string
  readonly path: string
}

const operations = (): ReadonlyArray<Operation> =>
  Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => ["get", "post", "patch", "put", "delete"].includes(method))
      .map((method) => ({ method: method.toUpperCase(), path }))
  )

let keys = 0
/** A body the route would take from the owner. */
const bodyOf = ({ method, path }: Operation, ids: Tenant["ids"]): unknown => {
  if (path === "/v2/investors/{id}/") return { communication: { email: "new@example.org", email_confirmed: true } }
  if (path.endsWith("/wallets/{wallet}/")) return { receiving_enabled: true }
  if (path.endsWith("/benefiting-persons/")) return { forename: "Wilma", surname: "Beispiel", is_pep: false }
  if (method === "PATCH") return { accepted_at: "2021-03-12T07:14:13.630308Z" }
  if (path.endsWith("/identifications/")) return identificationBody(ids["document"]!)
  if (path.endsWith("/signed-documents/")) return { document_id: ids["document"], category: "c", subject: "s" }
  if (path.endsWith("/eth-generic/")) return { address: "0x00000000000000000000000000000000000000ff" }
  if (path === "/v2/investments/{id}/") return { paid_at: "2024-05-06T07:14:13Z" }
  return {}
}

const call = (api: Api, operation: Operation, path: string, ids: Tenant["ids"]) =>
  api.send(operation.method, path, {
    ...(operation.method === "GET" ? {} : { body: JSON.stringify(bodyOf(operation, ids)) }),
    headers: {
      ...(operation.method === "GET" ? {} : { "content-type": "application/json" }),
      "x-idempotency-key": `key-${++keys}`
    }
  })

describe("promise 10: another platform's object", () => {
  it("is a 404 on every route by id, the same as an object nobody has", async () => {
    const byId = operations().filter(({ path }) => path.includes("{"))
    expect(byId.length).toBeGreaterThanOrEqual(15)
    const nobody = Object.fromEntries(
      Object.keys(first.ids).map((name) => [name, "01900000-0000-7000-8000-000000000000"])
    )
    for (const operation of byId) {
      const strange = await call(second.api, operation, fill(operation.path, first.ids), second.ids)
      const unknown = await call(second.api, operation, fill(operation.path, nobody), second.ids)
      expect({ ...operation, status: strange.status }).toEqual({ ...operation, status: 404 })
      const { instance: _, request_id: __, ...said } = strange.json
      const { instance: ___, request_id: ____, ...saidOfNothing } = unknown.json
      expect({ ...operation, said }).toEqual({ ...operation, said: saidOfNothing })
    }
  })

  it("is a 404 below one's own object too", async () => {
    const nested = operations().filter(({ path }) => (path.match(/\{/g) ?? []).length === 2)
    expect(nested.length).toBeGreaterThanOrEqual(3)
    for (const operation of nested) {
      const outer = outerOf(operation.path)
      const path = fill(operation.path, { ...first.ids, [outer]: second.ids[outer]! })
      expect({ path, status: (await call(second.api, operation, path, second.ids)).status }).toEqual({
        path,
        status: 404
      })
    }
  })

  it("is there for its owner on every route that reads", async () => {
    for (const operation of operations().filter(({ method, path }) => method === "GET" && path.includes("{"))) {
      const { status } = await call(first.api, operation, fill(operation.path, first.ids), first.ids)
      expect({ ...operation, status }).toEqual({ ...operation, status: 200 })
    }
  })

  it("is in no list of another platform", async () => {
    const lists = operations().filter(({ method, path }) => method === "GET" && !path.includes("{"))
    expect(lists.length).toBeGreaterThanOrEqual(4)
    for (const operation of lists) {
      const answer = await call(second.api, operation, operation.path, second.ids)
      expect(answer.status).toBe(200)
      for (const id of Object.values(first.ids)) expect(answer.bytes.includes(id)).toBe(false)
    }
  })

  it("cannot be named in a body", async () => {
    const { campaignId, ids } = first
    const own = second.ids
    const invest = (body: object) => ({ ...investmentBody(second, own["investor"]!, own["wallet"]!, 1), ...body })
    const redeem = { investor_id: own["investor"], product_id: productId, wallet_id: own["wallet"], units: 1 }
    const attempts: ReadonlyArray<readonly [path: string, body: unknown, allowed: ReadonlyArray<number>]> = [
      ["/v2/investments/", invest({ investor_id: ids["investor"] }), [404]],
      ["/v2/investments/", invest({ campaign_id: campaignId }), [404]],
      ["/v2/investments/", invest({ wallet: ids["wallet"] }), [404]],
      [
        "/v2/investments/",
        invest({ signed_documents: [{ document_id: ids["document"], category: "c", subject: "s" }] }),
        [400]
      ],
      [`/v2/investors/${own["investor"]}/identifications/`, identificationBody(ids["document"]!), [400]],
      ["/v2/redemptions/", { ...redeem, investor_id: ids["investor"] }, [404]],
      ["/v2/redemptions/", { ...redeem, wallet_id: ids["wallet"] }, [404]]
    ]
    for (const [path, body, allowed] of attempts) {
      const answer = await second.api.post(path, body, `body-${++keys}`)
      expect({ path, body, status: answer.status }).toEqual({ path, body, status: allowed[0] })
    }
  })
})

it("I-07, promise 10: one platform's key means nothing to another", async () => {
  const [one, two] = await Promise.all(
    [first, second].map(({ api }) => api.post("/v2/investors/", investorBody(), "the-same-key"))
  )
  expect([one!.status, two!.status]).toEqual([201, 201])
  expect(one!.json.id).not.toBe(two!.json.id)
})

it("every route of the API wants a token", async () => {
  for (const operation of operations().filter(({ path }) => !path.startsWith("/oauth/"))) {
    const answer = await fetch(`${origin}/api/external${fill(operation.path, first.ids)}`, { method: operation.method })
    expect({ ...operation, status: answer.status }).toEqual({ ...operation, status: 401 })
    await answer.arrayBuffer()
  }
})
