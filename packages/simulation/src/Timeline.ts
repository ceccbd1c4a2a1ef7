/**
 * A run as a reader sees it: what was asked, what the log got, what broke, and where a law did not hold. For messages of failing tests.
 */
import * as Simulation from "./Simulation.ts"

/** Lines shown at most; what is farther from the first violation is left out. */
const maximumLines = 60

const seconds = (micros: number): string => (micros / 1_000_000).toFixed(3).padStart(9)

const headOf = ({ plan, violations }: Simulation.Report): ReadonlyArray<string> => {
  const faults = Object.keys(plan.faults)
  return [
    `seed ${plan.seed} · ${plan.nodes} nodes · ${plan.clients} clients · ${plan.steps.length} steps · faults ${faults.join(", ") || "none"}`,
    ...violations.map(({ invariant, message }) => `✗ ${invariant}: ${message}`)
  ]
}

/** Runs a plan again, and tells what happened up to the first law that broke. @category running */
export const of = (plan: Simulation.Report["plan"], options: Simulation.Options = {}): string => {
  const turns: Array<Simulation.Turn> = []
  const report = Simulation.run(plan, { ...options, onTurn: (turn) => void turns.push(turn) })
  const here = report.violations[0]?.time ?? Number.POSITIVE_INFINITY
  const before = turns.filter(({ time }) => time <= here)
  const left = Math.max(0, before.length - maximumLines)
  const lines = before
    .slice(left)
    .map(({ by, time, what }) => `${seconds(time)}  ${by.padEnd(10)}  ${what}${time === here ? "   ◄ here" : ""}`)
  return [...headOf(report), ...(left === 0 ? [] : [`  … ${left} lines before`]), ...lines].join("\n")
}
