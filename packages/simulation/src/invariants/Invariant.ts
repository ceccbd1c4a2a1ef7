/**
 * What a law of a simulation is: it watches a run and says what it finds broken. For the author of a law; each has a file of its own, and its
 * place in {@link standard}.
 */
import type { Attempt, Call, Committed, Facts } from "../history/History.ts"
import type { Arrival } from "../history/Webhooks.ts"

/** What a law does at each turn of a run. What it finds it tells. @category models */
export interface Watch {
  /** An instruction is in the log as a whole. */
  readonly committed?: (instruction: Committed) => void
  /** A caller has learned what it will learn of an attempt. */
  readonly answered?: (call: Call, attempt: Attempt) => void
  /** A webhook has come to its receiver. */
  readonly received?: (arrival: Arrival) => void
  /** Faults have ended, everything had its time, and nothing is under way any more. */
  readonly healed?: () => void
}

/** @category models */
export interface Invariant {
  /** Names the promise of docs/reference/guarantees.md that it holds, or a point of it. */
  readonly name: string
  readonly watch: (facts: Facts, broken: (message: string) => void) => Watch
}

/**
 * A law over what a run has come to, asked at every commit until it is broken: for laws of an application.
 *
 * @category constructors
 */
export const always = (name: string, holds: (facts: Facts) => boolean): Invariant => ({
  name,
  watch: (facts, broken) => {
    let isBroken = false
    return {
      committed: ({ last }) => {
        if (isBroken || holds(facts)) return
        isBroken = true
        broken(`does not hold at ${last}`)
      }
    }
  }
})
