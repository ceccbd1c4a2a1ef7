/**
 * Money as an integer number of a currency's smallest parts, and percentages as decimal text. For prices, disagio, interest.
 *
 * No floating point: `{ amount: "12345", decimals: 2, currency: "EUR" }` is 123.45 EUR. One amount has one form per `decimals`.
 */
import { Schema } from "effect"
import * as Currency from "./Currency.ts"
import * as Sampling from "./Sampling.ts"

/** A whole number as text, without leading zeros or "-0"; at most 38 digits. */
const IntegerText = Schema.String.check(
  Schema.isPattern(/^(?:0|-?[1-9][0-9]{0,37})$/, { expected: "a whole number of at most 38 digits" })
)

export const Money = Schema.Struct({
  amount: IntegerText,
  decimals: Schema.Number.check(
    Schema.makeFilter((n: number) => Number.isInteger(n) && n >= 0 && n <= 18, {
      expected: "a whole number from 0 to 18",
      arbitraryConstraint: Sampling.whole(0, 18)
    })
  ),
  currency: Currency.Code
})
export type Money = typeof Money.Type

/** A percentage as decimal text: `5`, `2.5`. @category values */
export const Percent = Schema.String.check(
  Schema.isPattern(/^(?:100|[0-9]{1,2}(?:\.[0-9]{1,6})?)$/, { expected: "a percentage from 0 to 100" })
)
export type Percent = typeof Percent.Type
