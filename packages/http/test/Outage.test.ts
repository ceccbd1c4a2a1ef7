/**
 * A server is gone for a minute, and three hundred clients repeat what failed: what load they make of it, then and after. For the author of
 * the client.
 *
 * Time is virtual and chance is seeded: a thousand clients give the same figures, and take three times as long.
 *
 * The server lets requests wait for some seconds and loses what comes beyond. Requests of clients that have left are served all the same. Such
 * work is lost, and keeps a server down when the cause is gone.
 */
import { Clock, Duration, Effect, Fiber, Random } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { setImmediate } from "node:timers/promises"
import { expect, it } from "vitest"
import { type Budget, makeBudget } from "../src/client/ClientBudget.ts"
import { retrying } from "../src/client/ClientRetry.ts"
import { systemError } from "./FakeServer.ts"

const clients = 300
/** Seconds between two calls of a client. */
const period = 3
const normal = clients / period
/** Requests a second. */
const capacity = normal * 1.5
/** Milliseconds of work that may wait. */
const patience = 4_000
const [begins, ends, stops] = [5, 65, 110]

type Outage = "refuses" | "is stuck"

/** Milliseconds by which time goes on. `TestClock` wakes one sleeper at a time, which tens of thousands of them would feel. */
const tick = 5

/** Time that goes on when it is told to. */
const virtual = () => {
  let now = 0
  const sleeping = new Map<number, Set<() => void>>()
  const nanos = () => BigInt(Math.round(now * 1e6))
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => now,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const at = Math.max(1, Math.ceil((now + Duration.toMillis(duration)) / tick))
        const wake = () => resume(Effect.void)
        sleeping.set(at, (sleeping.get(at) ?? new Set()).add(wake))
        return Effect.sync(() => void sleeping.get(at)?.delete(wake))
      })
  }
  const until = async (end: number): Promise<void> => {
    while (now < end) {
      now += tick
      const due = sleeping.get(now / tick) ?? []
      sleeping.delete(now / tick)
      for (const wake of due) wake()
      // What was woken runs, and what that wakes.
      for (let turn = 0; turn < 4; turn++) await setImmediate()
    }
  }
  return { clock, until }
}

/** Requests that came, and that were answered in time, second by second. */
interface Load {
  readonly came: Array<number>
  readonly answered: Array<number>
}

const count = (seconds: Array<number>, at: number): void => {
  const second = Math.floor(at / 1_000)
  seconds[second] = (seconds[second] ?? 0) + 1
}

const serverOf = (outage: Outage, load: Load): HttpClient.HttpClient => {
  let free = 0
  return HttpClient.make((request) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      count(load.came, now)
      const isOut = now >= begins * 1_000 && now < ends * 1_000
      if (isOut && outage === "refuses") {
        const cause = systemError("ECONNREFUSED", "connect")
        return yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause })
        })
      }
      const resumes = isOut ? ends * 1_000 : now
      free = Math.max(free, resumes)
      if (free - resumes > patience) return yield* Effect.never
      free += 1_000 / capacity
      yield* Effect.sleep(free - now)
      count(load.answered, free)
      return HttpClientResponse.fromWeb(request, new Response(null, { status: 201 }))
    })
  )
}

interface Habits {
  readonly jitter: boolean
  readonly budget: boolean
}

const unbounded: Budget = { take: () => true, give: () => {}, left: () => Number.POSITIVE_INFINITY }
/** The longest wait each time. */
const noChance = { nextDoubleUnsafe: () => 1, nextIntUnsafe: () => 1 }

/** What three hundred clients do to a server that is gone for a minute. */
const weathered = async (outage: Outage, { budget, jitter }: Habits): Promise<Load> => {
  const { clock, until } = virtual()
  const load: Load = { came: [], answered: [] }
  const server = serverOf(outage, load)
  const client = (index: number) => {
    const http = retrying(server, { timeout: "1 second" }, budget ? makeBudget() : unbounded)
    const request = HttpClientRequest.post("http://server/x", { headers: { "x-idempotency-key": "key" } })
    const call = Effect.ignore(Effect.flatMap(http.execute(request), (response) => response.text))
    return Effect.gen(function* () {
      yield* Effect.sleep((index * period * 1_000) / clients)
      for (let second = 0; second < stops; second += period) {
        yield* Effect.forkChild(call)
        yield* Effect.sleep(period * 1_000)
      }
    })
  }
  const all = Effect.forEach(
    Array.from({ length: clients }, (_, index) => index),
    client,
    { concurrency: "unbounded", discard: true }
  )
  const chance = jitter ? Random.withSeed(all, "outage") : Effect.provideService(all, Random.Random, noChance)
  const fiber = Effect.runFork(Effect.provideService(chance, Clock.Clock, clock))
  await until(stops * 1_000)
  await Effect.runPromise(Fiber.interrupt(fiber))
  return load
}

/** Seconds after the outage from which on the server has no more than its normal load and answers nearly all of it. */
const recovery = ({ answered, came }: Load): number => {
  let from = stops - 1
  const isNormal = (second: number) =>
    came[second]! <= normal * 1.1 && (answered[second] ?? 0) >= normal * 0.95 && second >= ends
  while (isNormal(from - 1)) from--
  return from - ends
}

/** Load in multiples of the normal one, on average over some seconds. */
const over = (seconds: ReadonlyArray<number>, from: number, to: number): number =>
  seconds.slice(from, to).reduce((sum, each) => sum + each, 0) / (to - from) / normal

const figures = (load: Load) => ({
  during: over(load.came, begins, ends),
  peak: Math.max(...load.came.slice(ends)) / normal,
  end: over(load.came, stops - 10, stops),
  answered: over(load.answered, stops - 10, stops),
  recovery: recovery(load)
})

const careful = { jitter: true, budget: true }
const shown = (outage: Outage, habits: Habits, seen: object): void =>
  console.log(`a server that ${outage}:`, JSON.stringify({ ...habits, ...seen }))

it.each(["refuses", "is stuck"] as const)(
  "R-26 a server that %s for a minute has no more than its normal load within 30 s",
  async (outage) => {
    const seen = figures(await weathered(outage, careful))
    shown(outage, careful, seen)
    expect(seen.recovery).toBeLessThanOrEqual(30)
  }
)

it("R-26 without jitter and budget the same clients keep it down", async () => {
  const careless = { jitter: false, budget: false }
  const seen = figures(await weathered("is stuck", careless))
  shown("is stuck", careless, seen)
  expect(seen.end).toBeGreaterThan(2)
  expect(seen.answered).toBeLessThan(0.1)
})
