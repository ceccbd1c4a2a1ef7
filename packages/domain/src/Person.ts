/**
 * What is known about a person or company beyond the register's needs. All of it is personal: it goes to the vault, never into a body.
 */
import { Schema } from "effect"
import { Bic, Iban } from "./BankAccount.ts"
import { CalendarDate } from "./CalendarDate.ts"
import { CountryCode } from "./CountryCode.ts"
import { CurrencyCode } from "./Currency.ts"
import { NonEmptyText, Text } from "./Text.ts"

/** @category schemas */
export const NaturalPerson = Schema.Struct({
  salutation: Schema.optionalKey(NonEmptyText),
  forename: NonEmptyText,
  surname: NonEmptyText,
  birthDate: CalendarDate,
  birthPlace: NonEmptyText,
  citizenship: CountryCode,
  street: NonEmptyText,
  city: NonEmptyText,
  zip: NonEmptyText,
  country: CountryCode,
  phone: Text,
  isPep: Schema.Boolean,
  isSubjectToUsTax: Schema.optionalKey(Schema.Boolean)
})
export type NaturalPerson = typeof NaturalPerson.Type

/** @category schemas */
export const BankAccount = Schema.Struct({
  accountHolder: NonEmptyText,
  iban: Iban,
  bic: Bic,
  bank: Schema.optionalKey(Text),
  country: Schema.optionalKey(CountryCode),
  currency: CurrencyCode
})
export type BankAccount = typeof BankAccount.Type

/** @category schemas */
export const TaxInformation = Schema.Struct({
  taxIdentificationNumber: NonEmptyText,
  nonAssessmentCertificate: Schema.Boolean
})
export type TaxInformation = typeof TaxInformation.Type

/** `email` is any text: the API's own guide sends a placeholder. @category schemas */
export const Communication = Schema.Struct({ email: NonEmptyText, emailConfirmed: Schema.Boolean })
export type Communication = typeof Communication.Type

/** @category schemas */
export const LegalPerson = Schema.Struct({
  companyName: NonEmptyText,
  commercialRegister: Text,
  commercialRegisterNumber: Text,
  street: NonEmptyText,
  city: NonEmptyText,
  zip: NonEmptyText,
  country: CountryCode,
  phone: Text
})
export type LegalPerson = typeof LegalPerson.Type
