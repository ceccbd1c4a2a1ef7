/**
 * Acknowledged means durable (promise 5): an answer leaves after its commit, and its events stay. `executed: "no"` is never wrong.
 */
import type { Call } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

/** Whether every attempt of a call was told that it had no effect. */
const saysNo = ({ attempts }: Call): boolean =>
  attempts.length > 0 &&
  attempts.every(({ isDoubled, outcome }) => {
    if (isDoubled === true || outcome === undefined) return false
    switch (outcome._tag) {
      case "NotSent":
        return true
      case "Unavailable":
        return outcome.executed === "no"
      case "Refused":
        // A refusal of the decision is recorded; every other has no effect.
        return outcome.status !== 409
      case "Answered":
      case "Died":
      case "Lost":
        return false
    }
  })

/** @category values */
export const acknowledged: Invariant = {
  name: "5: acknowledged means durable",
  watch: ({ instructions }, broken) => ({
    answered: ({ command, name, number }, { outcome }) => {
      if (command === undefined || outcome?._tag !== "Answered") return
      if (!instructions.has(command.identity)) broken(`${name}, call ${number} is answered, and not in the log`)
    }
  })
}

/** @category values */
export const executedNo: Invariant = {
  name: 'R-21: executed "no" is never wrong',
  watch: ({ calls, instructions }, broken) => ({
    healed: () => {
      const silent = new Map<string, Call>()
      const other = new Set<string>()
      for (const call of calls) {
        if (call.command === undefined) continue
        if (call.isOfLostHistory !== true && saysNo(call)) silent.set(call.command.identity, call)
        else other.add(call.command.identity)
      }
      for (const [identity, { name, number }] of silent) {
        const found = instructions.get(identity)
        if (found !== undefined && !other.has(identity))
          broken(`${name}, call ${number} was told that it had no effect, and lies at ${found.last}`)
      }
    }
  })
}
