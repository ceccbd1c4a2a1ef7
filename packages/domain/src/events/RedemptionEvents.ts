/**
 * Facts about redemptions: the task that burns units. For readers of the log. The request names the lots it reserves; the outcome takes or
 * releases exactly these.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { InvestorId, ProductId, RedemptionId, WalletId } from "../Id.ts"
import { FailureReason, Resolution } from "../TaskStatus.ts"
import * as Tag from "../Tag.ts"
import { Units } from "../Units.ts"
import { Part } from "./Part.ts"

const redemption = {
  redemptionId: RedemptionId,
  investorId: InvestorId,
  productId: ProductId,
  walletId: WalletId,
  units: Units,
  /** In rank order. */
  lots: Schema.Array(Part)
}

export const RedemptionRequested = define("RedemptionRequested", {
  data: redemption,
  tags: (data) => [Tag.redemption(data.redemptionId), Tag.product(data.productId), Tag.wallet(data.walletId)]
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
