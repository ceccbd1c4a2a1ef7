/**
 * Intents where registers and clocks fail. For a developer who changes `intents/`. Time is virtual, and the database is a real one.
 */
import { type CommandFailure, failureCode, NotFound, Rejection, Unavailable } from "@effekten/services"
import { Clock, Duration, Effect, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { Intents } from "../src/intents/index.ts"
import { answer, find, pending, type Register, register, silent, submit, unavailable } from "./IntentsHarness.ts"

/** The clock, with a wall time that jumps; its timers go on as they did. */
const jumping = (own: Register, clock: Clock.Clock): Clock.Clock => ({
  ...clock,
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + own.offset,
  currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + own.offset)
})

/** Runs an effect beside intents, in a database in memory unless a file is named, on virtual time. */
const virtually = <A, E>(
  own: Register,
  effect: Effect.Effect<A, E, Intents.Intents>,
  options: Partial<Parameters<typeof Intents.layerSqlite>[0]> = {}
): Promise<A> =>
  Effect.runPromise(
    effect.pipe(
      Effect.provide(
        Intents.layerSqlite({ file: ":memory:", ...options }).pipe(Layer.provide(own.layer), Layer.provideMerge(silent))
      ),
      Effect.updateService(Clock.Clock, (clock) => jumping(own, clock)),
      Random.withSeed("seed"),
      Effect.provide(TestClock.layer())
    )
  )

/** Lets time pass in steps until something holds; how often at most is a bound on the virtual time it may take. */
const until = <A, E, R>(
  look: Effect.Effect<A, E, R>,
  holds: (found: A) => boolean,
  step: Duration.Input = "100 millis",
  most = 10_000
) =>
  Effect.gen(function* () {
    for (let steps = 0; steps < most; steps++) {
      const found = yield* look
      if (holds(found)) return found
      yield* TestClock.adjust(step)
    }
    return yield* Effect.die(new Error("it did not come about"))
  })

describe("a register that is down", () => {
  it("for hours: an intent is tried at least once in two minutes, and no oftener than its waits allow", async () => {
    const own = register()
    own.answers = () => unavailable("no")
    await virtually(
      own,
      Effect.gen(function* () {
        yield* submit("order-1")
        yield* TestClock.adjust("6 hours")
        const gaps = own.asked.slice(1).map(({ at }, index) => at - own.asked[index]!.at)
        expect(Math.max(...gaps)).toBeLessThanOrEqual(62_000)
        // Full jitter over a minute: thirty seconds on average.
        expect(own.asked.length).toBeGreaterThan(500)
        expect(own.asked.length).toBeLessThan(1_000)
        expect((yield* find("order-1")).attempts).toBe(own.asked.length)
        own.answers = () => Effect.void
        yield* until(find("order-1"), ({ state }) => state === "ended", "1 second")
        expect(yield* answer("order-1")).toMatchObject({ units: 3 })
      })
    )
    expect(own.effects.size).toBe(1)
  })

  it("and says for how long: no intent is sent before that", async () => {
    const own = register()
    own.answers = (_, count) => (count === 1 ? unavailable("no", 3_600) : Effect.void)
    await virtually(
      own,
      Effect.gen(function* () {
        yield* submit("order-1")
        yield* until(find("order-1"), ({ attempts }) => attempts === 1)
        yield* submit("order-2")
        const told = own.asked[0]!.at
        yield* until(find("order-2"), ({ state }) => state === "ended", "1 minute")
        for (const { at } of own.asked.slice(1)) expect(at - told).toBeGreaterThanOrEqual(3_600_000)
      })
    )
    expect(own.effects.size).toBe(2)
  })

  it("and holds a thousand intents back: at most so many calls are under way as may be", async () => {
    const own = register()
    let flying = 0
    let most = 0
    own.answers = () =>
      Effect.sync(() => {
        flying += 1
        most = Math.max(most, flying)
      }).pipe(
        Effect.andThen(Effect.sleep("1 second")),
        Effect.ensuring(
          Effect.sync(() => {
            flying -= 1
          })
        )
      )
    await virtually(
      own,
      Effect.gen(function* () {
        yield* Effect.forEach(Array.from({ length: 1_000 }), (_, i) => submit(`order-${i}`))
        yield* until(pending, (left) => left.length === 0, "1 second")
      }),
      { concurrency: 50 }
    )
    expect(most).toBe(50)
    expect(own.effects.size).toBe(1_000)
  })
})

describe("what ends an intent", () => {
  const rejection = (status: number, code: string, message = "No.") =>
    new Rejection({ status, code: failureCode(code), message })
  /** A refusal as the remote services have it: after the last problem of a server. */
  const remote = (refusal: Rejection, last = refusal.status) =>
    new Rejection({
      ...refusal,
      message: refusal.message,
      call: { attempts: 2, key: "order-1", problem: { status: last, code: refusal.code, message: "No." } }
    })
  const cases: ReadonlyArray<readonly [CommandFailure, "ended" | "pending"]> = [
    [rejection(409, "insufficient_units"), "ended"],
    [rejection(400, "invalid_request"), "ended"],
    [rejection(422, "idempotency_key_reused"), "ended"],
    [rejection(413, "payload_too_large"), "ended"],
    [rejection(415, "unsupported_media_type"), "ended"],
    [new NotFound({ code: "investor_not_found", message: "No." }), "ended"],
    // It was never sent: its id can be none.
    [new NotFound({ code: "not_found", message: "No.", call: { attempts: 0 } }), "ended"],
    [rejection(401, "unauthorized"), "pending"],
    [rejection(403, "insufficient_scope"), "pending"],
    [rejection(409, "idempotency_in_progress"), "pending"],
    [remote(rejection(400, "invalid_request")), "ended"],
    [remote(rejection(409, "insufficient_units")), "ended"],
    // A register of another generation has no codes.
    [remote(rejection(409, "http_409", "There are too few units.")), "ended"],
    // The token endpoint refused: no request was sent, or none was sent again.
    [remote(rejection(400, "invalid_request"), 503), "pending"],
    [new Rejection({ ...rejection(400, "invalid_request"), message: "No.", call: { attempts: 0 } }), "pending"],
    // Of a proxy, not of the register.
    [remote(rejection(400, "http_400", "Bad request")), "pending"],
    [remote(rejection(400, "Bad Request")), "pending"],
    [remote(rejection(413, "http_413")), "pending"],
    [remote(rejection(409, "http_409", "The server answered with status 409.")), "pending"],
    [new NotFound({ code: "not_found", message: "No.", call: { attempts: 1 } }), "pending"],
    [new Unavailable({ executed: "no", message: "No." }), "pending"],
    [new Unavailable({ executed: "unknown", message: "No.", cause: new Error("lost") }), "pending"]
  ]

  it.each(cases)("%s: %s", async (failure, state) => {
    const own = register()
    own.answers = () => Effect.fail(failure)
    await virtually(
      own,
      Effect.gen(function* () {
        yield* submit("order-1")
        const intent = yield* until(find("order-1"), ({ attempts }) => attempts > 0)
        expect(intent.state).toBe(state)
        const seen = state === "ended" ? yield* Effect.flip(answer("order-1")) : intent.failure!
        const { cause: _, ...shown } = failure as { readonly cause?: unknown }
        expect({ ...seen }).toEqual({ ...shown })
        expect(seen.message).toBe(failure.message)
        expect(seen.cause).toBeUndefined()
        // What stays goes on as soon as it can.
        own.answers = () => Effect.void
        yield* until(find("order-1"), (later) => state === "ended" || later.state === "ended", "1 second")
      })
    )
    expect(own.effects.size).toBe(state === "ended" ? 0 : 1)
  })

  it("a call that ends by a defect stays, and its cause is not kept", async () => {
    const own = register()
    own.answers = (_, count) => (count === 1 ? Effect.die(new Error("secret of the request")) : Effect.void)
    await virtually(
      own,
      Effect.gen(function* () {
        yield* submit("order-1")
        const { failure } = yield* until(find("order-1"), ({ attempts }) => attempts > 0)
        expect(failure).toMatchObject({ _tag: "Unavailable", executed: "unknown" })
        expect(JSON.stringify(failure)).not.toContain("secret")
        yield* until(find("order-1"), ({ state }) => state === "ended")
      })
    )
    expect(own.effects.size).toBe(1)
  })
})

describe("a file", () => {
  it("has nothing of an input a minute after its end, also not in its write-ahead log", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effekten-intents-"))
    const hasInput = (): boolean =>
      readdirSync(folder).some((name) => readFileSync(join(folder, name), "latin1").includes("investor_id"))
    const own = register()
    own.answers = () => Effect.fail(new Rejection({ status: 409, code: "insufficient_units", message: "No." }))
    try {
      await virtually(
        own,
        Effect.gen(function* () {
          yield* submit("order-1")
          expect(hasInput()).toBe(true)
          yield* until(find("order-1"), ({ state }) => state === "ended")
          yield* TestClock.adjust("1 minute")
          expect(hasInput()).toBe(false)
          expect(yield* Effect.flip(answer("order-1"))).toMatchObject({ code: "insufficient_units" })
        }),
        { file: join(folder, "intents.db") }
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe("a clock", () => {
  it("keeps an answer for thirty days, and then forgets it", async () => {
    const own = register()
    await virtually(
      own,
      Effect.gen(function* () {
        yield* submit("order-1")
        yield* until(find("order-1"), ({ state }) => state === "ended")
        // The program runs on: only its calendar is turned.
        own.offset += Duration.toMillis("29 days")
        yield* TestClock.adjust("2 minutes")
        expect(yield* answer("order-1")).toMatchObject({ units: 3 })
        own.offset += Duration.toMillis("1 day")
        yield* TestClock.adjust("2 minutes")
        expect((yield* Effect.flip(answer("order-1")))._tag).toBe("IntentUnknown")
        // The register still knows it.
        yield* submit("order-1")
        yield* until(find("order-1"), ({ state }) => state === "ended")
      })
    )
    expect(own.effects.size).toBe(1)
  })

  it.each(["back", "ahead"])("that jumps %s by ten years delays nothing by more than minutes", async (way) => {
    const own = register()
    own.answers = () => unavailable("unknown")
    own.offset = Duration.toMillis("14600 days")
    const decade = Duration.toMillis("3650 days")
    await virtually(
      own,
      Effect.gen(function* () {
        yield* submit("order-1")
        yield* until(find("order-1"), ({ attempts }) => attempts > 5)
        own.offset += way === "back" ? -decade : decade
        own.answers = () => Effect.void
        yield* submit("order-2")
        yield* until(find("order-1"), ({ state }) => state === "ended", "1 second", 180)
        yield* until(find("order-2"), ({ state }) => state === "ended", "1 second", 180)
        expect(yield* answer("order-1")).toMatchObject({ units: 3 })
      })
    )
    expect(own.effects.size).toBe(2)
  })
})
