/**
 * A log that is put back, under running nodes or in files: what is decided, shown and settled afterwards follows from what is left. For a
 * developer of what is kept by position.
 */
import { Plan, Simulation } from "@effekten/simulation"
import { expect, it } from "vitest"

const first = 3

const ways: ReadonlyArray<readonly [string, Plan.PlanOptions]> = [
  ["under one node", { nodes: 1 }],
  ["under three nodes", { nodes: 3 }],
  ["in files", { sqlite: true }]
]

it.each(ways)(
  "promise 11: where the log is put back %s, no law is broken, and settlement is resumed",
  (_how, options) => {
    let putBack = 0
    for (let seed = first; seed < first + 6; seed++) {
      const plan = Plan.draw(seed, options)
      const report = Simulation.run({ ...plan, faults: { ...plan.faults, logPutBack: 0.1 } })
      expect([seed, report.violations]).toEqual([seed, []])
      putBack += report.counts["the log is put back"] ?? 0
    }
    expect(putBack).toBeGreaterThan(0)
  }
)
