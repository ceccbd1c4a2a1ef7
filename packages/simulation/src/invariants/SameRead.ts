/**
 * Two reads of one thing at one position say the same, whichever nodes answer them (promise 7). After healing each node is asked for all lists.
 */
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const sameRead: Invariant = {
  name: "7: all nodes show the same at one position",
  watch: (_facts, broken) => {
    const firsts = new Map<string, { readonly said: string; readonly node: string; readonly number: number }>()
    return {
      answered: ({ body, command, ids, name, number, platform }, { ended, node, outcome, sent }) => {
        if (command !== undefined || outcome?._tag !== "Answered" || ended?.head !== sent.head) return
        const asked = JSON.stringify([sent.head, platform, name, ids, body])
        const first = firsts.get(asked)
        if (first === undefined) firsts.set(asked, { said: outcome.answer, node, number })
        else if (first.said !== outcome.answer)
          broken(
            `${name}, call ${number} to ${node}: ${outcome.answer}, call ${first.number} to ${first.node}: ${first.said}`
          )
      }
    }
  }
}
