/**
 * A server on a socket of its own, its clients' credentials, and plain requests to it. For the tests.
 */
import { Id } from "@effekten/domain"
import { Context, Effect, Layer, Logger, ManagedRuntime, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServer, HttpServerRequest } from "effect/http"
import { connect } from "node:net"
import { type Scope, scopes } from "@effekten/services"
import { DistributionServer, OAuth, OAuthStore } from "../src/index.ts"
import type { Exchange } from "../src/server/Exchange.ts"
import { expectAllConforming } from "./Conforms.ts"
import * as MemoryServices from "./MemoryServices.ts"

export const platform = Id.PlatformId.make("platform_a")
export const secret = "a secret for tests only, 256 bits"

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly text: string
  readonly json: any
}

export interface Client {
  readonly clientId: string
  readonly platform?: Id.PlatformId
  readonly scopes: ReadonlyArray<Scope>
}

type Line = typeof Logger.formatStructured extends Logger.Logger<unknown, infer L> ? L : never

export interface Harness {
  readonly memory: MemoryServices.Memory
  /** What the server has logged. */
  readonly log: Array<Line>
  readonly origin: string
  /** `/api/external` of this server. */
  readonly url: string
  readonly port: number
  /** A token for all scopes. */
  readonly token: string
  readonly tokenFor: (clientId: string) => Promise<string>
  /** Fails if an answer was not what the OpenAPI document says. */
  readonly close: () => Promise<void>
}

type Options = Partial<Parameters<typeof DistributionServer.layerNode>[0]> & {
  readonly clients?: ReadonlyArray<Client>
  readonly ready?: () => boolean
  readonly readiness?: Effect.Effect<boolean>
  readonly detail?: ReadonlyArray<string>
}

export const start = async (options: Options = {}): Promise<Harness> => {
  const memory = MemoryServices.make()
  const { clients = [], detail = [], ready, readiness, ...server } = options
  const store = Layer.effectDiscard(
    Effect.forEach([{ clientId: "all", scopes }, ...clients], (client: Client) =>
      OAuth.registerClient({ platform, secret: Redacted.make(secret), ...client })
    )
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto), Layer.provideMerge(OAuthStore.layerMemory))
  const log: Array<Line> = []
  const runtime = ManagedRuntime.make(
    DistributionServer.layerNode({ port: 0, refusalDelay: "10 millis", rateLimit: "none", ...server }).pipe(
      Layer.provide([memory.layer, store]),
      Layer.provide(Layer.succeed(DistributionServer.Readiness, readiness ?? Effect.sync(ready ?? (() => true)))),
      Layer.provide(Layer.succeed(DistributionServer.ReadinessDetail, Effect.succeed(detail))),
      Layer.provide(Logger.layer([Logger.map(Logger.formatStructured, (line) => void log.push(line))]))
    )
  )
  const context = await runtime.context()
  const origin = HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
  const url = `${origin}/api/external`
  const tokenFor = async (clientId: string): Promise<string> => {
    const answer = await post(`${url}/oauth/token`, {
      "content-type": "application/x-www-form-urlencoded",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: secret
      }).toString()
    })
    return answer.json.access_token
  }
  const port = Number(new URL(origin).port)
  return {
    memory,
    log,
    origin,
    url,
    port,
    token: await tokenFor("all"),
    tokenFor,
    close: async () => {
      await runtime.dispose()
      expectAllConforming(port)
    }
  }
}

/** A request that is under way, of which nothing is known yet. */
export const exchange = (notes: Exchange["notes"] = {}): Exchange => ({
  request: HttpServerRequest.fromWeb(new Request("http://localhost/")),
  requestId: "r",
  path: "/",
  mount: "",
  responseHeaders: {},
  notes
})

export const send = async (
  method: string,
  url: string,
  { body, ...headers }: { readonly [header: string]: string } & { readonly body?: string } = {}
): Promise<Answer> => {
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
  const text = await response.text()
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text,
    json: text !== "" && response.headers.get("content-type")?.includes("json") === true ? JSON.parse(text) : undefined
  }
}

export const get = (url: string, headers?: { readonly [header: string]: string }) => send("GET", url, headers)
export const post = (url: string, headers?: { readonly [header: string]: string }) => send("POST", url, headers)

/** Writes bytes to a socket and collects what comes back until the other side closes it. */
export const raw = (port: number, write: string | Buffer, options?: { readonly keepOpen?: boolean }): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(write))
    let heard = ""
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1")
    })
    socket.on("error", reject)
    socket.on("close", () => resolve(heard))
    if (options?.keepOpen !== true) socket.on("end", () => socket.end())
  })

export const investor = {
  natural_person: {
    salutation: "MR",
    forename: "Peter",
    surname: "Parker",
    birth_date: "2000-08-10",
    birth_place: "New York",
    citizenship: "DEU",
    street: "Hauptstr. 37",
    city: "Frankfurt",
    zip: "60316",
    country: "DEU",
    phone: "+49 123 456 789",
    is_pep: false
  },
  bank_account: {
    account_holder: "Peter Parker",
    iban: "DE53500105173569146251",
    bic: "GENODEF1ERG",
    bank: "Commerzbank Frankfurt",
    country: "DEU",
    currency: "EUR"
  },
  tax_information: { tax_identification_number: "12345678", non_assessment_certificate: true },
  communication: { email: "...", email_confirmed: true },
  is_beneficiary: true
}

export const identification = {
  document_type: "IDCARD",
  document_id: "ID123456",
  document_issuer: "Buergeramt Frankfurt",
  document_valid_from: "2020-08-10",
  document_valid_to: "2025-08-10",
  identity_provider: "POSTIDENT",
  legitimation_process_id: "string",
  legitimation_protocol_id: "document",
  verified_at: "2020-08-10T14:06:22.134Z"
}

export const investment = {
  campaign_id: "campaign",
  investor_id: "investor",
  units: 300,
  signed_at: "2021-03-12T07:14:13.630308+00:00",
  accepted_at: "2021-03-12T07:14:13.630308+00:00",
  paid_at: "2021-03-12T07:14:13.630308+00:00",
  signed_documents: [{ document_id: "document", category: "category 1", subject: "subject 1" }],
  wallet: "wallet"
}

export const redemption = { investor_id: "investor", product_id: "product", wallet_id: "wallet", units: 300 }

export const transfer = {
  product: "product",
  source_wallet: "wallet",
  target_address: "0x52908400098527886E0F7030069857D2E4169EE7",
  amount: 300
}
