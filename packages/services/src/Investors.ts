/**
 * Investors and their identification. For platforms that onboard them.
 */
import * as Domain from "@effekten/domain"
import {
  CalendarDate,
  DocumentId,
  IdentificationId,
  InvestorId,
  KycStatus,
  NonEmptyText,
  Timestamp
} from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import type { Page, PageOptions } from "./Page.ts"
import { erasable, wire } from "./Wire.ts"

/** A person. Politically exposed ones are accepted and then reviewed (GwG § 15); ones subject to US tax are refused. @category models */
export const NaturalPerson = wire(Domain.NaturalPerson.fields)
export type NaturalPerson = typeof NaturalPerson.Type

/** Where redemptions are paid to. @category models */
export const BankAccount = wire(Domain.BankAccount.fields)
export type BankAccount = typeof BankAccount.Type

/** `nonAssessmentCertificate`: NV-Bescheinigung (EStG § 44a). @category models */
export const TaxInformation = wire(Domain.TaxInformation.fields)
export type TaxInformation = typeof TaxInformation.Type

/** `email` is any text that is not empty, and need not be unique. @category models */
export const Communication = wire(Domain.Communication.fields)
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
  documentType: NonEmptyText,
  documentId: NonEmptyText,
  documentIssuer: NonEmptyText,
  documentValidFrom: CalendarDate,
  /** Compared with the day of `verifiedAt`, never with today. */
  documentValidTo: CalendarDate,
  /** `POSTIDENT`, for example. */
  identityProvider: NonEmptyText,
  legitimationProcessId: NonEmptyText,
  /** The uploaded protocol. */
  legitimationProtocolId: DocumentId,
  verifiedAt: Timestamp
})
export type CreateIdentification = typeof CreateIdentification.Type

/** A recorded identification. @category models */
export const Identification = wire({
  id: IdentificationId,
  investorId: InvestorId,
  documentType: erasable(NonEmptyText),
  documentId: erasable(NonEmptyText),
  documentIssuer: erasable(NonEmptyText),
  documentValidFrom: erasable(CalendarDate),
  documentValidTo: erasable(CalendarDate),
  identityProvider: erasable(NonEmptyText),
  legitimationProcessId: erasable(NonEmptyText),
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
