/**
 * What a failure tells: where the real clock was asked, a small plan, a timeline, and a test that stops at the first seed. For users of
 * simulations.
 */
import { Invariant, Plan, Shrink, Simulation, Sometimes, Timeline } from "@effekten/simulation"
import { it, type SimulationOptions } from "@effekten/simulation/vitest"
import { Effect, Stream } from "effect"
import { assert, describe } from "vitest"

/** A law that a sound register breaks: so that something is found without a broken register. */
const noCredit = Invariant.always("no credit", ({ log }) => !log.some(({ type }) => type === "UnitsCredited"))

const brokenBy = (options: Simulation.Options): Simulation.Report => {
  for (let seed = 1; ; seed++) {
    const report = Simulation.run(Plan.draw(seed), options)
    if (report.violations.length > 0) return report
  }
}

describe("the guard", () => {
  const clock: Simulation.Options["store"] = (real) => ({
    ...real,
    append: (events, condition) =>
      Effect.suspend(() => (Date.now() > 0 ? real.append(events, condition) : Effect.never))
  })

  it("refuses the real clock, and says where it was asked", () => {
    const { violations } = Simulation.run(Plan.draw(1, { steps: 5 }), { store: clock })
    const breach = violations.find(({ invariant }) => invariant === "all is under the seed")
    assert.match(breach?.message ?? "", /^Date\.now was asked by .*Finding\.test\.ts/)
  })

  it("can be switched off, and leaves the real clock as it was", () => {
    const report = Simulation.run(Plan.draw(1, { steps: 5 }), { store: clock, guard: false })
    assert.deepStrictEqual(report.violations, [])
    assert.isAbove(Date.now(), 0)
  })
})

describe("a failing plan", () => {
  const report = brokenBy({ invariants: [noCredit] })

  it("is made small, and breaks the same law", () => {
    const { report: small, runs } = Shrink.shrink(report, { invariants: [noCredit] })
    assert.isAtMost(runs, 300)
    assert.isAtMost(small.plan.steps.length, 6)
    assert.deepStrictEqual(small.plan.faults, {})
    assert.strictEqual(small.violations[0]?.invariant, "no credit")
    const { http, progressAfter, snapshotsAfter, steps } = small.plan
    assert.deepStrictEqual([http, progressAfter, snapshotsAfter], [undefined, undefined, undefined])
    // A number of a step is below a thousand. Which of them say something is known once the others are nothing.
    assert.isAtMost(Math.max(...steps.flatMap(({ a, b, c, d }) => [a, b, c, d])), 24)
  })

  it("is left as it is where there is no time, or no run", () => {
    const nothing = { report, runs: 0 }
    assert.deepStrictEqual(Shrink.shrink(report, { invariants: [noCredit], maximumSeconds: 0 }), nothing)
    assert.deepStrictEqual(Shrink.shrink(report, { invariants: [noCredit], maximumRuns: 0 }), nothing)
  })

  it("has a timeline that ends where the law broke", () => {
    const lines = Timeline.of(report.plan, { invariants: [noCredit] }).split("\n")
    assert.include(lines[1], "✗ no credit")
    assert.include(lines.at(-1), "◄ here")
    assert.isTrue(lines.some((line) => line.includes("Credits.create")))
  })
})

describe("a read that lies", () => {
  it("that shows what was before the last event is found", () => {
    const late: Simulation.Options["store"] = (real) => ({
      ...real,
      readAll: (query, options) =>
        Effect.map(real.readAll(query, options), (events) => (events.length > 2 ? events.slice(0, -1) : events)),
      read: (query, options) => Stream.dropRight(real.read(query, options), 0)
    })
    assert.isNotEmpty(brokenBy({ store: late }).violations)
  })
})

describe("what has to come about", () => {
  it("is named with its target where it did not", () => {
    assert.deepStrictEqual(Sometimes.missing({ crash: 1 }, { crash: 2, "fault appendLate": 1 }), [
      "crash: 1 of 2",
      "fault appendLate: 0 of 1"
    ])
  })

  const simulations: ReadonlyArray<readonly [name: string, options: SimulationOptions, limit: number]> = [
    ["a test without a time limit has minutes", { seeds: 1, steps: 5 }, 420_000],
    ["a time limit is that of all seeds", { seeds: 1, steps: 5, timeout: 1_000 }, 121_000]
  ]
  for (const [name, options] of simulations) it.simulation(name, options)

  it("has the time that it needs, also where a test has five seconds", ({ task }) => {
    const limits = (task.suite?.tasks ?? []).map((each) => [each.name, each.type === "test" ? each.timeout : 0])
    for (const [name, , limit] of simulations) assert.deepInclude(limits, [name, limit])
  })

  it.simulation("a test of some seeds holds every law, and says that it tested something", {
    seeds: 6,
    steps: 60,
    sometimes: ["event InvestmentSigned", "event UnitsCredited"]
  })
})
