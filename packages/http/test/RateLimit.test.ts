/**
 * What a client may ask for, on virtual time and over a socket. For the author of the server.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { RateLimit } from "../src/server/RateLimit.ts"
import * as H from "./Harness.ts"

const limited = (perSecond: number, atOnce: number) =>
  Effect.map(Layer.build(RateLimit.layer({ perSecond, atOnce })), (context) => {
    const { answer } = Context.get(context, RateLimit)
    return Effect.fnUntraced(function* (client: string, status: number = 200, headers: ReadonlyArray<string> = []) {
      const exchange = H.exchange()
      const { responseHeaders } = exchange
      for (const name of headers) responseHeaders[name] = "true"
      const response = yield* answer(
        exchange,
        client,
        Effect.sync(() => HttpServerResponse.empty({ status }))
      )
      return {
        status: response.status,
        after: response.headers["retry-after"],
        limit: responseHeaders["ratelimit"],
        policy: responseHeaders["ratelimit-policy"]
      }
    })
  })

const statuses = (asked: ReadonlyArray<{ readonly status: number }>) => asked.map(({ status }) => status)
const times = <A, E, R>(count: number, effect: Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: count }), () => effect)

describe("a client's quota", () => {
  it.effect("is there at once, and comes back steadily", () =>
    Effect.gen(function* () {
      const ask = yield* limited(10, 20)
      assert.deepStrictEqual(yield* ask("a"), {
        status: 200,
        after: undefined,
        limit: '"default";r=19;t=1',
        policy: '"default";q=20;w=2'
      })
      assert.deepStrictEqual(new Set(statuses(yield* times(19, ask("a")))), new Set([200]))
      const refused = yield* ask("a")
      assert.deepInclude(refused, { status: 429, after: "1", limit: '"default";r=0;t=2' })
      // Another client has its own, and a refusal for too much costs nothing.
      assert.strictEqual((yield* ask("b")).status, 200)
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(statuses(yield* times(2, ask("a"))), [200, 429])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(statuses(yield* times(21, ask("a"))).indexOf(429), 20)
    }).pipe(Effect.scoped)
  )

  it.effect("is used up by refusals five times as fast, and by repeated answers half as fast", () =>
    Effect.gen(function* () {
      const ask = yield* limited(10, 20)
      assert.deepStrictEqual(statuses(yield* times(5, ask("refused", 409))), [409, 409, 409, 409, 429])
      assert.deepStrictEqual(statuses(yield* times(41, ask("repeated", 201, ["idempotent-replayed"]))).indexOf(429), 39)
      // A refusal that is repeated stays in the log once.
      assert.deepStrictEqual(statuses(yield* times(41, ask("both", 409, ["idempotent-replayed"]))).indexOf(429), 39)
      assert.deepStrictEqual(statuses(yield* times(21, ask("failing", 503))).indexOf(429), 20)
    }).pipe(Effect.scoped)
  )

  it.effect("bounds what is answered in any span of time, whenever it is asked", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 50 }),
          fc.integer({ min: 1, max: 50 }),
          fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 30 })), { maxLength: 30 }),
          (perSecond, atOnce, asked) =>
            Effect.runPromise(
              Effect.gen(function* () {
                const ask = yield* limited(perSecond, atOnce)
                const answered: Array<number> = []
                let now = 0
                for (const [pause, count] of asked) {
                  yield* TestClock.adjust(pause)
                  now += pause
                  for (const { status } of yield* times(count, ask("a"))) if (status === 200) answered.push(now)
                }
                for (const [first, from] of answered.entries())
                  for (const [last, to] of answered.entries())
                    if (last >= first)
                      assert.isAtMost(last - first + 1, atOnce + ((to - from) / 1_000) * perSecond + 1e-3)
              }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
            )
        )
      )
    )
  )

  it.effect("is counted for a bounded number of clients", () =>
    Effect.gen(function* () {
      const ask = yield* limited(1, 1)
      assert.deepStrictEqual(statuses(yield* times(2, ask("first"))), [200, 429])
      yield* Effect.forEach(Array.from({ length: 10_000 }), (_, n) => ask(`client ${n}`))
      assert.strictEqual((yield* ask("first")).status, 200)
    }).pipe(Effect.scoped)
  )
})

describe("over a socket", () => {
  const redeem = (h: H.Harness, key: string, token = h.token) =>
    H.post(`${h.url}/v2/redemptions/`, {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "x-idempotency-key": key,
      body: JSON.stringify(H.redemption)
    })

  it("I-33 the limit stands before the keys: after a 429 the same key is carried out", async () => {
    const h = await H.start({ rateLimit: { perSecond: 0.5, atOnce: 1 } })
    try {
      const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => redeem(h, `key-${n}`)))
      const n = answers.findIndex(({ status }) => status === 429)
      assert.strictEqual(h.memory.seen.length, answers.filter(({ status }) => status === 201).length)
      const { headers, json } = answers[n]!
      assert.deepInclude(json, { code: "rate_limited", status: 429, retryable: true })
      assert.match(headers["retry-after"]!, /^[12]$/)
      assert.match(headers["ratelimit"]!, /^"default";r=0;t=[12]$/)
      assert.strictEqual(headers["ratelimit-policy"], '"default";q=1;w=2')
      let again = await redeem(h, `key-${n}`)
      while (again.status === 429) again = await redeem(h, `key-${n}`)
      assert.deepStrictEqual([again.status, again.headers["idempotent-replayed"]], [201, undefined])
    } finally {
      await h.close()
    }
  })

  it("a request without a token is no client's, and each client has a quota of its own", async () => {
    const clients = [{ clientId: "other", scopes: ["investors:read" as const] }]
    const h = await H.start({ rateLimit: { perSecond: 0.001, atOnce: 2 }, clients })
    try {
      for (let n = 0; n < 5; n++) assert.strictEqual((await redeem(h, "key", "unknown")).status, 401)
      const statusesOf = async (token: string) => [
        (await redeem(h, "key", token)).status,
        (await redeem(h, "key", token)).status,
        (await redeem(h, "key", token)).status
      ]
      assert.deepStrictEqual(await statusesOf(h.token), [201, 201, 429])
      // The scope is lacking, which takes five units of two.
      assert.deepStrictEqual(await statusesOf(await h.tokenFor("other")), [403, 429, 429])
    } finally {
      await h.close()
    }
  })

  it("what is refused by its address alone takes as much as any other refusal", async () => {
    const h = await H.start({ rateLimit: { perSecond: 0.001, atOnce: 10 } })
    try {
      const ask = (path: string) => H.get(`${h.url}/v2${path}`, { authorization: `Bearer ${h.token}` })
      const answers = [await ask("/redemptions/?limit=0"), await ask("/redemptions/$/"), await ask("/redemptions/")]
      assert.deepStrictEqual(statuses(answers), [400, 404, 429])
      assert.match(answers[0]!.headers["ratelimit"]!, /^"default";r=5;/)
    } finally {
      await h.close()
    }
  })
})
