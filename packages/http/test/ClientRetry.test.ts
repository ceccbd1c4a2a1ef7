/**
 * What the client sends again, how often, after how long, under which key; and what it says of a failure. For the author of the client.
 */
import { Deadline, Rejection } from "@effekten/services"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Option, Random, Stream, Tracer } from "effect"
import * as fc from "fast-check"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { maximumAnswerSize } from "../src/client/ClientBounds.ts"
import { budgetCapacity, makeBudget, repeatCost, throttledRepeatCost } from "../src/client/ClientBudget.ts"
import { keyOf } from "../src/client/ClientIdempotency.ts"
import { delayBefore } from "../src/client/ClientRetry.ts"
import * as ClientRetry from "../src/client/ClientRetry.ts"
import { type Behaviour, created, fake, problem, read, redeem, systemError, token, withClient } from "./FakeServer.ts"

/** Runs to the end, however long it sleeps. */
const settled = <A, E>(effect: Effect.Effect<A, E>, step = 1000) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(step)
    return yield* Fiber.await(fiber)
  })

const failed = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (!Exit.isFailure(exit)) throw new Error("it succeeded")
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" ? reason.error : reason
}

const tooLong = new Uint8Array(maximumAnswerSize + 1)
const inProgress = { code: "idempotency_in_progress", retryable: true }

describe("R-03 what is repeated", () => {
  const cases: ReadonlyArray<readonly [string, Behaviour, number]> = [
    ...[408, 425, 429, 500, 502, 503, 504].map((status) => [`${status}`, () => problem(status), 3] as const),
    // After a 401 another token is tried once: that is no repeat.
    ["401", () => problem(401), 2],
    ...[400, 403, 404, 409, 410, 413, 415, 422, 501].map((status) => [`${status}`, () => problem(status), 1] as const),
    ["502 without a problem", () => new Response("<html>", { status: 502 }), 3],
    ["403 without a problem", () => new Response("<html>", { status: 403 }), 1],
    ["409 in progress", () => problem(409, inProgress), 3],
    ["R-04 503 that says it is not worth it", () => problem(503, { retryable: false }), 1],
    ["connection refused", () => systemError("ECONNREFUSED", "connect"), 3],
    ["connection reset", () => systemError("ECONNRESET", "read"), 3],
    ["a success that cannot be read", () => Response.json({}, { status: 201 }), 3],
    ["a success that breaks off", () => new Response('{"id":', { status: 201 }), 3],
    ["a success that is too long, and will be again", () => new Response(tooLong, { status: 201 }), 1]
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

it("R-01 a key of the caller's ids is the same for the same, another for others, and shows none of them", () => {
  const ids = fc.array(fc.string({ unit: "binary", maxLength: 300 }), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(ids, ids, (one, other) => {
      const [key, another] = [one, other].map((each) => keyOf(...(each as [string])))
      expect(key).toMatch(/^[0-9a-f]{64}$/)
      expect(key).toBe(keyOf(...([...one] as [string])))
      expect(key === another).toBe(JSON.stringify(one) === JSON.stringify(other))
    })
  )
  expect(keyOf("a", "b")).not.toBe(keyOf("ab"))
  // Stored by programs, so it never changes.
  expect(keyOf("redemption", "order-4711")).toBe("3e066e2ec6f0117ec3f9070c3a753ae00554c77133f3f08aa8e951bb59d70e61")
})

it.effect("R-02 a mutation without a key is not repeated, a read is", () =>
  Effect.gen(function* () {
    const server = fake(() => problem(503))
    const client = ClientRetry.retrying(server.client)
    yield* settled(client.execute(HttpClientRequest.post("http://server/x")))
    expect(server.calls).toHaveLength(1)
    yield* settled(client.execute(HttpClientRequest.get("http://server/x")))
    expect(server.calls).toHaveLength(4)
  })
)

describe("R-07 attempts", () => {
  it.effect.each([
    [1, { attempts: 1 }],
    [5, { attempts: 5 }]
  ] as const)("%s", ([attempts, retry]) =>
    Effect.gen(function* () {
      const server = fake(() => problem(503))
      yield* settled(redeem().pipe(withClient(server, { retry })))
      expect(server.calls).toHaveLength(attempts)
      expect(server.tokens).toHaveLength(1)
    })
  )
})

const judged = (changes: Partial<Parameters<typeof delayBefore>[2]> = {}) => ({
  isThrottled: false,
  wait: undefined,
  ...changes
})

describe("R-05 full jitter", () => {
  it.effect("lies between nothing and min(20 s, base × 2^i), and uses the whole of it", () =>
    Effect.gen(function* () {
      for (const throttled of [false, true]) {
        for (let i = 0; i <= 20; i++) {
          const bound = Math.min(20_000, (throttled ? 1000 : 50) * 2 ** i)
          const delays = yield* Effect.replicateEffect(
            delayBefore(undefined, i, judged({ isThrottled: throttled })),
            400
          )
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
      expect(yield* delayBefore(undefined, 5000, judged())).toBeLessThanOrEqual(20_000)
    })
  )
})

describe("R-06 Retry-After", () => {
  const date = (millis: number) => new Date(millis).toUTCString()
  const cases: ReadonlyArray<readonly [header: string, seconds: number, date?: string]> = [
    ["3", 3],
    [" 3", 3],
    ["0", 0],
    ["-1", 0],
    [" ", 0],
    ["soon", 0],
    ["1.5", 0],
    ["1e9", 0],
    ["99999999999999", 0],
    [date(4000), 4],
    [date(4000).replace(/^(\w+), (\d\d) (\w+) \d\d(\d\d)/, "Thursday, $2-$3-$4"), 4],
    ["Thu Jan  1 00:00:04 1970", 4],
    // The server's clock is an hour ahead, and says so.
    [date(3_604_000), 4, date(3_600_000)],
    ["Mon, 30 Nov 1959 00:00:00 GMT", 0],
    ["Thu, 32 Jan 1970 00:00:04 GMT", 0],
    ["1970-01-01T00:00:04Z", 0]
  ]
  it.effect.each(cases)("%s: no sooner than after %i s", ([header, seconds, date]) =>
    Effect.gen(function* () {
      const headers = { "retry-after": header, ...(date === undefined ? {} : { date }) }
      const server = fake((_, count) => (count === 1 ? problem(503, {}, headers) : created()))
      yield* settled(redeem().pipe(withClient(server, { retry: { throttledBase: "1 millis" } })), 10)
      const [first, second] = server.calls
      expect(second!.at - first!.at).toBeGreaterThanOrEqual(seconds * 1000)
      expect(second!.at - first!.at).toBeLessThan(seconds * 1000 + 100)
    })
  )

  it.effect.each([
    ["61", 61],
    ["1000000000", 1e9],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799]
  ] as const)("%s is longer than the call may take: it ends at once, and says how long to wait", ([header, hint]) =>
    Effect.gen(function* () {
      const server = fake(() => problem(429, {}, { "retry-after": header }))
      const failure = yield* Effect.flip(redeem().pipe(withClient(server)))
      expect(failure).toMatchObject({ _tag: "Unavailable", executed: "no", retryAfter: hint })
      expect(server.calls).toHaveLength(1)
    })
  )

  it.effect("thirty calls to a server that asks for a minute make thirty requests", () =>
    Effect.gen(function* () {
      const server = fake(() => problem(503, { executed: "no" }, { "retry-after": "60" }))
      const calls = Effect.replicateEffect(Effect.flip(redeem()), 30, { concurrency: "unbounded" })
      yield* calls.pipe(withClient(server))
      expect(server.calls).toHaveLength(30)
    })
  )
})

describe("R-10 the deadline of a call", () => {
  it.effect("is kept whatever hangs: what was sent may have been executed", () =>
    Effect.gen(function* () {
      const server = fake(() => Effect.never)
      const retry = { timeout: "4 seconds", deadline: "10 seconds" } as const
      const failure = failed(yield* settled(redeem().pipe(withClient(server, { retry })), 10))
      expect(failure).toMatchObject({ _tag: "Unavailable", executed: "unknown", call: { attempts: 3 } })
      expect(server.calls.length).toBe(3)
      expect(yield* Clock.currentTimeMillis).toBeLessThan(10_100)
    })
  )

  it.effect("R-11 is told to the server with each attempt: the milliseconds that are left", () =>
    Effect.gen(function* () {
      const server = fake(() => problem(503, {}, { "retry-after": "3" }))
      yield* settled(redeem().pipe(withClient(server, { retry: { deadline: "10 seconds" } })), 10)
      const began = server.calls[0]!.at
      for (const { at, headers } of server.calls) {
        const left = Number(headers["request-timeout"])
        expect(Number.isSafeInteger(left)).toBe(true)
        expect(Math.abs(10_000 - (at - began) - left)).toBeLessThan(50)
      }
      expect(server.calls).toHaveLength(3)
    })
  )

  it.effect(
    "R-11 is told as it is when the request is sent: what its token took is over, and so is what its turn took",
    () =>
      Effect.gen(function* () {
        const server = fake(created, () => Effect.delay(Effect.sync(token), "10 seconds"))
        const options = { rateLimit: { limit: { requests: 1, per: "20 seconds" } } } as const
        const both = Effect.all([redeem(), redeem()], { concurrency: 2 })
        yield* settled(both.pipe(withClient(server, options)), 100)
        const told = server.calls.map(({ headers }) => Math.round(Number(headers["request-timeout"]) / 1_000))
        expect(told).toEqual([50, 40])
      })
  )

  it.effect("R-11 is the caller's own where that is earlier, and a server that keeps to it is understood", () =>
    Effect.gen(function* () {
      const late = { code: "deadline_exceeded", executed: "no", detail: "", retryable: false }
      const server = fake(() => problem(503, late))
      const call = redeem().pipe(withClient(server, { retry: { deadline: "10 seconds" } }))
      const failure = yield* Effect.flip(Deadline.within(call, "3 seconds"))
      expect(failure).toMatchObject({ _tag: "Unavailable", executed: "no", code: "deadline_exceeded" })
      const left = Number(server.calls[0]!.headers["request-timeout"])
      expect(left).toBeGreaterThan(2_900)
      expect(left).toBeLessThanOrEqual(3_000)
    })
  )

  it.effect("no attempt begins, and nothing sleeps, where too little is left", () =>
    Effect.gen(function* () {
      const server = fake(() => problem(503, {}, { "retry-after": "2" }))
      const began = yield* Clock.currentTimeMillis
      yield* settled(redeem().pipe(withClient(server, { retry: { deadline: "2 seconds" } })), 10)
      expect(server.calls).toHaveLength(1)
      expect((yield* Clock.currentTimeMillis) - began).toBeLessThan(1000)
    })
  )

  it.effect("over while the call waits for a token: it was never sent, and had no effect", () =>
    Effect.gen(function* () {
      const server = fake(created, () => Effect.never)
      const failure = failed(
        yield* settled(redeem().pipe(withClient(server, { retry: { deadline: "5 seconds" } })), 100)
      )
      expect(failure).toMatchObject({ _tag: "Unavailable", executed: "no", call: { attempts: 0 } })
      expect(server.calls).toEqual([])
    })
  )
})

describe("R-08 the budget of repeats", () => {
  it("never holds less than nothing, never more than it began with", () => {
    const origins = fc.constantFrom("a", "b")
    const steps = fc.array(
      fc.oneof(
        fc.record({ take: fc.constantFrom(5, 14), origin: origins }),
        fc.record({ give: fc.constantFrom(1, 5, 14), origin: origins })
      ),
      { maxLength: 300 }
    )
    fc.assert(
      fc.property(steps, (steps) => {
        const budget = makeBudget()
        const model: { [origin: string]: number } = { a: budgetCapacity, b: budgetCapacity }
        for (const step of steps) {
          const held = model[step.origin]!
          if ("take" in step) {
            expect(budget.take(step.origin, step.take)).toBe(held >= step.take)
            if (held >= step.take) model[step.origin] = held - step.take
          } else {
            budget.give(step.origin, step.give)
            model[step.origin] = Math.min(budgetCapacity, held + step.give)
          }
          expect([budget.left("a"), budget.left("b")]).toEqual([model["a"], model["b"]])
        }
      })
    )
  })

  const load = (behaviour: Behaviour, calls: number) =>
    Effect.gen(function* () {
      const server = fake(behaviour)
      const all = Effect.replicateEffect(Effect.ignore(redeem()), calls, { concurrency: 20, discard: true })
      yield* settled(all.pipe(withClient(server)))
      return server.calls.length
    })

  it.effect("a server that always fails gets one attempt a call, and few more", () =>
    Effect.gen(function* () {
      expect(yield* load(() => problem(500), 1000)).toBeLessThanOrEqual(1000 + budgetCapacity / repeatCost)
      expect(yield* load(() => problem(503), 1000)).toBeLessThanOrEqual(1000 + budgetCapacity / throttledRepeatCost)
    })
  )

  it.effect("a server that fails now and then gets all the repeats it needs", () =>
    Effect.gen(function* () {
      const attempts = yield* load((_, count) => (count % 20 === 0 ? problem(500) : created()), 1000)
      expect(attempts).toBe(1000 + Math.floor(attempts / 20))
    })
  )
})

it.effect("R-14 a stream that was read is not sent again, a body that is there is", () =>
  Effect.gen(function* () {
    const server = fake(() => problem(503))
    const client = ClientRetry.retrying(server.client)
    const request = HttpClientRequest.post("http://server/x", { headers: { "x-idempotency-key": "key" } })
    const bytes = new TextEncoder().encode("body")
    yield* settled(client.execute(HttpClientRequest.bodyStream(request, Stream.make(bytes))))
    expect(server.calls).toHaveLength(1)
    yield* settled(client.execute(HttpClientRequest.bodyUint8Array(request, bytes)))
    expect(server.calls).toHaveLength(4)
  })
)

it.effect("R-15 repeats are not repeated: three layers make three attempts, not 27", () =>
  Effect.gen(function* () {
    const server = fake(() => problem(503))
    const client = ClientRetry.retrying(ClientRetry.retrying(ClientRetry.retrying(server.client)))
    yield* settled(client.execute(HttpClientRequest.get("http://server/x")))
    expect(server.calls.map(({ headers }) => headers["x-attempt"])).toEqual(["1/3", "2/3", "3/3"])
  })
)

it.effect("one attempt takes no longer than its timeout; then nothing is known", () =>
  Effect.gen(function* () {
    const server = fake(() => Effect.never)
    const fiber = yield* Effect.forkChild(
      Effect.flip(redeem().pipe(withClient(server, { retry: { timeout: "2 seconds" } })))
    )
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
    ["408 of a proxy that gave up waiting", () => new Response("", { status: 408 }), { executed: "unknown" }],
    ["499 of a proxy", () => new Response("", { status: 499 }), { _tag: "Unavailable", executed: "unknown" }],
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
    [
      "perhaps, then a conflict of a server that records nothing",
      sequence(unknown, () => Response.json({ detail: "It is there already." }, { status: 409 })),
      { _tag: "Unavailable", executed: "unknown", call: { problem: { message: "It is there already." } } }
    ],
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

const traced = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

it.effect("R-24 a call is a span, each attempt one below it, and the server is told which", () =>
  Effect.gen(function* () {
    const { spans, tracer } = traced()
    const server = fake((_, count) => (count < 3 ? problem(503) : created()))
    yield* settled(redeem().pipe(withClient(server), Effect.provideService(Tracer.Tracer, tracer)))
    const call = spans.find(({ name }) => name === "effekten.RequestRedemption")!
    const parents = server.calls.map(({ headers }) => {
      const [, trace, span] = headers["traceparent"]!.split("-")
      expect(trace).toBe(call.traceId)
      return Option.getOrUndefined(spans.find(({ spanId }) => spanId === span)!.parent)?.spanId
    })
    expect(parents).toEqual([call.spanId, call.spanId, call.spanId])
  })
)

it.effect("R-24 spans of a call hold neither its token nor its key", () =>
  Effect.gen(function* () {
    const { spans, tracer } = traced()
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
