/**
 * What somebody else wrote to the log is told (promise 6). A node does not start over it, and a verification against the checkpoint outside
 * finds it. A log that nobody forged is found whole, and all of it bears its MACs.
 */
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const forged: Invariant = {
  name: "6: what somebody else wrote is told",
  watch: (facts, broken) => ({
    healed: () => {
      for (const { isTold, kind, position, start } of facts.forgeries) {
        const what = `${kind} at ${position}`
        if (!isTold) broken(`${what}: a verification finds nothing`)
        if (start?.serves === true) broken(`${what}: a node serves it, ${start.said}`)
        if (start?.serves === false && start.said === undefined) broken(`${what}: a start over it hangs`)
      }
      const { length } = facts.log
      for (const { authenticated, events, faults } of facts.verified) {
        for (const { message, position } of faults) broken(`a log that is whole, at ${position}: ${message}`)
        if (events !== length || authenticated !== length)
          broken(`${authenticated} of ${events} events bear MACs, and there are ${length}`)
      }
    }
  })
}
