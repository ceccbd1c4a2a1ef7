/**
 * Countries and citizenships by three letters, as the distribution API writes them: `DEU`. For addresses, banks and persons.
 */
import { Schema } from "effect"
import countries from "iso-3166-1"
import * as Sampling from "./Sampling.ts"

const assigned: ReadonlyArray<string> = countries.all().map((country) => country.alpha3)

const countryCodes: ReadonlySet<string> = new Set([...assigned, "XKX"])

/** A country: its ISO 3166-1 alpha-3 code, or `XKX` for Kosovo, which has none. It is a {@link Citizenship} too. */
export const CountryCode = Schema.String.check(
  Schema.makeFilter((text: string) => countryCodes.has(text), {
    expected: "an ISO 3166-1 alpha-3 country code",
    toJsonSchema: () => ({ pattern: "^[A-Z]{3}$" }),
    arbitraryConstraint: Sampling.matching([Sampling.anyOf(countryCodes)])
  })
).pipe(Schema.brand("Citizenship"), Schema.brand("CountryCode"))
export type CountryCode = typeof CountryCode.Type

/**
 * What a passport states as a nationality beside the countries: ICAO Doc 9303-3, section 5. First British passports, then the United
 * Nations and other bodies that issue documents, then persons without a nationality.
 */
const ofDocuments =
  "GBD GBN GBO GBP GBS UNO UNA UNK EUE XBA XCC XCE XCO XDC XEC XES XIM XMP XOM XPO XXA XXB XXC XXX".split(" ")

const citizenships: ReadonlySet<string> = new Set([...countryCodes, "RKS", ...ofDocuments])

/**
 * A citizenship: a country, or what stands in a passport in its place, `XXA` of a stateless person for example. Kosovo itself writes
 * `RKS`.
 *
 * @category values
 */
export const Citizenship = Schema.String.check(
  Schema.makeFilter((text: string) => citizenships.has(text), {
    expected: "an ISO 3166-1 alpha-3 code, or a code of ICAO Doc 9303-3 section 5",
    toJsonSchema: () => ({ pattern: "^[A-Z]{3}$" }),
    arbitraryConstraint: Sampling.matching([Sampling.anyOf(citizenships)])
  })
).pipe(Schema.brand("Citizenship"))
export type Citizenship = typeof Citizenship.Type
