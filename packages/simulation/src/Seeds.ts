/**
 * Many runs of one kind: a range of seeds, with what they came to together. For tests and for `effekten simulate`.
 */
import * as Plan from "./plan/Plan.ts"
import * as Simulation from "./Simulation.ts"
import * as Sometimes from "./Sometimes.ts"

/** @category models */
export interface Totals {
  readonly runs: number
  readonly calls: number
  readonly attempts: number
  readonly events: number
  readonly steps: number
  /** Of virtual time. */
  readonly seconds: number
  readonly counts: Sometimes.Counts
}

/** @category models */
export interface SeedsOptions extends Plan.PlanOptions, Simulation.Options {
  readonly first: number
  /** Whether another seed is to be run, after so many. */
  readonly goesOn: (runs: number) => boolean
  /** Each plan twice: a difference is a violation. */
  readonly checksDeterminism?: boolean
}

/** What the runs came to; the first that broke a law ends them. @category models */
export interface Outcome {
  readonly totals: Totals
  readonly failing: Simulation.Report | undefined
}

const nothing: Totals = { runs: 0, calls: 0, attempts: 0, events: 0, steps: 0, seconds: 0, counts: {} }

/** Of a report: one run. */
const ofOne = ({ attempts, calls, counts, events, seconds, steps }: Simulation.Report): Totals => ({
  runs: 1,
  calls,
  attempts,
  events,
  steps,
  seconds,
  counts
})

/** What two series of runs came to together. @category computing */
export const together = (a: Totals, b: Totals): Totals => ({
  runs: a.runs + b.runs,
  calls: a.calls + b.calls,
  attempts: a.attempts + b.attempts,
  events: a.events + b.events,
  steps: a.steps + b.steps,
  seconds: a.seconds + b.seconds,
  counts: Sometimes.added(a.counts, b.counts)
})

/** A report with the violation that a second run came to something else, if it did. @category running */
export const compared = (report: Simulation.Report, options: Simulation.Options = {}): Simulation.Report => {
  const again = Simulation.run(report.plan, options)
  const differing = (["trace", "log", "answers", "steps"] as const).find((member) => report[member] !== again[member])
  if (differing === undefined) return report
  const message = `the same plan twice: ${differing} was ${report[differing]}, and then ${again[differing]}`
  return {
    ...report,
    violations: [{ invariant: "the same plan gives the same bytes", message, time: 0 }, ...report.violations]
  }
}

/** Runs one seed after the other. @category running */
export const run = (options: SeedsOptions): Outcome => {
  let totals = nothing
  for (let seed = options.first; options.goesOn(totals.runs); seed++) {
    const once = Simulation.run(Plan.draw(seed, options), options)
    const report = options.checksDeterminism === true ? compared(once, options) : once
    totals = together(totals, ofOne(report))
    if (report.violations.length > 0) return { totals, failing: report }
  }
  return { totals, failing: undefined }
}
