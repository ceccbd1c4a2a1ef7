/**
 * What is known about a person or company beyond the register's needs. For the personal parts of events: never put any of it into a body.
 */
import { Schema } from "effect"
import { Bic, Iban } from "./BankAccount.ts"
import { CalendarDate } from "./CalendarDate.ts"
import { Citizenship, CountryCode } from "./CountryCode.ts"
import * as Currency from "./Currency.ts"
import * as Text from "./Text.ts"

/** @category schemas */
export const NaturalPerson = Schema.Struct({
  salutation: Schema.optionalKey(Text.NonEmpty),
  forename: Text.Name,
  surname: Text.Name,
  birthDate: CalendarDate,
  birthPlace: Text.NonEmpty,
  citizenship: Citizenship,
  street: Text.NonEmpty,
  city: Text.NonEmpty,
  zip: Text.NonEmpty,
  country: CountryCode,
  phone: Text.Text,
  isPep: Schema.Boolean,
  isSubjectToUsTax: Schema.optionalKey(Schema.Boolean)
})
export type NaturalPerson = typeof NaturalPerson.Type

/** @category schemas */
export const BankAccount = Schema.Struct({
  accountHolder: Text.Name,
  iban: Iban,
  bic: Bic,
  bank: Schema.optionalKey(Text.Text),
  country: Schema.optionalKey(CountryCode),
  currency: Currency.Code
})
export type BankAccount = typeof BankAccount.Type

/** @category schemas */
export const TaxInformation = Schema.Struct({
  taxIdentificationNumber: Text.NonEmpty,
  nonAssessmentCertificate: Schema.Boolean
})
export type TaxInformation = typeof TaxInformation.Type

/** `email` is any text: the API's own guide sends a placeholder. @category schemas */
export const Communication = Schema.Struct({ email: Text.NonEmpty, emailConfirmed: Schema.Boolean })
export type Communication = typeof Communication.Type

/** @category schemas */
export const LegalPerson = Schema.Struct({
  companyName: Text.Name,
  commercialRegister: Text.Text,
  commercialRegisterNumber: Text.Text,
  street: Text.NonEmpty,
  city: Text.NonEmpty,
  zip: Text.NonEmpty,
  country: CountryCode,
  phone: Text.Text
})
export type LegalPerson = typeof LegalPerson.Type
