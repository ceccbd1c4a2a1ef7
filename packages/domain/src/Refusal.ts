/**
 * Why a command is refused: a closed list of codes, each with its class and one sentence. For callers, and for the log.
 *
 * 404: there is no such thing for this client. 400: the request is wrong whatever the state. 409: the state forbids it. Only a 409 is
 * recorded, because a repeat must get that answer again; after the others the key is still free.
 */
import { Schema } from "effect"
import { WalletId } from "./Id.ts"
import { InvestmentStatus } from "./InvestmentStatus.ts"
import { Timestamp } from "./Timestamp.ts"
import { UnitCount } from "./Units.ts"

/** @category models */
export type Class = 400 | 404 | 409

const of = <const C extends Class>(status: C, message: string, advice: string) => ({ class: status, message, advice })

/** Every code there is, with its class, its message, and what a client does about it. The advice is not recorded. @category values */
export const byCode = {
  platform_not_found: of(404, "There is no such platform for this client.", "Check the id."),
  issuer_not_found: of(404, "There is no such issuer for this client.", "Check the id."),
  product_not_found: of(
    404,
    "There is no such product for this client.",
    "Check the id, and that the product is listed for you. An object of another platform is unknown to you, too."
  ),
  campaign_not_found: of(
    404,
    "There is no such campaign for this client.",
    "Check the id, and that its product is listed for you. An object of another platform is unknown to you, too."
  ),
  investor_not_found: of(
    404,
    "There is no such investor for this client.",
    "Check the id that the investor was created with. An object of another platform is unknown to you, too."
  ),
  wallet_not_found: of(
    404,
    "There is no such wallet for this client.",
    "Check the id that the wallet was created with, and that it is this investor's. An object of another platform is unknown to you, too."
  ),
  investment_not_found: of(
    404,
    "There is no such investment for this client.",
    "Check the id that the investment was created with. An object of another platform is unknown to you, too."
  ),
  statement_not_found: of(404, "There is no such statement.", "Check the id."),
  task_not_found: of(
    404,
    "There is no such task for this client.",
    "Check the id that the credit, redemption or transfer was created with. An object of another platform is unknown to you, too."
  ),
  legal_hold_not_found: of(
    404,
    "There is no such legal hold on the data of this investor.",
    "Check the id of the hold."
  ),

  document_not_found: of(
    400,
    "A document named here does not exist for this client, or has been erased.",
    "Upload the document first, and send the id of that answer."
  ),
  units_invalid: of(400, "Units are a whole number from 1 to 9007199254740991.", "Send such a number."),
  units_not_multiple_of_step: of(
    400,
    "A subscription must be a multiple of the product's step size.",
    "Ask the issuer for the step size, and round to it."
  ),
  signed_at_required: of(
    400,
    "The date of signature is missing; web-based subscription is not offered here.",
    "Send `signed_at`."
  ),
  timestamp_in_future: of(
    400,
    "A timestamp lies in the future.",
    "Send the time at which it happened. Check the clock of your server."
  ),
  timestamp_before_signing: of(
    400,
    "Acceptance, payment and cancellation cannot precede the signature.",
    "Check the order of the times, and their offsets from UTC."
  ),
  identity_document_not_valid: of(
    400,
    "The identity document was not valid on the day it was verified.",
    "Check the days of the document, and `verified_at`. If they are right, the person identifies anew."
  ),
  birth_date_in_future: of(400, "The date of birth lies in the future.", "Check the date of birth."),
  verified_before_birth: of(
    400,
    "The identity was verified before the person was born.",
    "Check the date of birth, and `verified_at`."
  ),
  us_tax_subject: of(400, "Persons subject to US tax are not onboarded.", "The person cannot be an investor here."),
  not_own_account: of(
    400,
    "A natural person must act on their own account.",
    "Send `is_beneficiary: true` if the person does; another person cannot be an investor here."
  ),
  signature_invalid: of(
    400,
    "The signature is not one of this address over the text of its proof.",
    "Have the key sign `proof_text` of the wallet as it stands there (EIP-191)."
  ),
  legal_hold_over: of(400, "A legal hold ends after it is placed.", "Send an end that comes later."),
  document_repeated: of(400, "The same document is named twice.", "Name each document once."),

  investor_erased: of(
    409,
    "The data of this investor have been erased; nothing can be added.",
    "Nothing. If the person comes back, create a new investor."
  ),
  investor_kind_fixed: of(
    409,
    "A natural person cannot become a legal person, nor the reverse; register a new investor.",
    "Create a new investor."
  ),
  investor_not_legal_person: of(409, "Only a legal person has benefiting persons.", "Leave them out."),
  too_many_benefiting_persons: of(409, "The limit of benefiting persons is reached.", "Ask the registrar."),
  review_not_open: of(409, "There is no review of this investor to approve.", "Read the investor."),
  kyc_not_successful: of(
    409,
    "The investor must be identified successfully first.",
    "Record an identification first, and wait until its `kyc_status` is `SUCCESS`."
  ),
  kyc_insufficient: of(
    409,
    "The investor's identification was refused.",
    "Record a new identification. When it succeeds, go on."
  ),
  tax_information_missing: of(
    409,
    "Tax information must be complete before a wallet is made.",
    "Create the investor with `tax_information`."
  ),
  managed_wallet_exists: of(
    409,
    "The investor already has a managed wallet.",
    "List the wallets of the investor, and use the one that is there."
  ),
  address_taken: of(
    409,
    "This address is registered already.",
    "Send another address, or use the wallet that has this one."
  ),
  document_already_attached: of(409, "This document is attached to the investment already.", "Nothing: it is there."),
  too_many_documents: of(409, "The limit of documents is reached.", "Send fewer documents."),
  terms_deposited: of(409, "The document holds the deposited terms of a product.", "Nothing: it stays."),
  document_in_use: of(409, "An investor still refers to this document.", "Erase the investor first."),
  product_not_listed: of(
    409,
    "The product is not listed on this platform.",
    "Ask the issuer to list the product for you."
  ),
  product_paused: of(409, "The product is paused; no units can be moved.", "Wait until the issuer resumes it."),
  issue_volume_exceeded: of(
    409,
    "The issue volume has no room for this allocation.",
    "Give the campaign less, or raise the issue volume."
  ),
  issue_volume_below_allocations: of(
    409,
    "The issue volume cannot be less than what campaigns have taken.",
    "Lower the allocations first."
  ),
  allocation_below_use: of(
    409,
    "The allocation cannot be less than what is subscribed.",
    "Choose an allocation that is not below it."
  ),
  campaign_not_open: of(
    409,
    "The campaign is closed, or outside its window.",
    "Choose another campaign, or wait until this one opens."
  ),
  allocation_exhausted: of(
    409,
    "The campaign has fewer units left than asked for.",
    "Ask for at most the units that `details.free` names."
  ),
  too_many_waiting_investments: of(
    409,
    "Too many subscriptions of this investor wait for identification.",
    "Have the investor identified first."
  ),
  investment_ended: of(
    409,
    "The investment has ended.",
    "Read the investment. If the investor still wants it, create a new one."
  ),
  already_accepted: of(
    409,
    "Acceptance is recorded already.",
    "Read the investment. What is recorded cannot be changed."
  ),
  already_paid: of(409, "Payment is recorded already.", "Read the investment. What is recorded cannot be changed."),
  already_delivered: of(409, "The units have been delivered.", "Nothing: read the investment, it is `DELIVERED`."),
  outside_review_not_open: of(409, "The investment does not wait for a review.", "Read the investment."),
  wallet_of_other_investor: of(409, "The wallet belongs to another investor.", "Send a wallet of this investor."),
  wallet_missing: of(
    409,
    "Assign a wallet before the credit.",
    "Send `wallet` with PATCH, then ask for the credit with a new key."
  ),
  investment_not_paid: of(
    409,
    "The investment must be `PAID` before the credit.",
    "Send `accepted_at` and `paid_at` with PATCH, then ask for the credit with a new key."
  ),
  credit_in_flight: of(
    409,
    "A credit of this investment has no final outcome yet.",
    "Read the credit until it has succeeded or failed."
  ),
  cancellation_period_over: of(
    409,
    "The cancellation period is over, or the product grants none; only the registrar can still cancel.",
    "Ask the registrar."
  ),
  not_cancellable: of(409, "An investment made by a transfer cannot be cancelled.", "Redeem the units instead."),
  deadline_not_reached: of(409, "The payment deadline has not passed, or does not run.", "Wait for the deadline."),
  redemption_of_crypto_security: of(
    409,
    "Crypto securities are redeemed by the registrar, not through this endpoint.",
    "Ask the registrar, whose staff redeem them by `effekten redeem`. This endpoint refuses them with every key."
  ),
  wallet_frozen: of(409, "The wallet is frozen.", "Ask the registrar."),
  wallet_not_managed: of(409, "Transfers start from managed wallets only.", "Choose a managed wallet."),
  locked_up: of(409, "The lock-up period of the product has not ended.", "Wait for its end."),
  insufficient_units: of(
    409,
    "The wallet has fewer free units than asked for.",
    "Ask for at most the units that `details.free` names. Units of a task under way are not free."
  ),
  too_many_lots: of(
    409,
    "The units lie in too many lots for one task; ask for fewer.",
    "Ask in several parts, one after the other."
  ),
  same_wallet: of(409, "Source and target are the same wallet.", "Choose another target."),
  target_cannot_receive: of(
    409,
    "The target address cannot receive this product.",
    "Check the address, and that its wallet has `receiving_enabled`. Else choose another target."
  ),
  insufficient_frozen_units: of(409, "Fewer units are frozen than shall be released.", "Release fewer."),
  awaiting_resolution: of(
    409,
    "The outcome is unknown; a person must resolve it.",
    "Wait until the registrar's staff have resolved it."
  ),
  outcome_contradicts: of(409, "The ledger contradicts the recorded outcome.", "Look at the ledger and at the log."),
  nothing_to_resolve: of(409, "The outcome is not unknown.", "Nothing: read the task."),
  change_not_reversible: of(409, "The change has not taken effect, or has been reversed already.", "Read the change."),
  reversal_in_flight: of(409, "Another reversal of this change has no final outcome yet.", "Wait for its outcome."),
  units_moved_on: of(409, "The units of this entry have moved on.", "Reverse the later entry first."),
  units_frozen: of(409, "Frozen units stand in the way; release them first.", "Release them."),
  investor_holds_units: of(409, "The investor still holds units.", "Redeem the units first."),
  investor_has_tasks_in_flight: of(
    409,
    "Units are on their way to this investor.",
    "Wait until each transfer to them has an outcome."
  ),
  investor_has_open_investments: of(
    409,
    "The investor has subscriptions that are neither ended nor delivered.",
    "Wait until they are delivered, or end them."
  ),
  legal_hold: of(409, "A legal hold wants the data kept.", "Lift the hold first."),
  too_many_legal_holds: of(
    409,
    "The limit of legal holds on one investor is reached.",
    "Lift a hold that is no longer needed."
  ),
  retention_running: of(409, "The data must still be kept.", "Wait until the day that `details.until` names."),
  statement_not_due: of(409, "Nothing has been entered for this investment.", "Wait for the first entry."),
  not_a_crypto_security: of(
    409,
    "The product is no crypto security: the register issues no statement of it.",
    "Read the investment instead."
  )
} as const satisfies {
  readonly [code: string]: { readonly class: Class; readonly message: string; readonly advice: string }
}

/** @category models */
export type Code = keyof typeof byCode

/**
 * Codes that no decision raises yet, by what will raise them. They stand in the schema of recorded refusals, and in the API's list.
 *
 * @category values
 */
export const reservedCodes: { readonly [operations: string]: ReadonlyArray<ReservedCode> } = {}

/** None at present. @category models */
export type ReservedCode = never

/** Codes that readings alone fail with. @category values */
export const readingCodes = ["statement_not_found"] as const satisfies ReadonlyArray<Code>

/** What a decision may refuse with. @category models */
export type RaisedCode = Exclude<Code, ReservedCode | (typeof readingCodes)[number]>

/** @category schemas */
export const Code = Schema.Literals(Object.keys(byCode) as ReadonlyArray<Code>)

/** What a refusal may say besides its code: numbers, statuses, ids of the caller's own objects. @category schemas */
export const Details = Schema.Struct({
  /** What a campaign, an issue volume or a wallet still has room for. */
  free: Schema.optionalKey(UnitCount),
  status: Schema.optionalKey(InvestmentStatus),
  /** Until when data must be kept. */
  until: Schema.optionalKey(Timestamp),
  walletId: Schema.optionalKey(WalletId),
  /** Units of a change that have not been reversed. */
  left: Schema.optionalKey(UnitCount),
  /** Units that the lot of a change still has, unbound. */
  remaining: Schema.optionalKey(UnitCount)
})
export type Details = typeof Details.Type

/** A refused command's answer: one that a log holds, or a decision's own. @category models */
export interface Refusal<C extends Code = Code> {
  readonly code: C
  readonly details?: Details
}

/** Whether a refusal becomes an event, `InstructionRejected`. @category predicates */
export const isRecorded = (code: Code): boolean => byCode[code].class === 409

/** What a client reads of a refusal, besides its details. @category models */
export interface Words {
  readonly status: Class
  readonly message: string
}

/**
 * Version of the words with which new refusals are recorded. Raised when the words of a code change: an answer that was sent once is sent
 * again in its own words.
 *
 * @category values
 */
export const wordsVersion = 2

/** Ends the words of every recorded refusal, since version 2: a key that is the id of an object is easily used again. */
const staysWithItsKey = "This answer stays with its idempotency key: once the state has changed, ask with a new one."

/** Words that a later version changed, by the last version in which they stood. @category models */
export interface FormerWords {
  readonly [version: number]: { readonly [C in Code]?: Words }
}

const formerWords: FormerWords = {}

/**
 * The words of a refusal that was recorded with a version. Throws a `RangeError` for a version that there is not: a newer version of this
 * program has recorded it.
 *
 * @category values
 */
export const words = (code: Code, version: number, former: FormerWords = formerWords): Words => {
  if (!Number.isInteger(version) || version < 1 || version > wordsVersion)
    throw new RangeError(`there is no version ${version} of the words of refusals; the last one is ${wordsVersion}`)
  for (let each = version; each <= wordsVersion; each++) {
    const words = former[each]?.[code]
    if (words !== undefined) return words
  }
  const { class: status, message } = byCode[code]
  return { status, message: version > 1 && isRecorded(code) ? `${message} ${staysWithItsKey}` : message }
}
