/**
 * One bug: looks for it until a law is broken, and says how many calls that took. For {@link main}, in a process of its own.
 *
 * A bug of decisions is looked for among random decisions first, which are some twenty times as fast. What they miss, whole runs may find.
 */
import { DomainRun, Plan, Simulation } from "../src/index.ts"
import { bugs } from "./Bugs.ts"
import { rules } from "./Rules.ts"

/** What was found, as a line of JSON. */
export interface Found {
  readonly calls: number
  /** The law and what it says; none where nothing was found. */
  readonly seed?: number
  readonly invariant?: string
  readonly message?: string
  /** Among decisions alone: the calls are commands. */
  readonly alone?: true
}

const most = Number(process.env["EFFEKTEN_CALLS"] ?? 30_000)
const name = process.env["EFFEKTEN_BUG"] ?? ""
const http = bugs[name]?.http ?? false

const amongDecisions = (): Found => {
  let calls = 0
  for (let seed = 1; calls < most; seed++) {
    const { commands, violations } = DomainRun.run({ seed })
    calls += commands
    const [first] = violations
    if (first !== undefined) return { calls, seed, invariant: first.invariant, message: first.message, alone: true }
  }
  return { calls }
}

const amongRuns = (): Found => {
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

const decided = name in rules ? amongDecisions() : undefined
console.log(JSON.stringify(decided?.invariant === undefined ? amongRuns() : decided))
