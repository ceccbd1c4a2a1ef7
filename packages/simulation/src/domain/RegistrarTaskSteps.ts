/**
 * Ledger tasks that the registrar instructs, by steps: redemptions of crypto securities, and forced transfers. For random runs of decisions.
 */
import type { Investment } from "../model/Objects.ts"
import { by, pick, type Reader, type Reading, unitsOf } from "./Reading.ts"
import type { Kind, Step } from "./Steps.ts"
import { addressOf, withFreeUnits } from "./TaskSteps.ts"

const bases = ["statute", "court", "holder"] as const

/** Nobody but the registrar instructs these; now and then a platform tries as if it could. */
const asked = (reading: Reading, s: Step, walletId: string): string | undefined =>
  s.who === 0 ? reading.whose(s, reading.world.wallets.get(walletId)?.platform) : undefined

const noted = (s: Step): object => (s.d % 4 === 0 ? {} : { reference: "00 AB 3/26", note: "on paper" })

/** Where the units are: mostly where there are some. */
const from = ({ known, world }: Reading, s: Step, investments: ReadonlyArray<Investment>) => {
  const some = pick(investments, s.a)
  return {
    walletId: s.d % 20 === 0 || !some ? known(world.wallets, s.b) : some.delivered!,
    productId: s.d % 12 === 0 || !some ? known(world.products, s.b) : some.product
  }
}

/** @category conversions */
export const registrarTaskSteps = {
  redeemCrypto: (reading, s) => {
    const { world } = reading
    const crypto = withFreeUnits(world).filter(({ product }) => s.b % 7 === 0 || world.products.get(product)!.ewpg)
    const { productId, walletId } = from(reading, s, crypto)
    const input = { productId, walletId, units: unitsOf(s.c), basis: bases[s.d % 3] }
    const redemptionId = reading.fresh("redemption")
    return by(asked(reading, s, walletId), "RedeemCrypto", { redemptionId, ...input }, noted(s))
  },
  force: (reading, s) => {
    const { productId, walletId: sourceWalletId } = from(reading, s, withFreeUnits(reading.world))
    const input = {
      transferId: reading.fresh("transfer"),
      recipientInvestmentId: reading.fresh("investment"),
      sourceWalletId,
      productId,
      targetAddress: addressOf(reading.world, sourceWalletId, s.a + s.b),
      units: unitsOf(s.c),
      basis: bases[s.d % 3]
    }
    return by(asked(reading, s, sourceWalletId), "ForceTransfer", input, noted(s))
  }
} satisfies { readonly [K in Kind]?: Reader }
