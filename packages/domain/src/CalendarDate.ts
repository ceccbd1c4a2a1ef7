/**
 * A day of the calendar, `YYYY-MM-DD`, that exists. For dates of birth and of identity documents.
 *
 * Two of them compare as text.
 */
import { Schema } from "effect"
import * as Sampling from "./Sampling.ts"

const daysBeforeFebruaryEnds = (year: number): number =>
  year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28

/** @category predicates */
export const isDay = (year: number, month: number, day: number): boolean =>
  month >= 1 &&
  month <= 12 &&
  day >= 1 &&
  day <=
    (month === 2 ? daysBeforeFebruaryEnds(year) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)

const isCalendarDate = (text: string): boolean => {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  return match !== null && isDay(Number(match[1]), Number(match[2]), Number(match[3]))
}

/** The pattern of the days that every year has, of the years of a pattern. @category values */
export const daysOf = (years: string): string =>
  `${years}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))`

/** The pattern of the leap days of some centuries, except those of the years that end in 00. @category values */
export const leapDaysOf = (centuries: string): string => `${centuries}(?:0[48]|[2468][048]|[13579][26])-02-29`

export const CalendarDate = Schema.String.check(
  Schema.makeFilter((text: string) => isCalendarDate(text), {
    expected: "a day that exists, as YYYY-MM-DD",
    toJsonSchema: () => ({ format: "date" }),
    arbitraryConstraint: Sampling.matching([
      new RegExp(`^${daysOf("[0-9]{4}")}$`),
      new RegExp(`^${leapDaysOf("[0-9]{2}")}$`)
    ])
  })
).pipe(Schema.brand("CalendarDate"))
export type CalendarDate = typeof CalendarDate.Type
