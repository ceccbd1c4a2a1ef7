/**
 * The client's token: one request for all waiting calls, renewed in time, replaced when refused. For the author of the client.
 */
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { created, fake, problem, redeem, systemError, token, withClient } from "./FakeServer.ts"

const invalidToken = () =>
  problem(401, { code: "unauthorized" }, { "www-authenticate": 'Bearer error="invalid_token"' })
const refusal = (error: string, status: number) => Response.json({ error }, { status })

it.live("R-17 100 calls without a token: one token request", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const server = fake(created, () => Effect.as(Deferred.await(gate), token()))
    const calls = yield* Effect.forkChild(
      Effect.replicateEffect(redeem(), 100, { concurrency: "unbounded", discard: true }).pipe(withClient(server))
    )
    yield* Effect.yieldNow
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(calls)
    expect(server.tokens).toHaveLength(1)
    expect(server.calls).toHaveLength(100)
    expect(server.calls[0]?.headers["authorization"]).toBe("Bearer token")
  })
)

it.effect("R-17 a failure is shared by all waiting calls, then forgotten", () =>
  Effect.gen(function* () {
    let broken = true
    const server = fake(created, () => (broken ? systemError("ECONNREFUSED", "connect") : token()))
    yield* Effect.gen(function* () {
      const failures = yield* Effect.all(
        Array.from({ length: 20 }, () => Effect.flip(redeem())),
        {
          concurrency: "unbounded"
        }
      )
      expect(new Set(failures.map((failure) => failure._tag))).toEqual(new Set(["Unavailable"]))
      expect(failures[0]).toMatchObject({ executed: "no" })
      expect(server.tokens).toHaveLength(1)
      expect(server.calls).toHaveLength(0)
      broken = false
      yield* redeem()
    }).pipe(withClient(server, { retry: false }))
    expect(server.tokens).toHaveLength(2)
  })
)

it.effect("R-17 whoever asked first may leave: the others still get the token", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const server = fake(created, () => Effect.as(Deferred.await(gate), token()))
    yield* Effect.gen(function* () {
      const first = yield* Effect.forkChild(redeem(), { startImmediately: true })
      const second = yield* Effect.forkChild(redeem(), { startImmediately: true })
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(second)
    }).pipe(withClient(server))
    expect(server.tokens).toHaveLength(1)
    expect(server.calls).toHaveLength(1)
  })
)

describe("R-16 a token refused as invalid", () => {
  it.effect("is replaced once, and the call sent again, not counted as a repeat", () =>
    Effect.gen(function* () {
      let current = "old"
      const server = fake(
        ({ headers }) => (headers["authorization"] === "Bearer new" ? created() : invalidToken()),
        () => token(current)
      )
      yield* Effect.gen(function* () {
        yield* Effect.ignore(redeem())
        current = "new"
        server.calls.length = 0
        server.tokens.length = 0
        yield* redeem()
      }).pipe(withClient(server, { retry: false }))
      expect(server.calls.map(({ headers }) => headers["x-attempt"])).toEqual(["1/1"])
      expect(new Set(server.calls.map(({ headers }) => headers["x-idempotency-key"])).size).toBe(1)
    })
  )

  it.effect("twice: the second refusal is the answer", () =>
    Effect.gen(function* () {
      const server = fake(invalidToken)
      const failure = yield* Effect.flip(redeem().pipe(withClient(server)))
      expect(failure).toMatchObject({ _tag: "Rejection", code: "unauthorized", status: 401 })
      expect([server.calls.length, server.tokens.length]).toEqual([2, 2])
    })
  )

  it.effect("by many calls at once: one new token", () =>
    Effect.gen(function* () {
      let count = 0
      const server = fake(
        ({ headers }) => (headers["authorization"] === "Bearer token2" ? created() : invalidToken()),
        () => token(`token${++count}`)
      )
      yield* Effect.replicateEffect(redeem(), 50, { concurrency: "unbounded", discard: true }).pipe(withClient(server))
      expect(server.tokens).toHaveLength(2)
    })
  )
})

describe("R-18 renewal", () => {
  const renewal = (lifetime: number, early: number) =>
    Effect.gen(function* () {
      const server = fake(created, () => token("token", lifetime))
      yield* Effect.gen(function* () {
        yield* redeem()
        yield* TestClock.adjust(`${(lifetime - early) * 1000 - 1} millis`)
        yield* redeem()
        expect(server.tokens).toHaveLength(1)
        yield* TestClock.adjust("1 millis")
        yield* redeem()
        expect(server.tokens).toHaveLength(2)
      }).pipe(withClient(server))
    })
  it.effect("a tenth of a short life before its end", () => renewal(600, 60))
  it.effect("5 minutes before the end of a long one", () => renewal(36_000, 300))

  it.effect("a token that cannot be renewed is used while it is good, and no longer", () =>
    Effect.gen(function* () {
      let broken = false
      const server = fake(created, () => (broken ? problem(503) : token("token", 100)))
      yield* Effect.gen(function* () {
        yield* redeem()
        broken = true
        yield* TestClock.adjust("91 seconds")
        yield* redeem()
        yield* redeem()
        expect(server.tokens).toHaveLength(2)
        yield* TestClock.adjust("9 seconds")
        expect(yield* Effect.flip(redeem())).toMatchObject({ _tag: "Unavailable", executed: "no" })
        broken = false
        yield* redeem()
      }).pipe(withClient(server, { retry: false }))
      expect(server.calls).toHaveLength(4)
    })
  )
})

describe("R-19 the token endpoint refuses", () => {
  it.effect("invalid_client ends it: nobody asks again", () =>
    Effect.gen(function* () {
      const server = fake(created, () => refusal("invalid_client", 401))
      yield* Effect.gen(function* () {
        for (let index = 0; index < 3; index++) {
          expect(yield* Effect.flip(redeem())).toMatchObject({ _tag: "Rejection", code: "unauthorized", status: 401 })
        }
      }).pipe(withClient(server))
      expect([server.calls.length, server.tokens.length]).toEqual([0, 1])
    })
  )

  it.effect("invalid_scope is a Rejection, and may be put right", () =>
    Effect.gen(function* () {
      const server = fake(created, (_, count) => (count === 1 ? refusal("invalid_scope", 400) : token()))
      yield* Effect.gen(function* () {
        expect(yield* Effect.flip(redeem())).toMatchObject({ code: "insufficient_scope", status: 403 })
        yield* redeem()
      }).pipe(withClient(server))
    })
  )

  it.live("a token endpoint in trouble is asked again, and the call is not multiplied", () =>
    Effect.gen(function* () {
      const server = fake(created, () => problem(500))
      const failure = yield* Effect.flip(redeem().pipe(withClient(server, { retry: { base: "1 millis" } })))
      expect(failure).toMatchObject({ _tag: "Unavailable", executed: "no" })
      expect([server.calls.length, server.tokens.length]).toEqual([0, 3])
    })
  )

  it.effect("an answer that is no token is a failure, not a crash", () =>
    Effect.gen(function* () {
      const server = fake(created, () => Response.json({ nothing: true }))
      expect(yield* Effect.flip(redeem().pipe(withClient(server)))).toMatchObject({
        _tag: "Unavailable",
        executed: "no"
      })
    })
  )
})
