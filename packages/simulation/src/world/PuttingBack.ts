/**
 * Puts the log back now and then, for the world. Under running nodes it is a standby that was behind. In the files of a process that is down
 * it is an operator with a backup. Some time later an operator has compared the ledger, and resumes settlement.
 */
import { Projection } from "@effekten/projections"
import type { Kernel, Owner } from "../kernel/Kernel.ts"
import type { Injector } from "../plan/Faults.ts"
import type { Copy, Stores } from "./Stores.ts"
import type { Supervisor } from "./Supervisor.ts"

/** @category models */
export interface PuttingBack {
  /** What an operator has not resumed yet is resumed. */
  readonly heal: () => void
}

interface PuttingBackOptions {
  readonly kernel: Kernel
  readonly faults: Injector
  readonly stores: Stores
  readonly supervisor: Supervisor
  readonly log: ReadonlyArray<Projection.LoggedEvent>
  /** The log ends at the copy. */
  readonly onPutBack: (copy: Copy) => void
}

const second = 1_000_000
/** How often a copy is taken, or put back. */
const interval = 0.5 * second
/** A person takes so long at least to compare the ledger with the log: longer than a message to the ledger is under way. */
const shortestComparison = 10 * second
const longestComparison = 20 * second

/** @category constructors */
export const make = ({ faults, kernel, log, onPutBack, stores, supervisor }: PuttingBackOptions): PuttingBack => {
  const operator: Owner = { name: "operator", alive: true }
  let copy: Copy | undefined
  let [isCompared, isEver] = [true, false]
  // What was destroyed stays destroyed: such a copy would bring ciphertexts back without their keys.
  const isBehindErasure = ({ position }: Copy): boolean => log.slice(position).some(Projection.isErasing)
  const resume = (): void => {
    isCompared = true
    supervisor.resume()
  }
  const putBack = (from: Copy): void => {
    if (stores.isOneProcess) supervisor.restart()
    from.putBack()
    onPutBack(from)
    ;[copy, isCompared, isEver] = [undefined, false, true]
    const comparison = shortestComparison + faults.draws("logPutBack").below(longestComparison - shortestComparison)
    kernel.at(operator, kernel.now() + comparison, resume)
  }
  const strike = (): void => {
    if (isCompared && !stores.isWriting() && faults.happens("logPutBack"))
      if (copy === undefined || isBehindErasure(copy)) copy = stores.copy()
      else putBack(copy)
    kernel.at(operator, kernel.now() + interval, strike)
  }
  kernel.at(operator, interval, strike)
  return {
    heal: () => {
      if (isEver) resume()
    }
  }
}
