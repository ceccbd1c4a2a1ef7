/**
 * What the client sends again, how often, under which key; and what it says of a failure. For the author of the client.
 */
import { Rejection } from "@effekten/services"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Option, Stream, Tracer } from "effect"
import * as fc from "fast-check"
import { HttpClient, HttpClientRequest } from "effect/http"
import { maximumAnswerSize } from "../src/client/ClientBounds.ts"
import { keyOf } from "../src/client/ClientIdempotency.ts"
import * as ClientRetry from "../src/client/ClientRetry.ts"
import { type Behaviour, created, fake, problem, read, redeem, systemError, token, withClient } from "./FakeServer.ts"
import { settled, failed } from "./Settled.ts"

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
