/**
 * After healing everything ends: no call hangs, and every ledger task has an outcome, if only `unknown`.
 */
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const everythingEnds: Invariant = {
  name: "after healing everything ends",
  watch: ({ calls, world }, broken) => ({
    answered: ({ name, number }, { outcome }) => {
      if (outcome?._tag === "Died") broken(`${name}, call ${number} broke the node: ${outcome.message}`)
    },
    healed: () => {
      for (const { ended, name, number } of calls) if (ended === undefined) broken(`${name}, call ${number} hangs`)
      for (const [id, { status }] of world.tasks) if (status === "processing") broken(`${id} has no outcome`)
    }
  })
}
