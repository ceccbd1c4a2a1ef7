/**
 * A log that somebody else wrote to, while no node was up: the start of a node and a verification tell it. For a developer of MACs,
 * checkpoints and the anchor.
 */
import { Plan, Simulation } from "@effekten/simulation"
import { expect, it } from "vitest"

const first = 3

const ways: ReadonlyArray<readonly [string, Plan.PlanOptions]> = [
  ["one node", { nodes: 1 }],
  ["three nodes", { nodes: 3 }],
  ["one process over files", { sqlite: true }]
]

it.each(ways)("promise 6: what was forged under %s is told, and the log verifies in the end", (_how, options) => {
  const counts = new Map<string, number>()
  for (let seed = first; seed < first + 5; seed++) {
    const plan = Plan.draw(seed, { ...options, sealed: true, steps: 60 })
    const report = Simulation.run({ ...plan, faults: { ...plan.faults, logForged: 0.3 } })
    expect([seed, report.violations]).toEqual([seed, []])
    for (const [what, count] of Object.entries(report.counts)) counts.set(what, (counts.get(what) ?? 0) + count)
  }
  const forged = [...counts.keys()].filter((what) => what.startsWith("forged: "))
  expect(forged.toSorted()).toEqual([
    "forged: body changed",
    "forged: checkpoints cut too",
    "forged: end cut",
    "forged: event planted",
    "forged: event replaced"
  ])
})
