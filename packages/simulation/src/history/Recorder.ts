/**
 * Writes the history of a run down, and tells of each turn. For the world. What it has written it never changes.
 */
import type { Position } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import type { Attempt, Call, Committed, History, Moment, Outcome } from "./History.ts"

/** @category models */
export interface Recorder extends History {
  readonly moment: () => Moment
  /** An event is in the log. */
  readonly event: (event: Projection.LoggedEvent) => void
  /** The log was put back, and ends there. Returns what is left of it. */
  readonly putBack: (to: Position) => ReadonlyArray<Committed>
  readonly begin: (call: Omit<Call, "number" | "began" | "attempts">) => Call
  readonly attempt: (call: Call, node: string) => Attempt
  readonly learn: (call: Call, attempt: Attempt, outcome: Outcome) => void
}

/** @category constructors */
export const make = (options: {
  readonly now: () => number
  readonly onCommitted: (instruction: Committed) => void
  readonly onAnswered: (call: Call, attempt: Attempt) => void
}): Recorder => {
  const log: Array<Projection.LoggedEvent> = []
  const calls: Array<Call> = []
  const instructions = new Map<string, Committed>()
  let open: Array<Projection.LoggedEvent> = []
  let committed: Array<Committed> = []
  const head = (): Position => log.length
  const moment = (): Moment => ({ time: options.now(), head: head() })
  return {
    log,
    calls,
    instructions,
    moment,
    event: (event) => {
      log.push(event)
      open.push(event)
      // Its last event alone has the fingerprint.
      if (event.meta.fingerprint === undefined) return
      const [first = event, ...rest] = open
      open = []
      const { instruction: identity, operation } = event.meta
      const instruction: Committed = {
        identity,
        operation,
        events: [first, ...rest],
        last: event.position,
        time: options.now()
      }
      committed.push(instruction)
      if (!instructions.has(identity)) instructions.set(identity, instruction)
      options.onCommitted(instruction)
    },
    putBack: (to) => {
      log.length = to
      open = []
      committed = committed.filter(({ last }) => last <= to)
      instructions.clear()
      for (const each of committed.toReversed()) instructions.set(each.identity, each)
      for (const call of calls) call.isOfLostHistory = true
      return committed
    },
    begin: (told) => {
      const call: Call = { ...told, number: calls.length, began: moment(), attempts: [] }
      calls.push(call)
      return call
    },
    attempt: (call, node) => {
      const attempt: Attempt = { node, sent: moment() }
      call.attempts.push(attempt)
      return attempt
    },
    learn: (call, attempt, outcome) => {
      attempt.ended = moment()
      attempt.outcome = outcome
      options.onAnswered(call, attempt)
    }
  }
}
