/**
 * Facts about investors. For readers of the log. What the person sent is personal; the body may keep only what decisions need of it, as
 * flags and codes.
 */
import { Schema } from "effect"
import { CalendarDate } from "../CalendarDate.ts"
import { define } from "../Event.ts"
import { BenefitingPersonId, DocumentId, IdentificationId, InvestorId } from "../Id.ts"
import * as KycStatus from "../KycStatus.ts"
import {
  BankAccount,
  BenefitingPerson,
  changesOf,
  Communication,
  Company,
  NaturalPerson,
  TaxInformation
} from "../Person.ts"
import * as Tag from "../Tag.ts"
import * as Text from "../Text.ts"
import { Timestamp } from "../Timestamp.ts"

/** @category schemas */
export const InvestorKind = Schema.Literals(["natural", "legal"])
export type InvestorKind = typeof InvestorKind.Type

/**
 * Why the data of a person are erased. The person asked for it (GDPR Art. 17(1)(b), (c)). The time for which the data had to be kept is
 * over (GwG § 8(4)). They were kept unlawfully (GDPR Art. 17(1)(d)). Or a law or an authority requires it (Art. 17(1)(e)).
 *
 * @category schemas
 */
export const ErasureGround = Schema.Literals(["request", "retention_over", "unlawful", "legal_duty"])
export type ErasureGround = typeof ErasureGround.Type

/** Everything that was sent about an investor and does not stand in the body. @category schemas */
export const investorPersonal = {
  /** The investor, or the person that acts for the company. */
  naturalPerson: NaturalPerson,
  legalPerson: Schema.optionalKey(Company),
  bankAccount: Schema.optionalKey(BankAccount),
  taxInformation: Schema.optionalKey(TaxInformation),
  communication: Schema.optionalKey(Communication)
}

const memberNames = <const Name extends string, const Fields extends Schema.Struct.Fields>(
  object: Name,
  fields: Fields
): ReadonlyArray<`${Name}.${Extract<keyof Fields, string>}`> =>
  Object.keys(fields).map((name) => `${object}.${name as Extract<keyof Fields, string>}` as const)

/** What an amendment can change: persons member by member, everything else as a whole. @category schemas */
export const InvestorMember = Schema.Literals([
  ...memberNames("naturalPerson", NaturalPerson.fields),
  ...memberNames("legalPerson", Company.fields),
  "bankAccount",
  "taxInformation",
  "communication"
])
export type InvestorMember = typeof InvestorMember.Type

/** What an amendment sets. Null takes away what may be missing. @category schemas */
export const investorChanges = {
  naturalPerson: Schema.optionalKey(Schema.Struct(changesOf(NaturalPerson.fields))),
  legalPerson: Schema.optionalKey(Schema.Struct(changesOf(Company.fields))),
  bankAccount: Schema.optionalKey(Schema.NullOr(BankAccount)),
  taxInformation: Schema.optionalKey(Schema.NullOr(TaxInformation)),
  communication: Schema.optionalKey(Schema.NullOr(Communication))
}

/** A person that benefits from a company, as it was sent. @category schemas */
export const benefitingPersonPersonal = { naturalPerson: BenefitingPerson }

/** The proof of identity that was shown. @category schemas */
export const identificationPersonal = {
  documentType: Text.NonEmpty,
  documentId: Text.NonEmpty,
  documentIssuer: Text.NonEmpty,
  documentValidFrom: CalendarDate,
  documentValidTo: CalendarDate,
  identityProvider: Text.NonEmpty,
  legitimationProcessId: Text.NonEmpty
}

/**
 * Why a person approved an investor under review. They looked into everything that was open, and nothing stands against it. Or a member of
 * the senior management agreed to the business, as for a politically exposed person (GwG § 15(4)).
 *
 * @category schemas
 */
export const KycApproval = Schema.Literals(["nothing_found", "management_agreed"])
export type KycApproval = typeof KycApproval.Type

/**
 * Why a person refused an investor. The data contradict each other. The proof of identity does not suffice. Or the due diligence cannot be
 * carried out otherwise, so that no business may be done (GwG § 10(9)).
 *
 * No code says that there is a suspicion, on purpose. It would stand in the log forever, and the person may not learn of it (GwG § 47).
 *
 * @category schemas
 */
export const KycRefusal = Schema.Literals(["data_contradict", "proof_insufficient", "diligence_impossible"])
export type KycRefusal = typeof KycRefusal.Type

/** Why a person decided as they did; the reason says whether it is an approval or a refusal. @category schemas */
export const KycReason = Schema.Literals([...KycApproval.literals, ...KycRefusal.literals])
export type KycReason = typeof KycReason.Type

/** What the person wrote who decided. @category schemas */
export const kycDecisionPersonal = { note: Schema.optionalKey(Text.NonEmpty) }

/** What an event that may change the KYC status says about it, so that a later change of the rule rewrites no history. */
const kycOutcome = { kycStatus: KycStatus.KycStatus, openReasons: Schema.Array(KycStatus.Reason) }

export const InvestorRegistered = define("InvestorRegistered", {
  data: {
    investorId: InvestorId,
    kind: InvestorKind,
    custodianBank: Schema.Boolean,
    ownAccount: Schema.Boolean,
    hasTaxInformation: Schema.Boolean,
    documentIds: Schema.Array(DocumentId),
    ...kycOutcome
  },
  personal: { fields: investorPersonal, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [Tag.investor(data.investorId), ...Tag.documents(data.documentIds)]
})

export const IdentificationRecorded = define("IdentificationRecorded", {
  data: {
    identificationId: IdentificationId,
    investorId: InvestorId,
    protocolDocumentId: DocumentId,
    verifiedAt: Timestamp,
    ...kycOutcome
  },
  personal: { fields: identificationPersonal, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [Tag.investor(data.investorId), Tag.document(data.protocolDocumentId)]
})

export const InvestorAmended = define("InvestorAmended", {
  data: {
    investorId: InvestorId,
    /** What the amendment changes, and nothing of what it is changed to. */
    members: Schema.Array(InvestorMember),
    /** What was proven before is not proven of the person as it is now. */
    identityChanged: Schema.Boolean,
    hasTaxInformation: Schema.Boolean,
    /** The documents that it names. */
    documentIds: Schema.Array(DocumentId),
    ...kycOutcome
  },
  personal: { fields: investorChanges, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [Tag.investor(data.investorId), ...Tag.documents(data.documentIds)]
})

export const BenefitingPersonAdded = define("BenefitingPersonAdded", {
  data: { investorId: InvestorId, benefitingPersonId: BenefitingPersonId, ...kycOutcome },
  personal: { fields: benefitingPersonPersonal, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [Tag.investor(data.investorId)]
})

export const KycDecided = define("KycDecided", {
  data: { investorId: InvestorId, reason: KycReason, ...kycOutcome },
  personal: { fields: kycDecisionPersonal, subject: (data) => Tag.investor(data.investorId) },
  tags: (data) => [Tag.investor(data.investorId)]
})

/** From its position on nothing personal of the investor is shown; the keys are destroyed a moment later. */
export const InvestorErased = define("InvestorErased", {
  data: { investorId: InvestorId, ground: ErasureGround },
  tags: (data) => [Tag.investor(data.investorId)]
})
