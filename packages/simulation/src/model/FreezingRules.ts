/**
 * Freezes of wallets and units in the second model.
 */
import { type Asked, isWhole, no, noop, ok, type Rules, sees, type Verdict } from "./Asked.ts"
import type { Objects } from "./Objects.ts"

const problemOf = (world: Objects, asked: Asked, id: string): Verdict | undefined => {
  const wallet = sees(asked, world.wallets.get(id))
  if (!wallet) return no("wallet_not_found")
  return world.investors.get(wallet.investor)!.erased ? no("investor_erased") : undefined
}

/** @category computing */
export const freezingRules = {
  FreezeWallet: (world, asked, { walletId }) => {
    const problem = problemOf(world, asked, walletId)
    if (problem) return problem
    if (world.frozenWallets.has(walletId)) return noop
    world.frozenWallets.add(walletId)
    return ok
  },
  UnfreezeWallet: (world, asked, { walletId }) =>
    problemOf(world, asked, walletId) ?? (world.frozenWallets.delete(walletId) ? ok : noop),
  FreezeUnits: (world, asked, { productId, units, walletId }) => {
    const problem = problemOf(world, asked, walletId)
    if (problem) return problem
    if (!isWhole(units)) return no("units_invalid")
    const free = world.takeable(productId, walletId).length
    if (units > free) return no("insufficient_units", free)
    const place = `${productId} ${walletId}`
    world.frozen.set(place, (world.frozen.get(place) ?? 0) + units)
    return ok
  },
  UnfreezeUnits: (world, asked, { productId, units, walletId }) => {
    const problem = problemOf(world, asked, walletId)
    if (problem) return problem
    if (!isWhole(units)) return no("units_invalid")
    const place = `${productId} ${walletId}`
    const frozen = world.frozen.get(place) ?? 0
    if (units > frozen) return no("insufficient_frozen_units")
    world.frozen.set(place, frozen - units)
    return ok
  }
} satisfies Partial<Rules>
