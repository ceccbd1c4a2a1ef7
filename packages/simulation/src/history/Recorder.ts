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
      const committed: Committed = {
        identity,
        operation,
        events: [first, ...rest],
        last: event.position,
        time: options.now()
      }
      if (!instructions.has(identity)) instructions.set(identity, committed)
      options.onCommitted(committed)
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
