/**
 * The client's token: one request for all waiting calls, renewed in time, replaced when refused. For the author of the client.
 */
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { maximumProblemSize } from "../src/client/ClientBounds.ts"
import { assumedLifetime, maximumLifetime } from "../src/client/ClientOAuth.ts"
import { ClientOAuth } from "../src/index.ts"
import { created, fake, problem, redeem, systemError, token, withClient } from "./FakeServer.ts"

/** Of another server: without a word on what was wrong. */
const invalidToken = () => new Response("", { status: 401 })
const refusal = (error: string, status: number) => Response.json({ error }, { status })

it.live("R-17 1,000 calls without a token: one token request", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const server = fake(created, () => Effect.as(Deferred.await(gate), token()))
    const calls = yield* Effect.forkChild(
      Effect.replicateEffect(redeem(), 1000, { concurrency: "unbounded", discard: true }).pipe(withClient(server))
    )
    yield* Effect.yieldNow
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(calls)
    expect(server.tokens).toHaveLength(1)
    expect(server.calls).toHaveLength(1000)
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
    }).pipe(withClient(server, { retry: { attempts: 1 } }))
    expect(server.tokens).toHaveLength(2)
  })
)

it.effect("R-17 the fiber that asked first may leave: the others still get the token", () =>
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
      }).pipe(withClient(server, { retry: { attempts: 1 } }))
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
  /** When a token was renewed, in seconds before its end: a call every second finds out. */
  const renewedAt = (lifetime: number, seed: string) =>
    Effect.gen(function* () {
      const server = fake(created, () => token("token", lifetime))
      yield* Effect.gen(function* () {
        yield* redeem()
        yield* TestClock.adjust(`${lifetime - 500} seconds`)
        while (server.tokens.length === 1) {
          yield* redeem()
          yield* TestClock.adjust("1 second")
        }
      }).pipe(withClient(server, { retry: { attempts: 1 } }, seed))
      const [first, second] = server.tokens
      return lifetime - (second!.at - first!.at) / 1000
    })

  it.effect(
    "between a tenth and three twentieths of a short life before its end, at most 7.5 minutes of a long one",
    () =>
      Effect.gen(function* () {
        const [short, long] = [new Set<number>(), new Set<number>()]
        for (const seed of ["a", "b", "c", "d"]) {
          short.add(yield* renewedAt(600, seed))
          long.add(yield* renewedAt(36_000, seed))
        }
        expect(Math.min(...short)).toBeGreaterThanOrEqual(59)
        expect(Math.max(...short)).toBeLessThanOrEqual(90)
        expect(Math.min(...long)).toBeGreaterThanOrEqual(299)
        expect(Math.max(...long)).toBeLessThanOrEqual(450)
        // Clients that started together do not renew together.
        expect(long.size).toBeGreaterThan(1)
      })
  )

  it.effect("a token that is still good is not waited for", () =>
    Effect.gen(function* () {
      let isSlow = false
      const server = fake(created, () => (isSlow ? Effect.never : token("token", 100)))
      yield* Effect.gen(function* () {
        yield* redeem()
        isSlow = true
        yield* TestClock.adjust("95 seconds")
        yield* redeem()
      }).pipe(withClient(server))
      expect(server.calls).toHaveLength(2)
    })
  )

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
        yield* TestClock.adjust("9 seconds")
        expect(server.tokens).toHaveLength(2)
        expect(yield* Effect.flip(redeem())).toMatchObject({ _tag: "Unavailable", executed: "no" })
        broken = false
        yield* redeem()
      }).pipe(withClient(server, { retry: { attempts: 1 } }))
      expect(server.calls).toHaveLength(4)
    })
  )
})

describe("what a token endpoint says of a token's life", () => {
  const said = (expires_in: unknown) => Response.json({ access_token: "token", token_type: "bearer", expires_in })

  it.effect.each([
    ["600", 600],
    [600.5, 600],
    [null, assumedLifetime],
    [undefined, assumedLifetime],
    ["soon", assumedLifetime],
    [[], assumedLifetime],
    [1e308, maximumLifetime],
    ["9".repeat(400), maximumLifetime]
  ] as const)("R-20 %s: it is good for that long on the monotonic clock, and no longer", ([expiresIn, lifetime]) =>
    Effect.gen(function* () {
      const server = fake(created, (_, count) => (count === 1 ? said(expiresIn) : token("later", 1e6)))
      yield* Effect.gen(function* () {
        yield* redeem()
        yield* TestClock.adjust(`${lifetime} seconds`)
        yield* TestClock.adjust("1 second")
        yield* redeem()
      }).pipe(withClient(server))
      expect(server.calls.map(({ headers }) => headers["authorization"])).toEqual(["Bearer token", "Bearer later"])
    })
  )

  it.effect.each([0, -5])("%i: it is good for the calls that wait for it", (expiresIn) =>
    Effect.gen(function* () {
      const server = fake(created, () => said(expiresIn))
      yield* Effect.andThen(redeem(), redeem()).pipe(withClient(server))
      expect([server.calls.length, server.tokens.length]).toEqual([2, 2])
    })
  )
})

describe("R-19 the token endpoint refuses", () => {
  it.effect("invalid_client ends it until the credentials are others", () =>
    Effect.gen(function* () {
      let secret = "wrong"
      const sent: Array<string> = []
      const server = fake(created, () => {
        sent.push(secret)
        return secret === "right" ? token() : refusal("invalid_client", 401)
      })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* ClientOAuth.make(server.client, {
            url: "http://server/api/external",
            credentials: Effect.sync(() => ({ clientId: "client", clientSecret: Redacted.make(secret) }))
          })
          const call = Effect.exit(client.get("http://server/x"))
          for (let index = 0; index < 3; index++) expect(Exit.isFailure(yield* call)).toBe(true)
          expect(sent).toEqual(["wrong"])
          secret = "right"
          expect(Exit.isSuccess(yield* call)).toBe(true)
        })
      )
      expect(sent).toEqual(["wrong", "right"])
    })
  )

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

  const hostile: ReadonlyArray<readonly [string, () => Response | Error]> = [
    ["something else", () => Response.json({ nothing: true })],
    ["a page", () => new Response("<html>", { status: 200 })],
    ["nothing", () => new Response(null, { status: 204 })],
    ["a token with a line break", () => Response.json({ access_token: "a\r\nhost: evil" })],
    ["a token of no characters", () => Response.json({ access_token: "" })],
    ["a token that is a number", () => Response.json({ access_token: 7 })],
    ["more than is read", () => Response.json({ access_token: "a".repeat(maximumProblemSize) })],
    ["more nesting than can be read", () => new Response("[".repeat(30_000))],
    ["a way to elsewhere", () => new Response(null, { status: 302, headers: { location: "http://evil/token" } })],
    ["no such page", () => new Response("", { status: 404 })],
    ["a broken line", () => systemError("ECONNRESET", "read")],
    ["a refusal with another meaning", () => Response.json({ error: { code: "invalid_client" } }, { status: 400 })],
    ["a wait of years", () => new Response("", { status: 429, headers: { "retry-after": "99999999" } })]
  ]
  it.effect.each(hostile)("%s is no token: a failure that had no effect, not a crash, and forgotten", ([, answer]) =>
    Effect.gen(function* () {
      let isHostile = true
      const server = fake(created, () => (isHostile ? answer() : token()))
      yield* Effect.gen(function* () {
        const failure = yield* Effect.flip(redeem())
        expect(failure.executed).toBe("no")
        expect(failure.call).toMatchObject({ attempts: 0 })
        expect(server.calls).toEqual([])
        isHostile = false
        yield* redeem()
      }).pipe(withClient(server, { retry: { attempts: 1 } }))
      expect(server.calls).toHaveLength(1)
    })
  )
})
