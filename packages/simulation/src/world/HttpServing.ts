/**
 * The API of a node: the real server, which answers requests as they stand in memory. For nodes of a world in which clients speak HTTP.
 */
import { DistributionServer, type OAuthStore } from "@effekten/http"
import type { PlatformServices } from "@effekten/services"
import { type Context, Effect, Layer, type Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import { type HttpClientRequest, HttpServer, HttpServerRequest, type HttpServerResponse } from "effect/http"
import { NetAddress } from "effect/net"

/** @category models */
export type Answering = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  unknown,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>

/** What answers the requests to a node, for as long as the scope is open. There is no socket. @category constructors */
export const make = Effect.fnUntraced(function* (
  services: Context.Context<OAuthStore.OAuthStore | PlatformServices>
): Effect.fn.Return<Answering, never, SecureRandom.SecureRandom | Scope.Scope> {
  let answering: Answering | undefined
  const server = HttpServer.make({
    address: NetAddress.unixPathAddress("in memory"),
    serve: (given) =>
      Effect.sync(() => {
        answering = given
      })
  })
  yield* Layer.build(
    DistributionServer.layer({ docs: false }).pipe(
      Layer.provide(Layer.succeed(HttpServer.HttpServer, server)),
      Layer.provide(Layer.succeedContext(services))
    )
  )
  return answering ?? (yield* Effect.die(new Error("the server serves nothing")))
})

/** @category running */
export const answer = (
  answering: Answering,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpServerResponse.HttpServerResponse, unknown> =>
  Effect.scoped(
    Effect.provideService(answering, HttpServerRequest.HttpServerRequest, HttpServerRequest.fromClientRequest(request))
  )
