/**
 * Bank account numbers: IBAN (ISO 13616) and BIC (ISO 9362). For the personal part of investors.
 */
import { Schema } from "effect"
import countries from "iso-3166-1"
import * as IbanRegistry from "./IbanRegistry.ts"
import * as Sampling from "./Sampling.ts"

const kinds: { readonly [kind: string]: string } = { n: "[0-9]", a: "[A-Z]", c: "[0-9A-Z]" }

const patternOf = (structure: string): RegExp => {
  const account = structure.replace(/(\d+)!([nac])/g, (_, length: string, kind: string) => `${kinds[kind]}{${length}}`)
  // Check digits lie between 02 and 98: any other pair is that of another account, written differently.
  return new RegExp(`^[A-Z]{2}(?:0[2-9]|[1-8][0-9]|9[0-8])${account}$`)
}

const patterns: ReadonlyMap<string, RegExp> = new Map(
  Object.entries(IbanRegistry.structures).flatMap(([country, structure]) => {
    const pattern = patternOf(structure)
    const { [country]: territories = [] }: { readonly [country: string]: ReadonlyArray<string> } =
      IbanRegistry.territories
    return [country, ...territories].map((code) => [code, pattern] as const)
  })
)

/** The remainder of ISO 7064, MOD 97-10: letters count from `A` = 10, and the first four characters come last. */
const remainderOf = (iban: string): number => {
  let remainder = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
  }
  return remainder
}

const isIban = (text: string): boolean => patterns.get(text.slice(0, 2))?.test(text) === true && remainderOf(text) === 1

const digits = "0123456789"
const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
const alphabets: { readonly [kind: string]: string } = { n: digits, a: capitals, c: digits + capitals }

/** Account numbers of a country: the least, some between, and the greatest. */
const samplesOf = (country: string, structure: string): ReadonlyArray<string> =>
  [0, 0.3, 0.7, 1].map((share) => {
    const account = structure.replace(/(\d+)!([nac])/g, (_, length: string, kind: string) => {
      const alphabet = alphabets[kind]!
      return alphabet.charAt(Math.round((alphabet.length - 1) * share)).repeat(Number(length))
    })
    return `${country}${String(98 - remainderOf(`${country}00${account}`)).padStart(2, "0")}${account}`
  })

const [andorra, ...others] = Object.entries(IbanRegistry.structures).map(([country, structure]) =>
  Sampling.anyOf(samplesOf(country, structure))
)

/** Electronic form: capitals without blanks, built as its country's are, with correct check digits (mod 97). @category values */
export const Iban = Schema.String.check(
  Schema.isMaxLength(34),
  Schema.makeFilter((text: string) => isIban(text), {
    expected: "an IBAN in electronic form",
    toJsonSchema: () => ({ pattern: "^[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}$" }),
    arbitraryConstraint: Sampling.matching([andorra!, ...others])
  })
).pipe(Schema.brand("Iban"))
export type Iban = typeof Iban.Type

/** Countries of banks: those of ISO 3166-1, and Kosovo as banks write it. */
const bankCountries: ReadonlySet<string> = new Set([...countries.all().map((country) => country.alpha2), "XK"])

const bankCountry = `(?:${[...bankCountries].join("|")})`

const isBic = (text: string): boolean =>
  /^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$/.test(text) && bankCountries.has(text.slice(4, 6))

/** Eight or eleven capitals and digits, with a country at the fifth place. @category values */
export const Bic = Schema.String.check(
  Schema.isMaxLength(11),
  Schema.makeFilter((text: string) => isBic(text), {
    expected: "a BIC",
    toJsonSchema: () => ({ pattern: "^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$" }),
    arbitraryConstraint: Sampling.matching([
      new RegExp(`^[A-Z0-9]{4}${bankCountry}[A-Z0-9]{2}$`),
      new RegExp(`^[A-Z0-9]{4}${bankCountry}[A-Z0-9]{5}$`)
    ])
  })
).pipe(Schema.brand("Bic"))
export type Bic = typeof Bic.Type
