/**
 * The FIFO rule: which lots give the units a task asks for. For redemptions, and for auditors of them.
 *
 * Lots are chosen when the task is requested, in rank order (position of the delivery, never a clock): each unblocked lot gives
 * `min(still needed, remaining − reserved)`. So every lot before the last named lot is emptied of what was available. The choice stands in
 * the event, whatever happens meanwhile.
 */
import type { Part } from "./events/RedemptionEvents.ts"
import * as Holding from "./Holding.ts"
import { maximumLots } from "./Policy.ts"
import type { Units } from "./Units.ts"

/**
 * The lots that give `units`, oldest first. The caller has made sure that so many are free; `undefined` means that they lie in more
 * than {@link maximumLots} lots.
 *
 * @category computing
 */
export const chooseLots = (holding: Holding.State, units: Units): ReadonlyArray<Part> | undefined => {
  const parts: Array<Part> = []
  let needed = units
  for (const chunk of holding.chunks) {
    if (chunk.available === 0) continue
    for (const lot of chunk.lots) {
      const given = Math.min(needed, Holding.availableOf(lot))
      if (given === 0) continue
      if (parts.length === maximumLots) return undefined
      parts.push({ investmentId: lot.investmentId, units: given })
      needed -= given
      if (needed === 0) return parts
    }
  }
  throw new RangeError("fewer units are available than were asked for")
}
