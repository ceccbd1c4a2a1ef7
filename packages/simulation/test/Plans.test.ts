/**
 * Plans that were kept: each once found a broken register, and a sound one holds every law in it. Another process comes to the same bytes.
 */
import { Failing, Plan, Simulation } from "@effekten/simulation"
import { execFileSync } from "node:child_process"
import { globSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const plans = globSync("plans/*.json", { cwd: fileURLToPath(new URL("..", import.meta.url)) }).toSorted()
const pathOf = (plan: string): string => fileURLToPath(new URL(`../${plan}`, import.meta.url))

/** What another process comes to. */
const elsewhere = (plan: Plan.Plan): string =>
  execFileSync(
    process.execPath,
    ["--conditions=@effekten/source", fileURLToPath(new URL("RunChild.ts", import.meta.url)), JSON.stringify(plan)],
    { encoding: "utf8" }
  ).trim()

describe("plans that were kept", () => {
  it.each(plans)("%s breaks no law", (plan) => {
    expect(Simulation.run(Failing.readPlan(pathOf(plan))).violations).toEqual([])
  })
})

describe("two processes", () => {
  it("come to the same bytes", () => {
    const plan = Plan.draw(20_261_129, { steps: 80, nodes: 3 })
    expect(elsewhere(plan)).toBe(JSON.stringify(Simulation.run(plan)))
  })
})
