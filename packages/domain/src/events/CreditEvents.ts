/**
 * Facts about credits: the task that delivers an investment's units. For readers of the log. Only `UnitsCredited` makes units exist.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { CreditId, InvestmentId, InvestorId, ProductId, WalletId } from "../Id.ts"
import { FailureReason, Resolution } from "../TaskStatus.ts"
import * as Tag from "../Tag.ts"
import { Units } from "../Units.ts"

const credit = {
  creditId: CreditId,
  investmentId: InvestmentId,
  investorId: InvestorId,
  productId: ProductId,
  walletId: WalletId,
  units: Units
}

export const CreditRequested = define("CreditRequested", {
  data: credit,
  tags: (data) => [Tag.investment(data.investmentId)]
})

export const CreditSubmitted = define("CreditSubmitted", {
  data: { creditId: CreditId, investmentId: InvestmentId },
  tags: (data) => [Tag.investment(data.investmentId)]
})

export const UnitsCredited = define("UnitsCredited", {
  data: { ...credit, resolution: Schema.optionalKey(Resolution) },
  tags: (data) => [Tag.investment(data.investmentId), Tag.product(data.productId), Tag.wallet(data.walletId)]
})

export const CreditFailed = define("CreditFailed", {
  data: {
    creditId: CreditId,
    investmentId: InvestmentId,
    reason: FailureReason,
    resolution: Schema.optionalKey(Resolution)
  },
  tags: (data) => [Tag.investment(data.investmentId)]
})

export const CreditOutcomeUnknown = define("CreditOutcomeUnknown", {
  data: { creditId: CreditId, investmentId: InvestmentId },
  tags: (data) => [Tag.investment(data.investmentId)]
})
