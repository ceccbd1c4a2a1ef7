/**
 * Credits and redemptions: what was asked of the ledger, and what became of it. For the registrar's reads.
 */
import {
  creditAfter,
  type CreditId,
  type CreditState as DecidedCredit,
  creditTypes,
  type InvestmentId,
  investmentTag,
  redemptionAfter,
  type RedemptionId,
  type RedemptionState as DecidedRedemption,
  redemptionTag,
  redemptionTypes
} from "@effekten/domain"
import { created, type Created, entity, withAdded } from "./Entity.ts"
import { keyWithin, partsOfKey, type Projection } from "./Projection.ts"

/** A credit. @category models */
export interface CreditState extends DecidedCredit, Created {}

/** The key of a credit. @category keys */
export const creditKey = (investment: InvestmentId, credit: CreditId): string => keyWithin(investment, credit)

/** Keyed by {@link creditKey}, listed by investment. @category projections */
export const credits: Projection<CreditState> = entity({
  name: "credits",
  version: 1,
  types: Object.values(creditTypes),
  key: (event) => creditKey(event.data.investmentId, event.data.creditId),
  evolve: withAdded(creditAfter, created),
  scope: (state) => state.investmentId,
  query: (key) => [{ types: credits.types, tags: [investmentTag(partsOfKey(key)[0] as InvestmentId)] }]
})

/** A redemption. @category models */
export interface RedemptionState extends DecidedRedemption, Created {}

/** Keyed by redemption, listed by platform. @category projections */
export const redemptions: Projection<RedemptionState> = entity({
  name: "redemptions",
  version: 1,
  types: Object.values(redemptionTypes),
  key: (event) => event.data.redemptionId,
  evolve: withAdded(redemptionAfter, created),
  scope: (state) => state.platform ?? "",
  query: (key) => [{ types: redemptions.types, tags: [redemptionTag(key as RedemptionId)] }]
})
