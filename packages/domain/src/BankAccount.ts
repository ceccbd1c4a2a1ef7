/**
 * Bank account numbers: IBAN (ISO 13616) and BIC (ISO 9362). For the personal part of investors.
 */
import { Schema } from "effect"
import { isValidBIC, isValidIBAN } from "ibantools"

/** Electronic form: capitals without blanks, valid for its country, with correct check digits (mod 97). @category values */
export const Iban = Schema.String.check(
  Schema.isMaxLength(34),
  Schema.makeFilter((text: string) => isValidIBAN(text), { expected: "an IBAN in electronic form" })
).pipe(Schema.brand("Iban"))
export type Iban = typeof Iban.Type

/** Eight or eleven capitals and digits. @category values */
export const Bic = Schema.String.check(
  Schema.isMaxLength(11),
  Schema.makeFilter((text: string) => text === text.toUpperCase() && isValidBIC(text), { expected: "a BIC" })
).pipe(Schema.brand("Bic"))
export type Bic = typeof Bic.Type
