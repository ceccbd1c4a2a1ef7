/**
 * Decisions can be replayed (promise 8): every instruction, recalled and decided again over the log before it, gives its events.
 */
import { Policy } from "@effekten/domain"
import { DecisionReplay } from "@effekten/projections"
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const decidedAgain: Invariant = {
  name: "8: decided again gives the log",
  watch: ({ log }, broken) => ({
    healed: () => {
      const replay = DecisionReplay.make({ assumed: Policy.defaults })
      for (const event of log) replay.apply(event)
      replay.end()
      for (const { operation, position } of replay.deviations)
        broken(`${operation} at ${position} is decided otherwise`)
    }
  })
}
