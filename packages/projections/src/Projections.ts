/**
 * The projections that read models keep. For the readers of lists, and for the runners that bring the lists up to date.
 *
 * Do not add `holdings`: it would be written for every event, and no list reads it. A replay folds it on request.
 */
import { documents } from "./Documents.ts"
import { feedOf, feedSource } from "./Feed.ts"
import { investments } from "./Investments.ts"
import { benefitingPersons, identifications, investors } from "./Investors.ts"
import { issuedCampaigns, issuedInvestments, issuedProducts, ownIssuers } from "./Issued.ts"
import { credits, redemptions, taskSources, transfers } from "./LedgerTasks.ts"
import { campaigns, issuers, listings, platforms, products, terms } from "./Offerings.ts"
import { offeredCampaigns, offers } from "./Offers.ts"
import type * as Projection from "./Projection.ts"
import { retentions } from "./Retentions.ts"
import { signedDocuments } from "./SignedDocuments.ts"
import { statements, statementSource } from "./Statements.ts"
import { wallets } from "./Wallets.ts"

export * from "./Documents.ts"
export * from "./Feed.ts"
export * from "./Holdings.ts"
export * from "./Investments.ts"
export * from "./Investors.ts"
export * from "./Issued.ts"
export * from "./LedgerTasks.ts"
export * from "./Offerings.ts"
export * from "./Offers.ts"
export * from "./Retentions.ts"
export * from "./SignedDocuments.ts"
export * from "./Statements.ts"
export * from "./Wallets.ts"

/** What happened, by platform. @category projections */
export const feed = feedOf([
  feedSource(
    "investment.status_changed",
    investments,
    ({ status }) => status,
    ({ id }) => id
  ),
  statementSource,
  feedSource("investor.kyc_status_changed", investors, ({ kycStatus }) => kycStatus),
  ...taskSources
])

/** Each of these has a table in an SQL database. @category projections */
export const all: ReadonlyArray<Projection.Any> = [
  investors,
  identifications,
  benefitingPersons,
  wallets,
  documents,
  investments,
  credits,
  redemptions,
  transfers,
  feed,
  retentions,
  platforms,
  issuers,
  products,
  listings,
  campaigns,
  offers,
  offeredCampaigns,
  signedDocuments,
  terms,
  statements,
  ownIssuers,
  issuedProducts,
  issuedCampaigns,
  issuedInvestments
]
