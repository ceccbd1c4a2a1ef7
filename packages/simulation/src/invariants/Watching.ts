/**
 * Laws over a run, and what they found. For runs. A run tells each turn; nothing here may change what runs.
 */
import type { Facts } from "../history/History.ts"
import type { Invariant, Watch } from "./Invariant.ts"

/** What a law found broken, and when. @category models */
export interface Violation {
  readonly invariant: string
  readonly message: string
  /** Microseconds since the run began. */
  readonly time: number
}

/** Violations kept of a run: a broken log breaks nearly everywhere, and the first places show why. */
const maximumViolations = 20

/** Tells every turn to all laws. What a law says twice is kept once. @category models */
export interface Watching extends Required<Watch> {
  readonly violations: ReadonlyArray<Violation>
  readonly begun: (facts: Facts, now: () => number) => void
}

/** @category constructors */
export const make = (invariants: ReadonlyArray<Invariant>): Watching => {
  const violations: Array<Violation> = []
  let watches: ReadonlyArray<Watch> = []
  return {
    violations,
    begun: (facts, now) => {
      watches = invariants.map(({ name, watch }) =>
        watch(facts, (message) => {
          if (violations.some((told) => told.invariant === name && told.message === message)) return
          if (violations.length < maximumViolations) violations.push({ invariant: name, message, time: now() })
        })
      )
    },
    committed: (instruction) => watches.forEach(({ committed }) => committed?.(instruction)),
    answered: (...told) => watches.forEach(({ answered }) => answered?.(...told)),
    received: (arrival) => watches.forEach(({ received }) => received?.(arrival)),
    healed: () => watches.forEach(({ healed }) => healed?.())
  }
}
