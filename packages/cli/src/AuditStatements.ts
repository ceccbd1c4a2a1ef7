/**
 * What an audit says of statements of the register (eWpG § 19). Has each entry and change its own, and can each be made again? For
 * `effekten audit`. Nothing personal is opened.
 */
import type { EventStoreError } from "@effekten/event-store"
import { type Projection, StatementsDue, type Views } from "@effekten/projections"
import { StatementAudit } from "@effekten/registrar"
import { Effect } from "effect"
import { count, type Finding, maximumFindings, notJudged, type Verdict, verdict } from "./AuditReport.ts"

/** @category models */
export interface AuditStatements extends Views.Fold {
  readonly due: StatementsDue.StatementsDue
  /** Makes again what came since the last time. */
  readonly remake: (log: Projection.Log) => Effect.Effect<void, EventStoreError>
  readonly remade: () => { readonly findings: ReadonlyArray<Finding>; readonly count: number; readonly newer: number }
}

type Statement = Projection.Logged<"RegistryStatementIssued">

/** Statements that are made again at a time. */
const atOnce = 8

/** What an export has cannot be made again: its events are not found by what they are about. @category constructors */
export const make = (isExport: boolean): AuditStatements => {
  let waiting: Array<readonly [Statement, StatementsDue.Stand | undefined]> = []
  const findings: Array<Finding> = []
  let [wrong, newer] = [0, 0]
  const due = StatementsDue.make((...statement) => {
    if (!isExport) waiting.push(statement)
  })
  const add = ({ position }: Statement, remade: StatementAudit.Remade): void => {
    if (remade === "newer") newer += 1
    else if (remade.length > 0) {
      wrong += 1
      if (findings.length < maximumFindings)
        findings.push({ position, message: `the statement, made again: ${remade.join("; ")}` })
    }
  }
  return {
    due,
    apply: due.apply,
    remake: (log) => {
      const taken = waiting
      waiting = []
      return Effect.forEach(
        taken,
        ([event, stand]) => Effect.map(StatementAudit.remake(log, event, stand), (remade) => [event, remade] as const),
        { concurrency: atOnce }
      ).pipe(Effect.map((all) => all.forEach(([event, remade]) => add(event, remade))))
    },
    remade: () => ({ findings, count: wrong, newer })
  }
}

const inWords = ({ cause, investmentId, position }: StatementsDue.Due): Finding => ({
  position,
  message: `investment ${investmentId} has no statement of this ${cause}, and of what came later there is one`
})

/** Statements that only a newer program can make again, in words. @category conversions */
export const newerIn = ({ remade }: AuditStatements): ReadonlyArray<string> => {
  const { newer } = remade()
  return newer === 0 ? [] : [`a newer version of this program made ${count(newer, "statement")}`]
}

/** @category conversions */
export const verdictOf = (statements: AuditStatements, isExport: boolean): Verdict => {
  const { due, remade } = statements
  const { count: different, findings, newer } = remade()
  const about = { promise: 12, name: "statements" } as const
  const open = due.due()
  const passed = open.filter((each) => each.passed)
  const waiting = open.length - passed.length + due.dropped()
  const notices = [
    ...(waiting === 0
      ? []
      : [
          `not issued: ${count(waiting, "statement")}; a server issues them in the order of the log, unless it is told not to`
        ]),
    ...(due.erased() === 0
      ? []
      : [`erased: the investors of ${count(due.erased(), "statement")}; what was personal in them reads \`erased\``]),
    ...newerIn(statements)
  ]
  if (due.issued() === 0) return { ...notJudged(about, "no statement was issued"), notices }
  const judged = `${count(due.issued(), "statement")} of the register, ${
    isExport ? "and what each is about" : "each made again, without what is personal"
  }`
  const all = [...due.wrong, ...findings, ...passed.map(inWords)].toSorted((a, b) => a.position - b.position)
  const found = verdict({ ...about, judged }, all, { count: due.wrongCount() + different + passed.length, notices })
  return found.verdict === "holds" && newer > 0 ? { ...found, verdict: "not_judged" } : found
}
