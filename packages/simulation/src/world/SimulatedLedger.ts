/**
 * A ledger that does what a real one does: late, twice asked, or without a word. What it did stays when nodes die. For the nodes, and for
 * the invariant that compares its books with the register's.
 */
import { Ledger, type LedgerOutcome, type LedgerTask, LedgerUnavailable } from "@effekten/registrar"
import { Effect, Layer } from "effect"
import type { LedgerEntry } from "../history/History.ts"
import type { Injector } from "../plan/Faults.ts"

/** What the ledger knows of a task, while it goes on. */
type Entry = { -readonly [Name in keyof LedgerEntry]: LedgerEntry[Name] }

/** @category models */
export interface SimulatedLedger {
  readonly layer: Layer.Layer<Ledger>
  readonly entries: ReadonlyMap<string, LedgerEntry>
  /** A person makes the ledger whole, before saying what became of a task. */
  readonly correct: (taskId: string, outcome: "succeeded" | "failed") => void
}

const unreachable = (message: string) => new LedgerUnavailable({ message })

const answerOf = ({ state }: Entry): LedgerOutcome => {
  switch (state) {
    case "done":
      return { _tag: "Succeeded" }
    case "refused":
      return { _tag: "Failed" }
    case "processing":
      return { _tag: "Processing" }
    case "unsure":
      return { _tag: "Unknown" }
  }
}

/** @category constructors */
export const make = (
  faults: Injector,
  onDone: (task: LedgerTask, state: "done" | "refused") => void
): SimulatedLedger => {
  const entries = new Map<string, Entry>()
  const settle = (entry: Entry, state: "done" | "refused") => {
    entry.state = state
    onDone(entry.task, state)
  }
  const submit = Effect.fnUntraced(function* (task: LedgerTask) {
    if (faults.happens("ledgerUnreachable")) return yield* unreachable("the ledger refuses the connection")
    const entry: Entry = entries.get(task.taskId) ?? { task, submissions: 0, state: "processing" }
    entries.set(task.taskId, entry)
    entry.submissions += 1
    if (entry.submissions > 1) return answerOf(entry)
    const end = faults.happens("ledgerRefuses") ? "refused" : "done"
    if (faults.happens("ledgerUnsure")) entry.state = "unsure"
    else if (faults.happens("ledgerSlow")) {
      const wait = faults.draws("ledgerSlow").below(8_000)
      // The ledger goes on whatever becomes of the node that asked.
      later.push({ entry, end, wait })
    } else settle(entry, end)
    if (faults.happens("ledgerSilent")) return yield* unreachable("the ledger's answer was lost")
    return answerOf(entry)
  })
  const later: Array<{ readonly entry: Entry; readonly end: "done" | "refused"; wait: number }> = []
  const find = Effect.fnUntraced(function* ({ taskId }: LedgerTask) {
    if (faults.happens("ledgerUnasked")) return yield* unreachable("the question to the ledger was lost")
    const entry = entries.get(taskId)
    if (entry === undefined) return undefined
    const slow = later.find((each) => each.entry === entry)
    // Each question brings it nearer to its end: a ledger that is not asked does not matter.
    if (slow !== undefined && entry.state === "processing" && (slow.wait -= 2_000) <= 0) settle(entry, slow.end)
    return answerOf(entry)
  })
  return {
    layer: Layer.succeed(Ledger, Ledger.of({ submit, find })),
    entries,
    correct: (taskId, outcome) => {
      const entry = entries.get(taskId)
      if (entry !== undefined) entry.state = outcome === "succeeded" ? "done" : "refused"
    }
  }
}
