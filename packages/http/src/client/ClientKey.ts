/**
 * One idempotency key per call: made before the first attempt, the same for all of them. For the client, outside its retries.
 */
import { Effect } from "effect"
import type { SecureRandom } from "effect/crypto"
import { type HttpClient, HttpClientRequest } from "effect/http"
import { around, isRead } from "./ClientOutcome.ts"
import { draftKeyHeader, keyHeader } from "../contract/IdempotencyKey.ts"

/** Whether a request carries a key. @category predicates */
export const hasKey = (request: HttpClientRequest.HttpClientRequest): boolean =>
  request.headers[keyHeader] !== undefined || request.headers[draftKeyHeader] !== undefined

/** Gives a key to every request that changes something and brings none. @category computing */
export const keyed = <E, R>(
  client: HttpClient.HttpClient.With<E, R>,
  random: SecureRandom.SecureRandom["Service"]
): HttpClient.HttpClient.With<E, R> =>
  around(client, (request, next) =>
    isRead(request) || hasKey(request)
      ? next(request)
      : Effect.flatMap(random.uuidV4(), (key) => next(HttpClientRequest.setHeader(request, keyHeader, key)))
  )
