/**
 * What many random runs of decisions reach. For tests that ask whether their runs told them anything.
 */
import { Commands, Events, Refusal } from "@effekten/domain"

/** @category values */
export const events = Object.keys(Events.catalogue.events) as ReadonlyArray<Events.EventType>

/** Those that change something: a kind of event does not say by which of several it came about. @category values */
export const operations = Object.keys(Commands.all) as ReadonlyArray<Commands.Operation>

/** Refusals that no random run can reach, and why. Tests of the domain hold them. */
const beyond = {
  too_many_waiting_investments: "an investor would sign a hundred times, which no product of a run has the units for",
  too_many_lots: "a holding would have more than 256 lots"
} as const satisfies { readonly [C in Refusal.Code]?: string }

const unraised: ReadonlyArray<string> = [...Object.values(Refusal.reservedCodes).flat(), ...Refusal.readingCodes]

/** All that a decision raises, but for what lies beyond every run. @category values */
export const everyRefusal = (Object.keys(Refusal.byCode) as ReadonlyArray<Refusal.Code>).filter(
  (code) => !unraised.includes(code) && !(code in beyond)
)

/** Refusals of a decision, which are recorded, and which any few hundred runs reach. @category values */
export const refusals = [
  "kyc_not_successful",
  "kyc_insufficient",
  "review_not_open",
  "investor_kind_fixed",
  "investor_not_legal_person",
  "managed_wallet_exists",
  "address_taken",
  "product_not_listed",
  "issue_volume_exceeded",
  "campaign_not_open",
  "allocation_exhausted",
  "investment_ended",
  "already_accepted",
  "already_paid",
  "already_delivered",
  "wallet_of_other_investor",
  "wallet_missing",
  "investment_not_paid",
  "credit_in_flight",
  "cancellation_period_over",
  "deadline_not_reached",
  "outside_review_not_open",
  "document_already_attached",
  "product_paused",
  "allocation_below_use",
  "issue_volume_below_allocations",
  "redemption_of_crypto_security",
  "insufficient_units",
  "wallet_frozen",
  "insufficient_frozen_units",
  "change_not_reversible",
  "reversal_in_flight",
  "units_moved_on",
  "units_frozen",
  "awaiting_resolution",
  "outcome_contradicts",
  "nothing_to_resolve",
  "investor_erased",
  "wallet_not_managed",
  "locked_up",
  "same_wallet",
  "target_cannot_receive",
  "not_cancellable",
  "investor_holds_units",
  "investor_has_tasks_in_flight",
  "investor_has_open_investments",
  "legal_hold",
  "retention_running",
  "document_in_use",
  "terms_deposited",
  "statement_not_due",
  "not_a_crypto_security"
] as const satisfies ReadonlyArray<Refusal.Code>
