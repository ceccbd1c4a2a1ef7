/**
 * Investors as the platform that registered them sees them, and their identifications. For the registrar's reads.
 */
import {
  investorTag,
  type DocumentId,
  type IdentificationId,
  type InvestorId,
  type InvestorKind,
  type KycReason,
  type KycStatus,
  type PlatformId,
  type Timestamp
} from "@effekten/domain"
import { keyWithin, partsOfKey, personalPosition, recordedAt, type Projection } from "./Projection.ts"

/** An investor without what is personal. @category models */
export interface InvestorState {
  readonly id: InvestorId
  readonly platform: PlatformId | null
  readonly kind: InvestorKind
  readonly custodianBank: boolean
  /** Acts on their own account: the API's `is_beneficiary`. */
  readonly ownAccount: boolean
  readonly hasTaxInformation: boolean
  readonly kycStatus: KycStatus
  readonly openReasons: ReadonlyArray<KycReason>
  readonly documentIds: ReadonlyArray<DocumentId>
  readonly createdAt: Timestamp
  /** Nothing personal of them is shown any more. */
  readonly erased: boolean
  /** Positions of the events whose personal parts, in this order, say who the investor is: the registration first. */
  readonly personalAt: ReadonlyArray<number>
}

/** Keyed by investor, listed by platform. @category projections */
export const investors: Projection<InvestorState> = {
  name: "investors",
  version: 2,
  types: ["InvestorRegistered", "IdentificationRecorded", "InvestorErased"],
  keys(event) {
    switch (event.type) {
      case "InvestorRegistered":
      case "IdentificationRecorded":
      case "InvestorErased":
        return [event.data.investorId]
      default:
        return []
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case "InvestorRegistered":
        return {
          id: event.data.investorId,
          platform: event.meta.platform ?? null,
          kind: event.data.kind,
          custodianBank: event.data.custodianBank,
          ownAccount: event.data.ownAccount,
          hasTaxInformation: event.data.hasTaxInformation,
          kycStatus: event.data.kycStatus,
          openReasons: event.data.openReasons,
          documentIds: event.data.documentIds,
          createdAt: recordedAt(event),
          erased: false,
          personalAt: personalPosition(event)
        }
      case "IdentificationRecorded":
        return state && { ...state, kycStatus: event.data.kycStatus, openReasons: event.data.openReasons }
      case "InvestorErased":
        return state && { ...state, erased: true }
      default:
        return state
    }
  },
  scope: (state) => state.platform ?? "",
  subject: (state) => investorTag(state.id),
  query: (key) => [{ types: investors.types, tags: [investorTag(key as InvestorId)] }]
}

/** An identification without what is personal. @category models */
export interface IdentificationState {
  readonly id: IdentificationId
  readonly investorId: InvestorId
  readonly platform: PlatformId | null
  readonly protocolDocumentId: DocumentId
  readonly verifiedAt: Timestamp
  /** The investor's status after this identification. */
  readonly kycStatus: KycStatus
  readonly createdAt: Timestamp
  readonly personalAt: ReadonlyArray<number>
}

/** The key of an identification. @category keys */
export const identificationKey = (investor: InvestorId, identification: IdentificationId): string =>
  keyWithin(investor, identification)

/** Keyed by {@link identificationKey}, listed by investor. @category projections */
export const identifications: Projection<IdentificationState> = {
  name: "identifications",
  version: 1,
  types: ["IdentificationRecorded"],
  keys: (event) =>
    event.type === "IdentificationRecorded"
      ? [identificationKey(event.data.investorId, event.data.identificationId)]
      : [],
  evolve(state, event) {
    if (event.type !== "IdentificationRecorded") return state
    return {
      id: event.data.identificationId,
      investorId: event.data.investorId,
      platform: event.meta.platform ?? null,
      protocolDocumentId: event.data.protocolDocumentId,
      verifiedAt: event.data.verifiedAt,
      kycStatus: event.data.kycStatus,
      createdAt: recordedAt(event),
      personalAt: personalPosition(event)
    }
  },
  scope: (state) => state.investorId,
  subject: (state) => investorTag(state.investorId),
  query: (key) => [{ types: identifications.types, tags: [investorTag(partsOfKey(key)[0] as InvestorId)] }]
}
