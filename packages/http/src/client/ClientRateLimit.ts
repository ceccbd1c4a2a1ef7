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
import { around, CurrentCall, toldAgain, transportError, waiting } from "./ClientCall.ts"
import { rateLimitHeader, rateLimitPolicyHeader } from "../contract/Headers.ts"

/** @category models */
export interface RateLimitOptions {
  /** Requests under way at once at most; further ones wait. So a client opens no more connections. Default: 64. */
  readonly concurrency?: number | undefined
  /** A limit to keep until the server names its own: so many requests in such a time. Default: none. */
  readonly limit?: { readonly requests: number; readonly per: Duration.Input } | undefined
}

/** @category values */
export const defaultConcurrency = 64

/** What a server takes. */
interface Allowance {
  remaining: number
  /** When `remaining` was right, in nanoseconds of the monotonic clock. */
  at: bigint
  /** When the whole quota is there again. */
  readonly until: bigint
  readonly quota: number | undefined
  /** Nanoseconds in which the quota comes back. */
  readonly window: bigint
  /** The quota comes back a bit at a time, and not at once when the window ends. */
  readonly isSteady: boolean
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
  const policies = new Map(itemsOf(headers[rateLimitPolicyHeader]))
  const limits = itemsOf(headers[rateLimitHeader]).flatMap(([name, item]): ReadonlyArray<Allowance> => {
    const remaining = parameterOf("r", item)
    if (remaining === undefined) return []
    const [reset, policy] = [parameterOf("t", item) ?? 0, policies.get(name) ?? ""]
    const [quota, window] = [parameterOf("q", policy), parameterOf("w", policy) ?? 1]
    // A window ends when it ends. A quota that comes back steadily is whole again when what was used has come back.
    const isSteady = quota !== undefined && quota > 0 && reset === Math.ceil(((quota - remaining) * window) / quota)
    return [{ remaining, at: now, until: now + seconds(reset), quota, window: seconds(window), isSteady }]
  })
  return limits.toSorted((one, other) => one.remaining - other.remaining)[0]
}

const nanosOf = (duration: Duration.Input): bigint =>
  BigInt(Math.ceil(Duration.toMillis(Duration.fromInputUnsafe(duration)) * 1e6))

/** What is left now; undefined where that is not known any more. */
const leftOf = (allowance: Allowance, now: bigint): Allowance | undefined => {
  const { at, isSteady, quota, remaining, until, window } = allowance
  if (isSteady && quota !== undefined) {
    const back = (Number(now - at) * quota) / Number(window)
    return { ...allowance, at: now, remaining: Math.min(quota, remaining + Math.max(0, back)) }
  }
  if (now < until) return allowance
  return quota === undefined ? undefined : { ...allowance, at: now, remaining: quota, until: now + window }
}

/** Nanoseconds until there is room for one more. */
const waitOf = ({ isSteady, quota, remaining, until, window }: Allowance, now: bigint): bigint =>
  remaining >= 1
    ? 0n
    : isSteady && quota !== undefined
      ? BigInt(Math.ceil(((1 - remaining) * Number(window)) / quota))
      : until - now

/** The pace of one client. */
const makePace = ({ limit }: RateLimitOptions) => {
  let allowance: Allowance | undefined =
    limit === undefined
      ? undefined
      : { remaining: 0, at: 0n, until: 0n, quota: limit.requests, window: nanosOf(limit.per), isSteady: false }
  /** No request is sent before: the server has refused one. */
  let blocked = 0n
  let sent = 0
  let heard = 0

  /** Nanoseconds to wait before one more request may be sent; none takes its place. */
  const take = (now: bigint): bigint => {
    if (now < blocked) return blocked - now
    allowance = allowance === undefined ? undefined : leftOf(allowance, now)
    const wait = allowance === undefined ? 0n : waitOf(allowance, now)
    if (wait > 0n) return wait
    if (allowance !== undefined) allowance.remaining--
    sent++
    return 0n
  }

  /** An answer to the request that was sent as number `number`. Those sent after it are not in its count. */
  const hear = (response: HttpClientResponse.HttpClientResponse, number: number, now: bigint, millis: number): void => {
    if (response.status === 429) {
      const wait = now + seconds(Math.ceil((retryAfterOf(response.headers, millis) ?? 0) / 1000))
      if (wait > blocked) blocked = wait
      // What comes back until then is not known.
      if (allowance !== undefined) allowance = { ...allowance, at: wait, remaining: Math.min(0, allowance.remaining) }
    }
    const said = number > heard ? saidBy(response.headers, now) : undefined
    if (said === undefined) return
    heard = number
    allowance = { ...said, remaining: Math.max(0, said.remaining - (sent - number)) }
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
      const response = yield* next(yield* toldAgain(request))
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
