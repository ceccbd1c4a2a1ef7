/**
 * Facts about reversals: the task that undoes an entry of the register. For readers of the log. The wrong entry stays; the reversal names
 * it, and the lots that it takes units from and gives units back to.
 */
import { Schema } from "effect"
import { Basis } from "../Basis.ts"
import { define } from "../Event.ts"
import {
  CampaignId,
  InvestmentId,
  InvestorId,
  ProductId,
  RedemptionId,
  ReversalId,
  TransferId,
  WalletId
} from "../Id.ts"
import * as Tag from "../Tag.ts"
import { FailureReason, Resolution } from "../TaskStatus.ts"
import { Units } from "../Units.ts"
import { filing } from "./Filing.ts"
import { Part } from "./Part.ts"

/** An entry of the register by the task that made it; a credit by its investment. @category schemas */
export const Change = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("credit"), id: InvestmentId }),
  Schema.Struct({ kind: Schema.Literal("redemption"), id: RedemptionId }),
  Schema.Struct({ kind: Schema.Literal("transfer"), id: TransferId })
])
export type Change = typeof Change.Type

/** Reversals of a change bear its tag, and none of their own. @category computing */
export const tagOfChange = (change: Change): string => {
  switch (change.kind) {
    case "credit":
      return Tag.investment(change.id)
    case "redemption":
      return Tag.redemption(change.id)
    case "transfer":
      return Tag.transfer(change.id)
  }
}

/** Whom a reversal takes units from, and whom it gives units back to. */
const places = {
  fromInvestorId: Schema.optionalKey(InvestorId),
  fromWalletId: Schema.optionalKey(WalletId),
  toInvestorId: Schema.optionalKey(InvestorId),
  toWalletId: Schema.optionalKey(WalletId)
}

const reversal = {
  reversalId: ReversalId,
  change: Change,
  productId: ProductId,
  /** Of a credit: the campaign whose units it delivered. */
  campaignId: Schema.optionalKey(CampaignId),
  units: Units,
  ...places,
  /** What the lots of `fromWalletId` give. */
  taken: Schema.Array(Part),
  /** What the lots of `toWalletId` get back, in rank order. */
  returned: Schema.Array(Part),
  basis: Basis
}

interface Placed extends Schema.Struct.Type<typeof places> {
  readonly change: Change
  readonly productId: ProductId
}

const tagsOf = ({ change, fromWalletId, productId, toWalletId }: Placed): ReadonlyArray<string> => [
  tagOfChange(change),
  Tag.product(productId),
  ...[fromWalletId, toWalletId].flatMap((walletId) => (walletId === undefined ? [] : [Tag.wallet(walletId)]))
]

/** The investor that a reversal takes from, else the one that it gives back to. */
const concerned = ({ fromInvestorId, toInvestorId }: Placed): ReadonlyArray<string> =>
  [fromInvestorId ?? toInvestorId].flatMap((investorId) => (investorId === undefined ? [] : [Tag.investor(investorId)]))

/** Every reversal that is decided concerns an investor; the type alone does not say so. */
const subject = (data: Placed): string => concerned(data)[0] ?? tagOfChange(data.change)

/** Bears the tag of the investor whose personal part it has, by which that is disclosed. */
export const ReversalRequested = define("ReversalRequested", {
  data: reversal,
  personal: { fields: filing, subject },
  tags: (data) => [...tagsOf(data), ...concerned(data)]
})

export const ReversalSubmitted = define("ReversalSubmitted", {
  data: { reversalId: ReversalId, change: Change },
  tags: ({ change }) => [tagOfChange(change)]
})

export const RegisterChangeReversed = define("RegisterChangeReversed", {
  data: {
    ...reversal,
    /** Of a credit: whether its units go back to the campaign, because the investment has ended. */
    releases: Schema.optionalKey(Schema.Boolean),
    resolution: Schema.optionalKey(Resolution)
  },
  tags: (data) => [...tagsOf(data), ...(data.campaignId === undefined ? [] : [Tag.campaign(data.campaignId)])]
})

export const ReversalFailed = define("ReversalFailed", {
  data: {
    reversalId: ReversalId,
    change: Change,
    productId: ProductId,
    ...places,
    reason: FailureReason,
    resolution: Schema.optionalKey(Resolution)
  },
  tags: tagsOf
})

export const ReversalOutcomeUnknown = define("ReversalOutcomeUnknown", {
  data: { reversalId: ReversalId, change: Change },
  tags: ({ change }) => [tagOfChange(change)]
})
