/**
 * How long data are kept in a test, and the time at which it begins. For the tests of retention.
 */
import { type Policy, Timestamp } from "@effekten/domain"
import { Clock } from "effect"

export const day = 86_400_000
export const year = 365.25 * day
export const start = Date.UTC(2026, 1, 3, 4, 5, 6)

/** A retention, and a second computation of it, in milliseconds. */
export interface Keeping {
  readonly policy: Policy.Change
  readonly until: (last: number) => number
}

/** The end of the fifth calendar year, in German time. */
export const fiveYears: Keeping = {
  policy: { retention: { years: 5 } },
  until: (last) => Date.UTC(new Date(last + 3_600_000).getUTCFullYear() + 6, 0, 1) - 3_600_000
}
export const days = (many: number): Keeping => ({
  policy: { retention: { seconds: (many * day) / 1_000 } },
  until: (last) => last + many * day
})

export const millisOf = (text: string) => Math.floor(Date.parse(text))
export const textOf = (millis: number) => Timestamp.instantOfMicros(millis * 1000).text

export const eraseWhenDue = true
export const nowMillis = Clock.currentTimeMillis

/** Ends retention alone. What else goes by the clock looks every hour of these years, and has tests of its own. */
export const retentionAlone = { eraseWhenDue, enforcePaymentDeadlines: false, issueStatements: false } as const
