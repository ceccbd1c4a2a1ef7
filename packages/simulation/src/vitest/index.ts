/**
 * `it.simulation` beside the `it` of `@effect/vitest`: a test that runs many seeds, and explains the first that breaks a law. For tests.
 */
import { it as effectIt } from "@effect/vitest"
import { assert } from "vitest"
import * as Failing from "../Failing.ts"
import type * as Plan from "../plan/Plan.ts"
import * as Seeds from "../Seeds.ts"
import type * as Simulation from "../Simulation.ts"
import * as Sometimes from "../Sometimes.ts"

/** @category models */
export interface SimulationOptions extends Plan.PlanOptions, Simulation.Options {
  /** How many. Default: 50. */
  readonly seeds?: number
  /** The first. Default: `EFFEKTEN_SEED` of the environment, or another at each run; the test prints it. */
  readonly first?: number
  /** Milliseconds that all seeds together may take, and no longer than a day. Default: five minutes. */
  readonly timeout?: number
  /** What has to come about at least once in all runs together, by its name in the counts: else the test tested little. */
  readonly sometimes?: ReadonlyArray<string>
}

const usualSeeds = 50
const usualTimeout = 300_000
const longestTimeout = 86_400_000
/** A failing plan is made small after it, for a minute, and told. */
const timeToExplain = 120_000
/** Seeds are drawn below it. */
const seedsBelow = 1_000_000

const drawnFirst = (): number => Number(process.env["EFFEKTEN_SEED"] ?? Math.floor(Math.random() * seedsBelow))

const simulation = (name: string, options: SimulationOptions = {}): void => {
  const timeout = Math.min(options.timeout ?? usualTimeout, longestTimeout)
  effectIt(`${name}`, { timeout: timeout + timeToExplain }, () => {
    const { first = drawnFirst(), seeds = usualSeeds, sometimes = [] } = options
    console.log(`${name}: seeds ${first} to ${first + seeds - 1}`)
    const end = performance.now() + timeout
    const { failing, totals } = Seeds.run({
      ...options,
      first,
      goesOn: (runs) => runs < seeds && (runs === 0 || performance.now() < end)
    })
    if (failing !== undefined) assert.fail(Failing.explain(failing, options))
    const missing = Sometimes.missing(totals.counts, Object.fromEntries(sometimes.map((what) => [what, 1])))
    assert.deepStrictEqual(missing, [], "what has to come about did not: run more seeds")
    if (totals.runs < seeds)
      assert.fail(
        `${totals.runs} of ${seeds} seeds broke no law within ${timeout} ms: ask for fewer, or raise \`timeout\``
      )
  })
}

/** The `it` of `@effect/vitest`, and `it.simulation`. @category running */
export const it = Object.assign(effectIt, { simulation })
