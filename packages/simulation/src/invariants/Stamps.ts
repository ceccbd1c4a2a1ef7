/**
 * The log is dense, and its instants run with its positions (promise 6). No event is recorded before the one before it, nor before its
 * instruction was received.
 */
import { Timestamp } from "@effekten/domain"
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const stamps: Invariant = {
  name: "6: dense, and stamped in order",
  watch: (_facts, broken) => {
    let [position, recorded] = [0, 0]
    return {
      committed: ({ events, operation }) => {
        for (const event of events) {
          const at = Timestamp.instantOf(event.meta.recordedAt).micros
          if (event.position !== position + 1) broken(`${operation} lies at ${event.position}, after ${position}`)
          if (at < recorded) broken(`${event.position} is recorded before ${position}`)
          if (at < Timestamp.instantOf(event.meta.receivedAt).micros)
            broken(`${event.position} is recorded before it was received`)
          position = event.position
          recorded = at
        }
      }
    }
  }
}
