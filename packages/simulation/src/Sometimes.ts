/**
 * What has to come about now and then, or a run has tested little: counters with targets. For commands and tests that run many seeds.
 */
import type { Events } from "@effekten/domain"
import * as Faults from "./plan/Faults.ts"

/** How often something came about, by its name in the counts of a report. @category models */
export type Counts = { readonly [what: string]: number }

/** What has to come about at least so often. @category models */
export type Targets = { readonly [what: string]: number }

/** Adds the counts of one run to those of others. @category computing */
export const added = (totals: Counts, counts: Counts): Counts => {
  const sum: { [what: string]: number } = { ...totals }
  for (const [what, count] of Object.entries(counts)) sum[what] = (sum[what] ?? 0) + count
  return sum
}

/** What came about less often than it has to, in words. @category computing */
export const missing = (totals: Counts, targets: Targets): ReadonlyArray<string> =>
  Object.entries(targets)
    .filter(([what, least]) => (totals[what] ?? 0) < least)
    .map(([what, least]) => `${what}: ${totals[what] ?? 0} of ${least}`)

/** Events that a workload of all steps brings about. */
const events: ReadonlyArray<Events.EventType> = [
  "PolicySet",
  "IssuerAmended",
  "CampaignOpened",
  "CampaignClosed",
  "ProductDelisted",
  "InvestorRegistered",
  "IdentificationRecorded",
  "InvestorAmended",
  "BenefitingPersonAdded",
  "KycDecided",
  "InvestorErased",
  "LegalHoldPlaced",
  "LegalHoldReleased",
  "DocumentUploaded",
  "DocumentErased",
  "WalletRegistered",
  "WalletFrozen",
  "WalletUnfrozen",
  "UnitsFrozen",
  "UnitsUnfrozen",
  "RegistryStatementIssued",
  "InvestmentSigned",
  "InvestmentIdentified",
  "InvestmentAccepted",
  "InvestmentPaid",
  "WalletAssigned",
  "InvestmentEnded",
  "InvestmentCancelledAfterDelivery",
  "UnitsCredited",
  "CreditFailed",
  "CreditOutcomeUnknown",
  "UnitsRedeemed",
  "RedemptionFailed",
  "RedemptionOutcomeUnknown",
  "WalletReceivingSet",
  "AddressProven",
  "UnitsTransferred",
  "TransferFailed",
  "TransferOutcomeUnknown",
  "RegisterChangeReversed",
  "ReversalFailed",
  "ReversalOutcomeUnknown",
  "InstructionRejected",
  "InstructionNoted"
]

/** Moments that find what nothing else does. */
const moments = [
  "crash before the commit of a call under way",
  "crash between commit and answer",
  "start over snapshots",
  "start over a log",
  "answered again",
  "the log is put back",
  "an older program has appended",
  "an older program is refused",
  "forged: body changed",
  "forged: event replaced",
  "forged: event planted",
  "forged: end cut",
  "forged: checkpoints cut too",
  "a payment deadline passes",
  "a crypto security is redeemed",
  "a transfer is forced"
]

/** For some hundred runs of drawn plans: each fault, each event and each moment. @category values */
export const standard: Targets = Object.fromEntries(
  [...Faults.names.map((name) => `fault ${name}`), ...events.map((type) => `event ${type}`), ...moments].map((what) => [
    what,
    1
  ])
)
