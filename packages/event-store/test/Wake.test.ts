/** Between looking at the log and waiting for it. For a developer who changes how subscriptions are woken. */
import { Effect, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { makeWake } from "../src/building/Wake.ts"
import { run } from "./Harness.ts"

const event = { type: "Noted", tags: ["a"] }
const start = { position: 0, leaf: "log" }
const landed = { first: 1, recordedAt: "", before: start.leaf, leaf: "1" }

describe("a subscription that is about to wait", () => {
  for (const [what, tell] of [
    ["by this process's append", (wake: ReturnType<typeof makeWake>) => wake.appended(landed, [event])],
    ["by another's", (wake: ReturnType<typeof makeWake>) => wake.notify()]
  ] as const)
    it(`promise 7: misses nothing that was told since the log was asked, ${what}`, () =>
      run(
        Effect.gen(function* () {
          const wake = makeWake()
          const told = wake.told()
          tell(wake)
          const woken = yield* Effect.timeoutOption(wake.wait([{ tags: ["a"] }], start, told), "1 minute")
          expect(woken._tag).toBe("Some")
        })
      ))
})

describe("a process that is told of something", () => {
  for (const [what, tell] of [
    ["by its own append", (wake: ReturnType<typeof makeWake>) => wake.appended(landed, [event])],
    ["by another's", (wake: ReturnType<typeof makeWake>) => wake.notify()]
  ] as const)
    it(`wakes each waiting subscription once, though all wait again at once, ${what}`, () =>
      run(
        Effect.gen(function* () {
          const wake = makeWake()
          let waits = 0
          // With the head at hand, as in memory, a subscription waits again before the next one is woken. The bound ends what would not end.
          const waiting: Effect.Effect<void> = Effect.suspend(() =>
            ++waits > 100
              ? Effect.void
              : Effect.flatMap(wake.wait([{ tags: ["a"] }], start, wake.told()), () => waiting)
          )
          const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(waiting, { startImmediately: true }))
          expect(waits).toBe(3)
          tell(wake)
          expect(waits).toBe(6)
          yield* Fiber.interruptAll(fibers)
        })
      ))
})
