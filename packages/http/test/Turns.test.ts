/**
 * What one platform sends and asks for does not hold up another, shown by counting. For the author of the server.
 */
import { assert, describe, it } from "@effect/vitest"
import { Id } from "@effekten/domain"
import { Deadline } from "@effekten/services"
import { Context, Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { maximumAtOnce, sizeOf, Turns } from "../src/server/Turns.ts"

const a = Id.PlatformId.make("platform_a")
const b = Id.PlatformId.make("platform_b")

const turns = Effect.map(Layer.build(Turns.layer), Context.get(Turns))

/** Readings that wait until they are let on, counted. */
const readings = () => {
  const letOn = Deferred.makeUnsafe<void>()
  const counts = { begun: 0, atOnce: 0, most: 0 }
  const reading = Effect.suspend(() => {
    counts.begun += 1
    counts.most = Math.max(counts.most, ++counts.atOnce)
    return Effect.andThen(
      Deferred.await(letOn),
      Effect.sync(() => {
        counts.atOnce -= 1
      })
    )
  })
  return { counts, reading, letOn: Deferred.succeed(letOn, undefined) }
}

const now = { startImmediately: true } as const

describe("R-11, E4: reading in turns", () => {
  it.effect("of 1,000 readings of a platform 16 are under way, and another platform's does not wait for them", () =>
    Effect.gen(function* () {
      const { take } = yield* turns
      const { counts, letOn, reading } = readings()
      const fibers = yield* Effect.forEach(Array.from({ length: 1_000 }), () =>
        Effect.forkChild(take(a, "small")(reading), now)
      )
      assert.strictEqual(counts.begun, maximumAtOnce)
      yield* take(b, "small")(Effect.void)
      yield* take(b, "large")(Effect.void)
      assert.strictEqual(counts.begun, maximumAtOnce)
      yield* letOn
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual([counts.begun, counts.most], [1_000, maximumAtOnce])
    }).pipe(Effect.scoped)
  )

  it.effect("two large ones are under way at once, and small ones of the platform have turns between them", () =>
    Effect.gen(function* () {
      const { take } = yield* turns
      const order: Array<string> = []
      const reading = (name: string) =>
        Effect.andThen(
          Effect.sleep("1 second"),
          Effect.sync(() => order.push(name))
        )
      const fibers = yield* Effect.forEach(
        [
          ...Array.from({ length: 10 }, (_, n) => ["large", n] as const),
          ...Array.from({ length: 10 }, (_, n) => ["small", n] as const)
        ],
        ([size, n]) => Effect.forkChild(take(a, size)(reading(`${size} ${n}`)), now)
      )
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(order.slice(0, 2), ["large 0", "large 1"])
      assert.isTrue(order.slice(2).some((name) => name.startsWith("small")))
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.joinAll(fibers)
      assert.lengthOf(order, 20)
    }).pipe(Effect.scoped)
  )

  it.effect("however many bodies are there at once, 16 are read before other requests are looked for", () =>
    Effect.gen(function* () {
      const { brief } = yield* turns
      let read = 0
      // As a body is read: the work itself never waits.
      const body = Effect.sync(() => {
        read += 1
      })
      const fibers = yield* Effect.forEach(Array.from({ length: 1_000 }), () =>
        Effect.forkChild(brief(a, "small")(body), now)
      )
      // What finds a place goes on at once.
      assert.isAtLeast(read, maximumAtOnce)
      // Once in each turn of the loop, in which sockets are looked at.
      const seen: Array<number> = []
      const look = (before: number) => {
        seen.push(read - before)
        if (read < 1_000) setImmediate(look, read)
      }
      setImmediate(() => setImmediate(look, read))
      yield* Fiber.joinAll(fibers)
      assert.isAtMost(Math.max(...seen), maximumAtOnce)
      assert.isAtLeast(seen.length, 1_000 / maximumAtOnce - 4)
    }).pipe(Effect.scoped)
  )

  it.effect("a call whose deadline passes while it waits is not read", () =>
    Effect.gen(function* () {
      const { take } = yield* turns
      const { counts, letOn, reading } = readings()
      const fibers = yield* Effect.forEach(Array.from({ length: maximumAtOnce }), () =>
        Effect.forkChild(take(a, "small")(reading), now)
      )
      const late = yield* Effect.forkChild(Effect.flip(Deadline.within(take(a, "small")(reading), "1 second")), now)
      yield* TestClock.adjust("1 second")
      yield* letOn
      assert.strictEqual((yield* Fiber.join(late)).code, "deadline_exceeded")
      yield* Fiber.joinAll(fibers)
      assert.strictEqual(counts.begun, maximumAtOnce)
    }).pipe(Effect.scoped)
  )

  it("a page of the default size is small, one of 500 and a body above 16 KiB are large", () => {
    assert.deepStrictEqual(
      [sizeOf({}), sizeOf({ results: undefined }), sizeOf({ results: 50 }), sizeOf({ bytes: 16_384 })],
      ["small", "small", "small", "small"]
    )
    assert.deepStrictEqual([sizeOf({ results: 500 }), sizeOf({ bytes: 16_385 })], ["large", "large"])
  })
})
