/**
 * Investors and their identification. For platforms that onboard them.
 */
import {
  Bic,
  CalendarDate,
  CountryCode,
  CurrencyCode,
  DocumentId,
  Iban,
  IdentificationId,
  InvestorId,
  Timestamp
} from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import type { Page, PageOptions } from "./Page.ts"
import { Text } from "./Text.ts"
import { erasable, wire } from "./Wire.ts"

/** A person: whom the register knows the investor as. @category models */
export const NaturalPerson = wire({
  salutation: Schema.optionalKey(Text),
  forename: Text,
  surname: Text,
  birthDate: CalendarDate,
  birthPlace: Text,
  citizenship: CountryCode,
  /** With the house number. */
  street: Text,
  city: Text,
  zip: Text,
  country: CountryCode,
  phone: Text,
  /** Politically exposed persons are accepted; a person at the registrar decides on them (GwG § 15). */
  isPep: Schema.Boolean,
  /** Missing means no. Persons subject to US tax are refused. */
  isSubjectToUsTax: Schema.optionalKey(Schema.Boolean)
})
export type NaturalPerson = typeof NaturalPerson.Type

/** Where redemptions are paid to. @category models */
export const BankAccount = wire({
  accountHolder: Text,
  iban: Iban,
  bic: Bic,
  bank: Schema.optionalKey(Text),
  country: Schema.optionalKey(CountryCode),
  currency: CurrencyCode
})
export type BankAccount = typeof BankAccount.Type

/** @category models */
export const TaxInformation = wire({
  taxIdentificationNumber: Text,
  /** NV-Bescheinigung (EStG § 44a). */
  nonAssessmentCertificate: Schema.Boolean
})
export type TaxInformation = typeof TaxInformation.Type

/** @category models */
export const Communication = wire({
  /** Any text that is not empty; need not be unique. */
  email: Text,
  emailConfirmed: Schema.Boolean
})
export type Communication = typeof Communication.Type

/** What creates an investor. @category inputs */
export const CreateInvestor = wire({
  naturalPerson: NaturalPerson,
  bankAccount: Schema.optionalKey(BankAccount),
  taxInformation: Schema.optionalKey(TaxInformation),
  communication: Schema.optionalKey(Communication),
  /** The investor acts on their own account; a natural person must. */
  isBeneficiary: Schema.Boolean
})
export type CreateInvestor = typeof CreateInvestor.Type

/** `PENDING` until identified; `REVIEW` while a person must decide; `INSUFFICIENT` when refused. @category models */
export const KycStatus = Schema.Literals(["PENDING", "REVIEW", "SUCCESS", "INSUFFICIENT"])
export type KycStatus = typeof KycStatus.Type

/** An investor. What was not given is null; what was forgotten is `"erased"`. @category models */
export const Investor = wire({
  id: InvestorId,
  kycStatus: KycStatus,
  naturalPerson: erasable(NaturalPerson),
  bankAccount: Schema.NullOr(erasable(BankAccount)),
  taxInformation: Schema.NullOr(erasable(TaxInformation)),
  communication: Schema.NullOr(erasable(Communication)),
  isBeneficiary: Schema.Boolean,
  createdAt: Timestamp
})
export type Investor = typeof Investor.Type

/** The result of an identification carried out elsewhere. @category inputs */
export const CreateIdentification = wire({
  /** `IDCARD`, for example. */
  documentType: Text,
  documentId: Text,
  documentIssuer: Text,
  documentValidFrom: CalendarDate,
  /** Compared with the day of `verifiedAt`, never with today. */
  documentValidTo: CalendarDate,
  /** `POSTIDENT`, for example. */
  identityProvider: Text,
  legitimationProcessId: Text,
  /** The uploaded protocol. */
  legitimationProtocolId: DocumentId,
  verifiedAt: Timestamp
})
export type CreateIdentification = typeof CreateIdentification.Type

/** A recorded identification. @category models */
export const Identification = wire({
  id: IdentificationId,
  investorId: InvestorId,
  documentType: erasable(Text),
  documentId: erasable(Text),
  documentIssuer: erasable(Text),
  documentValidFrom: erasable(CalendarDate),
  documentValidTo: erasable(CalendarDate),
  identityProvider: erasable(Text),
  legitimationProcessId: erasable(Text),
  legitimationProtocolId: DocumentId,
  verifiedAt: Timestamp,
  /** The investor's status after this identification. */
  kycStatus: KycStatus,
  createdAt: Timestamp
})
export type Identification = typeof Identification.Type

/** @category services */
export class Investors extends Context.Service<
  Investors,
  {
    readonly create: (input: CreateInvestor, options?: CommandOptions) => Effect.Effect<Investor, CommandFailure>
    readonly get: (id: InvestorId) => Effect.Effect<Investor, ReadFailure>
    readonly list: (page?: PageOptions) => Effect.Effect<Page<Investor>, ReadFailure>
    readonly identify: (
      id: InvestorId,
      input: CreateIdentification,
      options?: CommandOptions
    ) => Effect.Effect<Identification, CommandFailure>
    readonly identification: (
      id: InvestorId,
      identification: IdentificationId
    ) => Effect.Effect<Identification, ReadFailure>
    readonly identifications: (id: InvestorId, page?: PageOptions) => Effect.Effect<Page<Identification>, ReadFailure>
  }
>()("effekten/services/Investors") {}
