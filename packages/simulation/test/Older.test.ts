/** Nodes of an earlier version beside today's, and in their place: for an author of a new event. */
import { Plan, Simulation } from "@effekten/simulation"
import { expect, it } from "vitest"

const ways = [
  ["several nodes", { nodes: 3 }],
  ["one process over SQLite", { sqlite: true }],
  ["clients over HTTP", { nodes: 2, http: true }]
] as const

const first = Number(process.env["EFFEKTEN_SEED"] ?? Math.floor(Math.random() * 1_000_000))

it.each(ways)(
  `promise 2: under %s an older node refuses or agrees, and contradicts nobody (seed ${first})`,
  (_how, options) => {
    const counts = new Map<string, number>()
    const has = (what: string) => counts.has(what)
    for (let seed = first; !has("an older program is refused") || !has("an older program has appended"); seed++) {
      const plan = Plan.draw(seed, { ...options, steps: 200 })
      const report = Simulation.run({ ...plan, faults: { ...plan.faults, olderProgram: 0.1 } })
      expect({ seed, violations: report.violations }).toEqual({ seed, violations: [] })
      for (const [what, count] of Object.entries(report.counts)) counts.set(what, (counts.get(what) ?? 0) + count)
    }
  }
)
