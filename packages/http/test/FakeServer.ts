/**
 * An HTTP client whose server is a function: counts, scripts and delays without a socket, so that time can be virtual. For the tests.
 */
import { Credits, type PlatformService, Redemptions } from "@effekten/services"
import { Id } from "@effekten/domain"
import { Clock, Effect, Layer, Random, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { DistributionClient } from "../src/index.ts"

export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: { readonly [name: string]: string | undefined }
  /** Milliseconds of the clock, virtual or not. */
  readonly at: number
}

/** What the server does with a request: answers, fails (`Error`), or takes its time. */
export type Behaviour = (sent: Sent, count: number) => Response | Error | Effect.Effect<Response>

export interface Fake {
  readonly calls: Array<Sent>
  readonly tokens: Array<Sent>
  readonly client: HttpClient.HttpClient
}

const transportError = (request: HttpClientRequest.HttpClientRequest, cause: Error) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })

export const token = (name = "token", expires_in = 3600): Response =>
  Response.json({ access_token: name, token_type: "Bearer", expires_in, scope: "" })

export const fake = (api: Behaviour, tokenEndpoint: Behaviour = () => token()): Fake => {
  const calls: Array<Sent> = []
  const tokens: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const isToken = url.pathname.endsWith("/oauth/token")
      const list = isToken ? tokens : calls
      const sent: Sent = {
        method: request.method,
        path: url.pathname + url.search,
        headers: { ...request.headers },
        at
      }
      list.push(sent)
      const outcome = (isToken ? tokenEndpoint : api)(sent, list.length)
      if (outcome instanceof Error) return Effect.fail(transportError(request, outcome))
      const response = outcome instanceof Response ? Effect.succeed(outcome) : outcome
      return Effect.map(response, (response) => HttpClientResponse.fromWeb(request, response))
    })
  )
  return { calls, tokens, client }
}

export const problem = (
  status: number,
  members: { readonly [name: string]: unknown } = {},
  headers: { readonly [name: string]: string } = {}
): Response =>
  new Response(
    JSON.stringify({
      type: "urn:effekten:problem:some_code",
      title: "Some code",
      status,
      detail: "Some detail.",
      code: "some_code",
      retryable: [408, 425, 429, 500, 502, 503, 504].includes(status),
      ...members
    }),
    { status, headers: { "content-type": "application/problem+json", ...headers } }
  )

export const redemption = {
  id: "redemption",
  investor_id: "investor",
  product_id: "product",
  wallet_id: "wallet",
  units: 3,
  status: "processing",
  created_at: "2026-01-02T03:04:05Z"
}

export const created = (): Response => Response.json(redemption, { status: 201 })

export const systemError = (code: string, syscall?: string): Error =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error(code), { code, ...(syscall === undefined ? {} : { syscall }) })
  })

type Options = Partial<DistributionClient.ClientOptions>

/** Runs an effect with a client of the fake server; random numbers are seeded. */
export const withClient =
  (fake: Fake, options: Options = {}, seed = "seed") =>
  <A, E>(effect: Effect.Effect<A, E, PlatformService>): Effect.Effect<A, E> =>
    effect.pipe(
      Effect.provide(
        DistributionClient.layerNoDeps({
          url: "http://server/api/external",
          clientId: "client",
          clientSecret: Redacted.make("secret"),
          ...options
        }).pipe(
          Layer.provide(Layer.succeed(HttpClient.HttpClient, fake.client)),
          Layer.provide(SecureRandom.layerWebCrypto)
        )
      ),
      Random.withSeed(seed)
    )

export const redeem = (key?: string) =>
  Effect.flatMap(Redemptions, (redemptions) =>
    redemptions.create(
      {
        investorId: Id.InvestorId.make("investor"),
        productId: Id.ProductId.make("product"),
        walletId: Id.WalletId.make("wallet"),
        units: 3
      },
      key === undefined ? undefined : { key }
    )
  )

export const credit = Effect.flatMap(Credits, (credits) => credits.create(Id.InvestmentId.make("investment")))
export const read = Effect.flatMap(Redemptions, (redemptions) => redemptions.list())
