/**
 * A run as a reader sees it: what was asked, what the log got, what broke, and where a law did not hold. For messages of failing tests.
 */
import * as Simulation from "./Simulation.ts"

/** Lines shown at most, if not said; what is farther from the first violation is left out. */
const usualLines = 60

/** What happened in a run, up to the first law that broke. @category models */
export interface Timeline {
  readonly report: Simulation.Report
  readonly turns: ReadonlyArray<Simulation.Turn>
}

/** @category models */
export interface Length {
  /** Lines of the timeline at most. Default: 60. Of a law that names an object, those about it come first. */
  readonly lines?: number
}

const seconds = (micros: number): string => (micros / 1_000_000).toFixed(3).padStart(9)

const lineOf = ({ by, time, what }: Simulation.Turn): string => `${seconds(time)}  ${by.padEnd(10)}  ${what}`

const headOf = ({ plan, violations }: Simulation.Report): ReadonlyArray<string> => {
  const faults = Object.keys(plan.faults)
  return [
    `seed ${plan.seed} · ${plan.nodes} nodes · ${plan.clients} clients · ${plan.steps.length} steps · faults ${faults.join(", ") || "none"}`,
    ...violations.map(({ invariant, message }) => `✗ ${invariant}: ${message}`)
  ]
}

/** Those that look at the end, whether all is well: no law breaks by them. */
const isAuditor = ({ by }: Simulation.Turn): boolean => /^(?:auditor|closing)/.test(by)

/** What was made before anything could break is left out, unless a law broke there. */
const withoutOpening = (turns: ReadonlyArray<Simulation.Turn>, here: number): ReadonlyArray<Simulation.Turn> => {
  const last = turns.findLastIndex(({ by }) => by === "opening")
  return turns.slice(last >= 0 && turns[last]!.time < here ? last + 1 : 0)
}

/** Lives of one process differ by their number. */
const shapeOf = ({ by, what }: Simulation.Turn): string => `${by} ${what}`.replaceAll(/\b(node|program)[\d.]+/g, "$1")

/** Lines of a part that may be repeated. */
const longestPart = 8

/** How often the part that begins there follows itself. */
const timesOf = (shapes: ReadonlyArray<string>, from: number, size: number): number => {
  let times = 1
  while (shapes.slice(from, from + size).every((shape, at) => shapes[from + times * size + at] === shape)) times += 1
  return times
}

/** What happens again and again is told once, and how often. */
const folded = (turns: ReadonlyArray<Simulation.Turn>): ReadonlyArray<Simulation.Turn> => {
  const shapes = turns.map(shapeOf)
  const told: Array<Simulation.Turn> = []
  for (let from = 0; from < turns.length;) {
    const sizes = Array.from({ length: longestPart }, (_, at) => at + 1)
    const size = sizes.find((each) => timesOf(shapes, from, each) > 2) ?? 1
    const times = timesOf(shapes, from, size)
    const part = turns.slice(from, from + size)
    told.push(...part)
    from += size * times
    if (times === 1) continue
    const what = part.some(({ what }) => /(?:ended|is dead)$/.test(what)) ? "restarted" : "the same"
    told.push({ ...turns[from - 1]!, by: "", what: `${what} ${times - 1} more times` })
  }
  return told
}

const idsIn = (message: string): ReadonlyArray<string> =>
  message.match(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g) ?? []

/** Lines about other objects than the law's are left out before those that are farther away. */
const nearest = (
  turns: ReadonlyArray<Simulation.Turn>,
  ids: ReadonlyArray<string>,
  lines: number
): ReadonlyArray<Simulation.Turn> => {
  if (turns.length <= lines) return turns
  const isAbout = ({ about = [], what }: Simulation.Turn): boolean =>
    ids.some((id) => what.includes(id) || about.some((text) => text.includes(id)))
  const others = Math.floor(lines / 4)
  const kept = turns.filter((turn, index) => isAbout(turn) || index >= turns.length - others)
  return ids.length === 0 ? turns.slice(-lines) : kept.slice(-lines)
}

/** The turn at which the law broke: the commit of that instant, if there was one, or else the last turn before it. */
const hereIn = (turns: ReadonlyArray<Simulation.Turn>, here: number): Simulation.Turn | undefined =>
  turns.findLast(({ by, time }) => time === here && by === "log") ?? turns.at(-1)

/** Runs a plan again, and takes down what happened up to the first law that broke. @category running */
export const take = (plan: Simulation.Report["plan"], options: Simulation.Options = {}): Timeline => {
  const turns: Array<Simulation.Turn> = []
  const report = Simulation.run(plan, { ...options, onTurn: (turn) => void turns.push(turn) })
  const here = report.violations[0]?.time ?? Number.POSITIVE_INFINITY
  return { report, turns: turns.filter(({ time }) => time <= here) }
}

/** All of it, line by line. @category conversions */
export const whole = ({ report, turns }: Timeline): string => [...headOf(report), ...turns.map(lineOf)].join("\n")

/** What matters of a run, in lines of text. @category conversions */
export const print = ({ report, turns }: Timeline, { lines = usualLines }: Length = {}): string => {
  const [violation] = report.violations
  const here = violation === undefined ? undefined : hereIn(turns, violation.time)
  const matter = withoutOpening(turns, here?.time ?? Number.POSITIVE_INFINITY).filter(
    (turn) => turn === here || !isAuditor(turn)
  )
  const at = here === undefined ? matter.length : matter.indexOf(here)
  // What comes behind it at the same instant did not break the law.
  const told = [...folded(matter.slice(0, at)), ...matter.slice(at, at + 1)]
  const shown = nearest(told, idsIn(violation?.message ?? ""), lines)
  const left = told.length - shown.length
  return [
    ...headOf(report),
    ...(left === 0 ? [] : [`  … ${left} lines left out`]),
    ...shown.map((turn) => `${lineOf(turn)}${turn === here ? "   ◄ here" : ""}`)
  ].join("\n")
}

/** Runs a plan again, and tells what happened up to the first law that broke. @category running */
export const of = (plan: Simulation.Report["plan"], options: Simulation.Options & Length = {}): string =>
  print(take(plan, options), options)
