/**
 * International Securities Identification Number, ISO 6166: two letters, nine characters, one check digit. For products.
 */
import { Schema } from "effect"
import * as Sampling from "./Sampling.ts"

/** The check digit: letters become two digits (A = 10 … Z = 35), then the Luhn sum must be divisible by ten. */
const isIsin = (text: string): boolean => {
  if (!/^[A-Z]{2}[0-9A-Z]{9}[0-9]$/.test(text)) return false
  let sum = 0
  let double = false
  for (let i = text.length - 1; i >= 0; i--) {
    const value = Number.parseInt(text.charAt(i), 36)
    for (let rest = value; ; rest = Math.floor(rest / 10)) {
      const digit = (rest % 10) * (double ? 2 : 1)
      sum += digit > 9 ? digit - 9 : digit
      double = !double
      if (rest < 10) break
    }
  }
  return sum % 10 === 0
}

/** ISINs from the least to the greatest of some countries: nine characters count in the base of 36. */
const samples: ReadonlyArray<string> = ["AA", "DE", "XS", "ZZ"].flatMap((country) =>
  Array.from({ length: 64 }, (_, step) => {
    const number = Math.round(((36 ** 9 - 1) / 63) * step)
    const unchecked = country + number.toString(36).toUpperCase().padStart(9, "0")
    return unchecked + Array.from("0123456789").find((digit) => isIsin(unchecked + digit))
  })
)

export const Isin = Schema.String.check(
  Schema.makeFilter((text: string) => isIsin(text), {
    expected: "an ISIN with a right check digit",
    arbitraryConstraint: Sampling.matching([Sampling.anyOf(samples)])
  })
).pipe(Schema.brand("Isin"))
export type Isin = typeof Isin.Type
