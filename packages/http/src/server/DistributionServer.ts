/**
 * The API on a socket, over any layer that provides the services. For applications that serve it.
 */
// Not from the barrel: that loads every client it knows, and a server starts a quarter slower.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Given, type PlatformServices, type Resource, servedResources } from "@effekten/services"
import { Config, Duration, Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { Headers, HttpRouter, HttpServer, type HttpServerError } from "effect/http"
import * as Contract from "../contract/Contract.ts"
import { paths } from "./Acceptable.ts"
import * as Calls from "./Calls.ts"
import type { Sandbox } from "./DocsPage.ts"
import * as SandboxCalls from "./SandboxCalls.ts"
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
export type { SandboxCall, SandboxControl } from "./SandboxCalls.ts"

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
  /** What a developer may bring about below `/sandbox/`, and the clock that is set there. Default: nothing is there. */
  readonly control?: SandboxCalls.SandboxControl | undefined
  /** Between "not ready" and the end of accepting connections, when the server goes away. Default: none. */
  readonly drainDelay?: Duration.Input | undefined
  /** What each client may ask for. Default: 100 units a second and 1,000 at once. A refusal takes five units, a repeated answer half of one. */
  readonly rateLimit?: RateLimitOptions | "none" | undefined
  /** What is served. Default: the resources of platforms and of issuers. */
  readonly resources?: ReadonlyArray<Resource.AnyService> | undefined
}

const originOf = ({ publicOrigin }: ServerOptions): string | undefined => {
  if (publicOrigin === undefined || isOrigin(publicOrigin)) return publicOrigin
  throw new TypeError(
    `${JSON.stringify(publicOrigin)} is no origin: https://example.org is one, without a slash at its end`
  )
}

/** All that is answered, by a server or below a prefix. */
const answering = Effect.fnUntraced(function* (options: ServerOptions, prefix?: string) {
  const limits = { ...defaultLimits, ...options.limits }
  let draining = false
  const isDraining = () => draining
  const table = yield* tableOf(options, limits, isDraining, prefix ?? "")
  const hasDocs = options.docs !== false
  return {
    app: yield* Edge.make({ table, limits, hasDocs, isDraining, prefix, answered: options.control?.answered }),
    /** The scope closes: no balancer shall send more. */
    drain: Effect.suspend(() => {
      draining = true
      return options.drainDelay === undefined ? Effect.void : Effect.sleep(options.drainDelay)
    })
  }
})

const tableOf = Effect.fnUntraced(function* (
  options: ServerOptions,
  limits: Limits,
  isDraining: () => boolean,
  mount: string
) {
  const { control, docs, resources = servedResources, sandbox } = options
  const api = options.resources === undefined ? Contract.DistributionApi : Contract.make(resources)
  const below = [
    ...(yield* TokenEndpoint.make(limits)),
    ...(yield* Calls.make(resources, { limits, publicOrigin: originOf(options), control }))
  ]
  const mounted = Contract.prefixes.flatMap((prefix, at) =>
    below
      .filter(({ path }) => at === 0 || !Contract.isOfIssuers(path))
      .map((route): Table.Route => ({ ...route, path: `${prefix}${route.path}` }))
  )
  const documents = docs === false ? [] : yield* Documentation.make(api, sandbox, mount)
  const simulated = control === undefined ? [] : yield* SandboxCalls.make(control.calls, limits)
  return Table.make([...mounted, ...simulated, ...(yield* Health.make(isDraining)), ...documents])
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
      const { app, drain } = yield* answering(options)
      yield* HttpServer.serveEffect(app)
      yield* Effect.addFinalizer(() => drain)
    }).pipe(Effect.provideService(Headers.CurrentRedactedNames, redactedHeaders))
  ).pipe(parts(options))

/** What the answers share. */
const parts = (options: ServerOptions) =>
  Layer.provide(Layer.mergeAll(Layer.fresh(Turns.layer), RateLimit.layer(options.rateLimit), OAuth.layer(options)))

/** @category models */
export interface MountOptions extends ServerOptions {
  /** The path that everything stands below, `/register`; also below what a prefix of the router adds. Default: the root. */
  readonly prefix?: "" | `/${string}` | undefined
}

/** What stands at the root of a mount: nothing of the application is hidden by it. */
const mounted = (hasDocs: boolean): ReadonlyArray<string> => {
  const [own] = Contract.prefixes
  return [`${own}/*`, ...(hasDocs ? Object.values(paths) : [paths.live, paths.ready])]
}

const givenPrefix = ({ prefix = "" }: MountOptions): string => {
  if (prefix === "" || /^(?:\/[A-Za-z0-9._~-]+)+$/.test(prefix)) return prefix
  throw new TypeError(
    `${JSON.stringify(prefix)} is no prefix: /register is one, which begins with a slash, does not end with one and has no parameter`
  )
}

/**
 * The same answers as routes of an application's `HttpRouter`, beside its own: the API under both of its prefixes, documentation and health,
 * all below `prefix`. Links, `Location` and the links of problems lead there. What guards the socket is left to the application's server.
 *
 * @category layers
 */
export const routes = (
  options: MountOptions = {}
): Layer.Layer<never, never, HttpRouter.HttpRouter | PlatformServices | OAuthStore> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const router = yield* HttpRouter.HttpRouter
      const prefix = givenPrefix(options)
      const { app, drain } = yield* answering(options, prefix)
      // Below a prefix of their own all paths are theirs.
      const places = prefix === "" ? mounted(options.docs !== false) : [`${prefix}/*`]
      for (const place of places) yield* router.add("*", place as HttpRouter.PathInput, app)
      yield* Effect.addFinalizer(() => drain)
    })
  ).pipe(parts(options), Layer.provide(Given.secureRandom(SecureRandom.layerWebCrypto)))

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

/** {@link layerNode} with options from the configuration. @category layers */
export const layerNodeConfig = (
  options: Config.Wrap<ServerOptions & NodeOptions>
): Layer.Layer<HttpServer.HttpServer, Config.ConfigError | HttpServerError.ServeError, PlatformServices | OAuthStore> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), (read) => layerNode(read)))
