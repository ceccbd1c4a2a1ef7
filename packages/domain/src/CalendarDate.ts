/**
 * A day of the calendar, `YYYY-MM-DD`, that exists. For dates of birth and of identity documents.
 *
 * Two of them compare as text.
 */
import { Schema } from "effect"

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

export const CalendarDate = Schema.String.check(
  Schema.makeFilter((text: string) => isCalendarDate(text), {
    expected: "a day that exists, as YYYY-MM-DD",
    toJsonSchema: () => ({ format: "date" })
  })
).pipe(Schema.brand("CalendarDate"))
export type CalendarDate = typeof CalendarDate.Type
