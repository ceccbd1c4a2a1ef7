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

interface SimulationOptions extends Plan.PlanOptions, Simulation.Options {
  /** How many. Default: 50. */
  readonly seeds?: number
  /** The first. Default: `EFFEKTEN_SEED` of the environment, or another at each run; the test prints it. */
  readonly first?: number
  /** What has to come about at least once in all runs together, by its name in the counts: else the test tested little. */
  readonly sometimes?: ReadonlyArray<string>
}

const usualSeeds = 50
/** Seeds are drawn below it. */
const seedsBelow = 1_000_000

const drawnFirst = (): number => Number(process.env["EFFEKTEN_SEED"] ?? Math.floor(Math.random() * seedsBelow))

const simulation = (name: string, options: SimulationOptions = {}): void =>
  effectIt(`${name}`, () => {
    const { first = drawnFirst(), seeds = usualSeeds, sometimes = [] } = options
    console.log(`${name}: seeds ${first} to ${first + seeds - 1}`)
    const { failing, totals } = Seeds.run({ ...options, first, goesOn: (runs) => runs < seeds })
    if (failing !== undefined) assert.fail(Failing.explain(failing, options))
    const missing = Sometimes.missing(totals.counts, Object.fromEntries(sometimes.map((what) => [what, 1])))
    assert.deepStrictEqual(missing, [], "what has to come about did not: run more seeds")
  })

/** The `it` of `@effect/vitest`, and `it.simulation`. @category running */
export const it = Object.assign(effectIt, { simulation })
