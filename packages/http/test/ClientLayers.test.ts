/**
 * The layers of the client: each alone, put together by hand, and configured. For an application that puts its own client together.
 */
import { type PlatformService, Redemptions } from "@effekten/services"
import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Exit, Fiber, Layer, Random, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpClient, type HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import {
  ClientBounds,
  ClientIdempotency,
  ClientOAuth,
  ClientRateLimit,
  ClientRetry,
  DistributionClient
} from "../src/index.ts"
import { created, type Fake, fake, problem, redeem, token } from "./FakeServer.ts"

const url = "http://server/api/external"
const credentials = { clientId: "client", clientSecret: Redacted.make("secret") }

type Over = Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient>

const connection = (server: Fake) => Layer.succeed(HttpClient.HttpClient, server.client)

/** Sends requests over a layer and nothing else of the client. */
const over = <A, E>(
  server: Fake,
  layer: Over,
  use: (client: HttpClient.HttpClient) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(
      Effect.flatMap(HttpClient.HttpClient, use).pipe(Effect.provide(Layer.provide(layer, connection(server))))
    )
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

const other = HttpClientRequest.post("http://other/things")

describe("a layer alone, over a client of any other API", () => {
  it.effect("repeats", () =>
    Effect.gen(function* () {
      const server = fake((_, count) => (count < 3 ? problem(503) : Response.json({ made: true })))
      const response = yield* over(server, ClientRetry.layer(), (client) => client.get("http://other/things"))
      expect([response.status, server.calls.length]).toEqual([200, 3])
    })
  )

  it.effect("returns what the last attempt returned, a refusal or a broken line", () =>
    Effect.gen(function* () {
      const server = fake((_, count) => (count > 3 ? new Error("broken") : problem(503)))
      const layer = ClientRetry.layer()
      const refused = yield* over(server, layer, (client) => client.get("http://other/things"))
      expect(refused.status).toBe(503)
      const broken = yield* Effect.flip(over(server, layer, (client) => client.get("http://other/things")))
      expect(broken.reason._tag).toBe("TransportError")
    })
  )

  it.effect("gives keys", () =>
    Effect.gen(function* () {
      const server = fake(created)
      const layer = ClientIdempotency.layer.pipe(Layer.provide(SecureRandom.layerWebCrypto))
      yield* over(server, layer, (client) =>
        Effect.all([
          client.execute(other),
          client.execute(HttpClientRequest.setHeader(other, "x-idempotency-key", "mine")),
          client.get("http://other/things")
        ])
      )
      const keys = server.calls.map(({ headers }) => headers["x-idempotency-key"])
      expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), "mine", undefined])
    })
  )

  it.effect("brings a token", () =>
    Effect.gen(function* () {
      const server = fake(created, () => token("fetched"))
      yield* over(server, ClientOAuth.layer({ url, credentials }), (client) => client.execute(other))
      expect(server.calls.map(({ headers }) => headers["authorization"])).toEqual(["Bearer fetched"])
      expect(server.tokens).toHaveLength(1)
    })
  )

  it.effect("bounds answers", () =>
    Effect.gen(function* () {
      const server = fake(() => Response.json("12345678"))
      const layer = ClientBounds.layer({ answer: 9 })
      const failure = yield* Effect.flip(over(server, layer, (client) => client.execute(other)))
      expect(failure).toMatchObject({ reason: { _tag: "DecodeError", cause: { _tag: "AnswerTooLong", maximum: 9 } } })
    })
  )

  it.effect("paces", () =>
    Effect.gen(function* () {
      const server = fake(created)
      const layer = ClientRateLimit.layer({ limit: { requests: 1, per: "5 seconds" } })
      yield* over(server, layer, (client) => Effect.andThen(client.execute(other), client.execute(other)))
      expect(server.calls[1]!.at - server.calls[0]!.at).toBeGreaterThanOrEqual(5000)
    })
  )
})

/** The client, put together by hand. */
const byHand = DistributionClient.layerServices({ url }).pipe(
  Layer.provide(ClientIdempotency.layer),
  Layer.provide(ClientRetry.layer()),
  Layer.provide(ClientRateLimit.layer()),
  Layer.provide(ClientBounds.layer()),
  Layer.provide(ClientOAuth.layer({ url, credentials }))
)
const ready = DistributionClient.layerNoDeps({ url, ...credentials })

it.effect("R-25 put together by hand they are the client that is ready", () =>
  Effect.gen(function* () {
    for (const layer of [byHand, ready]) {
      const server = fake((_, count) => (count === 1 ? problem(503, { executed: "no" }) : created()))
      const fiber = yield* Effect.forkChild(
        redeem("key").pipe(
          Effect.provide(Layer.provide(layer, [connection(server), SecureRandom.layerWebCrypto])),
          Random.withSeed("seed")
        )
      )
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      expect(server.calls.map(({ headers, path }) => [path, headers["x-attempt"], headers["authorization"]])).toEqual([
        ["/api/external/v2/redemptions/", "1/3", "Bearer token"],
        ["/api/external/v2/redemptions/", "2/3", "Bearer token"]
      ])
      expect(server.calls.map(({ headers }) => headers["x-idempotency-key"])).toEqual(["key", "key"])
      expect(server.tokens).toHaveLength(1)
    }
  })
)

it.effect("the services over a bare client say what they know: no repeat, no key, one attempt", () =>
  Effect.gen(function* () {
    const server = fake(() => problem(503, { executed: "no" }))
    const bare = Layer.provide(DistributionClient.layerServices({ url }), connection(server))
    const failure = yield* Effect.flip(redeem().pipe(Effect.provide(bare)))
    expect(failure).toMatchObject({ executed: "no", call: { attempts: 1, problem: { status: 503 } } })
    expect(failure.call).not.toHaveProperty("key")
    expect(server.tokens).toEqual([])
  })
)

it("R-25 with or without a layer, the types are the same", () => {
  expectTypeOf(ClientRetry.layer()).toEqualTypeOf<Over>()
  expectTypeOf(ClientRateLimit.layer()).toEqualTypeOf<Over>()
  expectTypeOf(ClientBounds.layer()).toEqualTypeOf<Over>()
  expectTypeOf(ClientOAuth.layer({ url, credentials })).toEqualTypeOf<Over>()
  expectTypeOf(ClientIdempotency.layer).toEqualTypeOf<
    Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient | SecureRandom.SecureRandom>
  >()
  expectTypeOf(DistributionClient.layerServices({ url })).toEqualTypeOf<
    Layer.Layer<PlatformService, never, HttpClient.HttpClient>
  >()
  expectTypeOf(byHand).toEqualTypeOf<typeof ready>()
  expectTypeOf<HttpClient.HttpClient["execute"]>().returns.toEqualTypeOf<
    Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
  >()
})

describe("from the environment", () => {
  const provided = (values: { readonly [name: string]: string }) =>
    Effect.exit(Redemptions.use(() => Effect.void)).pipe(
      Effect.provide(DistributionClient.layerConfig()),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(values))
    )
  const values = { EFFEKTEN_URL: url, EFFEKTEN_CLIENT_ID: "client", EFFEKTEN_CLIENT_SECRET: "canary-secret" }

  it.effect("it takes the address and the credentials", () =>
    Effect.gen(function* () {
      expect(Exit.isSuccess(yield* provided(values))).toBe(true)
    })
  )

  it.effect.each(Object.keys(values))("%s is missing: an error that names it, and no secret", (name) =>
    Effect.gen(function* () {
      const { [name as keyof typeof values]: _, ...others } = values
      const error = yield* Effect.flip(provided(others))
      expect(String(error)).toContain(name)
      expect(JSON.stringify(error) + String(error)).not.toContain("canary")
    })
  )

  it.effect("or from a configuration of one's own", () =>
    Effect.gen(function* () {
      const layer = DistributionClient.layerConfig({
        url: Config.String("REGISTER"),
        clientId: Config.succeed("client"),
        clientSecret: Config.Redacted("SECRET"),
        retry: { attempts: Config.succeed(1) }
      })
      const exit = yield* Effect.exit(Redemptions.use(() => Effect.void)).pipe(
        Effect.provide(layer),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ REGISTER: url, SECRET: "s" }))
      )
      expect(Exit.isSuccess(exit)).toBe(true)
    })
  )
})
