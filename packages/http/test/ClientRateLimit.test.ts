/**
 * The client's pace: by what the server says, by what it was told, and how many at once. For the author of the client.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { paced, type RateLimitOptions } from "../src/client/ClientRateLimit.ts"
import { type Behaviour, created, fake, redeem, withClient } from "./FakeServer.ts"

/** When each of some requests, begun at once, was sent: in milliseconds after the first. */
const times = (behaviour: Behaviour, count: number, options?: RateLimitOptions, step = 100) =>
  Effect.gen(function* () {
    const server = fake(behaviour)
    const client: HttpClient.HttpClient = paced(server.client, options)
    yield* client.get("http://server/first")
    const fiber = yield* Effect.forkChild(
      Effect.replicateEffect(client.get("http://server/x"), count, { concurrency: "unbounded", discard: true })
    )
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(step)
    yield* Fiber.join(fiber)
    return server.calls.map(({ at }) => at - server.calls[0]!.at)
  })

const saying = (headers: { readonly [name: string]: string }, status = 200) => new Response("{}", { status, headers })

describe("RateLimit of the server", () => {
  it.effect("nothing left: the next one goes when the window ends", () =>
    Effect.gen(function* () {
      const said = { ratelimit: '"default";r=0;t=5' }
      const sent = yield* times((_, count) => saying(count === 1 ? said : {}), 3)
      expect(sent[0]).toBe(0)
      for (const at of sent.slice(1)) expect(at).toBeGreaterThanOrEqual(5000)
    })
  )

  it.effect("some left, and a policy: so many at once, then so many a window", () =>
    Effect.gen(function* () {
      const said = {
        "ratelimit-policy": '"burst";q=3;w=10, "hour";q=1000;w=3600',
        ratelimit: '"hour";r=900;t=60, "burst";r=2;t=10'
      }
      const sent = yield* times((_, count) => saying(count === 1 ? said : {}), 9)
      const windows = [0, 1, 2, 3].map((n) => sent.filter((at) => Math.floor(at / 10_000) === n).length)
      expect(windows).toEqual([1 + 2, 3, 3, 1])
    })
  )

  it.effect("a quota that comes back steadily is used steadily", () =>
    Effect.gen(function* () {
      const said = { "ratelimit-policy": '"default";q=20;w=10', ratelimit: '"default";r=0;t=10' }
      const sent = yield* times((_, count) => saying(count === 1 ? said : {}), 20, {}, 50)
      for (const [number, at] of sent.entries()) {
        expect(at).toBeGreaterThanOrEqual(number * 500)
        expect(at).toBeLessThan(number * 500 + 100)
      }
    })
  )

  it.effect("a 429 holds back the other calls too", () =>
    Effect.gen(function* () {
      const sent = yield* times((_, count) => (count === 1 ? saying({ "retry-after": "7" }, 429) : saying({})), 4)
      for (const at of sent.slice(1)) expect(at).toBeGreaterThanOrEqual(7000)
    })
  )

  it.effect.each([
    { ratelimit: "" },
    { ratelimit: "soon" },
    { ratelimit: '"default";r=-1;t=5' },
    { ratelimit: '"default";r=1.5;t=5' },
    { ratelimit: '"default";t=5' },
    { ratelimit: '"default;r=0;t=5' },
    { ratelimit: ",,;r=0;;=," },
    { "ratelimit-policy": '"default";q=0;w=5' },
    { "x-ratelimit-remaining": "0" }
  ])("%j says nothing, or nothing that is understood", (headers) =>
    Effect.gen(function* () {
      expect(new Set(yield* times(() => saying(headers as never), 5)).size).toBe(1)
    })
  )

  it.effect("a turn after the deadline ends the call at once: it was not sent", () =>
    Effect.gen(function* () {
      const limited = fake(() => {
        const response = created()
        response.headers.set("ratelimit", '"default";r=0;t=90')
        return response
      })
      yield* Effect.gen(function* () {
        yield* redeem()
        expect(yield* Effect.flip(redeem())).toMatchObject({
          _tag: "Unavailable",
          executed: "no",
          retryAfter: 90,
          call: { attempts: 0 }
        })
      }).pipe(withClient(limited))
      expect(limited.calls).toHaveLength(1)
    })
  )
})

describe("a limit of the caller's", () => {
  it.effect("no window has more", () =>
    Effect.gen(function* () {
      const sent = yield* times(() => saying({}), 34, { limit: { requests: 10, per: "1 second" } })
      const windows = [0, 1, 2, 3].map((n) => sent.filter((at) => Math.floor(at / 1000) === n).length)
      expect(windows).toEqual([10, 10, 10, 5])
    })
  )

  it.effect.each([1, 8])("at most %i at once, and all in the end", (concurrency) =>
    Effect.gen(function* () {
      let underWay = 0
      let most = 0
      const slow = () =>
        Effect.gen(function* () {
          most = Math.max(most, ++underWay)
          yield* Effect.sleep("1 second")
          underWay--
          return saying({})
        })
      const server = fake(slow)
      const client = paced(server.client, { concurrency })
      const fiber = yield* Effect.forkChild(
        Effect.replicateEffect(client.get("http://server/x"), 20, { concurrency: "unbounded", discard: true })
      )
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      expect([most, server.calls.length]).toEqual([concurrency, 20])
    })
  )
})
