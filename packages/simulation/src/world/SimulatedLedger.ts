/**
 * A ledger that does what a real one does: late, twice asked, or without a word. What it did stays when nodes die. For the nodes, and for
 * the invariant that compares its books with the register's.
 */
import { Ledger, type LedgerOutcome, type LedgerTask, LedgerUnavailable } from "@effekten/registrar"
import { Effect, Exit, Layer } from "effect"
import type { LedgerEntry } from "../history/History.ts"
import type { Kernel, Owner } from "../kernel/Kernel.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Injector } from "../plan/Faults.ts"

/** What the ledger knows of a task, while it goes on. */
type Entry = { -readonly [Name in keyof LedgerEntry]: LedgerEntry[Name] }

/** @category models */
export interface SimulatedLedger {
  readonly layer: Layer.Layer<Ledger>
  readonly entries: ReadonlyMap<string, LedgerEntry>
  /** A person makes the ledger whole before saying what became of a task. What it has not heard of is entered. */
  readonly correct: (said: Pick<LedgerTask, "taskId"> | LedgerTask, outcome: "succeeded" | "failed") => void
  readonly logPutBack: () => void
}

const unreachable = (message: string) => new LedgerUnavailable({ message })

const silent = Exit.fail(unreachable("the ledger's answer was lost"))

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

const entryOf = (task: LedgerTask, state: Entry["state"]): Entry => ({
  task,
  submissions: 0,
  isOvertaken: false,
  state
})

interface LedgerOptions {
  readonly kernel: Kernel
  readonly faults: Injector
  /** How long a message to the ledger or back is under way. */
  readonly delays: Stream
  readonly onDone: (task: LedgerTask, state: "done" | "refused") => void
}

const milli = 1_000
const usualDelay = 20 * milli
const lateDelay = 4_000 * milli
/** A slow ledger settles within this. */
const longestSettling = 8_000 * milli
/** It goes on, whatever becomes of the node that asked. */
const self: Owner = { name: "ledger", alive: true }

/** @category constructors */
export const make = ({ delays, faults, kernel, onDone }: LedgerOptions): SimulatedLedger => {
  const entries = new Map<string, Entry>()
  /** What a person said of tasks: a submission that was still under way then changes nothing any more. */
  const corrected = new Map<string, "done" | "refused">()
  const after = (micros: number, act: () => void) => kernel.at(self, kernel.now() + micros, act)
  const delay = () =>
    delays.below(usualDelay) + (faults.happens("ledgerLate") ? faults.draws("ledgerLate").below(lateDelay) : 0)

  /** A message there, and one back. */
  const asking = <A>(act: () => Exit.Exit<A, LedgerUnavailable>) =>
    Effect.callback<A, LedgerUnavailable>((resume) => {
      after(delay(), () => {
        const exit = act()
        after(delay(), () => resume(exit))
      })
    })

  const settle = (entry: Entry, state: "done" | "refused") => {
    entry.state = state
    onDone(entry.task, state)
  }
  let histories = 0
  const take = (task: LedgerTask, history: number): LedgerOutcome => {
    const said = corrected.get(task.taskId)
    const entry = entries.get(task.taskId) ?? entryOf(task, said ?? "processing")
    entries.set(task.taskId, entry)
    entry.submissions += 1
    if (history !== histories) entry.isOvertaken = true
    if (entry.submissions > 1 || said !== undefined) return answerOf(entry)
    const end = faults.happens("ledgerRefuses") ? "refused" : "done"
    if (faults.happens("ledgerUnsure")) entry.state = "unsure"
    else if (faults.happens("ledgerSlow"))
      after(faults.draws("ledgerSlow").below(longestSettling), () => {
        // A person may have made it whole meanwhile.
        if (entry.state === "processing") settle(entry, end)
      })
    else settle(entry, end)
    return answerOf(entry)
  }
  const submit = (task: LedgerTask) =>
    Effect.suspend(() => {
      if (faults.happens("ledgerUnreachable")) return Effect.fail(unreachable("the ledger refuses the connection"))
      const history = histories
      return asking(() => {
        const outcome = take(task, history)
        return faults.happens("ledgerSilent") ? silent : Exit.succeed(outcome)
      })
    })
  const find = ({ taskId }: LedgerTask) =>
    Effect.suspend(() =>
      faults.happens("ledgerUnasked")
        ? Effect.fail(unreachable("the question to the ledger was lost"))
        : asking(() => {
            const entry = entries.get(taskId)
            return Exit.succeed(entry === undefined ? undefined : answerOf(entry))
          })
    )
  return {
    layer: Layer.succeed(Ledger, Ledger.of({ submit, find })),
    entries,
    logPutBack: () => void (histories += 1),
    correct: (said, outcome) => {
      const state = outcome === "succeeded" ? "done" : "refused"
      corrected.set(said.taskId, state)
      const entry = entries.get(said.taskId)
      if (entry !== undefined) entry.state = state
      else if ("units" in said) entries.set(said.taskId, entryOf(said, state))
    }
  }
}
