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

/** Makes a failing run small, keeps its plan, and tells of it. @category running */
export const explain = (failing: Simulation.Report, options: Simulation.Options & Shrink.Limits = {}): string => {
  const { report, runs } = Shrink.shrink(failing, { maximumRuns: usualRuns, ...options })
  const file = join(folder, `${failing.plan.seed}.json`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(report.plan, undefined, 2)}\n`)
  return [
    Timeline.of(report.plan, options),
    `${failing.plan.steps.length} steps → ${report.plan.steps.length}, ${runs} runs`,
    `again: ${againOf(options, file)}`
  ].join("\n")
}
