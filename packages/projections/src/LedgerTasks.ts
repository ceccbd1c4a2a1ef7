/**
 * Credits and redemptions: what was asked of the ledger, and what became of it. For the registrar's reads.
 */
import {
  investmentTag,
  redemptionTag,
  type CreditId,
  type InvestmentId,
  type InvestorId,
  type PlatformId,
  type ProductId,
  type RedemptionId,
  type TaskStatus,
  type Timestamp,
  type WalletId
} from "@effekten/domain"
import { keyWithin, partsOfKey, recordedAt, type Projection } from "./Projection.ts"

/** A credit. @category models */
export interface CreditState {
  readonly id: CreditId
  readonly investmentId: InvestmentId
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly platform: PlatformId | null
  readonly units: number
  readonly status: TaskStatus
  /** The ledger was or is being asked: never ask again. */
  readonly submitted: boolean
  readonly createdAt: Timestamp
}

/** The key of a credit. @category keys */
export const creditKey = (investment: InvestmentId, credit: CreditId): string => keyWithin(investment, credit)

/** Keyed by {@link creditKey}, listed by investment. @category projections */
export const credits: Projection<CreditState> = {
  name: "credits",
  version: 1,
  types: ["CreditRequested", "CreditSubmitted", "UnitsCredited", "CreditFailed", "CreditOutcomeUnknown"],
  keys(event) {
    switch (event.type) {
      case "CreditRequested":
      case "CreditSubmitted":
      case "UnitsCredited":
      case "CreditFailed":
      case "CreditOutcomeUnknown":
        return [creditKey(event.data.investmentId, event.data.creditId)]
      default:
        return []
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case "CreditRequested":
        return {
          id: event.data.creditId,
          investmentId: event.data.investmentId,
          investorId: event.data.investorId,
          productId: event.data.productId,
          walletId: event.data.walletId,
          platform: event.meta.platform ?? null,
          units: event.data.units,
          status: "processing",
          submitted: false,
          createdAt: recordedAt(event)
        }
      case "CreditSubmitted":
        return state && { ...state, submitted: true }
      case "UnitsCredited":
        return state && { ...state, status: "succeeded" }
      case "CreditFailed":
        return state && { ...state, status: "failed" }
      case "CreditOutcomeUnknown":
        return state && { ...state, status: "unknown" }
      default:
        return state
    }
  },
  scope: (state) => state.investmentId,
  query: (key) => [{ types: credits.types, tags: [investmentTag(partsOfKey(key)[0] as InvestmentId)] }]
}

/** A redemption. @category models */
export interface RedemptionState {
  readonly id: RedemptionId
  readonly platform: PlatformId | null
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly units: number
  readonly status: TaskStatus
  /** The ledger was or is being asked: never ask again. */
  readonly submitted: boolean
  readonly createdAt: Timestamp
}

/** Keyed by redemption, listed by platform. @category projections */
export const redemptions: Projection<RedemptionState> = {
  name: "redemptions",
  version: 1,
  types: [
    "RedemptionRequested",
    "RedemptionSubmitted",
    "UnitsRedeemed",
    "RedemptionFailed",
    "RedemptionOutcomeUnknown"
  ],
  keys(event) {
    switch (event.type) {
      case "RedemptionRequested":
      case "RedemptionSubmitted":
      case "UnitsRedeemed":
      case "RedemptionFailed":
      case "RedemptionOutcomeUnknown":
        return [event.data.redemptionId]
      default:
        return []
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case "RedemptionRequested":
        return {
          id: event.data.redemptionId,
          platform: event.meta.platform ?? null,
          investorId: event.data.investorId,
          productId: event.data.productId,
          walletId: event.data.walletId,
          units: event.data.units,
          status: "processing",
          submitted: false,
          createdAt: recordedAt(event)
        }
      case "RedemptionSubmitted":
        return state && { ...state, submitted: true }
      case "UnitsRedeemed":
        return state && { ...state, status: "succeeded" }
      case "RedemptionFailed":
        return state && { ...state, status: "failed" }
      case "RedemptionOutcomeUnknown":
        return state && { ...state, status: "unknown" }
      default:
        return state
    }
  },
  scope: (state) => state.platform ?? "",
  query: (key) => [{ types: redemptions.types, tags: [redemptionTag(key as RedemptionId)] }]
}
