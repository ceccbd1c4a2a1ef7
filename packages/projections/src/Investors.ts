/**
 * Investors as the platform that registered them sees them, and their identifications. For the registrar's reads.
 */
import { type Events, type Id, Investor, type KycStatus, Tag, type Timestamp, Visibility } from "@effekten/domain"
import {
  type Amended,
  type Created,
  createdWithPersonal,
  entity,
  withAdded,
  withAmendment,
  type WithPersonal
} from "./Entity.ts"
import { keyWithin, type Logged, partsOfKey, type Projection } from "./Projection.ts"

/**
 * An investor without what is personal. `personalAt` is the registration, whose personal part names the person, and then the amendments of
 * which something still holds: no more than there are members.
 *
 * @category models
 */
export interface InvestorState extends Investor.State, Created, Amended<Events.InvestorMember> {}

const folded = withAdded(Investor.after, (event) => ({ ...createdWithPersonal(event), amendments: noAmendments }))
const noAmendments: InvestorState["amendments"] = []

const evolve = (before: InvestorState | undefined, event: Logged<(typeof Investor.types)[number]>) => {
  const state: InvestorState | undefined = folded(before, event)
  return state === undefined || event.type !== "InvestorAmended"
    ? state
    : { ...state, ...withAmendment(state, event, event.data.members) }
}

/**
 * Keyed by investor, listed by platform. Ranked are those that wait for a person's decision, the one first that was identified first.
 *
 * @category projections
 */
export const investors: Projection<InvestorState> = entity({
  name: "investors",
  // Its lists are chosen by the KYC status since.
  version: Investor.stateVersion + 1,
  types: Investor.types,
  key: (event) => event.data.investorId,
  evolve,
  scope: (state) => state.platform ?? "",
  rank: (state) => (state.kycStatus === "REVIEW" && !state.erased ? state.lastAt.micros : undefined),
  subject: (state) => Tag.investor(state.id),
  filters: { kycStatus: (state) => state.kycStatus },
  query: (key) => [{ types: Investor.types, tags: [Tag.investor(key as Id.InvestorId)] }]
})

/** An identification without what is personal. @category models */
export interface IdentificationState extends Created, WithPersonal {
  readonly id: Id.IdentificationId
  readonly investorId: Id.InvestorId
  readonly platform: Id.PlatformId | null
  readonly protocolDocumentId: Id.DocumentId
  readonly verifiedAt: Timestamp.Timestamp
  /** The investor's status after this identification. */
  readonly kycStatus: KycStatus.KycStatus
}

/** The key of an identification. @category constructors */
export const identificationKey = (investor: Id.InvestorId, identification: Id.IdentificationId): string =>
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
    platform: Visibility.platformOf(event.meta),
    protocolDocumentId: event.data.protocolDocumentId,
    verifiedAt: event.data.verifiedAt,
    kycStatus: event.data.kycStatus,
    ...createdWithPersonal(event)
  }),
  scope: (state) => state.investorId,
  subject: (state) => Tag.investor(state.investorId),
  query: (key) => [{ types: identifications.types, tags: [Tag.investor(partsOfKey(key)[0] as Id.InvestorId)] }]
})

/** A benefiting person without what is personal. @category models */
export interface BenefitingPersonState extends Created, WithPersonal {
  readonly id: Id.BenefitingPersonId
  readonly investorId: Id.InvestorId
  readonly platform: Id.PlatformId | null
  /** The investor's status after this person was added. */
  readonly kycStatus: KycStatus.KycStatus
}

/** The key of a benefiting person. @category constructors */
export const benefitingPersonKey = (investor: Id.InvestorId, person: Id.BenefitingPersonId): string =>
  keyWithin(investor, person)

/** Keyed by {@link benefitingPersonKey}, listed by investor. @category projections */
export const benefitingPersons: Projection<BenefitingPersonState> = entity({
  name: "benefiting_persons",
  version: 1,
  types: ["BenefitingPersonAdded"],
  key: (event) => benefitingPersonKey(event.data.investorId, event.data.benefitingPersonId),
  evolve: (_state, event) => ({
    id: event.data.benefitingPersonId,
    investorId: event.data.investorId,
    platform: Visibility.platformOf(event.meta),
    kycStatus: event.data.kycStatus,
    ...createdWithPersonal(event)
  }),
  scope: (state) => state.investorId,
  subject: (state) => Tag.investor(state.investorId),
  query: (key) => [{ types: benefitingPersons.types, tags: [Tag.investor(partsOfKey(key)[0] as Id.InvestorId)] }]
})
