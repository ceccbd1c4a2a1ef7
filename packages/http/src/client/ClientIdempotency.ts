/**
 * One idempotency key a call: made before the first attempt, the same for all of them. A layer that can be used alone, outside of retries.
 */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { Headers, HttpClient, HttpClientRequest } from "effect/http"
import { draftKeyHeader, keyHeader, redactedHeaders } from "../contract/IdempotencyKey.ts"
import { around, CurrentCall } from "./ClientCall.ts"

/** A method without an effect: nothing is ever unknown about it, and it needs no key. @category predicates */
export const isRead = (request: HttpClientRequest.HttpClientRequest): boolean =>
  request.method === "GET" || request.method === "HEAD"

/** Whether a request carries a key. @category predicates */
export const hasKey = (request: HttpClientRequest.HttpClientRequest): boolean =>
  request.headers[keyHeader] !== undefined || request.headers[draftKeyHeader] !== undefined

/**
 * A key made of ids of the caller's own: the same ids give the same key, today and after a restart, and other ids another. Any texts will do,
 * of any length. The key shows none of them, so it may stand in a log where a name may not.
 *
 * @example
 * ```ts
 * redemptions.create(input, { key: ClientIdempotency.keyOf("redemption", order) })
 * ```
 *
 * @category constructors
 */
export const keyOf = (...ids: readonly [string, ...ReadonlyArray<string>]): string =>
  bytesToHex(sha256(utf8ToBytes(JSON.stringify(ids))))

/** Gives a key to every request that changes something and brings none. @category computing */
export const keyed = (
  client: HttpClient.HttpClient,
  random: SecureRandom.SecureRandom["Service"]
): HttpClient.HttpClient =>
  around(client, (request, next) => {
    const withKey =
      isRead(request) || hasKey(request)
        ? Effect.succeed(request)
        : Effect.flatMap(random.uuidV4(), (key) =>
            Effect.map(CurrentCall, (call) => {
              if (call !== undefined) call.key = key
              return HttpClientRequest.setHeader(request, keyHeader, key)
            })
          )
    return Effect.flatMap(withKey, next).pipe(Effect.provideService(Headers.CurrentRedactedNames, redactedHeaders))
  })

/** Gives a key to every request that changes something and brings none. @category layers */
export const layer: Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient | SecureRandom.SecureRandom> =
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(Effect.all([HttpClient.HttpClient, SecureRandom.SecureRandom]), ([client, random]) =>
      keyed(client, random)
    )
  ).pipe(Layer.fresh)
