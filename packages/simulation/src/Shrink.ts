/**
 * Makes a failing plan small: fewer faults, nodes and steps, and lesser numbers in them, as long as the same law breaks. For tests and
 * commands that found something.
 *
 * The order matters: a run without faults or on one node says most, so these go first. The numbers of the steps that are left come last.
 * Everything that is not in a plan is drawn from its seed, so a smaller plan runs otherwise; each is tried with a few seeds.
 */
import type { Plan } from "./plan/Plan.ts"
import * as Simulation from "./Simulation.ts"

/** @category models */
export interface Shrunk {
  readonly report: Simulation.Report
  /** Runs that it took. */
  readonly runs: number
}

/** What it may take. @category models */
export interface Limits {
  readonly maximumRuns?: number
  /** No run begins after so long: an endless one takes seconds. */
  readonly maximumSeconds?: number
}

/** Seeds tried for each smaller plan. */
const salts = [0, 1, 2]

/** If not said. */
const usualRuns = 300
const usualSeconds = 60

/** A plan without a member, which need not be there. */
const without = (
  plan: Plan,
  name: "http" | "snapshotsAfter" | "progressAfter" | "rounds" | "pause" | "days" | "erases" | "sealed" | "webhooks"
): Plan => {
  const { [name]: _left, ...rest } = plan
  return rest
}

/** Ways to say less, each on top of those before it. */
const simpler: ReadonlyArray<(plan: Plan) => Plan> = [
  (plan) => ({ ...plan, nodes: 1 }),
  (plan) => without(plan, "http"),
  (plan) => without(plan, "snapshotsAfter"),
  (plan) => without(plan, "progressAfter"),
  (plan) => without(plan, "rounds"),
  (plan) => without(plan, "sealed"),
  (plan) => without(plan, "webhooks"),
  (plan) => without(plan, "pause"),
  (plan) => without(plan, "erases"),
  (plan) => without(plan, "days"),
  (plan) => ({ ...plan, order: "fifo" }),
  (plan) => ({ ...plan, preemption: 0 }),
  (plan) => ({ ...plan, clients: 1 }),
  (plan) => ({ ...plan, clients: Math.max(1, plan.clients - 1) })
]

/** Leaves out parts of a list, first halves, in the end single ones, for as long as what is left is taken. @category running */
export const leaveOut = <A>(all: ReadonlyArray<A>, take: (left: ReadonlyArray<A>) => boolean): void => {
  let list = all
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < list.length;) {
      const left = list.filter((_each, index) => index < from || index >= from + size)
      if (take(left)) list = left
      else from += size
    }
}

/** A number of a step is read as a remainder, mostly by one of these or by what divides them. So the remainder may mean the same. */
const divisors = [1, 2, 3, 5, 7, 8, 9, 13, 24, 60, 360]

/** The least of the remainders that is taken; where none is, ever less by halves of what is left to nothing. */
const lessen = (number: number, take: (less: number) => boolean): void => {
  const remainders = new Set(divisors.map((divisor) => number % divisor))
  if ([...remainders].toSorted((a, b) => a - b).some((less) => less === number || take(less))) return
  for (let [least, taken] = [0, number]; taken - least > 1;) {
    const middle = (least + taken) >> 1
    if (take(middle)) taken = middle
    else least = middle
  }
}

/** What a step is read by: which things, how many units, which instant. */
const numbers = ["a", "b", "c", "d"] as const

/** Lessens the numbers of the steps: each in all steps at once, then one by one. */
const lessenSteps = (current: () => Plan["steps"], take: (steps: Plan["steps"]) => boolean): void => {
  for (const name of numbers)
    if (current().some((step) => step[name] !== 0)) take(current().map((step) => ({ ...step, [name]: 0 })))
  for (let index = 0; index < current().length; index++)
    for (const name of numbers) {
      const step = current()[index]!
      lessen(step[name], (less) => take(current().with(index, { ...step, [name]: less })))
    }
}

/**
 * @param failing a report with violations
 * @category running
 */
export const shrink = (failing: Simulation.Report, options: Simulation.Options & Limits = {}): Shrunk => {
  const { maximumRuns = usualRuns, maximumSeconds = usualSeconds, ...running } = options
  const end = performance.now() + 1_000 * maximumSeconds
  const law = failing.violations[0]?.invariant
  let [report, runs] = [failing, 0]
  /** Whether a smaller plan still breaks the law; then it is the one to go on from. */
  const take = (plan: Plan): boolean => {
    for (const salt of salts) {
      if (runs >= maximumRuns || performance.now() >= end) return false
      runs += 1
      const tried = Simulation.run({ ...plan, seed: plan.seed + salt * 1_000_003 }, running)
      if (!tried.violations.some(({ invariant }) => invariant === law)) continue
      report = tried
      return true
    }
    return false
  }
  const simplify = (): void => {
    for (const simplified of simpler) {
      const plan = simplified(report.plan)
      if (JSON.stringify(plan) !== JSON.stringify(report.plan)) take(plan)
    }
  }
  const takeSteps = (steps: Plan["steps"]): boolean => take({ ...report.plan, steps })
  leaveOut(Object.entries(failing.plan.faults), (left) => take({ ...report.plan, faults: Object.fromEntries(left) }))
  simplify()
  leaveOut(report.plan.steps, takeSteps)
  simplify()
  lessenSteps(() => report.plan.steps, takeSteps)
  leaveOut(report.plan.steps, takeSteps)
  return { report, runs }
}
