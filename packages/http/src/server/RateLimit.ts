/**
 * How much a client may ask for: so many requests a second, and more for a moment. For the server, behind the check of the token and before
 * anything of a request is looked at.
 *
 * The limit is a bucket of quota units that fills steadily. A refusal takes more units than an answer, for it may stay in the log forever; an
 * answer that is sent again takes fewer. Fields are those of the IETF draft "RateLimit header fields for HTTP", version 11. Each node counts
 * for itself, and nothing of it is stored.
 */
import { Context, Effect, Layer } from "effect"
import type { HttpServerResponse } from "effect/http"
import { rateLimitHeader, rateLimitPolicyHeader, replayedHeader } from "../contract/Headers.ts"
import { edgeProblem, toResponse } from "../contract/Problem.ts"
import type { Exchange } from "./Exchange.ts"

/** @category models */
export interface RateLimitOptions {
  /** Quota units that come back in a second. Default: 100. */
  readonly perSecond?: number | undefined
  /** Units of a client that has not asked for a while. Default: 1,000. */
  readonly atOnce?: number | undefined
}

/** Units that an answer takes, by what it is. */
const units = { answer: 1, replay: 0.5, refusal: 5 } as const

/** Clients that are counted at once. Of those beyond it, the one that has waited longest begins anew. */
const maximumClients = 10_000

type Response = HttpServerResponse.HttpServerResponse

/** @category services */
export class RateLimit extends Context.Service<
  RateLimit,
  {
    /** Answers a client's request, or refuses it if the client has asked for too much. */
    readonly answer: <E, R>(
      exchange: Exchange,
      clientId: string,
      answering: Effect.Effect<Response, E, R>
    ) => Effect.Effect<Response, E, R>
  }
>()("effekten/http/RateLimit") {
  static readonly layer = (options: RateLimitOptions | "none" = {}): Layer.Layer<RateLimit> =>
    Layer.sync(RateLimit, () =>
      RateLimit.of({ answer: options === "none" ? (_, __, answering) => answering : limiting(options) })
    )
}

const unitsOf = ({ status }: Response, { responseHeaders }: Exchange): number => {
  if (responseHeaders[replayedHeader] !== undefined) return units.replay
  return status >= 400 && status < 500 ? units.refusal : units.answer
}

const limiting = ({ atOnce = 1_000, perSecond = 100 }: RateLimitOptions): RateLimit["Service"]["answer"] => {
  const buckets = makeBuckets(atOnce, perSecond)
  const policy = `"default";q=${atOnce};w=${Math.max(1, Math.ceil(atOnce / perSecond))}`
  const tell = ({ responseHeaders }: Exchange, { available, full }: Level): void => {
    responseHeaders[rateLimitPolicyHeader] = policy
    responseHeaders[rateLimitHeader] = `"default";r=${Math.floor(available)};t=${Math.ceil(full)}`
  }
  return (exchange, clientId, answering) =>
    Effect.clockWith((clock) => {
      const asked = buckets.take(clientId, units.answer, clock.monotonicTimeNanosUnsafe())
      // Told ahead, too: an answer to what failed unexpectedly is made elsewhere.
      tell(exchange, asked)
      if (asked.wait > 0) {
        exchange.notes.refusal = "rate"
        return Effect.succeed(
          toResponse(edgeProblem("rate_limited", "This client has asked for too much; come again later.", exchange), {
            "retry-after": String(Math.ceil(asked.wait))
          })
        )
      }
      return Effect.map(answering, (response) => {
        const taken = unitsOf(response, exchange) - units.answer
        tell(exchange, buckets.charge(clientId, taken, clock.monotonicTimeNanosUnsafe()))
        return response
      })
    })
}

interface Level {
  /** Units there are now. */
  readonly available: number
  /** Seconds until all are there again. */
  readonly full: number
  /** Seconds until what was asked for is there; 0 if it was taken. */
  readonly wait: number
}

/** All that is stored of a client is the instant at which its bucket is full, in seconds of the monotonic clock. */
const makeBuckets = (atOnce: number, perSecond: number) => {
  const fullAt = new Map<string, number>()
  const level = (until: number, now: number, wait: number): Level => {
    const full = Math.max(0, until - now)
    return { full, wait, available: Math.max(0, atOnce - full * perSecond) }
  }
  const store = (client: string, until: number): void => {
    // Beyond the bound the client goes that has not asked for the longest time.
    fullAt.delete(client)
    fullAt.set(client, until)
    if (fullAt.size > maximumClients) fullAt.delete(fullAt.keys().next().value!)
  }
  return {
    /** Takes units, or says how long they are to come. */
    take: (client: string, count: number, nanos: bigint): Level => {
      const now = secondsOf(nanos)
      const until = Math.max(now, fullAt.get(client) ?? now) + count / perSecond
      const wait = until - now - atOnce / perSecond
      // A little beyond the bucket is what the division of times loses.
      if (wait > 1e-6) return level(until - count / perSecond, now, wait)
      store(client, until)
      return level(until, now, 0)
    },
    /** Takes units, or gives some back, once it is known what was answered. No client owes more than a whole bucket. */
    charge: (client: string, count: number, nanos: bigint): Level => {
      const now = secondsOf(nanos)
      const until = Math.min((fullAt.get(client) ?? now) + count / perSecond, now + atOnce / perSecond)
      store(client, until)
      return level(until, now, 0)
    }
  }
}

const secondsOf = (nanos: bigint): number => Number(nanos / 1_000n) / 1e6
