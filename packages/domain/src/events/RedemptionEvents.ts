/**
 * Facts about redemptions: the task that burns units. For readers of the log. The request names the lots it reserves; the outcome takes or
 * releases exactly these. One of a crypto security has the legal basis on which the registrar instructed it.
 */
import { Schema } from "effect"
import { Basis } from "../Basis.ts"
import { define } from "../Event.ts"
import { InvestorId, PlatformId, ProductId, RedemptionId, WalletId } from "../Id.ts"
import { FailureReason, Resolution } from "../TaskStatus.ts"
import * as Tag from "../Tag.ts"
import { Units } from "../Units.ts"
import { filedUnder, filing } from "./Filing.ts"
import { Part } from "./Part.ts"

const redemption = {
  redemptionId: RedemptionId,
  investorId: InvestorId,
  productId: ProductId,
  walletId: WalletId,
  units: Units,
  /** In rank order. */
  lots: Schema.Array(Part),
  /** On what basis the registrar redeems: only of crypto securities, which no platform redeems. */
  basis: Schema.optionalKey(Basis),
  /** Then the holder's platform; missing where the holder has none. Otherwise it is that of the instruction. */
  holderPlatform: Schema.optionalKey(PlatformId)
}

export const RedemptionRequested = define("RedemptionRequested", {
  data: redemption,
  personal: { fields: filing, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [
    Tag.redemption(data.redemptionId),
    Tag.product(data.productId),
    Tag.wallet(data.walletId),
    ...filedUnder(data.basis, data.investorId)
  ]
})

export const RedemptionSubmitted = define("RedemptionSubmitted", {
  data: { redemptionId: RedemptionId },
  tags: (data) => [Tag.redemption(data.redemptionId)]
})

export const UnitsRedeemed = define("UnitsRedeemed", {
  data: { ...redemption, resolution: Schema.optionalKey(Resolution) },
  tags: (data) => [Tag.redemption(data.redemptionId), Tag.product(data.productId), Tag.wallet(data.walletId)]
})

export const RedemptionFailed = define("RedemptionFailed", {
  data: {
    redemptionId: RedemptionId,
    productId: ProductId,
    walletId: WalletId,
    reason: FailureReason,
    resolution: Schema.optionalKey(Resolution)
  },
  tags: (data) => [Tag.redemption(data.redemptionId), Tag.product(data.productId), Tag.wallet(data.walletId)]
})

export const RedemptionOutcomeUnknown = define("RedemptionOutcomeUnknown", {
  data: { redemptionId: RedemptionId },
  tags: (data) => [Tag.redemption(data.redemptionId)]
})
