/**
 * Pacing: the client sends no more than the server has said that it takes, or than it was told to. A layer that can be used alone, inside of
 * retries.
 *
 * Read are `RateLimit` and `RateLimit-Policy` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-11), and `Retry-After` of a 429.
 */
import { Unavailable } from "@effekten/services"
import { Clock, Duration, Effect, Layer, Semaphore } from "effect"
import { HttpClient, type HttpClientRequest, type HttpClientResponse } from "effect/http"
import { NotSent, retryAfterOf } from "./ClientAttempt.ts"
import { around, CurrentCall, transportError, waiting } from "./ClientCall.ts"

/** @category models */
export interface RateLimitOptions {
  /** Requests under way at once at most; further ones wait. So a client opens no more connections. Default: 64. */
  readonly concurrency?: number | undefined
  /** A limit to keep until the server names its own: so many requests in such a time. Default: none. */
  readonly limit?: { readonly requests: number; readonly per: Duration.Input } | undefined
}

/** @category values */
export const defaultConcurrency = 64

/** What a server takes: so many requests until then; afterwards so many in each window, where that is known. */
interface Allowance {
  remaining: number
  /** Nanoseconds of the monotonic clock. */
  until: bigint
  quota: number | undefined
  /** Nanoseconds. */
  window: bigint
}

const parameterOf = (name: string, item: string): number | undefined => {
  const found = new RegExp(`;\\s*${name}=(\\d{1,15})(?![\\d.])`).exec(item)
  return found === null ? undefined : Number(found[1])
}

/** Items of a header that are looked at. */
const maximumItems = 16

/** The items of a list of structured fields (RFC 9651), by the name they begin with. A header with an open quote says nothing. */
const itemsOf = (header = ""): ReadonlyArray<readonly [name: string, item: string]> =>
  header.split('"').length % 2 === 0
    ? []
    : (header.match(/(?:"[^"]*"|[^,"])+/g) ?? [])
        .slice(0, maximumItems)
        .map((item) => [item.trim().split(";")[0]!.trim(), item])

const seconds = (count: number): bigint => BigInt(Math.min(count, 86_400)) * 1_000_000_000n

/** What an answer says of the strictest of the server's limits. */
const saidBy = (headers: HttpClientResponse.HttpClientResponse["headers"], now: bigint): Allowance | undefined => {
  const policies = new Map(itemsOf(headers["ratelimit-policy"]))
  const limits = itemsOf(headers["ratelimit"]).flatMap(([name, item]) => {
    const remaining = parameterOf("r", item)
    if (remaining === undefined) return []
    const policy = policies.get(name) ?? ""
    return [
      {
        remaining,
        until: now + seconds(parameterOf("t", item) ?? 0),
        quota: parameterOf("q", policy),
        window: seconds(parameterOf("w", policy) ?? 1)
      }
    ]
  })
  return limits.toSorted((one, other) => one.remaining - other.remaining)[0]
}

/** The pace of one client. */
const makePace = (options: RateLimitOptions) => {
  const { limit } = options
  let allowance: Allowance | undefined =
    limit === undefined
      ? undefined
      : {
          remaining: limit.requests,
          until: 0n,
          quota: limit.requests,
          window: BigInt(Math.ceil(Duration.toMillis(Duration.fromInputUnsafe(limit.per)) * 1e6))
        }
  let sent = 0
  let heard = 0

  /** Nanoseconds to wait before one more request may be sent; none takes its place. */
  const take = (now: bigint): bigint => {
    if (allowance !== undefined && now >= allowance.until) {
      const { quota, window } = allowance
      allowance = quota === undefined ? undefined : { remaining: quota, until: now + window, quota, window }
    }
    if (allowance !== undefined && allowance.remaining < 1) return allowance.until - now
    if (allowance !== undefined) allowance.remaining--
    sent++
    return 0n
  }

  /** An answer to the request that was sent as number `number`. Those sent after it are not in its count. */
  const hear = (response: HttpClientResponse.HttpClientResponse, number: number, now: bigint, millis: number): void => {
    if (number <= heard) return
    const said = saidBy(response.headers, now)
    const wait = response.status === 429 ? (retryAfterOf(response.headers, millis) ?? 0) : 0
    if (said === undefined && wait === 0) return
    heard = number
    const since = sent - number
    const { quota, window } = said ?? allowance ?? { quota: undefined, window: 0n }
    allowance =
      wait > 0
        ? { remaining: 0, until: now + seconds(Math.ceil(wait / 1000)), quota, window }
        : { ...said!, remaining: Math.max(0, said!.remaining - since) }
  }
  return { take, hear, number: () => sent }
}

/** Waits for the turn of a request, and fails at once where its call will be over by then. */
const turn = (request: HttpClientRequest.HttpClientRequest, take: (now: bigint) => bigint) =>
  Effect.gen(function* () {
    const call = yield* CurrentCall
    for (;;) {
      const now = yield* Clock.currentTimeNanos
      const wait = take(now)
      if (wait === 0n) return
      if (call?.deadline !== undefined && now + wait > call.deadline) {
        const message = "The server's rate limit leaves no room before the deadline."
        const failure = new Unavailable({ executed: "no", message, retryAfter: Number(wait) / 1e9 })
        return yield* transportError(request, message, new NotSent({ failure }))
      }
      yield* Effect.sleep(Duration.nanos(wait))
    }
  })

/** Sends no more than the server takes. @category computing */
export const paced = (client: HttpClient.HttpClient, options: RateLimitOptions = {}): HttpClient.HttpClient => {
  const { hear, number, take } = makePace(options)
  const places = Semaphore.makeUnsafe(Math.max(1, Math.floor(options.concurrency ?? defaultConcurrency)))
  return around(client, (request, next) => {
    const inTurn = Effect.gen(function* () {
      yield* waiting(turn(request, take))
      const mine = number()
      const response = yield* next(request)
      hear(response, mine, yield* Clock.currentTimeNanos, yield* Clock.currentTimeMillis)
      return response
    })
    return Effect.flatMap(CurrentCall, (call) => {
      if (call !== undefined) call.isWaiting = true
      return places.withPermits(1)(inTurn)
    })
  })
}

/** Sends no more than the server takes. @category layers */
export const layer = (options?: RateLimitOptions): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) => paced(client, options))
  )
