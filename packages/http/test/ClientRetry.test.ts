/**
 * What the client sends again, how often, after how long, under which key; and what it says of a failure. For the author of the client.
 */
import { Rejection, Unavailable } from "@effekten/services"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Random, Tracer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { AttemptFailed } from "../src/client/ClientOutcome.ts"
import { delayBefore, maximumHintExcess } from "../src/client/ClientRetry.ts"
import * as ClientOutcome from "../src/client/ClientOutcome.ts"
import * as ClientRetry from "../src/client/ClientRetry.ts"
import { type Behaviour, created, fake, problem, read, redeem, systemError, token, withClient } from "./FakeServer.ts"

/** Runs to the end, however long it sleeps. */
const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 seconds")
    return yield* Fiber.await(fiber)
  })

const failed = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (!Exit.isFailure(exit)) throw new Error("it succeeded")
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" ? reason.error : reason
}

const inProgress = { code: "idempotency_in_progress", retryable: true }

describe("R-03 what is repeated", () => {
  const cases: ReadonlyArray<readonly [string, Behaviour, number]> = [
    ...[408, 425, 429, 500, 502, 503, 504].map((status) => [`${status}`, () => problem(status), 3] as const),
    ...[400, 401, 403, 404, 409, 410, 413, 415, 422, 501].map(
      (status) => [`${status}`, () => problem(status), 1] as const
    ),
    ["502 without a problem", () => new Response("<html>", { status: 502 }), 3],
    ["403 without a problem", () => new Response("<html>", { status: 403 }), 1],
    ["409 in progress", () => problem(409, inProgress), 3],
    ["R-04 503 that says it is not worth it", () => problem(503, { retryable: false }), 1],
    ["connection refused", () => systemError("ECONNREFUSED", "connect"), 3],
    ["connection reset", () => systemError("ECONNRESET", "read"), 3],
    ["an answer that is no redemption", () => Response.json({}, { status: 201 }), 1]
  ]
  it.effect.each(cases)("%s", ([, behaviour, attempts]) =>
    Effect.gen(function* () {
      const server = fake(behaviour)
      expect(Exit.isFailure(yield* settled(redeem().pipe(withClient(server))))).toBe(true)
      expect(server.calls.length).toBe(attempts)
    })
  )
})

it.effect("R-01, R-13 one key for all attempts of a call, another for the next call; attempts are numbered", () =>
  Effect.gen(function* () {
    const server = fake((_, count) => (count % 3 === 0 ? created() : problem(503)))
    yield* settled(Effect.andThen(redeem(), redeem()).pipe(withClient(server)))
    const keys = server.calls.map(({ headers }) => headers["x-idempotency-key"])
    expect(keys).toHaveLength(6)
    expect(new Set(keys.slice(0, 3)).size).toBe(1)
    expect(new Set(keys.slice(3)).size).toBe(1)
    expect(keys[0]).not.toBe(keys[3])
    expect(server.calls.slice(0, 3).map(({ headers }) => headers["x-attempt"])).toEqual(["1/3", "2/3", "3/3"])
  })
)

it.effect("R-01 no two calls share a key", () =>
  Effect.gen(function* () {
    const server = fake(created)
    yield* Effect.replicateEffect(redeem(), 500, { concurrency: 50, discard: true }).pipe(withClient(server))
    expect(new Set(server.calls.map(({ headers }) => headers["x-idempotency-key"])).size).toBe(500)
  })
)

it.effect("R-01 the caller's key is used as it is; one that is none is refused without a call", () =>
  Effect.gen(function* () {
    const server = fake(created)
    yield* redeem("mine").pipe(withClient(server))
    yield* redeem("with,comma").pipe(withClient(server))
    expect(server.calls.map(({ headers }) => [headers["x-idempotency-key"], headers["idempotency-key"]])).toEqual([
      ["mine", undefined],
      [undefined, '"with,comma"']
    ])
    const refused = yield* Effect.flip(redeem("not a key").pipe(withClient(server)))
    expect(refused).toMatchObject({ _tag: "Rejection", code: "idempotency_key_invalid", status: 400 })
    expect(server.calls).toHaveLength(2)
  })
)

it.effect("R-02 a mutation without a key is not repeated, a read is", () =>
  Effect.gen(function* () {
    const server = fake(() => problem(503))
    const client = ClientRetry.retrying(ClientOutcome.attempting(server.client, { timeout: "1 minute" }))
    yield* settled(client.execute(HttpClientRequest.post("http://server/x")))
    expect(server.calls).toHaveLength(1)
    yield* settled(client.execute(HttpClientRequest.get("http://server/x")))
    expect(server.calls).toHaveLength(4)
  })
)

describe("R-07 attempts", () => {
  it.effect.each([
    [1, { attempts: 1 }],
    [5, { attempts: 5 }],
    [1, false]
  ] as const)("%s", ([attempts, retry]) =>
    Effect.gen(function* () {
      const server = fake(() => problem(503))
      yield* settled(redeem().pipe(withClient(server, { retry })))
      expect(server.calls).toHaveLength(attempts)
      expect(server.tokens).toHaveLength(1)
    })
  )
})

const attemptFailed = (changes: Partial<AttemptFailed> = {}) =>
  new AttemptFailed({
    failure: new Unavailable({ executed: "no", message: "" }),
    retryable: true,
    throttled: false,
    retryAfter: undefined,
    tokenRefused: false,
    executed: "no",
    ...changes
  })

describe("R-05 full jitter", () => {
  it.effect("lies between nothing and min(20 s, base × 2^i), and uses the whole of it", () =>
    Effect.gen(function* () {
      for (const throttled of [false, true]) {
        for (let i = 0; i <= 20; i++) {
          const bound = Math.min(20_000, (throttled ? 1000 : 50) * 2 ** i)
          const delays = yield* Effect.replicateEffect(delayBefore(undefined, i, attemptFailed({ throttled })), 400)
          expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
          expect(Math.max(...delays)).toBeLessThanOrEqual(bound)
          // Kolmogorov-Smirnov at 400 draws: 1.95/√400 is passed by a uniform sample with probability 0.999.
          const distance = delays
            .toSorted((a, b) => a - b)
            .map((delay, index) => Math.abs(delay / bound - index / delays.length))
          expect(Math.max(...distance)).toBeLessThan(0.0975 + 1 / 400)
        }
      }
    }).pipe(Random.withSeed("uniform"))
  )

  it.effect("does not overflow", () =>
    Effect.gen(function* () {
      expect(yield* delayBefore(undefined, 5000, attemptFailed())).toBeLessThanOrEqual(20_000)
    })
  )
})

describe("R-06 Retry-After", () => {
  it.effect("is honoured: at least that long, at most 5 s more than chance would have it", () =>
    Effect.gen(function* () {
      for (const [retryAfter, least, most] of [
        [0, 0, 50],
        [2, 2000, 2000],
        [5, 5000, 5050],
        [1e9, maximumHintExcess, maximumHintExcess + 50]
      ] as const) {
        const delay = yield* delayBefore(undefined, 0, attemptFailed({ retryAfter }))
        expect(delay).toBeGreaterThanOrEqual(least)
        expect(delay).toBeLessThanOrEqual(most)
      }
    })
  )

  it.effect.each([
    ["3", true],
    ["-1", false],
    [" ", false],
    ["soon", false],
    ["1.5", false],
    ["99999999999999", false],
    ["Wed, 21 Oct 2026 07:28:00 GMT", false]
  ] as const)("%s", ([header, counts]) =>
    Effect.gen(function* () {
      const server = fake((_, count) => (count === 1 ? problem(503, {}, { "retry-after": header }) : created()))
      const fiber = yield* Effect.forkChild(redeem().pipe(withClient(server, { retry: { throttledBase: "1 millis" } })))
      yield* TestClock.adjust("2999 millis")
      expect(server.calls).toHaveLength(counts ? 1 : 2)
      yield* TestClock.adjust("10 millis")
      expect(server.calls).toHaveLength(2)
      yield* Fiber.join(fiber)
    })
  )
})

it.effect("one attempt takes no longer than its timeout; then nothing is known", () =>
  Effect.gen(function* () {
    const server = fake(() => Effect.never)
    const fiber = yield* Effect.forkChild(Effect.flip(redeem().pipe(withClient(server, { timeout: "2 seconds" }))))
    yield* TestClock.adjust("1999 millis")
    expect(server.calls).toHaveLength(1)
    yield* TestClock.adjust("1 minute")
    expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "Unavailable", executed: "unknown" })
    expect(server.calls).toHaveLength(3)
  })
)

describe("R-21 what is said of the effect is never wrong", () => {
  const unknown = () => systemError("ECONNRESET", "read")
  const refusedConnection = () => systemError("ECONNREFUSED", "connect")
  const sequence =
    (...behaviours: ReadonlyArray<Behaviour>): Behaviour =>
    (sent, count) =>
      behaviours[Math.min(count, behaviours.length) - 1]!(sent, count)

  const cases: ReadonlyArray<readonly [string, Behaviour, object]> = [
    ["never connected", refusedConnection, { _tag: "Unavailable", executed: "no" }],
    ["name unknown", () => systemError("ENOTFOUND", "getaddrinfo"), { _tag: "Unavailable", executed: "no" }],
    ["connecting took too long", () => systemError("UND_ERR_CONNECT_TIMEOUT"), { executed: "no" }],
    [
      "no address connected",
      () => new TypeError("fetch failed", { cause: new AggregateError([systemError("ECONNREFUSED", "connect")]) }),
      { executed: "no" }
    ],
    ["reset", unknown, { _tag: "Unavailable", executed: "unknown" }],
    ["429", () => problem(429), { _tag: "Unavailable", executed: "no" }],
    ["408", () => problem(408), { executed: "no" }],
    ["500", () => problem(500), { executed: "unknown" }],
    ["502 of a proxy", () => new Response("", { status: 502 }), { executed: "unknown" }],
    [
      "503 that says no",
      () => problem(503, { executed: "no" }, { "retry-after": "7" }),
      { executed: "no", retryAfter: 7 }
    ],
    ["503 that says nothing", () => problem(503), { executed: "unknown" }],
    ["503 that says unknown", () => problem(503, { executed: "unknown" }), { executed: "unknown" }],
    ["an answer that is none", () => Response.json({}, { status: 201 }), { _tag: "Unavailable", executed: "unknown" }],
    [
      "409",
      () => problem(409, { code: "insufficient_units", details: { free: 1, wallet_id: "w" } }),
      {
        _tag: "Rejection",
        code: "insufficient_units",
        status: 409,
        details: { free: 1, walletId: "w" }
      }
    ],
    ["404", () => problem(404, { code: "wallet_not_found" }), { _tag: "NotFound", code: "wallet_not_found" }],
    [
      "perhaps, then never connected",
      sequence(unknown, refusedConnection),
      { _tag: "Unavailable", executed: "unknown" }
    ],
    ["perhaps, then 403", sequence(unknown, () => problem(403)), { _tag: "Unavailable", executed: "unknown" }],
    ["perhaps, then 404", sequence(unknown, () => problem(404)), { _tag: "Unavailable", executed: "unknown" }],
    ["perhaps, then 409", sequence(unknown, () => problem(409)), { _tag: "Rejection", status: 409 }],
    ["perhaps, then 422", sequence(unknown, () => problem(422)), { _tag: "Rejection", status: 422 }],
    ["never connected, then 403", sequence(refusedConnection, () => problem(403)), { _tag: "Rejection", status: 403 }]
  ]
  it.effect.each(cases)("%s", ([, behaviour, expected]) =>
    Effect.gen(function* () {
      const failure = failed(yield* settled(redeem().pipe(withClient(fake(behaviour)))))
      expect(failure).toMatchObject(expected)
    })
  )

  it.effect("a read never has an effect", () =>
    Effect.gen(function* () {
      for (const behaviour of [unknown, () => problem(500), () => Response.json({})]) {
        expect(failed(yield* settled(read.pipe(withClient(fake(behaviour)))))).toMatchObject({ executed: "no" })
      }
    })
  )
})

it.effect("R-24 spans of a call hold neither its token nor its key", () =>
  Effect.gen(function* () {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const server = fake(created, () => token("canary-token"))
    yield* redeem("canary-key").pipe(
      withClient(server),
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.provideService(HttpClient.TracerHeaderFilter, () => true)
    )
    const attributes = JSON.stringify(spans.map((span) => [span.name, ...span.attributes]))
    expect(spans.length).toBeGreaterThan(1)
    expect(attributes).toContain("x-idempotency-key")
    expect(attributes).not.toContain("canary")
    expect(attributes).not.toContain("secret")
  })
)

it.effect("what the server would refuse is refused here, in the wire's names and without a call", () =>
  Effect.gen(function* () {
    const server = fake(created)
    const { Redemptions } = yield* Effect.promise(() => import("@effekten/services"))
    const failure = yield* Effect.flip(
      Effect.flatMap(Redemptions, (service) =>
        service.create({ investorId: "i", productId: "p", walletId: "w", units: 0 } as never)
      ).pipe(withClient(server))
    )
    expect(failure).toBeInstanceOf(Rejection)
    expect(failure).toMatchObject({ code: "invalid_request", errors: [{ pointer: "/units" }] })
    expect(server.calls).toEqual([])
  })
)
