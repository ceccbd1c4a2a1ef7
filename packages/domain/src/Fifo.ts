/**
 * The FIFO rule: which lots give the units a task asks for. For tasks that take from a holding, and for auditors of them.
 *
 * Lots are chosen when the task is requested, in rank order (position of the delivery, never a clock): each unblocked lot gives
 * `min(still needed, remaining − reserved)`. So every lot before the last named lot is emptied of what was available. The choice stands in
 * the event, whatever happens meanwhile.
 */
import { read, refuse, type Read, type Refuse } from "./Decision.ts"
import type { Part } from "./events/Part.ts"
import * as Holding from "./Holding.ts"
import type { ProductId, WalletId } from "./Id.ts"
import { maximumLots } from "./Policy.ts"
import type { Units } from "./Units.ts"

/**
 * The lots that give `units`, oldest first. The caller has made sure that so many are free; `undefined` means that they lie in more
 * than {@link maximumLots} lots.
 */
const chooseLots = (holding: Holding.State, units: Units): ReadonlyArray<Part> | undefined => {
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

/** The lots that a task takes of a holding: free units only, neither reserved, nor blocked, nor frozen. @category computing */
export function* takeLots(
  productId: ProductId,
  walletId: WalletId,
  units: Units
): Generator<Read | Refuse, ReadonlyArray<Part>, any> {
  const holding = yield* read(Holding.model(productId, walletId))
  if (units > Holding.free(holding))
    return yield* refuse({ code: "insufficient_units", details: { free: Holding.free(holding) } })
  return chooseLots(holding, units) ?? (yield* refuse({ code: "too_many_lots" }))
}
