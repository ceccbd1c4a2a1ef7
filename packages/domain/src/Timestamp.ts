/**
 * Points in time: the text as it came, and the microseconds it means. For events, and for checks of times.
 *
 * ISO 8601 / RFC 3339 with an offset and at most six digits of a second. The text is kept, because a `Date` would drop the microseconds
 * and the offset a platform sent; comparison is by the microseconds, which are a safe integer until the year 2255.
 */
import { Schema } from "effect"
import { isDay, type CalendarDate } from "./CalendarDate.ts"

const pattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:Z|([+-])(\d{2}):(\d{2}))$/

const firstYear = 1900
const lastYear = 2254

/** Microseconds since 1970-01-01T00:00:00Z, or `undefined` where the text is no timestamp. */
const microsOf = (text: string): number | undefined => {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6])]
  if (year < firstYear || year > lastYear || !isDay(year, month, day)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (offsetHour > 23 || offsetMinute > 59) return undefined
  const offset = (offsetHour * 60 + offsetMinute) * (match[8] === "-" ? -1 : 1)
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - offset * 60
  return seconds * 1_000_000 + Number((match[7] ?? "").padEnd(6, "0"))
}

export const Timestamp = Schema.String.check(
  Schema.makeFilter((text: string) => microsOf(text) !== undefined, {
    expected: "a timestamp with offset (RFC 3339) of the years 1900 to 2254, at most microseconds"
  })
).pipe(Schema.brand("Timestamp"))
export type Timestamp = typeof Timestamp.Type

/** A timestamp with its meaning. @category values */
export interface Instant {
  readonly text: Timestamp
  /** Microseconds since 1970. */
  readonly micros: number
}

/** Reads a timestamp; throws a `RangeError` where the text is none, so give it decoded text. @category constructors */
export const instantOf = (text: string): Instant => {
  const micros = microsOf(text)
  if (micros === undefined) throw new RangeError("not a timestamp")
  return { text: text as Timestamp, micros }
}

/** The UTC text, always with six digits of a second, of so many microseconds since 1970. @category constructors */
export const instantOfMicros = (micros: number): Instant => {
  const seconds = Math.floor(micros / 1_000_000)
  const rest = micros - seconds * 1_000_000
  const text = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(rest).padStart(6, "0")}Z`
  return instantOf(text)
}

/** Negative, zero or positive, as for `sort`. @category comparing */
export const compareInstants = (a: Instant, b: Instant): number => a.micros - b.micros

/** Whether two texts mean the same moment. @category comparing */
export const sameMoment = (a: Timestamp, b: Timestamp): boolean => a === b || microsOf(a) === microsOf(b)

/** The later of two; the first when equal. @category comparing */
export const laterOf = (a: Instant, b: Instant): Instant => (b.micros > a.micros ? b : a)

/** The calendar day a timestamp bears, in its own offset. @category parsing */
export const dayOf = (text: Timestamp): CalendarDate => text.slice(0, 10) as CalendarDate

/** @category units */
export const microsPerMinute = 60_000_000

/** Of 24 hours. @category units */
export const microsPerDay = 86_400_000_000
