/**
 * What a registrar may set, and limits that are fixed. For decisions, and for an operator of a register.
 */
import { instantOf, instantOfMicros, microsPerMinute, type Instant } from "./Timestamp.ts"

/** @category models */
export interface Policy {
  /** How far a timestamp may lie ahead of the moment of receipt, in microseconds: clocks differ. */
  readonly clockTolerance: number
  /** Whether a wallet needs an investor whose KYC is `SUCCESS`. The API's pages suggest it and do not state it. */
  readonly walletNeedsKyc: boolean
  /** Whether a wallet needs complete tax information (never for custodian banks). */
  readonly walletNeedsTaxInformation: boolean
  /** Until when personal data are kept after the last thing that concerned them: never earlier for something later. */
  readonly retainUntil: (last: Instant) => Instant
}

/** Years § 8(4) GwG wants the records of due diligence kept. @category values */
export const leastRetention = 5

/** Years after which it wants them destroyed, whatever other law wants them kept. @category values */
export const longestRetention = 10

/** German winter time, in which every calendar year there begins. */
const winterOffset = 60 * microsPerMinute

/** The last year of a timestamp. */
const lastYear = 2254

/**
 * Retention by § 8(4) GwG: so many whole calendar years after the one in which the last thing happened, counted in German time. Throws a
 * `RangeError` for less than the law asks for, and for more than it allows.
 *
 * @category constructors
 */
export const retentionOf = (years: number): Policy["retainUntil"] => {
  if (!Number.isInteger(years) || years < leastRetention || years > longestRetention)
    throw new RangeError(`retention is a whole number of years from ${leastRetention} to ${longestRetention}`)
  return (last) => {
    const year = Number(instantOfMicros(last.micros + winterOffset).text.slice(0, 4))
    return instantOf(`${Math.min(year + years + 1, lastYear)}-01-01T00:00:00+01:00`)
  }
}

/**
 * Retention is the shortest the law allows, because keeping longer needs a reason. A register whose data are also books or vouchers (HGB
 * § 257, AO § 147) sets `retentionOf(8)`, for example.
 *
 * @category values
 */
export const defaults: Policy = {
  clockTolerance: 5 * microsPerMinute,
  walletNeedsKyc: true,
  walletNeedsTaxInformation: false,
  retainUntil: retentionOf(leastRetention)
}

/** Lots one task may name: keeps its event's body below 65,535 bytes. @category values */
export const maximumLots = 256

/** Legal holds on one investor that stand at the same time. @category values */
export const maximumLegalHolds = 50

/** Investments of one investor waiting for KYC: bounds the events an identification appends. @category values */
export const maximumWaitingInvestments = 100

/** Documents of one investment. @category values */
export const maximumDocuments = 50

/** Documents one request may name at all. @category values */
export const maximumNamedDocuments = 500
