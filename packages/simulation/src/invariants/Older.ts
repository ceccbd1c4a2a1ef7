/**
 * A node of an earlier version refuses, or agrees with the others; it never contradicts them (promise 2). Past an event that it does not know
 * it reads and decides nothing, whenever it was started. What it did before, the other laws judge.
 */
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const older: Invariant = {
  name: "2: no program decides past what it does not know",
  watch: (facts, broken) => {
    let told = facts.overstepped.length
    const tell = (): void => {
      for (const { at, node, unknown, what } of facts.overstepped.slice(told))
        broken(
          `${node} of an earlier version has ${what} at ${at}, behind the event at ${unknown}, which it does not know`
        )
      told = facts.overstepped.length
    }
    return { committed: tell, answered: tell, healed: tell }
  }
}
