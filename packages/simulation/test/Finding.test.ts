/**
 * What a failure tells: where the real clock was asked, a small plan, a timeline, and a test that stops at the first seed. For users of
 * simulations.
 */
import { Id, Timestamp } from "@effekten/domain"
import { Investments } from "@effekten/services"
import { Failing, Invariant, Plan, Shrink, Simulation, Sometimes, Timeline } from "@effekten/simulation"
import { it, type SimulationOptions } from "@effekten/simulation/vitest"
import { Effect, Stream } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
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
    const { report: small, runs } = Shrink.shrink(report, { invariants: [noCredit], maximumSeconds: 600 })
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

describe("the timeline of a program", () => {
  const shop: Simulation.Program = ({ campaigns }) =>
    Effect.gen(function* () {
      const investments = yield* Investments
      const order = { campaignId: campaigns[0]!, investorId: unknown, units: 1, signedAt: opened }
      yield* Effect.retry(investments.create(order, { key: "order-1" }), {
        while: ({ _tag }) => _tag === "Unavailable"
      })
    })
  const unknown = Id.InvestorId.make("01a20498-e0f1-7652-9bf8-f4733eb353c1")
  const opened = Timestamp.Timestamp.make("2026-02-28T12:00:00Z")
  const options = { program: shop }
  const report = Simulation.run({ ...Plan.draw(1, { steps: 0, nodes: 1, clients: 1 }), faults: {} }, options)
  const timeline = Timeline.take(report.plan, options)
  const text = Timeline.print(timeline, { lines: 20 })

  it("shows its calls with the codes of refusals, and folds its equal lives into one", () => {
    assert.include(text, "calls investments.create key order-1")
    assert.include(text, "investments.create ← failed code investor_not_found")
    assert.include(text, "it failed: code investor_not_found NotFound")
    assert.match(text, /restarted \d+ more times/)
  })

  it("leaves out what was made before and the looks at the end, has the length that is asked for, and says where the law broke", () => {
    const lines = text.split("\n")
    assert.isAtMost(lines.length, 20 + 3)
    assert.isFalse(lines.some((line) => /  (?:opening|auditor\d)/.test(line)))
    assert.lengthOf(text.match(/◄ here/g) ?? [], 1)
    assert.isAbove(Timeline.whole(timeline).split("\n").length, 200)
  })
})

it("a law that says the same at each commit is told once", () => {
  const loud: Invariant.Invariant = {
    name: "loud",
    watch: (_, broken) => ({ committed: () => broken("it is broken") })
  }
  const { violations } = Simulation.run(Plan.draw(1, { steps: 5 }), {
    invariants: [loud, Invariant.always("never", () => false)]
  })
  assert.deepStrictEqual(
    violations.map(({ invariant }) => invariant),
    ["loud", "never"]
  )
})

it("a failure is explained with its seeds, and its whole timeline is kept", () => {
  const invariants = [noCredit]
  const report = brokenBy({ invariants })
  const told = Failing.explain(report, { invariants, maximumRuns: 40, lines: 10 })
  const { seed } = report.plan
  assert.match(told, new RegExp(`found by seed ${seed}; made small in \\d+ runs: \\d+ steps → \\d+, seed \\d+`))
  const file = join(Failing.folder, `${seed}.txt`)
  assert.include(told, `the whole timeline: ${file}`)
  assert.include(readFileSync(file, "utf8"), "✗ no credit")
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
