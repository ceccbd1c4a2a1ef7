/**
 * Registers over the real stores on SQLite: killed in the midst of anything, they keep every promise, and the same plan gives the same bytes.
 * For a developer of those stores, and of simulations.
 */
import { Plan, Seeds, Simulation } from "@effekten/simulation"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

/** Each run walks elsewhere; the seed is printed. */
const first = 1 + Math.floor(Math.random() * 1_000_000)
const seeds = Array.from({ length: 16 }, (_, n) => first + n)
console.log(`simulations over SQLite with the seeds ${first} to ${first + seeds.length - 1}`)

const draw = (seed: number, options: Plan.PlanOptions = {}) => Plan.draw(seed, { ...options, sqlite: true })

describe("promise 5: over SQLite", () => {
  it("a register in one process breaks no law, and the same plan gives the same bytes", () => {
    for (const seed of seeds) {
      const report = Simulation.run(draw(seed, { steps: 60 }))
      expect([seed, report.violations]).toEqual([seed, []])
      expect(Simulation.run(report.plan)).toEqual(report)
    }
  })

  it("a register that is called over HTTP breaks none", () => {
    for (const seed of seeds.slice(0, 5))
      expect([seed, Simulation.run(draw(seed, { steps: 40, http: true })).violations]).toEqual([seed, []])
  })

  it("a process that is killed comes back over what it committed", () => {
    const { failing, totals } = Seeds.run({
      sqlite: true,
      faults: { crash: 0.2 },
      first,
      goesOn: (runs) => runs < 6
    })
    expect(failing?.violations ?? []).toEqual([])
    expect(totals.counts["start over a log"]).toBeGreaterThan(2)
    expect(totals.counts["event UnitsCredited"]).toBeGreaterThan(0)
  })

  it("a start goes on from the snapshots in its files, and clients keep their tokens", () => {
    const counts = new Map<string, number>()
    for (const seed of seeds.slice(0, 3)) {
      const plan = { ...draw(seed, { steps: 50, http: true, faults: { crash: 0.3 } }), faults: { crash: 0.3 } }
      const report = Simulation.run({ ...plan, snapshotsAfter: 1 })
      expect([seed, report.violations]).toEqual([seed, []])
      for (const [what, count] of Object.entries(report.counts)) counts.set(what, (counts.get(what) ?? 0) + count)
    }
    expect(counts.get("fault crash") ?? 0).toBeGreaterThan(0)
    expect(counts.get("start over snapshots") ?? 0).toBeGreaterThan(0)
  })

  it("two processes come to the same bytes", () => {
    const plan = draw(20_261_130, { steps: 80 })
    const child = fileURLToPath(new URL("RunChild.ts", import.meta.url))
    const elsewhere = execFileSync(process.execPath, ["--conditions=@effekten/source", child, JSON.stringify(plan)], {
      encoding: "utf8"
    }).trim()
    expect(elsewhere).toBe(JSON.stringify(Simulation.run(plan)))
  })

  it("a store that acknowledges what it does not commit is found", () => {
    const store: Simulation.Options["store"] = (real) => ({
      ...real,
      append: (events, condition) =>
        events.some((event) => "type" in event && event.type === "CreditRequested")
          ? Effect.map(real.bookmark(), ({ leaf, position }) => ({
              first: position + 1,
              last: position + events.length,
              recordedAt: "2026-03-01T09:00:00.000000Z",
              leaf
            }))
          : real.append(events, condition)
    })
    const invariants = new Set<string>()
    for (let seed = 1; seed < 20 && invariants.size === 0; seed++)
      for (const { invariant } of Simulation.run(draw(seed), { store }).violations) invariants.add(invariant)
    expect([...invariants]).toContain("5: acknowledged means durable")
  })

  it("a program of a user that would be a second process is refused", () => {
    expect(() => Simulation.run(draw(1, { steps: 0 }), { program: () => Effect.void })).toThrow(/HTTP/)
  })
})
