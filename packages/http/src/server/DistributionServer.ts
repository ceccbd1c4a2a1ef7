/**
 * The API on a socket, over any layer that provides the services. For applications that serve it.
 */
// Not from the barrel: that loads every client it knows, and a server starts a quarter slower.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { platformResources, type PlatformServices, type Resource } from "@effekten/services"
import { Context, Duration, Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { Headers, HttpRouter, HttpServer, HttpServerResponse, type HttpServerError } from "effect/http"
import { HttpApiBuilder, HttpApiSwagger, OpenApi } from "effect/http-api"
import { bearerToken } from "./Authentication.ts"
import { PublicOrigin } from "./Calls.ts"
import * as Contract from "../contract/Contract.ts"
import { paths } from "./Acceptable.ts"
import * as Edge from "./Edge.ts"
import { Exchange } from "./Exchange.ts"
import * as Handlers from "./Handlers.ts"
import { redactedHeaders } from "../contract/IdempotencyKey.ts"
import { defaultLimits, Limits } from "./Limits.ts"
import { makeServer, type NodeOptions } from "./NodeServer.ts"
import * as OAuth from "../oauth/OAuth.ts"
import type { OAuthStore } from "../oauth/OAuthStore.ts"
import { edgeProblem, toResponse } from "../contract/Problem.ts"
import * as RefusalLog from "./RefusalLog.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"

/**
 * Whether requests should be sent here: the register is open and writable, for example. Default: always.
 *
 * @category services
 */
export const Readiness = Context.Reference<Effect.Effect<boolean>>("effekten/http/Readiness", {
  defaultValue: () => Effect.succeed(true)
})

/**
 * What `/readyz` says in `detail` while requests are served all the same, a list that stopped for example. Default: nothing. Any client may
 * ask: name no person, no cause and no secret.
 *
 * @category services
 */
export const ReadinessDetail = Context.Reference<Effect.Effect<ReadonlyArray<string>>>(
  "effekten/http/ReadinessDetail",
  { defaultValue: () => Effect.succeed([]) }
)

/** @category models */
export interface ServerOptions extends OAuth.OAuthOptions {
  /** Bounds of a request; see {@link Limits}. */
  readonly limits?: Partial<Limits> | undefined
  /** The origin of links in answers, `https://example.org`. Default: what the request itself was sent to. */
  readonly publicOrigin?: string | undefined
  /** Between "not ready" and the end of accepting connections, when the server goes away. Default: none. */
  readonly drainDelay?: Duration.Input | undefined
  /** What is served. Default: the resources of a platform. */
  readonly resources?: ReadonlyArray<Resource.AnyService> | undefined
}

/** All of the API under one prefix. */
const mounted = (api: typeof Contract.DistributionApi, prefix: string) =>
  HttpApiBuilder.layer(api).pipe(
    Layer.provide(
      Layer.effect(
        HttpRouter.HttpRouter,
        Effect.map(HttpRouter.HttpRouter, (router) => router.prefixed(prefix))
      )
    )
  )

const docsPolicy =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

const documentation = (api: typeof Contract.DistributionApi) =>
  Layer.mergeAll(
    HttpApiSwagger.layer(api, { path: paths.docs }),
    HttpRouter.use((router) => router.add("GET", paths.openApi, HttpServerResponse.jsonUnsafe(OpenApi.fromApi(api))))
  )

const health = (isDraining: () => boolean) =>
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      const readiness = yield* Readiness
      const detail = yield* ReadinessDetail
      yield* router.add("GET", paths.live, HttpServerResponse.jsonUnsafe({ status: "live" }))
      yield* router.add(
        "GET",
        paths.ready,
        Effect.gen(function* () {
          if (!isDraining() && (yield* readiness)) {
            const said = yield* detail
            return HttpServerResponse.jsonUnsafe({ status: "ready", ...(said.length === 0 ? {} : { detail: said }) })
          }
          return toResponse(edgeProblem("unavailable", "Not ready.", yield* Exchange, { executed: "no" }))
        })
      )
    })
  )

/**
 * Serves the API on the `HttpServer` in the context, under both prefixes, with `/openapi.json`, `/docs`, `/livez` and `/readyz`.
 *
 * When its scope closes, `/readyz` turns to 503 first; then, after `drainDelay`, the server stops accepting and finishes what it has.
 *
 * @category layers
 */
export const layer = (options?: ServerOptions) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      let draining = false
      const isDraining = () => draining
      const resources = options?.resources ?? platformResources
      const api = options?.resources === undefined ? Contract.DistributionApi : Contract.make(resources)
      const [own, alias] = Contract.prefixes
      const routes = Layer.mergeAll(mounted(api, own), mounted(api, alias), health(isDraining)).pipe(
        Layer.provide([TokenEndpoint.layer(api), Handlers.layer(api, resources)]),
        Layer.provide(bearerToken),
        Layer.provide(OAuth.layer(options)),
        Layer.merge(documentation(api))
      )
      const telling = yield* RefusalLog.make
      const app = telling(yield* HttpRouter.toHttpEffect(routes))
      yield* HttpServer.serveEffect(
        Effect.map(yield* Edge.make(app, { api, isDraining }), (response) =>
          response.headers["content-type"]?.startsWith("text/html") === true
            ? HttpServerResponse.setHeader(response, "content-security-policy", docsPolicy)
            : response
        )
      )
      yield* Effect.addFinalizer(() =>
        Effect.suspend(() => {
          draining = true
          return options?.drainDelay === undefined ? Effect.void : Effect.sleep(options.drainDelay)
        })
      )
    }).pipe(
      Effect.provideService(Limits, { ...defaultLimits, ...options?.limits }),
      Effect.provideService(PublicOrigin, options?.publicOrigin),
      Effect.provideService(Headers.CurrentRedactedNames, redactedHeaders),
      Effect.provideService(HttpRouter.RouterConfig, {
        caseSensitive: true,
        ignoreDuplicateSlashes: false,
        ignoreTrailingSlash: true,
        maxParamLength: 100
      })
    )
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
    Layer.provide(SecureRandom.layerWebCrypto)
  )
