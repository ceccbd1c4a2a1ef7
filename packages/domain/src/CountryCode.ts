/**
 * Countries by their ISO 3166-1 alpha-3 code, as the distribution API writes them: `DEU`. For addresses and citizenship.
 */
import { Schema } from "effect"
import countries from "iso-3166-1"

const codes: ReadonlySet<string> = new Set(countries.all().map((country) => country.alpha3))

export const CountryCode = Schema.String.check(
  Schema.makeFilter((text: string) => codes.has(text), { expected: "an ISO 3166-1 alpha-3 country code" })
).pipe(Schema.brand("CountryCode"))
export type CountryCode = typeof CountryCode.Type
