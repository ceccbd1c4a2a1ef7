/**
 * Investors and their identification. For platforms that onboard them.
 */
import { CalendarDate, Id, KycStatus, Person, Text, Timestamp } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, named, optional, personal, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { listed } from "./Shape.ts"
import type { Spellings } from "./Spellings.ts"
import { wire } from "./Wire.ts"

/**
 * A person. Politically exposed persons are accepted and then reviewed (GwG § 15); persons subject to US tax are refused.
 *
 * @category models
 */
export const NaturalPerson = wire(Person.NaturalPerson.fields)
export type NaturalPerson = typeof NaturalPerson.Type

const LegalPersonFields = { ...Person.Company.fields, isCustodianBank: Schema.optionalKey(Schema.Boolean) }

/**
 * A company. Its proofs are documents, which are uploaded first. A custodian bank holds for its clients, whom the register does not know
 * (eWpG § 9).
 *
 * @category models
 */
export const LegalPerson = wire(LegalPersonFields)
export type LegalPerson = typeof LegalPerson.Type

/** Where redemptions are paid to. @category models */
export const BankAccount = wire(Person.BankAccount.fields)
export type BankAccount = typeof BankAccount.Type

/** `nonAssessmentCertificate`: NV-Bescheinigung (EStG § 44a). @category models */
export const TaxInformation = wire(Person.TaxInformation.fields)
export type TaxInformation = typeof TaxInformation.Type

/** `email` is any text that is not empty, and need not be unique. @category models */
export const Communication = wire(Person.Communication.fields)
export type Communication = typeof Communication.Type

const investor = {
  /** The investor, or the person that acts for a company. */
  naturalPerson: personal(NaturalPerson),
  bankAccount: optional(personal(BankAccount)),
  taxInformation: optional(personal(TaxInformation)),
  communication: optional(personal(Communication)),
  /** The investor acts on their own account; a natural person must. */
  isBeneficiary: plain(Schema.Boolean)
}

const company = { legalPerson: optional(personal(LegalPerson)) }

const oneByOne = "Add them one by one, once the company is created."

/** How programs of other generations write it. */
const ofInvestor: Spellings = {
  spellings: [
    { member: "/natural_person/is_pep", names: ["pep_status"], holds: true },
    { member: "/natural_person/is_subject_to_us_tax", names: [], holds: true },
    { member: "/is_beneficiary", names: [], holds: false },
    { member: "/bank_account", names: ["bank_account_information"] },
    { member: "/legal_person/is_custodian_bank", names: ["custodian_bank"] }
  ],
  notOffered: {
    benefiting_persons: oneByOne,
    securities_deposit_account: "Securities are credited to wallets, not to deposit accounts."
  },
  unused: ["account_setup_accepted_at"]
}

/** What creates an investor; of a company both members, the company and the person that acts for it. @category schemas */
export const CreateInvestor = input("CreateInvestor", { ...investor, ...company })
export type CreateInvestor = typeof CreateInvestor.Type

/** An investor. A member that was not sent is null; an erased member is `"erased"`. @category models */
export const Investor = answer("Investor", {
  id: Id.InvestorId,
  kycStatus: listed(KycStatus.KycStatus),
  ...investor,
  ...company,
  createdAt: Timestamp.Timestamp
})
export type Investor = typeof Investor.Type

const first = Answer.first(
  "Investor",
  answer("Investor", {
    id: Id.InvestorId,
    kycStatus: listed(KycStatus.KycStatus),
    ...investor,
    createdAt: Timestamp.Timestamp
  })
)

/** @category schemas */
export const investorAnswer = Answer.next(first, 2, Investor, (before) => ({ ...before, legalPerson: null }))

const atLeastOne = Schema.isMinProperties(1, { expected: "a member to set" })

/** A member that a merge patch sets as it is, or takes away by null. */
const removable = <S extends Schema.Codec<any, any>>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const changes = {
  naturalPerson: Schema.optionalKey(wire(Person.changesOf(Person.NaturalPerson.fields)).check(atLeastOne)),
  legalPerson: removable(wire(Person.changesOf(LegalPersonFields)).check(atLeastOne)),
  bankAccount: removable(wire(Person.changesOf(Person.BankAccount.fields)).check(atLeastOne)),
  taxInformation: removable(wire(Person.changesOf(Person.TaxInformation.fields)).check(atLeastOne)),
  communication: removable(wire(Person.changesOf(Person.Communication.fields)).check(atLeastOne)),
  isBeneficiary: Schema.optionalKey(Schema.Boolean)
}

/** How programs of other generations write it. */
const ofAmendment: Spellings = {
  merges: true,
  spellings: ofInvestor.spellings ?? [],
  notOffered: ofInvestor.notOffered ?? {},
  unused: ofInvestor.unused ?? []
}

/**
 * A JSON merge patch (RFC 7396): what it names is set, and null takes away what may be missing. What is so already stays so. At least one
 * member; what is fixed may be repeated, not changed.
 *
 * @category schemas
 */
export const AmendInvestor = named<typeof changes>("AmendInvestor", changes).check(
  Schema.isMinProperties(1, { expected: "a member to set, or null for a member to take away" })
)
export type AmendInvestor = typeof AmendInvestor.Type

const benefitingPerson = { naturalPerson: personal(wire(Person.BenefitingPerson.fields)) }

/** How programs of other generations write it. */
const ofBenefitingPerson: Spellings = {
  spellings: [
    { member: "/natural_person/is_pep", names: ["pep_status"], holds: true },
    { member: "/natural_person/is_subject_to_us_tax", names: [], holds: true }
  ]
}

/** A person that benefits from a company. @category schemas */
export const CreateBenefitingPerson = input("CreateBenefitingPerson", benefitingPerson)
export type CreateBenefitingPerson = typeof CreateBenefitingPerson.Type

/** A benefiting person. @category models */
export const BenefitingPerson = answer("BenefitingPerson", {
  id: Id.BenefitingPersonId,
  investorId: Id.InvestorId,
  ...benefitingPerson,
  /** The investor's status after this person was added. */
  kycStatus: listed(KycStatus.KycStatus),
  createdAt: Timestamp.Timestamp
})
export type BenefitingPerson = typeof BenefitingPerson.Type

/** @category schemas */
export const benefitingPersonAnswer = Answer.first("BenefitingPerson", BenefitingPerson)

const identification = {
  /** `IDCARD`, for example. */
  documentType: personal(Text.NonEmpty),
  documentId: personal(Text.NonEmpty),
  documentIssuer: personal(Text.NonEmpty),
  documentValidFrom: personal(CalendarDate.CalendarDate),
  /** Compared with the day of `verifiedAt`, never with today. */
  documentValidTo: personal(CalendarDate.CalendarDate),
  /** `POSTIDENT`, for example. */
  identityProvider: personal(Text.NonEmpty),
  legitimationProcessId: personal(Text.NonEmpty),
  /** The uploaded protocol. */
  legitimationProtocolId: plain(Id.DocumentId),
  verifiedAt: plain(Timestamp.Timestamp)
}

/** The result of an identification carried out elsewhere. @category schemas */
export const CreateIdentification = input("CreateIdentification", identification)
export type CreateIdentification = typeof CreateIdentification.Type

/** A recorded identification. @category models */
export const Identification = answer("Identification", {
  id: Id.IdentificationId,
  investorId: Id.InvestorId,
  ...identification,
  /** The investor's status after this identification. */
  kycStatus: listed(KycStatus.KycStatus),
  createdAt: Timestamp.Timestamp
})
export type Identification = typeof Identification.Type

/** @category schemas */
export const identificationAnswer = Answer.first("Identification", Identification)

/** @category services */
export class Investors extends Resource.Served<Investors>()("effekten/services/Investors", "investors", {
  create: Operation.command({
    operation: "RegisterInvestor",
    route: "POST /v2/investors/",
    scope: "investors:write",
    ids: [],
    input: CreateInvestor,
    reads: ofInvestor,
    answer: investorAnswer,
    refusals: ["birth_date_in_future", "us_tax_subject", "not_own_account", "document_not_found", "document_repeated"],
    summary: "Create an investor",
    example: {
      natural_person: {
        salutation: "MRS",
        forename: "Wilma",
        surname: "Beispiel",
        birth_date: "1988-02-29",
        birth_place: "Musterstadt",
        citizenship: "DEU",
        street: "Erfundene Gasse 1",
        city: "Musterstadt",
        zip: "99999",
        country: "DEU",
        phone: "+49 000 000",
        is_pep: false
      },
      bank_account: {
        account_holder: "Wilma Beispiel",
        iban: "DE89370400440532013000",
        bic: "COBADEFFXXX",
        currency: "EUR"
      },
      tax_information: { tax_identification_number: "00000000", non_assessment_certificate: false },
      communication: { email: "wilma@example.org", email_confirmed: true },
      is_beneficiary: true
    }
  }),
  list: Operation.list({
    reading: "ListInvestors",
    route: "GET /v2/investors/",
    scope: "investors:read",
    ids: [],
    filters: { kycStatus: KycStatus.KycStatus },
    answer: investorAnswer,
    refusals: [],
    summary: "List investors"
  }),
  get: Operation.read({
    reading: "GetInvestor",
    route: "GET /v2/investors/:id/",
    scope: "investors:read",
    ids: [Id.InvestorId],
    answer: investorAnswer,
    refusals: ["investor_not_found"],
    summary: "Read an investor"
  }),
  amend: Operation.command({
    operation: "AmendInvestor",
    route: "PATCH /v2/investors/:id/",
    scope: "investors:write",
    key: "optional",
    ids: [Id.InvestorId],
    input: AmendInvestor,
    reads: ofAmendment,
    answer: investorAnswer,
    refusals: [
      "investor_not_found",
      "birth_date_in_future",
      "document_not_found",
      "document_repeated",
      "investor_erased",
      "investor_kind_fixed"
    ],
    summary: "Amend an investor",
    example: {
      natural_person: { street: "Erfundene Gasse 2", salutation: null },
      communication: { email: "wilma@example.org", email_confirmed: true }
    }
  }),
  addBenefitingPerson: Operation.command({
    operation: "AddBenefitingPerson",
    route: "POST /v2/investors/:id/benefiting-persons/",
    scope: "investors:write",
    ids: [Id.InvestorId],
    input: CreateBenefitingPerson,
    reads: ofBenefitingPerson,
    answer: benefitingPersonAnswer,
    refusals: [
      "investor_not_found",
      "birth_date_in_future",
      "investor_erased",
      "investor_not_legal_person",
      "too_many_benefiting_persons"
    ],
    summary: "Add a benefiting person of a company",
    example: {
      natural_person: {
        forename: "Wilma",
        surname: "Beispiel",
        birth_date: "1988-02-29",
        citizenship: "DEU",
        is_pep: false
      }
    }
  }),
  benefitingPersons: Operation.list({
    reading: "ListBenefitingPersons",
    route: "GET /v2/investors/:id/benefiting-persons/",
    scope: "investors:read",
    ids: [Id.InvestorId],
    answer: benefitingPersonAnswer,
    refusals: ["investor_not_found"],
    summary: "List benefiting persons"
  }),
  benefitingPerson: Operation.read({
    reading: "GetBenefitingPerson",
    route: "GET /v2/investors/:id/benefiting-persons/:person/",
    scope: "investors:read",
    ids: [Id.InvestorId, Id.BenefitingPersonId],
    answer: benefitingPersonAnswer,
    refusals: ["investor_not_found"],
    summary: "Read a benefiting person"
  }),
  identify: Operation.command({
    operation: "RecordIdentification",
    route: "POST /v2/investors/:id/identifications/",
    scope: "investors:write",
    ids: [Id.InvestorId],
    input: CreateIdentification,
    answer: identificationAnswer,
    refusals: [
      "investor_not_found",
      "document_not_found",
      "timestamp_in_future",
      "verified_before_birth",
      "identity_document_not_valid",
      "investor_erased"
    ],
    summary: "Record an identification",
    example: {
      document_type: "IDCARD",
      document_id: "X0000000",
      document_issuer: "Amt Musterstadt",
      document_valid_from: "2020-01-01",
      document_valid_to: "2030-01-01",
      identity_provider: "POSTIDENT",
      legitimation_process_id: "0",
      legitimation_protocol_id: "01a20498-e10a-733b-add5-d192085b012c",
      verified_at: "2024-05-06T07:08:09.123Z"
    }
  }),
  identifications: Operation.list({
    reading: "ListIdentifications",
    route: "GET /v2/investors/:id/identifications/",
    scope: "investors:read",
    ids: [Id.InvestorId],
    answer: identificationAnswer,
    refusals: ["investor_not_found"],
    summary: "List identifications"
  }),
  identification: Operation.read({
    reading: "GetIdentification",
    route: "GET /v2/investors/:id/identifications/:identification/",
    scope: "investors:read",
    ids: [Id.InvestorId, Id.IdentificationId],
    answer: identificationAnswer,
    refusals: ["investor_not_found"],
    summary: "Read an identification"
  })
}) {}
