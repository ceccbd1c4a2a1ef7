/**
 * The services, remote: the same interface as the embedded register's, over the wire. For applications of a platform.
 *
 * The layers of a call, from the outside in: its key, its repeats, its turn, the bound of its answer, its token, the connection. Each can be
 * used alone.
 */
import { Given, platformResources, type PlatformService, type Resource, type Scope } from "@effekten/services"
import { Config, Context, Effect, Layer, type Scope as Lifetime } from "effect"
import { SecureRandom } from "effect/crypto"
import { FetchHttpClient, HttpClient } from "effect/http"
import { bounded, type BoundsOptions } from "./ClientBounds.ts"
import { keyed } from "./ClientIdempotency.ts"
import { methodOf } from "./ClientMethods.ts"
import * as ClientOAuth from "./ClientOAuth.ts"
import { paced, type RateLimitOptions } from "./ClientRateLimit.ts"
import { retrying, type RetryOptions } from "./ClientRetry.ts"

/** @category models */
export interface ClientOptions extends ClientOAuth.Credentials {
  /** Where the API is mounted: `https://example.org/api/external`. */
  readonly url: string
  /** What the token shall be good for. Default: all the client may do. */
  readonly scopes?: ReadonlyArray<Scope> | undefined
  /** How failed attempts are repeated, and how long a call and an attempt may take. */
  readonly retry?: RetryOptions | undefined
  /** How many requests are under way at once, and how fast they follow one another. */
  readonly rateLimit?: RateLimitOptions | undefined
  /** How long an answer may be. */
  readonly bounds?: BoundsOptions | undefined
}

type InstanceOf<S> = S extends { readonly prototype: infer I } ? I : never

/**
 * The services of some resources over a client as it is, each method made of the operation's description.
 *
 * @category constructors
 */
export const makeServices = <const R extends ReadonlyArray<Resource.AnyService>>(
  http: HttpClient.HttpClient,
  resources: R,
  url: string
): Context.Context<InstanceOf<R[number]>> => {
  const base = url.replace(/\/+$/, "")
  const services = resources.map(({ key, resource: { operations } }): readonly [string, unknown] => {
    const mount = { http, base, siblings: Object.values(operations) }
    return [
      key,
      Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, methodOf(operation, mount)]))
    ]
  })
  return Context.makeUnsafe<InstanceOf<R[number]>>(new Map(services))
}

/**
 * An HTTP client that calls the API safely: with a key, repeats, pacing and a token, and its answers bounded.
 *
 * @category constructors
 */
export const makeHttp = (
  options: ClientOptions
): Effect.Effect<HttpClient.HttpClient, never, HttpClient.HttpClient | SecureRandom.SecureRandom | Lifetime.Scope> =>
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    const http = yield* HttpClient.HttpClient
    const { bounds, clientId, clientSecret, rateLimit, retry, scopes, url } = options
    const authenticated = yield* ClientOAuth.make(http, {
      url,
      credentials: { clientId, clientSecret },
      scopes,
      retry
    })
    return keyed(retrying(paced(bounded(authenticated, bounds), rateLimit), retry), random)
  })

/**
 * The services of some resources, for a platform.
 *
 * @category constructors
 */
export const make = <const R extends ReadonlyArray<Resource.AnyService>>(resources: R, options: ClientOptions) =>
  Effect.map(makeHttp(options), (http) => makeServices(http, resources, options.url))

/**
 * The platform's services over the `HttpClient` in the context as it is: without token, key and repeats, unless that client has them.
 *
 * @category layers
 */
export const layerServices = (options: {
  readonly url: string
}): Layer.Layer<PlatformService, never, HttpClient.HttpClient> =>
  Layer.effectContext(Effect.map(HttpClient.HttpClient, (http) => makeServices(http, platformResources, options.url)))

/**
 * The platform's services over the `HttpClient` and the `SecureRandom` in the context.
 *
 * @category layers
 */
export const layerNoDeps = (
  options: ClientOptions
): Layer.Layer<PlatformService, never, HttpClient.HttpClient | SecureRandom.SecureRandom> =>
  Layer.effectContext(make(platformResources, options))

/**
 * The connection that {@link layer} calls over: `fetch`, and no redirect is followed. It would send personal data to wherever an answer says.
 *
 * @category layers
 */
export const layerFetch: Layer.Layer<HttpClient.HttpClient> = Layer.fresh(FetchHttpClient.layer).pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

/**
 * The platform's services over `fetch`. Redirects are not followed.
 *
 * @category layers
 */
export const layer = (options: ClientOptions): Layer.Layer<PlatformService> =>
  layerNoDeps(options).pipe(Layer.provide([layerFetch, Given.secureRandom(SecureRandom.layerWebCrypto)]))

/**
 * Where to call, and as whom, from the environment: `EFFEKTEN_URL`, `EFFEKTEN_CLIENT_ID` and `EFFEKTEN_CLIENT_SECRET`.
 *
 * @category values
 */
export const environment: Config.Wrap<ClientOptions> = {
  url: Config.String("EFFEKTEN_URL"),
  clientId: Config.String("EFFEKTEN_CLIENT_ID"),
  clientSecret: Config.Redacted("EFFEKTEN_CLIENT_SECRET")
}

/**
 * The platform's services over `fetch`, with options from the configuration.
 *
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<ClientOptions> = environment
): Layer.Layer<PlatformService, Config.ConfigError> => Layer.unwrap(Effect.map(Config.unwrap(options), layer))
