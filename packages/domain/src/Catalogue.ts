/**
 * All event types of the register. For a store's codec, for folds, and for a reader who asks what can be in the log.
 */
import type { Basis } from "./Basis.ts"
import * as CreditEvents from "./events/CreditEvents.ts"
import * as DocumentEvents from "./events/DocumentEvents.ts"
import * as FreezingEvents from "./events/FreezingEvents.ts"
import * as InstructionEvents from "./events/InstructionEvents.ts"
import * as InvestmentEvents from "./events/InvestmentEvents.ts"
import * as InvestorEvents from "./events/InvestorEvents.ts"
import * as LegalHoldEvents from "./events/LegalHoldEvents.ts"
import * as PlatformEvents from "./events/PlatformEvents.ts"
import * as PolicyEvents from "./events/PolicyEvents.ts"
import * as RedemptionEvents from "./events/RedemptionEvents.ts"
import * as StatementEvents from "./events/StatementEvents.ts"
import * as ReversalEvents from "./events/ReversalEvents.ts"
import * as TransferEvents from "./events/TransferEvents.ts"
import * as WalletEvents from "./events/WalletEvents.ts"
import { Meta, type EventOf } from "./Event.ts"
import type { Timestamp } from "./Timestamp.ts"

export * from "./events/CreditEvents.ts"
export * from "./events/DocumentEvents.ts"
export * from "./events/FreezingEvents.ts"
export * from "./events/InstructionEvents.ts"
export * from "./events/InvestmentEvents.ts"
export * from "./events/InvestorEvents.ts"
export * from "./events/LegalHoldEvents.ts"
export * from "./events/Part.ts"
export * from "./events/PlatformEvents.ts"
export * from "./events/PolicyEvents.ts"
export * from "./events/RedemptionEvents.ts"
export * from "./events/StatementEvents.ts"
export * from "./events/ReversalEvents.ts"
export * from "./events/TransferEvents.ts"
export * from "./events/WalletEvents.ts"

const events = {
  PolicySet: PolicyEvents.PolicySet,
  PlatformRegistered: PlatformEvents.PlatformRegistered,
  IssuerRegistered: PlatformEvents.IssuerRegistered,
  IssuerAmended: PlatformEvents.IssuerAmended,
  ProductRegistered: PlatformEvents.ProductRegistered,
  ProductAmended: PlatformEvents.ProductAmended,
  TermsDeposited: PlatformEvents.TermsDeposited,
  ProductPaused: PlatformEvents.ProductPaused,
  ProductResumed: PlatformEvents.ProductResumed,
  ProductListed: PlatformEvents.ProductListed,
  ProductDelisted: PlatformEvents.ProductDelisted,
  CampaignOpened: PlatformEvents.CampaignOpened,
  CampaignResized: PlatformEvents.CampaignResized,
  CampaignClosed: PlatformEvents.CampaignClosed,
  InvestorRegistered: InvestorEvents.InvestorRegistered,
  IdentificationRecorded: InvestorEvents.IdentificationRecorded,
  InvestorAmended: InvestorEvents.InvestorAmended,
  BenefitingPersonAdded: InvestorEvents.BenefitingPersonAdded,
  KycDecided: InvestorEvents.KycDecided,
  InvestorErased: InvestorEvents.InvestorErased,
  LegalHoldPlaced: LegalHoldEvents.LegalHoldPlaced,
  LegalHoldReleased: LegalHoldEvents.LegalHoldReleased,
  DocumentUploaded: DocumentEvents.DocumentUploaded,
  DocumentErased: DocumentEvents.DocumentErased,
  WalletRegistered: WalletEvents.WalletRegistered,
  WalletReceivingSet: WalletEvents.WalletReceivingSet,
  AddressProven: WalletEvents.AddressProven,
  WalletFrozen: FreezingEvents.WalletFrozen,
  WalletUnfrozen: FreezingEvents.WalletUnfrozen,
  UnitsFrozen: FreezingEvents.UnitsFrozen,
  UnitsUnfrozen: FreezingEvents.UnitsUnfrozen,
  InvestmentSigned: InvestmentEvents.InvestmentSigned,
  InvestmentIdentified: InvestmentEvents.InvestmentIdentified,
  InvestmentReviewed: InvestmentEvents.InvestmentReviewed,
  InvestmentAccepted: InvestmentEvents.InvestmentAccepted,
  InvestmentPaid: InvestmentEvents.InvestmentPaid,
  WalletAssigned: InvestmentEvents.WalletAssigned,
  SignedDocumentsAdded: InvestmentEvents.SignedDocumentsAdded,
  InvestmentEnded: InvestmentEvents.InvestmentEnded,
  InvestmentCancelledAfterDelivery: InvestmentEvents.InvestmentCancelledAfterDelivery,
  CreditRequested: CreditEvents.CreditRequested,
  CreditSubmitted: CreditEvents.CreditSubmitted,
  UnitsCredited: CreditEvents.UnitsCredited,
  CreditFailed: CreditEvents.CreditFailed,
  CreditOutcomeUnknown: CreditEvents.CreditOutcomeUnknown,
  RedemptionRequested: RedemptionEvents.RedemptionRequested,
  RedemptionSubmitted: RedemptionEvents.RedemptionSubmitted,
  UnitsRedeemed: RedemptionEvents.UnitsRedeemed,
  RedemptionFailed: RedemptionEvents.RedemptionFailed,
  RedemptionOutcomeUnknown: RedemptionEvents.RedemptionOutcomeUnknown,
  TransferRequested: TransferEvents.TransferRequested,
  TransferSubmitted: TransferEvents.TransferSubmitted,
  UnitsTransferred: TransferEvents.UnitsTransferred,
  TransferFailed: TransferEvents.TransferFailed,
  TransferOutcomeUnknown: TransferEvents.TransferOutcomeUnknown,
  RegistryStatementIssued: StatementEvents.RegistryStatementIssued,
  ReversalRequested: ReversalEvents.ReversalRequested,
  ReversalSubmitted: ReversalEvents.ReversalSubmitted,
  RegisterChangeReversed: ReversalEvents.RegisterChangeReversed,
  ReversalFailed: ReversalEvents.ReversalFailed,
  ReversalOutcomeUnknown: ReversalEvents.ReversalOutcomeUnknown,
  InstructionRejected: InstructionEvents.InstructionRejected,
  InstructionNoted: InstructionEvents.InstructionNoted
} as const

/** @category models */
export type EventType = keyof typeof events

/** What a decision returns: type, data, personal part. The registrar adds id and metadata. @category models */
export type DomainEvent = { readonly [T in EventType]: EventOf<(typeof events)[T]> }[EventType]

/** An event to be appended. @category models */
export type RegisterEvent = {
  readonly [T in EventType]: EventOf<(typeof events)[T]> & { readonly meta: Meta }
}[EventType]

/** Recorded events by type. */
type RecordedByType = {
  readonly [T in EventType]: {
    readonly type: T
    readonly data: EventOf<(typeof events)[T]>["data"]
    readonly position: number
    readonly tags: ReadonlyArray<string>
    readonly meta: Meta
  }
}

/**
 * An event as decisions see it: no personal part, but a position. The instant it was recorded at is missing: it is not known while the
 * events beside it are decided.
 *
 * @category models
 */
export type RecordedDomainEvent = RecordedByType[EventType]

/** A recorded event of one type, or of several. @category models */
export type Recorded<T extends EventType> = RecordedByType[T]

/** All event types, and the schema of their metadata: what an event store must be given. @category values */
export const catalogue: {
  readonly meta: typeof Meta
  readonly events: typeof events
  /** No event is recorded before its instruction was received. */
  readonly notBefore: (meta: Meta) => string
  /** Carries the type of the events; never read. */
  readonly _E?: () => RegisterEvent
} = { meta: Meta, events, notBefore: ({ receivedAt }) => receivedAt }

/**
 * When the fact took place, as the platform or the registrar stated it: signature, acceptance, payment, verification, end. `undefined` for
 * events that are entries in the register, which take effect when recorded (eWpG §§ 24, 25).
 *
 * @category computing
 */
export const effectiveAt = (event: DomainEvent): Timestamp | undefined => {
  switch (event.type) {
    case "InvestmentSigned":
      return event.data.signedAt
    case "InvestmentAccepted":
      return event.data.acceptedAt
    case "InvestmentPaid":
      return event.data.paidAt
    case "IdentificationRecorded":
      return event.data.verifiedAt
    case "InvestmentEnded":
      return event.data.endedAt
    case "InvestmentCancelledAfterDelivery":
      return event.data.cancelledAt
    default:
      return undefined
  }
}

/** By whose right an entry or a stop was instructed, where its event says so. @category computing */
export const basisOf = ({ data, type }: RecordedDomainEvent): Basis | undefined => {
  switch (type) {
    case "ProductPaused":
    case "ProductResumed":
    case "WalletFrozen":
    case "WalletUnfrozen":
    case "UnitsFrozen":
    case "UnitsUnfrozen":
    case "UnitsRedeemed":
    case "RegisterChangeReversed":
      return data.basis
    case "UnitsTransferred":
      return data.forced
    default:
      return undefined
  }
}
