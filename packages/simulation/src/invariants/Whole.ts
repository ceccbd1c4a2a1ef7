/**
 * An instruction is in the log as a whole or not at all (promise 5). Its events are adjacent, and each of them says the same of it.
 */
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const whole: Invariant = {
  name: "5: whole, or not at all",
  watch: ({ log }, broken) => {
    let ended = 0
    return {
      committed: ({ events, identity, last, operation }) => {
        const [{ meta }] = events
        for (const event of events)
          if (
            event.meta.instruction !== identity ||
            event.meta.operation !== operation ||
            event.meta.receivedAt !== meta.receivedAt ||
            event.meta.platform !== meta.platform
          )
            broken(`${event.type} at ${event.position} lies among the events of another instruction, ${operation}`)
        if (last - ended !== events.length) broken(`${operation} at ${last} is not adjacent to what lies before it`)
        ended = last
      },
      healed: () => {
        if (log.length > ended) broken(`an instruction after ${ended} has no end`)
      }
    }
  }
}
