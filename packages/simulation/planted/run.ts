/**
 * One bug: runs plan after plan until a law is broken, and says how many calls that took. For {@link main}, in a process of its own.
 */
import { Plan, Simulation } from "../src/index.ts"
import { bugs } from "./Bugs.ts"

/** What was found, as a line of JSON. */
export interface Found {
  readonly calls: number
  /** The law and what it says; none where nothing was found. */
  readonly seed?: number
  readonly invariant?: string
  readonly message?: string
}

const most = Number(process.env["EFFEKTEN_CALLS"] ?? 30_000)
const http = bugs[process.env["EFFEKTEN_BUG"] ?? ""]?.http ?? false

const search = (): Found => {
  let calls = 0
  for (let seed = 1; calls < most; seed++) {
    try {
      const report = Simulation.run(Plan.draw(seed, { http }))
      calls += report.calls
      const [first] = report.violations
      if (first !== undefined) return { calls, seed, invariant: first.invariant, message: first.message }
    } catch (error) {
      return { calls, seed, invariant: "the run ends", message: String(error) }
    }
  }
  return { calls }
}

console.log(JSON.stringify(search()))
