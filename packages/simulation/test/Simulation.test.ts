/**
 * A simulated world: the same plan gives the same bytes, a sound register breaks no law, and a broken one does. For users of simulations.
 */
import { EventStoreError } from "@effekten/event-store"
import { Plan, Simulation } from "@effekten/simulation"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"

/** Each run walks elsewhere; the seed is printed. */
const first = 1 + Math.floor(Math.random() * 1_000_000)
const seeds = Array.from({ length: 50 }, (_, n) => first + n)
console.log(`simulations with the seeds ${first} to ${first + seeds.length - 1}`)

const found = (options: Simulation.Options, tried: number): string | undefined => {
  for (let seed = 1; seed <= tried; seed++) {
    const { violations } = Simulation.run(Plan.draw(seed, { nodes: 2 }), options)
    if (violations.length > 0) return violations[0]!.invariant
  }
  return undefined
}

describe("a sound register under every fault", () => {
  it("breaks no law, and the same plan gives the same bytes", () => {
    for (const seed of seeds) {
      const report = Simulation.run(Plan.draw(seed, { steps: 60 }))
      expect([seed, report.violations]).toEqual([seed, []])
      expect(Simulation.run(JSON.parse(JSON.stringify(report.plan)))).toEqual(report)
    }
  })
})

describe("a broken register is found", () => {
  it("that appends without its condition", () => {
    const store: Simulation.Options["store"] = (real) => ({ ...real, append: (events) => real.append(events) })
    expect(found({ store }, 60)).toMatch(/effect once|second model/)
  })

  it("that tells an unknown outcome as none", () => {
    const store: Simulation.Options["store"] = (real) => ({
      ...real,
      append: (events, condition) =>
        Effect.mapError(real.append(events, condition), (error) =>
          error._tag === "EventStoreError" && error.reason === "unknown"
            ? new EventStoreError({ reason: "unavailable", message: error.message })
            : error
        )
    })
    expect(found({ store }, 60)).toMatch(/never wrong/)
  })
})
