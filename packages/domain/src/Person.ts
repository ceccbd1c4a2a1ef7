/**
 * What is known about a person or company beyond the register's needs. For the personal parts of events: never put any of it into a body.
 */
import { Schema, SchemaAST } from "effect"
import { Bic, Iban } from "./BankAccount.ts"
import { CalendarDate } from "./CalendarDate.ts"
import { Citizenship, CountryCode } from "./CountryCode.ts"
import * as Currency from "./Currency.ts"
import { DocumentId } from "./Id.ts"
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

/** A company that invests. What proves its identity and its structure are documents. @category schemas */
export const Company = Schema.Struct({
  ...LegalPerson.fields,
  companyIdentityProofId: Schema.optionalKey(DocumentId),
  companyStructureProofId: Schema.optionalKey(DocumentId)
})
export type Company = typeof Company.Type

/** A person that benefits from a company (GwG § 3). Less is known of them than of an investor (GwG § 11(5)). @category schemas */
export const BenefitingPerson = Schema.Struct({
  salutation: Schema.optionalKey(Text.NonEmpty),
  forename: Text.Name,
  surname: Text.Name,
  birthDate: Schema.optionalKey(CalendarDate),
  birthPlace: Schema.optionalKey(Text.NonEmpty),
  citizenship: Schema.optionalKey(Citizenship),
  street: Schema.optionalKey(Text.NonEmpty),
  city: Schema.optionalKey(Text.NonEmpty),
  zip: Schema.optionalKey(Text.NonEmpty),
  country: Schema.optionalKey(CountryCode),
  phone: Schema.optionalKey(Text.Text),
  isPep: Schema.Boolean,
  isSubjectToUsTax: Schema.optionalKey(Schema.Boolean)
})
export type BenefitingPerson = typeof BenefitingPerson.Type

type Changes<Fields extends Schema.Struct.Fields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends Schema.optionalKey<infer S extends Schema.Constraint>
    ? Schema.optionalKey<Schema.NullOr<S>>
    : Schema.optionalKey<Fields[Name]>
}

/**
 * What may change of an object, member by member, as a JSON merge patch says it (RFC 7396). Null takes away a member that may be missing.
 *
 * @category constructors
 */
export const changesOf = <const Fields extends Schema.Struct.Fields>(fields: Fields): Changes<Fields> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      Schema.optionalKey(isOptional(field) ? Schema.NullOr(field.schema) : field)
    ])
  ) as Changes<Fields>

const isOptional = (field: Schema.Constraint): field is Schema.optionalKey<Schema.Constraint> =>
  SchemaAST.isOptional(field.ast)
