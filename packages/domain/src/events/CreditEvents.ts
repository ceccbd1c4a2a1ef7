/**
 * Facts about credits: the task that delivers an investment's units. `UnitsCredited` alone makes units exist.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { CreditId, InvestmentId, InvestorId, ProductId, WalletId } from "../Id.ts"
import { FailureReason, Resolution } from "../LedgerTask.ts"
import { investmentTag, productTag, walletTag } from "../Tag.ts"
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
  tags: (data) => [investmentTag(data.investmentId)]
})

export const CreditSubmitted = define("CreditSubmitted", {
  data: { creditId: CreditId, investmentId: InvestmentId },
  tags: (data) => [investmentTag(data.investmentId)]
})

export const UnitsCredited = define("UnitsCredited", {
  data: { ...credit, resolution: Schema.optionalKey(Resolution) },
  tags: (data) => [investmentTag(data.investmentId), productTag(data.productId), walletTag(data.walletId)]
})

export const CreditFailed = define("CreditFailed", {
  data: {
    creditId: CreditId,
    investmentId: InvestmentId,
    reason: FailureReason,
    resolution: Schema.optionalKey(Resolution)
  },
  tags: (data) => [investmentTag(data.investmentId)]
})

export const CreditOutcomeUnknown = define("CreditOutcomeUnknown", {
  data: { creditId: CreditId, investmentId: InvestmentId },
  tags: (data) => [investmentTag(data.investmentId)]
})
