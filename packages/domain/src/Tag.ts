/**
 * Tags: what an event is about, as text in the log's index. For definitions of events and for queries of models.
 */
import type * as Id from "./Id.ts"
import type { EthereumAddress } from "./EthereumAddress.ts"

export const platformTag = (id: Id.PlatformId): string => `platform:${id}`
export const issuerTag = (id: Id.IssuerId): string => `issuer:${id}`
export const productTag = (id: Id.ProductId): string => `product:${id}`
export const campaignTag = (id: Id.CampaignId): string => `campaign:${id}`
export const investorTag = (id: Id.InvestorId): string => `investor:${id}`
export const documentTag = (id: Id.DocumentId): string => `document:${id}`
export const walletTag = (id: Id.WalletId): string => `wallet:${id}`
export const addressTag = (address: EthereumAddress): string => `address:${address}`
export const investmentTag = (id: Id.InvestmentId): string => `investment:${id}`
export const redemptionTag = (id: Id.RedemptionId): string => `redemption:${id}`

/** One tag per document named, each once. */
export const documentTags = (ids: ReadonlyArray<Id.DocumentId>): ReadonlyArray<string> =>
  ids.length < 2 ? ids.map(documentTag) : [...new Set(ids.map(documentTag))]
