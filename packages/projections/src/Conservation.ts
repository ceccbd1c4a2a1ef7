/**
 * The laws of conservation over the totals of a product (promise 1). For auditors and tests: no unit comes from nowhere.
 */
import type { Id } from "@effekten/domain"
import type { Position } from "@effekten/event-store"

/** A campaign's part of a product. @category models */
export interface CampaignTotals {
  readonly campaignId: Id.CampaignId
  readonly allocation: number
  readonly open: boolean
  /** Units taken by subscriptions that are open or delivered. */
  readonly used: number
}

/** The units of a product, all in one place. @category models */
export interface ProductTotals {
  readonly productId: Id.ProductId
  readonly issueVolume: number
  /** Of the issue volume, what campaigns take: an open one its allocation, a closed one what it uses. */
  readonly committed: number
  readonly used: number
  readonly issued: number
  readonly redeemed: number
  /** The sum of what remains in all lots. */
  readonly held: number
  /** Of what is held, bound by tasks in flight. */
  readonly reserved: number
  readonly campaigns: ReadonlyArray<CampaignTotals>
}

/** @category models */
export type Law =
  | "issued_is_held_and_redeemed"
  | "issued_within_used"
  | "used_within_committed"
  | "committed_within_issue_volume"
  | "used_within_allocation"
  | "lot_within_bounds"
  | "frozen_within_holding"
  /** Every entry answers a request, and takes from lots that are there. */
  | "entry_has_ground"

/** What is wrong, and after which event it is. @category models */
export interface Violation {
  readonly position: Position
  readonly productId: Id.ProductId
  readonly law: Law
  readonly message: string
}

/** Violations kept by a register: a broken log breaks nearly everywhere, and the first places show why. @category values */
export const maximumViolations = 1_000

/** Which laws do not hold for these totals, and how. @category running */
export const brokenLaws = (totals: ProductTotals): ReadonlyArray<readonly [law: Law, message: string]> => {
  const { issueVolume, committed, used, issued, redeemed, held } = totals
  const broken: Array<readonly [Law, string]> = []
  if (issued !== held + redeemed)
    broken.push(["issued_is_held_and_redeemed", `issued ${issued} is not held ${held} + redeemed ${redeemed}`])
  if (issued > used) broken.push(["issued_within_used", `issued ${issued} is more than used ${used}`])
  if (used > committed) broken.push(["used_within_committed", `used ${used} is more than committed ${committed}`])
  if (committed > issueVolume)
    broken.push([
      "committed_within_issue_volume",
      `committed ${committed} is more than the issue volume ${issueVolume}`
    ])
  for (const campaign of totals.campaigns)
    if (campaign.used > campaign.allocation || campaign.used < 0)
      broken.push([
        "used_within_allocation",
        `campaign ${campaign.campaignId} uses ${campaign.used} of ${campaign.allocation}`
      ])
  return broken
}
