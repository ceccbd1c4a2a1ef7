/**
 * An instruction takes effect once, however often it is sent (promise 4): it lies in the log at one place.
 */
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const effectOnce: Invariant = {
  name: "4: effect once",
  watch: ({ instructions }, broken) => ({
    committed: ({ identity, last, operation }) => {
      const first = instructions.get(identity)
      if (first !== undefined && first.last !== last) broken(`${operation} lies at ${first.last} and at ${last}`)
    }
  })
}
