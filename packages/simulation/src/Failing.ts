/**
 * What a person needs of a run that broke a law: a small plan in a file, the timeline, and how to run it again. For tests and commands.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Plan } from "./plan/Plan.ts"
import * as Shrink from "./Shrink.ts"
import type * as Simulation from "./Simulation.ts"
import * as Timeline from "./Timeline.ts"

/** Where plans of failures are put, below the working folder. @category values */
export const folder = join(".effekten", "sim")

/** Runs at most that a smaller plan may take, if not said. */
const usualRuns = 120

/** A plan that was kept. @category conversions */
export const readPlan = (file: string): Plan => JSON.parse(readFileSync(file, "utf8")) as Plan

/** The command line knows neither laws nor programs of a user. */
const againOf = ({ invariants, program, store }: Simulation.Options, file: string): string =>
  invariants === undefined && program === undefined && store === undefined
    ? `effekten simulate --plan ${file}`
    : `Simulation.run(Failing.readPlan("${file}"), options)`

/** Makes a failing run small, keeps its plan and its whole timeline, and tells of it. @category running */
export const explain = (
  failing: Simulation.Report,
  options: Simulation.Options & Shrink.Limits & Timeline.Length = {}
): string => {
  const { report, runs } = Shrink.shrink(failing, { maximumRuns: usualRuns, ...options })
  const name = join(folder, `${failing.plan.seed}`)
  const [file, whole] = [`${name}.json`, `${name}.txt`] as const
  const timeline = Timeline.take(report.plan, options)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(report.plan, undefined, 2)}\n`)
  writeFileSync(whole, `${Timeline.whole(timeline)}\n`)
  return [
    Timeline.print(timeline, options),
    `found by seed ${failing.plan.seed}; made small in ${runs} runs: ${failing.plan.steps.length} steps → ${report.plan.steps.length}, seed ${report.plan.seed}`,
    `the whole timeline: ${whole}`,
    `again: ${againOf(options, file)}`
  ].join("\n")
}
