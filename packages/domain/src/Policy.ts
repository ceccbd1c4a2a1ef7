/**
 * What a registrar may set, and limits nobody may set. For decisions, and for whoever runs a register.
 */
import { instantOfMicros, microsPerDay, microsPerMinute, type Instant } from "./Timestamp.ts"

/** @category models */
export interface Policy {
  /** How far a timestamp may lie ahead of the moment of receipt, in microseconds: clocks differ. */
  readonly clockTolerance: number
  /** Whether a wallet needs an investor whose KYC is `SUCCESS`. The API's pages suggest it and do not state it. */
  readonly walletNeedsKyc: boolean
  /** Whether a wallet needs complete tax information (never for custodian banks). */
  readonly walletNeedsTaxInformation: boolean
  /** Until when personal data are kept after the last thing that concerned them. */
  readonly retainUntil: (last: Instant) => Instant
}

/** Retention: ten years of 365.25 days, the latest moment at which § 8(4) GwG lets KYC records be kept. @category values */
export const defaultPolicy: Policy = {
  clockTolerance: 5 * microsPerMinute,
  walletNeedsKyc: true,
  walletNeedsTaxInformation: false,
  retainUntil: (last) => instantOfMicros(last.micros + 3652.5 * microsPerDay)
}

/** Lots one task may name: keeps its event's body below 65,535 bytes. @category limits */
export const maximumLots = 256

/** Investments of one investor waiting for KYC: bounds the events an identification appends. @category limits */
export const maximumWaitingInvestments = 100

/** Documents of one investment. @category limits */
export const maximumDocuments = 50

/** Documents one request may name at all. @category limits */
export const maximumNamedDocuments = 500
