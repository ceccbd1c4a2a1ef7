/**
 * The API on a socket, over any layer that provides the services. For applications that serve it.
 */
// Not from the barrel: that loads every client it knows, and a server starts a quarter slower.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Given, platformResources, type PlatformServices, type Resource } from "@effekten/services"
import { Duration, Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { Headers, HttpServer, type HttpServerError } from "effect/http"
import * as Contract from "../contract/Contract.ts"
import * as Calls from "./Calls.ts"
import type { Sandbox } from "./DocsPage.ts"
import * as Documentation from "./Documentation.ts"
import * as Edge from "./Edge.ts"
import * as Health from "./Health.ts"
import { redactedHeaders } from "../contract/IdempotencyKey.ts"
import { defaultLimits, type Limits } from "./Limits.ts"
import { isOrigin } from "./Links.ts"
import { makeServer, type NodeOptions } from "./NodeServer.ts"
import * as OAuth from "../oauth/OAuth.ts"
import type { OAuthStore } from "../oauth/OAuthStore.ts"
import { RateLimit, type RateLimitOptions } from "./RateLimit.ts"
import * as Table from "./Table.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"
import { Turns } from "./Turns.ts"

export { Readiness, ReadinessDetail } from "./Health.ts"
export { isOrigin } from "./Links.ts"

/** @category models */
export interface ServerOptions extends OAuth.OAuthOptions {
  /** Bounds of a request; see {@link Limits}. */
  readonly limits?: Partial<Limits> | undefined
  /** The origin of links in answers, `https://example.org`. Default: the host that the request itself was sent to. */
  readonly publicOrigin?: string | undefined
  /** Whether `/docs` and `/openapi.json` are served. Default: they are. */
  readonly docs?: boolean | undefined
  /** What `/docs` fills in for anybody that opens it. Only for a register in which nothing is real. Default: nothing. */
  readonly sandbox?: Sandbox | undefined
  /** Between "not ready" and the end of accepting connections, when the server goes away. Default: none. */
  readonly drainDelay?: Duration.Input | undefined
  /** What each client may ask for. Default: 100 units a second and 1,000 at once. A refusal takes five units, a repeated answer half of one. */
  readonly rateLimit?: RateLimitOptions | "none" | undefined
  /** What is served. Default: the resources of a platform. */
  readonly resources?: ReadonlyArray<Resource.AnyService> | undefined
}

const originOf = ({ publicOrigin }: ServerOptions): string | undefined => {
  if (publicOrigin === undefined || isOrigin(publicOrigin)) return publicOrigin
  throw new TypeError(
    `${JSON.stringify(publicOrigin)} is no origin: https://example.org is one, without a slash at its end`
  )
}

/** All that a server answers. */
const tableOf = Effect.fnUntraced(function* (options: ServerOptions, limits: Limits, isDraining: () => boolean) {
  const { docs, resources = platformResources, sandbox } = options
  const api = options.resources === undefined ? Contract.DistributionApi : Contract.make(resources)
  const below = [
    ...(yield* TokenEndpoint.make(limits)),
    ...(yield* Calls.make(resources, { limits, publicOrigin: originOf(options) }))
  ]
  const mounted = Contract.prefixes.flatMap((prefix) =>
    below.map((route): Table.Route => ({ ...route, path: `${prefix}${route.path}` }))
  )
  const documents = docs === false ? [] : yield* Documentation.make(api, sandbox)
  return Table.make([...mounted, ...(yield* Health.make(isDraining)), ...documents])
})

/**
 * Serves the API on the `HttpServer` in the context, under both prefixes, with `/openapi.json`, `/docs`, `/livez` and `/readyz`.
 *
 * When its scope closes, `/readyz` turns to 503 first; then, after `drainDelay`, the server stops accepting and finishes what it has.
 *
 * @category layers
 */
export const layer = (options: ServerOptions = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      let draining = false
      const isDraining = () => draining
      const limits = { ...defaultLimits, ...options.limits }
      const table = yield* tableOf(options, limits, isDraining)
      const hasDocs = options.docs !== false
      yield* HttpServer.serveEffect(yield* Edge.make({ table, limits, hasDocs, isDraining }))
      yield* Effect.addFinalizer(() =>
        Effect.suspend(() => {
          draining = true
          return options.drainDelay === undefined ? Effect.void : Effect.sleep(options.drainDelay)
        })
      )
    }).pipe(Effect.provideService(Headers.CurrentRedactedNames, redactedHeaders))
  ).pipe(
    Layer.provide(Turns.layer),
    Layer.provide(RateLimit.layer(options.rateLimit)),
    Layer.provide(OAuth.layer(options))
  )

/**
 * The same on a Node server of its own. The `HttpServer` it provides has the address; on SIGTERM `NodeRuntime.runMain` closes the scope.
 *
 * @category layers
 */
export const layerNode = (
  options: ServerOptions & NodeOptions
): Layer.Layer<HttpServer.HttpServer, HttpServerError.ServeError, PlatformServices | OAuthStore> =>
  layer(options).pipe(
    Layer.provideMerge(
      Layer.unwrap(
        Effect.map(SecureRandom.SecureRandom, (random) =>
          NodeHttpServer.layer(() => makeServer(options, random), {
            host: options.host ?? "127.0.0.1",
            port: options.port,
            gracefulShutdownTimeout: options.shutdownTimeout ?? "20 seconds"
          })
        )
      )
    ),
    Layer.provide(Given.secureRandom(SecureRandom.layerWebCrypto))
  )
