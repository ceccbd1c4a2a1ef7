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

/** Plans without one of the faults, and simpler in one other way. */
const simpler = (plan: Plan): ReadonlyArray<Plan> => [
  ...(Object.keys(plan.faults).length > 1 ? [{ ...plan, faults: {} }] : []),
  ...Object.keys(plan.faults).map((name) => ({
    ...plan,
    faults: Object.fromEntries(Object.entries(plan.faults).filter(([other]) => other !== name))
  })),
  ...(plan.nodes > 1 ? [{ ...plan, nodes: 1 }] : []),
  ...(plan.order === "fifo" ? [] : [{ ...plan, order: "fifo" as const }]),
  ...(plan.preemption === 0 ? [] : [{ ...plan, preemption: 0 }]),
  ...(plan.clients > 1
    ? [
        { ...plan, clients: 1 },
        { ...plan, clients: plan.clients - 1 }
      ]
    : [])
]

/** Plans without a part of the steps: first halves, in the end single ones. */
function* shorter(plan: Plan): Generator<Plan> {
  for (let size = Math.ceil(plan.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < plan.steps.length; from += size)
      yield { ...plan, steps: plan.steps.filter((_step, index) => index < from || index >= from + size) }
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
  const takeOne = (candidates: (plan: Plan) => Iterable<Plan>): boolean => {
    for (const plan of candidates(report.plan)) if (take(plan)) return true
    return false
  }
  const repeatedly = (candidates: (plan: Plan) => Iterable<Plan>): void => {
    while (takeOne(candidates));
  }
  repeatedly(simpler)
  repeatedly(shorter)
  repeatedly(simpler)
  return { report, runs }
}
