/**
 * Freezes and releases of wallets and units by steps. For random runs of decisions.
 */
import { by, type Reader, type Reading, unitsOf } from "./Reading.ts"
import type { Kind, Step } from "./Steps.ts"
import { redeemable } from "./TaskSteps.ts"

/** Nobody but the registrar freezes; now and then a platform tries as if it could. */
const asked = (reading: Reading, s: Step, walletId: string): string | undefined =>
  s.who === 0 ? reading.whose(s, reading.world.wallets.get(walletId)?.platform) : undefined

const bases = ["court", "administrative_act", "statute"] as const

/** What the person notes: mostly something. */
const noted = (s: Step): object => (s.d % 4 === 0 ? {} : { reference: "00 AB 1/26", note: "on paper" })

/** @category conversions */
export const freezingSteps = {
  freezeWallet: (reading, s) => {
    const holding = new Map(redeemable(reading.world).map(({ delivered }) => [delivered!, true]))
    const walletId = reading.known(s.b % 3 === 0 ? reading.world.wallets : holding, s.a)
    return by(asked(reading, s, walletId), "FreezeWallet", { walletId, basis: bases[s.c % 3] }, noted(s))
  },
  unfreezeWallet: (reading, s) => {
    const { frozenWallets, wallets } = reading.world
    const frozen = new Map([...wallets].filter(([id]) => s.b % 6 === 0 || frozenWallets.has(id)))
    const walletId = reading.known(frozen, s.a)
    return by(asked(reading, s, walletId), "UnfreezeWallet", { walletId, basis: bases[s.c % 3] }, noted(s))
  },
  freezeUnits: (reading, s) => {
    const { world } = reading
    const from = redeemable(world)[s.a % Math.max(1, redeemable(world).length)]
    const walletId = s.b % 9 === 0 || !from ? reading.known(world.wallets, s.b) : from.delivered!
    const productId = s.b % 11 === 0 || !from ? reading.known(world.products, s.b) : from.product
    const input = { walletId, productId, units: unitsOf(s.c), basis: bases[s.d % 3] }
    return by(asked(reading, s, walletId), "FreezeUnits", input, noted(s))
  },
  unfreezeUnits: (reading, s) => {
    const { frozen, products, wallets } = reading.world
    const some = new Map([...frozen].filter(([, units]) => units > 0))
    const [ofProduct = "none", ofWallet = "none"] = reading.known(some, s.a).split(" ")
    const walletId = s.b % 9 === 0 ? reading.known(wallets, s.b) : ofWallet
    const productId = s.b % 11 === 0 ? reading.known(products, s.b) : ofProduct
    const input = { walletId, productId, units: unitsOf(s.c), basis: bases[s.d % 3] }
    return by(asked(reading, s, walletId), "UnfreezeUnits", input, noted(s))
  }
} satisfies { readonly [K in Kind]?: Reader }
