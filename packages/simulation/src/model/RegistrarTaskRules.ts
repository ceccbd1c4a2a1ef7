/**
 * Ledger tasks that the registrar instructs, in the second model: redemptions of crypto securities, and forced transfers.
 */
import { isWhole, no, type Rules, sees } from "./Asked.ts"
import { begun, take } from "./TaskRules.ts"

/** @category computing */
export const registrarTaskRules = {
  RedeemCrypto: (world, asked, { productId, redemptionId, units, walletId }) => {
    const wallet = sees(asked, world.wallets.get(walletId))
    if (!wallet) return no("wallet_not_found")
    if (world.investors.get(wallet.investor)!.erased) return no("investor_erased")
    const product = world.products.get(productId)
    if (!product) return no("product_not_found")
    if (!isWhole(units)) return no("units_invalid")
    if (!product.ewpg) return no("not_a_crypto_security")
    if (product.paused) return no("product_paused")
    if (world.frozenWallets.has(walletId)) return no("wallet_frozen")
    const { platform } = wallet
    const asking = { ...begun, kind: "redemption", platform, wallet: walletId, product: productId, units } as const
    return take(world, `redemption ${redemptionId}`, asking)
  },
  ForceTransfer: (world, asked, input) => {
    const source = sees(asked, world.wallets.get(input.sourceWalletId))
    if (!source) return no("wallet_not_found")
    if (world.investors.get(source.investor)!.erased) return no("investor_erased")
    if (!world.products.has(input.productId)) return no("product_not_found")
    if (!isWhole(input.units)) return no("units_invalid")
    if (source.address === input.targetAddress) return no("same_wallet")
    const target = [...world.wallets].find(([, wallet]) => wallet.address === input.targetAddress)
    const recipient = target && world.investors.get(target[1].investor)!
    if (!target || !recipient || recipient.erased || world.kyc(recipient) === "INSUFFICIENT")
      return no("target_cannot_receive")
    return take(world, `transfer ${input.transferId}`, {
      ...begun,
      kind: "transfer",
      platform: source.platform,
      wallet: input.sourceWalletId,
      to: { wallet: target[0], investment: input.recipientInvestmentId },
      product: input.productId,
      units: input.units
    })
  }
} satisfies Partial<Rules>
