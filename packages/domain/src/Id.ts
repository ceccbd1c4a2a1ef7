/**
 * Identities of the things the register knows: opaque text, made where the thing is registered. For every module.
 *
 * The alphabet keeps an id safe inside a tag, a path and a file name. The embedded register makes UUIDv7 text. Two kinds of ids are two
 * types, so that a wallet is never passed for a product.
 */
import { Schema } from "effect"
import * as Sampling from "./Sampling.ts"

/** What any id looks like. */
const idPattern = /^[0-9A-Za-z_-]{1,64}$/

const allowed = Array.from({ length: 128 }, (_, code) => idPattern.test(String.fromCharCode(code)))

/** Accepts what {@link idPattern} accepts. An event bears several ids and a replay reads them all: a table takes a third of the time. */
const isId = (text: string): boolean => {
  if (text.length === 0 || text.length > 64) return false
  for (let i = 0; i < text.length; i++) if (allowed[text.charCodeAt(i)] !== true) return false
  return true
}

const Text = Schema.String.check(
  Schema.makeFilter(isId, {
    expected: "1 to 64 letters, digits, _ or -",
    toJsonSchema: () => ({ pattern: idPattern.source }),
    arbitraryConstraint: Sampling.matching([idPattern], { minLength: 1, maxLength: 64 })
  })
)

/** A distribution platform: the tenant behind an OAuth client. @category schemas */
export const PlatformId = Text.pipe(Schema.brand("PlatformId"))
export type PlatformId = typeof PlatformId.Type

/** The company that issues a product. @category schemas */
export const IssuerId = Text.pipe(Schema.brand("IssuerId"))
export type IssuerId = typeof IssuerId.Type

/** A security. @category schemas */
export const ProductId = Text.pipe(Schema.brand("ProductId"))
export type ProductId = typeof ProductId.Type

/** An offering of part of a product on one platform. @category schemas */
export const CampaignId = Text.pipe(Schema.brand("CampaignId"))
export type CampaignId = typeof CampaignId.Type

/** A person or company that invests. @category schemas */
export const InvestorId = Text.pipe(Schema.brand("InvestorId"))
export type InvestorId = typeof InvestorId.Type

/** A wallet, managed or generic; not its address. @category schemas */
export const WalletId = Text.pipe(Schema.brand("WalletId"))
export type WalletId = typeof WalletId.Type

/** An uploaded file. @category schemas */
export const DocumentId = Text.pipe(Schema.brand("DocumentId"))
export type DocumentId = typeof DocumentId.Type

/** One identification of an investor. @category schemas */
export const IdentificationId = Text.pipe(Schema.brand("IdentificationId"))
export type IdentificationId = typeof IdentificationId.Type

/** A person that benefits from a company. @category schemas */
export const BenefitingPersonId = Text.pipe(Schema.brand("BenefitingPersonId"))
export type BenefitingPersonId = typeof BenefitingPersonId.Type

/** A subscription; after delivery also the lot it became. @category schemas */
export const InvestmentId = Text.pipe(Schema.brand("InvestmentId"))
export type InvestmentId = typeof InvestmentId.Type

/** One legal hold on the data of an investor. @category schemas */
export const LegalHoldId = Text.pipe(Schema.brand("LegalHoldId"))
export type LegalHoldId = typeof LegalHoldId.Type

/** One attempt to credit an investment's units: a failed credit and the next one are two tasks. @category schemas */
export const CreditId = Text.pipe(Schema.brand("CreditId"))
export type CreditId = typeof CreditId.Type

/** A redemption task. @category schemas */
export const RedemptionId = Text.pipe(Schema.brand("RedemptionId"))
export type RedemptionId = typeof RedemptionId.Type

/** A statement of the register about one investment. @category schemas */
export const StatementId = Text.pipe(Schema.brand("StatementId"))
export type StatementId = typeof StatementId.Type

/** A transfer task. @category schemas */
export const TransferId = Text.pipe(Schema.brand("TransferId"))
export type TransferId = typeof TransferId.Type

/** A reversal task: one attempt to undo a change. @category schemas */
export const ReversalId = Text.pipe(Schema.brand("ReversalId"))
export type ReversalId = typeof ReversalId.Type
