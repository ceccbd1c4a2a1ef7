/**
 * Tags: what an event is about, as text in the log's index. For definitions of events and for queries of models.
 */
import type * as Id from "./Id.ts"
import type { EthereumAddress } from "./EthereumAddress.ts"

/** The register as a whole has one policy. */
export const policy = "register:policy"
export const platform = (id: Id.PlatformId): string => `platform:${id}`
export const issuer = (id: Id.IssuerId): string => `issuer:${id}`
export const product = (id: Id.ProductId): string => `product:${id}`
export const campaign = (id: Id.CampaignId): string => `campaign:${id}`
export const investor = (id: Id.InvestorId): string => `investor:${id}`
export const document = (id: Id.DocumentId): string => `document:${id}`
export const wallet = (id: Id.WalletId): string => `wallet:${id}`
export const address = (address: EthereumAddress): string => `address:${address}`
export const investment = (id: Id.InvestmentId): string => `investment:${id}`
export const redemption = (id: Id.RedemptionId): string => `redemption:${id}`
export const transfer = (id: Id.TransferId): string => `transfer:${id}`
/** Names a reversal among the tasks of a holding. Its events bear the tag of the change that it undoes. */
export const reversal = (id: Id.ReversalId): string => `reversal:${id}`

/** One tag per document named, each once. */
export const documents = (ids: ReadonlyArray<Id.DocumentId>): ReadonlyArray<string> =>
  ids.length < 2 ? ids.map(document) : [...new Set(ids.map(document))]
