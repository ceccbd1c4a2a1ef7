/**
 * Makes a failing plan small: fewer faults, nodes and steps, as long as the same law breaks. For tests and commands that found something.
 *
 * The order matters: a run without faults or on one node says most, so these go first. Everything that is not in a plan is drawn from its
 * seed, so a smaller plan runs otherwise; each is tried with a few seeds.
 */
import type { Plan } from "./plan/Plan.ts"
import * as Simulation from "./Simulation.ts"

/** @category models */
export interface Shrunk {
  readonly report: Simulation.Report
  /** Runs that it took. */
  readonly runs: number
}

/** Seeds tried for each smaller plan. */
const salts = [0, 1, 2]

/** Runs at most, if not said. */
const usualRuns = 300

/** Members that say less in another value. */
const simpler = ({ clients }: Plan): ReadonlyArray<readonly [name: keyof Plan, value: unknown]> => [
  ["nodes", 1],
  ["order", "fifo"],
  ["preemption", 0],
  ["clients", 1],
  ["clients", Math.max(1, clients - 1)]
]

/** Leaves out parts of a list, first halves, in the end single ones, for as long as what is left is taken. */
const leaveOut = <A>(all: ReadonlyArray<A>, take: (left: ReadonlyArray<A>) => boolean): void => {
  let list = all
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < list.length;) {
      const left = list.filter((_each, index) => index < from || index >= from + size)
      if (take(left)) list = left
      else from += size
    }
}

/**
 * @param failing a report with violations
 * @category running
 */
export const shrink = (
  failing: Simulation.Report,
  options: Simulation.Options & { readonly maximumRuns?: number } = {}
): Shrunk => {
  const { maximumRuns = usualRuns, ...running } = options
  const law = failing.violations[0]?.invariant
  let [report, runs] = [failing, 0]
  /** Whether a smaller plan still breaks the law; then it is the one to go on from. */
  const take = (plan: Plan): boolean => {
    for (const salt of salts) {
      if (runs >= maximumRuns) return false
      runs += 1
      const tried = Simulation.run({ ...plan, seed: plan.seed + salt * 1_000_003 }, running)
      if (!tried.violations.some(({ invariant }) => invariant === law)) continue
      report = tried
      return true
    }
    return false
  }
  /** Each way is tried on top of those that were taken before it. */
  const simplify = (): void => {
    for (const [name, value] of simpler(report.plan))
      if (report.plan[name] !== value) take({ ...report.plan, [name]: value })
  }
  leaveOut(Object.entries(failing.plan.faults), (left) => take({ ...report.plan, faults: Object.fromEntries(left) }))
  simplify()
  leaveOut(report.plan.steps, (steps) => take({ ...report.plan, steps }))
  simplify()
  return { report, runs }
}
