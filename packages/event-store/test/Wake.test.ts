/** Between looking at the log and waiting for it. For a developer who changes how subscriptions are woken. */
import { Effect } from "effect"
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
