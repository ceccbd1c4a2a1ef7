/**
 * What an audit says: a verdict for each promise that a log can show. For `effekten audit`, and for a program that reads its report.
 *
 * The report is JSON by this schema. A member is never removed or given another meaning; others may come.
 */
import { Policy } from "@effekten/domain"
import { Schema } from "effect"

/** Something that is not as promised. @category schemas */
export const Finding = Schema.Struct({
  /** Of the event; 0 where it is none's. */
  position: Schema.Int,
  message: Schema.String,
  /** Of an instruction: what is recorded, and what its decision comes to. */
  recorded: Schema.optionalKey(Schema.Json),
  decided: Schema.optionalKey(Schema.Json)
})
export type Finding = typeof Finding.Type

/** @category schemas */
export const Verdict = Schema.Struct({
  /** Its number in `docs/reference/guarantees.md`. */
  promise: Schema.Int,
  name: Schema.Literals(["conservation", "once", "log", "state", "decisions", "forgotten", "statements"]),
  verdict: Schema.Literals(["holds", "broken", "not_judged"]),
  /** What was looked at; where nothing was, why not. */
  judged: Schema.String,
  /** The first of them, by position. */
  findings: Schema.Array(Finding),
  findingCount: Schema.Int,
  /** What a reader should know though it breaks nothing. */
  notices: Schema.Array(Schema.String)
})
export type Verdict = typeof Verdict.Type

/** @category schemas */
export const AuditReport = Schema.Struct({
  audited: Schema.Literals(["register", "export"]),
  /** `broken` if one of the verdicts is. */
  verdict: Schema.Literals(["holds", "broken"]),
  events: Schema.Int,
  root: Schema.String,
  /** Checkpoints looked at, and how many events the last one covers. */
  checkpoints: Schema.Int,
  signed: Schema.Int,
  instructions: Schema.Int,
  /** The last event that was judged; less than `events` behind one that could not be read. */
  judged: Schema.Int,
  /** The policy in force at the end, and instructions that went by one before the log had any. */
  policy: Schema.Struct({ inForce: Policy.Policy, recorded: Schema.Boolean, assumed: Schema.Int }),
  /** Instructions that stand behind one that was received later, how many of their own platform; the longest such time, in microseconds. */
  arrival: Schema.Struct({
    overtaken: Schema.Int,
    withinPlatform: Schema.Int,
    first: Schema.Int,
    longest: Schema.Int
  }),
  verdicts: Schema.Array(Verdict),
  /** Promises that no log can show. */
  notJudged: Schema.Array(Schema.Struct({ promise: Schema.Int, reason: Schema.String }))
})
export type AuditReport = typeof AuditReport.Type

/** Findings a report has of each verdict; it counts all. @category values */
export const maximumFindings = 100

type About = Pick<Verdict, "promise" | "name">

/** What was judged. @category constructors */
export const verdict = (
  about: About & Pick<Verdict, "judged">,
  all: ReadonlyArray<Finding>,
  rest: { readonly count?: number; readonly notices?: ReadonlyArray<string> } = {}
): Verdict => {
  const findingCount = rest.count ?? all.length
  return {
    ...about,
    verdict: findingCount === 0 ? "holds" : "broken",
    findings: all.slice(0, maximumFindings),
    findingCount,
    notices: rest.notices ?? []
  }
}

/** What was not judged, and why. @category constructors */
export const notJudged = (about: About, reason: string): Verdict => ({
  ...about,
  judged: reason,
  verdict: "not_judged",
  findings: [],
  findingCount: 0,
  notices: []
})

/** Findings printed of each verdict for a person; `--json` has more. */
const shownFindings = 10

const words = { holds: "holds", broken: "BROKEN", not_judged: "not judged" } as const

/** So many of something, in words. @category conversions */
export const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`

/** The report for a person. @category conversions */
export const asText = (report: AuditReport): string => {
  const { arrival, events, instructions, policy, root, verdicts } = report
  const lines = [
    `${report.audited === "export" ? "Export" : "Log"}: ${count(events, "event")}, ${count(instructions, "instruction")}, root ${root}`
  ]
  for (const { findingCount, findings, judged, name, notices, promise, verdict } of verdicts) {
    lines.push("", `Promise ${promise}, ${name}: ${words[verdict]}`, `  ${judged}`)
    for (const { message, position } of findings.slice(0, shownFindings))
      lines.push(position === 0 ? `  ${message}` : `  at position ${position}: ${message}`)
    if (findingCount > shownFindings)
      lines.push(`  … and ${findingCount - Math.min(shownFindings, findings.length)} more`)
    lines.push(...notices.map((notice) => `  ${notice}`))
  }
  lines.push("")
  if (policy.assumed > 0)
    lines.push(`${count(policy.assumed, "instruction")} went by the policy before the log had one: it is assumed.`)
  if (arrival.overtaken > 0)
    lines.push(
      `Behind one that was received later: ${count(arrival.overtaken, "instruction")}, ${arrival.withinPlatform} of them behind one of the same platform, the first at position ${arrival.first}, by ${arrival.longest / 1_000_000} seconds at most.`
    )
  for (const { promise, reason } of report.notJudged) lines.push(`Promise ${promise} is not judged: ${reason}`)
  return lines.join("\n")
}

/** The first broken promise and where, in one line; `undefined` if none is. @category computing */
export const firstBroken = ({ verdicts }: AuditReport): string | undefined => {
  const broken = verdicts.filter(({ verdict }) => verdict === "broken")
  const found = broken.flatMap(({ findings, promise }) => findings.map((finding) => ({ ...finding, promise })))
  const first = found.filter(({ position }) => position > 0).toSorted((a, b) => a.position - b.position)[0] ?? found[0]
  if (first === undefined) return undefined
  const { message, position, promise } = first
  return `promise ${promise} is broken, ${position === 0 ? "" : `first at position ${position}: `}${message}`
}
