/**
 * Two platforms with one of everything each, behind a server of this process. For the tests that ask what a wrong call and a stranger learn.
 */
import { Currency, type Id, Units } from "@effekten/domain"
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Log, Registrar } from "@effekten/registrar"
import { Campaigns, Platforms, Products, issuerScopes, scopes } from "@effekten/services"
import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServer } from "effect/http"
import { expectAllConforming } from "../packages/http/test/Conforms.ts"
import { connect, created, eventually, investmentBody, investorBody, onboard, tokenOf, type Api } from "./Api.ts"

interface Client {
  readonly clientId: string
  readonly clientSecret: string
}

interface Clients extends Client {
  /** A client that has all scopes but one, by that one. */
  readonly without: { readonly [scope: string]: Client }
}

/** A party that calls, and what is its own. */
export interface Caller {
  readonly credentials: Clients
  /** Its objects, by what the paths call them. */
  readonly ids: { readonly [name: string]: string }
}

interface Credentials extends Clients {
  readonly campaign: string
  /** Of a crypto security. */
  readonly cryptoCampaign: string
  readonly product: string
}

export interface Tenant {
  readonly api: Api
  readonly campaignId: string
  readonly credentials: Credentials
  /** Its objects, by what the paths call them. */
  readonly ids: { readonly [name: string]: string }
}

export interface Tenants {
  readonly origin: string
  readonly url: string
  readonly productId: string
  readonly first: Tenant
  readonly second: Tenant
  /** Two issuers, strangers to each other as platforms are. */
  readonly issuers: readonly [Caller, Caller]
  readonly token: (client: Client) => Promise<string>
  /** How many events the log has. */
  readonly recorded: () => Promise<number>
  /** Fails if an answer was not what the OpenAPI document says. */
  readonly close: () => Promise<void>
}

type Party = { readonly platform: Id.PlatformId } | { readonly issuer: Id.IssuerId }

const newClient = Effect.fnUntraced(function* (party: Party, left?: string) {
  const all = "issuer" in party ? issuerScopes : scopes
  const { clientId, secret } = yield* OAuth.registerClient({ ...party, scopes: all.filter((each) => each !== left) })
  return { clientId, clientSecret: Redacted.value(secret) }
})

/** A client with all scopes, and those without one of them. */
const clientsOf = Effect.fnUntraced(function* (party: Party) {
  const all = "issuer" in party ? issuerScopes : scopes
  const without = yield* Effect.all(Object.fromEntries(all.map((scope) => [scope, newClient(party, scope)] as const)))
  return { without, ...(yield* newClient(party)) }
})

/** An issuer with one of everything. */
const issuing = Effect.fnUntraced(function* (name: string) {
  const platformId = (yield* (yield* Platforms).register({ name })).id
  const products = yield* Products
  const issuer: Id.IssuerId = (yield* products.registerIssuer()).id
  const units = Units.Units.make(1_000)
  const terms = { issuerId: issuer, name, productType: "BOND", ewpg: false, issueVolume: units } as const
  const product = (yield* products.register({ ...terms, stepSize: Units.Units.make(1) })).id
  yield* products.list(product, platformId)
  const campaign = (yield* (yield* Campaigns).open({ productId: product, platformId, allocation: units })).id
  const ids = { issuer, product, campaign, "distribution-platform": platformId }
  return { credentials: yield* clientsOf({ issuer }), ids, seller: yield* newClient({ platform: platformId }) }
})

/** An issuer whose campaign is sold from. */
const sold = async (url: string, { seller, ...issuer }: Caller & { readonly seller: Client }): Promise<Caller> => {
  const api = await connect({ ...seller, url })
  const { investor, wallet } = await onboard(api, "buyer")
  const body = investmentBody({ campaignId: issuer.ids["campaign"]! }, investor, wallet, 100)
  const investment: string = created(await api.post("/v2/investments/", body, "sale")).id
  return { ...issuer, ids: { ...issuer.ids, investment } }
}

const tenant = Effect.fnUntraced(function* (
  name: string,
  productId: Id.ProductId,
  product: Id.ProductId,
  crypto: Id.ProductId
) {
  const platform: Id.PlatformId = (yield* (yield* Platforms).register({ name })).id
  const products = yield* Products
  yield* products.list(productId, platform)
  yield* products.list(product, platform)
  yield* products.list(crypto, platform)
  const allocation = Units.Units.make(1_000)
  const campaigns = yield* Campaigns
  const open = (productId: Id.ProductId) => campaigns.open({ productId, platformId: platform, allocation })
  const campaign: Id.CampaignId = (yield* open(productId)).id
  const cryptoCampaign: Id.CampaignId = (yield* open(crypto)).id
  return { campaign, cryptoCampaign, product, ...(yield* clientsOf({ platform })) }
})

type Options = Partial<Parameters<typeof DistributionServer.layerNode>[0]>

const setUp = Effect.fnUntraced(function* (options: Options) {
  const register = yield* Layer.build(Registrar.layerMemory())
  const clients = yield* Layer.build(OAuthStore.layerMemory)
  const context = Context.merge(register, clients)
  const server = yield* Layer.build(
    DistributionServer.layerNode({ port: 0, refusalDelay: "10 millis", ...options }).pipe(
      Layer.provide([Layer.succeedContext(context), Logger.layer([])])
    )
  )
  const { address } = Context.get(server, HttpServer.HttpServer)
  if (address._tag === "UnixPathAddress") return yield* Effect.die("no port")

  const offering = Effect.gen(function* () {
    const products = yield* Products
    const issuer = yield* products.registerIssuer()
    const register = (ewpg = false) =>
      products.register({
        issuerId: issuer.id,
        name: "Note",
        productType: "DEBT_SECURITY",
        ewpg,
        nominalValue: { amount: "100", decimals: 2, currency: Currency.Code.make("EUR") },
        issueVolume: Units.Units.make(1_000_000),
        stepSize: Units.Units.make(1)
      })
    const product = yield* register()
    const crypto = (yield* register(true)).id
    const one = yield* tenant("First", product.id, (yield* register()).id, crypto)
    const two = yield* tenant("Second", product.id, (yield* register()).id, crypto)
    const issuers = [yield* issuing("Erste Emittentin"), yield* issuing("Zweite Emittentin")] as const
    return { productId: product.id, one, two, issuers }
  })
  const found = yield* offering.pipe(Effect.provideContext(context), Effect.provide(SecureRandom.layerWebCrypto))
  const recorded = Effect.map(Context.get(context, Log).readAll("all"), ({ length }) => length)
  return { ...found, recorded, origin: `http://127.0.0.1:${address.port}` }
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
const furnish = async (url: string, productId: string, address: string, credentials: Credentials): Promise<Tenant> => {
  const campaignId = credentials.campaign
  const api = await connect({ ...credentials, url })
  const { investor, wallet } = await onboard(api, "owner")
  const uploaded = created(await api.upload("contract.pdf", "nothing in it", "contract")).id
  const signed = [{ document_id: uploaded, category: "contract", subject: "Subscription" }]
  const body = investmentBody({ campaignId }, investor, wallet, 100, signed)
  const investment = created(await api.post("/v2/investments/", body, "investment")).id
  const credit = created(await api.post(`/v2/investments/${investment}/credits/`, undefined, "credit")).id
  const ofCrypto = investmentBody({ campaignId: credentials.cryptoCampaign }, investor, wallet, 100, signed)
  const entered = created(await api.post("/v2/investments/", ofCrypto, "entered")).id
  created(await api.post(`/v2/investments/${entered}/credits/`, undefined, "entry"))
  await eventually(async () => (await api.get(`/v2/investments/${entered}/`)).json.delivered_at ?? undefined)
  const statement = created(await api.post(`/v2/investments/${entered}/registry-statements/`, undefined, "told")).id
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
    credentials,
    ids: {
      product: credentials.product,
      campaign: campaignId,
      investor,
      wallet,
      document: uploaded,
      investment,
      entered,
      statement,
      credit,
      redemption,
      identification,
      company,
      person,
      transfer
    }
  }
}

export const start = async (options: Options = {}): Promise<Tenants> => {
  const lifetime = Scope.makeUnsafe()
  const { issuers, one, origin, productId, recorded, two } = await Effect.runPromise(
    Scope.provide(setUp(options), lifetime)
  )
  const url = `${origin}/api/external`
  return {
    origin,
    url,
    productId,
    issuers: [await sold(url, issuers[0]), await sold(url, issuers[1])],
    first: await furnish(url, productId, "0x00000000000000000000000000000000000000fd", one),
    second: await furnish(url, productId, "0x00000000000000000000000000000000000000fe", two),
    token: (client) => tokenOf({ ...client, url }),
    recorded: () => Effect.runPromise(recorded),
    close: async () => {
      await Effect.runPromise(Scope.close(lifetime, Exit.void))
      expectAllConforming(Number(new URL(origin).port))
    }
  }
}

/** What the first id of a path is of. */
export const outerOf = (path: string): string => {
  if (path.includes("/benefiting-persons/")) return "company"
  return path.includes("/registry-statements/") ? "entered" : /\/v2\/([^/]+)s\//.exec(path)![1]!
}

/** `/v2/investors/:id/wallets/:wallet/` belongs to an investor, by its first word; a further parameter is named after what it is. */
export const fill = (path: string, ids: Tenant["ids"]): string =>
  path.replace(/:(\w+)/g, (_, name: string) => {
    const kind = name === "id" ? outerOf(path) : name
    const id = ids[kind]
    if (id === undefined) throw new Error(`${path}: the test knows no ${kind}; add one to furnish()`)
    return id
  })
