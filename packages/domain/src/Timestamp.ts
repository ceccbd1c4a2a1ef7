/**
 * Points in time: the text as it came, and the microseconds it means. For events, and for checks of times.
 *
 * All of RFC 3339, and what Django's parser takes besides. The text is kept, because a `Date` would drop the microseconds and the offset
 * that a platform sent. Comparison is by the microseconds, which are a safe integer until the year 2255; digits beyond are cut.
 */
import { Schema } from "effect"
import { daysOf, isDay, leapDaysOf, type CalendarDate } from "./CalendarDate.ts"
import * as Sampling from "./Sampling.ts"

const firstYear = 1900
const lastYear = 2254

/** The number two digits say, or -1. */
const two = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/** Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin in March. */
const daysSince1970 = (year: number, month: number, day: number): number => {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}

const microsPerSecond = 1_000_000

/**
 * What a text in the usual form means, `2026-01-02T03:04:05.000006Z` or with an offset such as `+01:00`. Every event bears at least one, and
 * a replay reads them all. So the text is read by position, in a fraction of the time of a regular expression.
 */
const microsOfUsualForm = (text: string): number | undefined => {
  const century = two(text, 0)
  const rest = two(text, 2)
  const month = two(text, 5)
  const day = two(text, 8)
  const hour = two(text, 11)
  const minute = two(text, 14)
  const second = two(text, 17)
  if (century < 0 || rest < 0 || hour < 0 || minute < 0 || second < 0) return undefined
  if (text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || text[13] !== ":" || text[16] !== ":") return undefined
  const year = century * 100 + rest
  if (year < firstYear || year > lastYear || !isDay(year, month, day)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  let at = 19
  let fraction = 0
  if (text[at] === ".") {
    let unit = microsPerSecond
    for (at++; unit > 1; at++) {
      const digit = text.charCodeAt(at) - 48
      if (!(digit >= 0 && digit <= 9)) break
      unit /= 10
      fraction += digit * unit
    }
    if (at === 20) return undefined
  }
  let offset = 0
  const sign = text[at]
  if (sign === "+" || sign === "-") {
    const [hours, minutes] = [two(text, at + 1), two(text, at + 4)]
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || text[at + 3] !== ":") return undefined
    offset = (sign === "-" ? -1 : 1) * (hours * 60 + minutes)
    at += 6
  } else if (sign === "Z") at++
  else return undefined
  if (text.length !== at) return undefined
  const minutes = daysSince1970(year, month, day) * 1440 + hour * 60 + minute - offset
  return (minutes * 60 + second) * microsPerSecond + fraction
}

/** RFC 3339 in full, and offsets and seconds as Django's `parse_datetime` takes them. */
const anyForm =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:[.,](\d+))?)? *(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)$/

/** Characters of a timestamp at most: the digits of a second have no other bound. */
const maximumLength = 1000

/** A leap second is the last one of June or of December in UTC (RFC 3339, section 5.7). */
const endsHalfYear = (minutes: number): boolean =>
  /-0[17]-01T00:00:/.test(new Date((minutes + 1) * 60_000).toISOString())

/** What any other text means: read more slowly. A leap second means the second after it, as POSIX counts. */
const microsOfAnyForm = (text: string): number | undefined => {
  const match = text.length > maximumLength ? null : anyForm.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1, 6).map(Number)
  const [second = "0", digits = "", sign, offsetHours = "0", offsetMinutes = "0"] = match.slice(6)
  if (year < firstYear || year > lastYear || !isDay(year, month, day)) return undefined
  const offset = (sign === "-" ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinutes))
  const minutes = daysSince1970(year, month, day) * 1440 + hour * 60 + minute - offset
  if (second === "60" && !endsHalfYear(minutes)) return undefined
  return (minutes * 60 + Number(second)) * microsPerSecond + Number(digits.slice(0, 6).padEnd(6, "0"))
}

/** The two texts that were read last: a command asks a dozen times for when it was received and for what its input says. */
let last = { text: "", micros: undefined as number | undefined }
let lastButOne = last

/** Microseconds since 1970-01-01T00:00:00Z, or `undefined` where the text is no timestamp. */
const microsOf = (text: string): number | undefined => {
  if (text === last.text) return last.micros
  if (text === lastButOne.text) return lastButOne.micros
  const micros = microsOfUsualForm(text) ?? microsOfAnyForm(text)
  if (micros !== undefined) [last, lastButOne] = [{ text, micros }, last]
  return micros
}

const anyDay = `(?:${daysOf("(?:19[0-9]{2}|2[01][0-9]{2}|22[0-4][0-9]|225[0-4])")}|${leapDaysOf("(?:19|2[01])")})`
const anyMinute = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"

/** In UTC, with an offset, as Django reads it, and a leap second. */
const samples = Sampling.matching(
  [
    new RegExp(`^${anyDay}T${anyMinute}:[0-5][0-9]Z$`),
    new RegExp(`^${anyDay}T${anyMinute}:[0-5][0-9]\\.[0-9]{6}[+-]${anyMinute}$`),
    new RegExp(
      `^${anyDay}[Tt ]${anyMinute}(?::[0-5][0-9](?:[.,][0-9]+)?)? *(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)$`
    ),
    /^(?:19|2[01])[0-9]{2}-(?:06-30|12-31)T23:59:60Z$/
  ],
  { minLength: 17, maxLength: maximumLength }
)

export const Timestamp = Schema.String.check(
  Schema.makeFilter((text: string) => microsOf(text) !== undefined, {
    expected: "a timestamp with offset (RFC 3339) of the years 1900 to 2254",
    toJsonSchema: () => ({ format: "date-time" }),
    arbitraryConstraint: samples
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

// Instants of one second follow one another.
let secondWritten = { seconds: 0, text: "1970-01-01T00:00:00" }

/** The UTC text, always with six digits of a second, of so many microseconds since 1970. @category constructors */
export const instantOfMicros = (micros: number): Instant => {
  const seconds = Math.floor(micros / microsPerSecond)
  if (seconds !== secondWritten.seconds) {
    const text = new Date(seconds * 1000).toISOString().slice(0, 19)
    // Refuses the years that no timestamp has.
    instantOf(`${text}Z`)
    secondWritten = { seconds, text }
  }
  // A leading one keeps the zeros behind it.
  const fraction = String(microsPerSecond + micros - seconds * microsPerSecond).slice(1)
  return { text: `${secondWritten.text}.${fraction}Z` as Timestamp, micros }
}

/** Whether two texts mean the same moment. @category predicates */
export const sameMoment = (a: Timestamp, b: Timestamp): boolean => a === b || microsOf(a) === microsOf(b)

/** The later of two; the first when equal. @category predicates */
export const laterOf = (a: Instant, b: Instant): Instant => (b.micros > a.micros ? b : a)

/** The earlier of two; the first when equal. @category predicates */
export const earlierOf = (a: Instant, b: Instant): Instant => (b.micros < a.micros ? b : a)

/** The calendar day a timestamp bears, in its own offset. @category conversions */
export const dayOf = (text: Timestamp): CalendarDate => text.slice(0, 10) as CalendarDate

/** @category values */
export const microsPerMinute = 60_000_000

/** Of 24 hours. @category values */
export const microsPerDay = 86_400_000_000
