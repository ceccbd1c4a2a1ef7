/**
 * Credits: one attempt to deliver an investment's units to its wallet, as its events record it. For decisions on the investment, and for
 * reads.
 */
import type { Recorded } from "./Catalogue.ts"
import type { CreditId, InvestmentId, InvestorId, PlatformId, ProductId, WalletId } from "./Id.ts"
import * as Task from "./Task.ts"
import type { Units } from "./Units.ts"
import { platformOf } from "./Visibility.ts"

/** @category models */
export interface State extends Task.Progress {
  readonly id: CreditId
  readonly platform: PlatformId | null
  readonly investmentId: InvestmentId
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly units: Units
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 1

/** @category values */
export const types = {
  requested: "CreditRequested",
  submitted: "CreditSubmitted",
  succeeded: "UnitsCredited",
  failed: "CreditFailed",
  unknown: "CreditOutcomeUnknown"
} as const satisfies Task.Types

/** @category models */
export type Event = Recorded<(typeof types)[keyof typeof types]>

/** The credit that was requested. @category computing */
export const of = ({ data, meta }: Recorded<"CreditRequested">): State => ({
  id: data.creditId,
  platform: platformOf(meta),
  investmentId: data.investmentId,
  investorId: data.investorId,
  productId: data.productId,
  walletId: data.walletId,
  units: data.units,
  ...Task.initial
})

/** The credit after one more of its events. @category computing */
export const after = (credit: State | undefined, event: Event): State | undefined =>
  event.type === "CreditRequested" ? of(event) : credit && Task.after(credit, event.type, types)
