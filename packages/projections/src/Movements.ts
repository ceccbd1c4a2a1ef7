/**
 * Which units an event moves, for whom and where. For writers of projections: four types of events move units, and no others do.
 *
 * The sum of all movements is what is held. What is reserved, frozen or blocked moves nothing: ask `Projections.holdings` for what is free.
 */
import type { Id } from "@effekten/domain"
import type { Logged } from "./Projection.ts"

/** Units that arrived in a wallet, or left it. @category models */
export interface Movement {
  readonly productId: Id.ProductId
  readonly walletId: Id.WalletId
  readonly investorId: Id.InvestorId
  /** Less than zero where they left. */
  readonly units: number
}

/** The types of the events that move units. @category values */
export const types = ["UnitsCredited", "UnitsRedeemed", "UnitsTransferred", "RegisterChangeReversed"] as const
export type Type = (typeof types)[number]

type Place = readonly [investorId: Id.InvestorId | undefined, walletId: Id.WalletId | undefined]

const nowhere: Place = [undefined, undefined]

const placesOf = ({ data, type }: Logged<Type>): readonly [from: Place, to: Place] => {
  switch (type) {
    case "UnitsCredited":
      return [nowhere, [data.investorId, data.walletId]]
    case "UnitsRedeemed":
      return [[data.investorId, data.walletId], nowhere]
    case "UnitsTransferred":
      return [
        [data.sourceInvestorId, data.sourceWalletId],
        [data.recipientInvestorId, data.targetWalletId]
      ]
    case "RegisterChangeReversed":
      return [
        [data.fromInvestorId, data.fromWalletId],
        [data.toInvestorId, data.toWalletId]
      ]
  }
}

/** One movement of a credit or a redemption, two of a transfer; of a reversal those of what it undoes, the other way. @category computing */
export const movementsOf = (event: Logged<Type>): ReadonlyArray<Movement> => {
  const { productId, units } = event.data
  const [from, to] = placesOf(event)
  const movement = ([investorId, walletId]: Place, sign: 1 | -1): ReadonlyArray<Movement> =>
    investorId === undefined || walletId === undefined ? [] : [{ productId, walletId, investorId, units: sign * units }]
  return [...movement(from, -1), ...movement(to, 1)]
}
