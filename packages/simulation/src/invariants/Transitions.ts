/**
 * No object changes its state but as its kind may (promises 1 and 11). What has ended, was settled, closed or erased stays so. The log alone
 * is asked: the table stands here once more, and knows nothing of decisions and folds.
 */
import type { Events } from "@effekten/domain"
import type { Invariant } from "./Invariant.ts"

/** What an event does to an object: from which states it may, and to which. */
interface Move {
  readonly of: string
  readonly from: ReadonlyArray<string>
  readonly to: string
}

type Moves = { readonly [T in Events.EventType]?: (data: Events.Recorded<T>["data"]) => Move }

const nothing = ["none"]
const unsettled = ["processing", "submitted", "unknown"]

const credit = ({ creditId }: { readonly creditId: string }, from: ReadonlyArray<string>, to: string): Move => ({
  of: `credit ${creditId}`,
  from,
  to
})

const redemption = (
  { redemptionId }: { readonly redemptionId: string },
  from: ReadonlyArray<string>,
  to: string
): Move => ({ of: `redemption ${redemptionId}`, from, to })

const reversal = ({ reversalId }: { readonly reversalId: string }, from: ReadonlyArray<string>, to: string): Move => ({
  of: `reversal ${reversalId}`,
  from,
  to
})

/** States that are one fact each. An investment has several at a time, of which its status follows. */
const moves: Moves = {
  CampaignOpened: ({ campaignId }) => ({ of: `campaign ${campaignId}`, from: nothing, to: "open" }),
  CampaignClosed: ({ campaignId }) => ({ of: `campaign ${campaignId}`, from: ["open"], to: "closed" }),
  InvestorRegistered: ({ investorId }) => ({ of: `investor ${investorId}`, from: nothing, to: "present" }),
  InvestorErased: ({ investorId }) => ({ of: `investor ${investorId}`, from: ["present"], to: "erased" }),
  DocumentUploaded: ({ documentId }) => ({ of: `document ${documentId}`, from: nothing, to: "present" }),
  DocumentErased: ({ documentId }) => ({ of: `document ${documentId}`, from: ["present"], to: "erased" }),
  LegalHoldPlaced: ({ holdId }) => ({ of: `hold ${holdId}`, from: nothing, to: "placed" }),
  LegalHoldReleased: ({ holdId }) => ({ of: `hold ${holdId}`, from: ["placed"], to: "released" }),
  WalletFrozen: ({ walletId }) => ({ of: `freeze of wallet ${walletId}`, from: ["none", "released"], to: "frozen" }),
  WalletUnfrozen: ({ walletId }) => ({ of: `freeze of wallet ${walletId}`, from: ["frozen"], to: "released" }),
  CreditRequested: (data) => credit(data, nothing, "processing"),
  CreditSubmitted: (data) => credit(data, ["processing"], "submitted"),
  CreditOutcomeUnknown: (data) => credit(data, ["processing", "submitted"], "unknown"),
  UnitsCredited: (data) => credit(data, unsettled, "succeeded"),
  CreditFailed: (data) => credit(data, unsettled, "failed"),
  RedemptionRequested: (data) => redemption(data, nothing, "processing"),
  RedemptionSubmitted: (data) => redemption(data, ["processing"], "submitted"),
  RedemptionOutcomeUnknown: (data) => redemption(data, ["processing", "submitted"], "unknown"),
  UnitsRedeemed: (data) => redemption(data, unsettled, "succeeded"),
  RedemptionFailed: (data) => redemption(data, unsettled, "failed"),
  ReversalRequested: (data) => reversal(data, nothing, "processing"),
  ReversalSubmitted: (data) => reversal(data, ["processing"], "submitted"),
  ReversalOutcomeUnknown: (data) => reversal(data, ["processing", "submitted"], "unknown"),
  RegisterChangeReversed: (data) => reversal(data, unsettled, "succeeded"),
  ReversalFailed: (data) => reversal(data, unsettled, "failed")
}

/** @category values */
export const transitions: Invariant = {
  name: "1, 11: nothing changes its state but as it may",
  watch: (_facts, broken) => {
    const states = new Map<string, string>()
    return {
      committed: ({ events }) => {
        for (const { data, position, type } of events) {
          const move = (moves[type] as ((given: typeof data) => Move) | undefined)?.(data)
          if (move === undefined) continue
          const state = states.get(move.of) ?? "none"
          if (!move.from.includes(state)) broken(`${type} at ${position}: the ${move.of} is ${state} by then`)
          states.set(move.of, move.to)
        }
      }
    }
  }
}
