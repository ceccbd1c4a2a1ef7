/**
 * Money as an integer number of a currency's smallest parts, and percentages as decimal text. For prices, disagio, interest.
 *
 * No floating point: `{ amount: "12345", decimals: 2, currency: "EUR" }` is 123.45 EUR. One amount has one form per `decimals`.
 */
import { Schema } from "effect"
import * as Currency from "./Currency.ts"
import * as Sampling from "./Sampling.ts"

/** A description of the API says the pattern too. */
const text = (pattern: RegExp, expected: string) =>
  Schema.String.check(Schema.isPattern(pattern, { expected, toJsonSchema: () => ({ pattern: pattern.source }) }))

/** A whole number as text, without leading zeros or "-0"; at most 38 digits. */
const IntegerText = text(/^(?:0|-?[1-9][0-9]{0,37})$/, "a whole number of at most 38 digits")

const scale = Schema.makeFilter((n: number) => Number.isInteger(n) && n >= 0 && n <= 18, {
  expected: "a whole number from 0 to 18",
  toJsonSchema: () => ({ type: "integer", minimum: 0, maximum: 18 }),
  arbitraryConstraint: Sampling.whole(0, 18)
})

export const Money = Schema.Struct({
  amount: IntegerText,
  decimals: Schema.Number.check(scale),
  currency: Currency.Code
})
export type Money = typeof Money.Type

/** Money as a client sends it. JSON knows no infinity, and a description of the API says so. @category values */
export const Sent = Schema.Struct({ ...Money.fields, decimals: Schema.Finite.check(scale) })

/** What a client takes off a price: nothing that would add to it. @category values */
export const SentReduction = Schema.Struct({
  ...Sent.fields,
  amount: text(/^(?:0|[1-9][0-9]{0,37})$/, "a whole number of at most 38 digits, not negative")
})

/** A percentage as decimal text: `5`, `2.5`. @category values */
export const Percent = Schema.String.check(
  Schema.isPattern(/^(?:100|[0-9]{1,2}(?:\.[0-9]{1,6})?)$/, { expected: "a percentage from 0 to 100" })
)
export type Percent = typeof Percent.Type
