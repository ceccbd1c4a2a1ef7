/**
 * How long the client waits, for an answer and between two attempts, and when it gives up. For the author of the client.
 */
import { Deadline } from "@effekten/services"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Random } from "effect"
import * as fc from "fast-check"
import { TestClock } from "effect/testing"
import { budgetCapacity, makeBudget, repeatCost, throttledRepeatCost } from "../src/client/ClientBudget.ts"
import { delayBefore } from "../src/client/ClientRetry.ts"
import { type Behaviour, created, fake, problem, redeem, token, withClient } from "./FakeServer.ts"
import { settled, failed } from "./Settled.ts"

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
