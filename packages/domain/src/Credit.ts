/**
 * Credits: one attempt to deliver an investment's units to its wallet, as its events tell it. For decisions on the investment, and for reads.
 */
import type { Recorded } from "./Catalogue.ts"
import type { CreditId, InvestmentId, InvestorId, PlatformId, ProductId, WalletId } from "./Id.ts"
import { newTask, taskAfter, type TaskProgress, type TaskTypes } from "./Task.ts"
import type { Units } from "./Units.ts"
import { platformOf } from "./Visibility.ts"

/** @category models */
export interface CreditState extends TaskProgress {
  readonly id: CreditId
  readonly platform: PlatformId | null
  readonly investmentId: InvestmentId
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly units: Units
}

/** @category values */
export const creditTypes = {
  requested: "CreditRequested",
  submitted: "CreditSubmitted",
  succeeded: "UnitsCredited",
  failed: "CreditFailed",
  unknown: "CreditOutcomeUnknown"
} as const satisfies TaskTypes

/** @category models */
export type CreditEvent = Recorded<(typeof creditTypes)[keyof typeof creditTypes]>

/** The credit that was requested. @category computing */
export const creditOf = ({ data, meta }: Recorded<"CreditRequested">): CreditState => ({
  id: data.creditId,
  platform: platformOf(meta),
  investmentId: data.investmentId,
  investorId: data.investorId,
  productId: data.productId,
  walletId: data.walletId,
  units: data.units,
  ...newTask
})

/** The credit after one more of its events. @category computing */
export const creditAfter = (credit: CreditState | undefined, event: CreditEvent): CreditState | undefined =>
  event.type === "CreditRequested" ? creditOf(event) : credit && taskAfter(credit, event.type, creditTypes)
