/**
 * Platforms that call over HTTP: the real client with all of its layers against the real server, in one process and without a socket.
 */
import { Plan, Simulation } from "@effekten/simulation"
import { expect, it } from "vitest"

const seeds = Array.from({ length: 12 }, (_, index) => index + 1)
const run = (seed: number) => Simulation.run(Plan.draw(seed, { http: true, steps: 80 }))

it("R-21 through a network that breaks, the client and the server keep every promise", () => {
  const reports = seeds.map(run)
  expect(reports.flatMap(({ plan, violations }) => violations.map((each) => ({ seed: plan.seed, ...each })))).toEqual(
    []
  )
  const happened = new Set(reports.flatMap(({ counts }) => Object.keys(counts)))
  const wanted = ["requestLost", "answerLost", "requestDoubled", "callerLeaves", "crash"].map((name) => `fault ${name}`)
  expect([...wanted, "event UnitsCredited", "told Unavailable"].filter((name) => !happened.has(name))).toEqual([])
})

it("the same plan gives the same bytes over HTTP", () => {
  for (const seed of seeds.slice(0, 4)) expect(run(seed)).toEqual(run(seed))
})
