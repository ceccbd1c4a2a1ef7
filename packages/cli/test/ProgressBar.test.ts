/**
 * The progress bar says amount, rate and time left. For people at a terminal.
 */
import { expect, it } from "vitest"
import { formatProgress } from "../src/ProgressBar.ts"

it("a bar says how much is done, how fast it goes and how long it will take", () => {
  expect(formatProgress({ phase: "events", done: 250_000, total: 1_000_000 }, 2)).toBe(
    "events [=======                       ] 250,000 of 1,000,000, 125,000/s, 6 s left"
  )
  expect(formatProgress({ done: 30_000_000, total: 60_000_000, unit: "bytes" }, 0.1)).toBe(
    "[===============               ] 30 of 60 MB, 300 MB/s, 1 s left"
  )
  expect(formatProgress({ phase: "index", done: 64, total: 256, unit: "parts" }, 1)).toBe(
    "index [=======                       ] 64 of 256 parts, 64/s, 3 s left"
  )
  expect(formatProgress({ done: 1, total: 100_000 }, 1)).toMatch(/27 h 47 min left$/)
  expect(formatProgress({ done: 1, total: 100 }, 1)).toMatch(/1 min 39 s left$/)
  expect(formatProgress({ done: 0, total: 0 }, 0)).toBe(`[${"=".repeat(30)}] 0 of 0, 0/s`)
})
