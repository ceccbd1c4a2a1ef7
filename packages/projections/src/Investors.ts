/**
 * Investors as the platform that registered them sees them, and their identifications. For the registrar's reads.
 */
import {
  type DocumentId,
  type IdentificationId,
  investorAfter,
  type InvestorId,
  type InvestorState as DecidedInvestor,
  investorTag,
  investorTypes,
  type KycStatus,
  type PlatformId,
  platformOf,
  type Timestamp
} from "@effekten/domain"
import { type Created, createdWithPersonal, entity, withAdded, type WithPersonal } from "./Entity.ts"
import { keyWithin, partsOfKey, type Projection } from "./Projection.ts"

/** An investor without what is personal; `personalAt` is the registration, which says who the investor is. @category models */
export interface InvestorState extends DecidedInvestor, Created, WithPersonal {}

/** Keyed by investor, listed by platform. @category projections */
export const investors: Projection<InvestorState> = entity({
  name: "investors",
  version: 3,
  types: investorTypes,
  key: (event) => event.data.investorId,
  evolve: withAdded(investorAfter, createdWithPersonal),
  scope: (state) => state.platform ?? "",
  subject: (state) => investorTag(state.id),
  query: (key) => [{ types: investorTypes, tags: [investorTag(key as InvestorId)] }]
})

/** An identification without what is personal. @category models */
export interface IdentificationState extends Created, WithPersonal {
  readonly id: IdentificationId
  readonly investorId: InvestorId
  readonly platform: PlatformId | null
  readonly protocolDocumentId: DocumentId
  readonly verifiedAt: Timestamp
  /** The investor's status after this identification. */
  readonly kycStatus: KycStatus
}

/** The key of an identification. @category keys */
export const identificationKey = (investor: InvestorId, identification: IdentificationId): string =>
  keyWithin(investor, identification)

/** Keyed by {@link identificationKey}, listed by investor. @category projections */
export const identifications: Projection<IdentificationState> = entity({
  name: "identifications",
  version: 1,
  types: ["IdentificationRecorded"],
  key: (event) => identificationKey(event.data.investorId, event.data.identificationId),
  evolve: (_state, event) => ({
    id: event.data.identificationId,
    investorId: event.data.investorId,
    platform: platformOf(event.meta),
    protocolDocumentId: event.data.protocolDocumentId,
    verifiedAt: event.data.verifiedAt,
    kycStatus: event.data.kycStatus,
    ...createdWithPersonal(event)
  }),
  scope: (state) => state.investorId,
  subject: (state) => investorTag(state.investorId),
  query: (key) => [{ types: identifications.types, tags: [investorTag(partsOfKey(key)[0] as InvestorId)] }]
})
