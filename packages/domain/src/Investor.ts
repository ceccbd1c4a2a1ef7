/**
 * Investors: the persons that may invest, and whether they are identified. For platforms that onboard them.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import * as Document from "./Document.ts"
import { InvestorKind, InvestorRegistered, investorPersonal } from "./events/InvestorEvents.ts"
import { DocumentId, type InvestmentId, InvestorId, type PlatformId } from "./Id.ts"
import * as KycStatus from "./KycStatus.ts"
import { emptyList, withoutItem, withItems, type ChunkedList } from "./ChunkedList.ts"
import { isFutureDay } from "./Times.ts"
import * as Tag from "./Tag.ts"
import { type Instant, instantOf, laterOf } from "./Timestamp.ts"
import { platformOf, visible } from "./Visibility.ts"

/** @category models */
export interface State extends KycStatus.Facts {
  readonly id: InvestorId
  readonly platform: PlatformId | null
  readonly kind: InvestorKind
  readonly custodianBank: boolean
  /** Acts on their own account. */
  readonly ownAccount: boolean
  readonly hasTaxInformation: boolean
  /** As written into the last event that could change it. */
  readonly kycStatus: KycStatus.KycStatus
  /** The documents its registration, its amendments and its identifications name. */
  readonly documentIds: ReadonlyArray<DocumentId>
  /** When it was registered or identified last: keeping its data counts from there. */
  readonly lastAt: Instant
  /** Nothing personal of them is shown any more, and nothing can be added. */
  readonly erased: boolean
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 5

/** @category values */
export const types = [
  "InvestorRegistered",
  "InvestorAmended",
  "BenefitingPersonAdded",
  "IdentificationRecorded",
  "KycDecided",
  "InvestorErased"
] as const

/** What an event says about the KYC status holds from it on. */
const withOutcome = (
  investor: State,
  { kycStatus, openReasons }: { readonly kycStatus: KycStatus.KycStatus; readonly openReasons: State["openReasons"] }
): State => ({ ...investor, kycStatus, openReasons, refused: kycStatus === "INSUFFICIENT" })

/** The investor after one more of their events. @category computing */
export const after = (investor: State | undefined, event: Recorded<(typeof types)[number]>): State | undefined => {
  switch (event.type) {
    case "InvestorRegistered": {
      const { investorId, ...registered } = event.data
      return {
        id: investorId,
        platform: platformOf(event.meta),
        ...registered,
        identified: false,
        benefitingPersons: 0,
        refused: false,
        lastAt: instantOf(event.meta.receivedAt),
        erased: false
      }
    }
    case "IdentificationRecorded": {
      if (investor === undefined) return investor
      const { protocolDocumentId } = event.data
      return {
        ...withOutcome(investor, event.data),
        identified: true,
        documentIds: [...investor.documentIds, protocolDocumentId],
        lastAt: laterOf(investor.lastAt, instantOf(event.meta.receivedAt))
      }
    }
    case "InvestorAmended": {
      if (investor === undefined) return investor
      const { documentIds, hasTaxInformation, identityChanged } = event.data
      return {
        ...withOutcome(investor, event.data),
        identified: investor.identified && !identityChanged,
        hasTaxInformation,
        documentIds: [...investor.documentIds, ...documentIds]
      }
    }
    case "BenefitingPersonAdded":
      return investor && { ...withOutcome(investor, event.data), benefitingPersons: investor.benefitingPersons + 1 }
    case "KycDecided": {
      if (investor === undefined) return investor
      const decided = withOutcome(investor, event.data)
      // What was proven before a refusal proves nothing any more.
      return { ...decided, identified: investor.identified && !decided.refused }
    }
    case "InvestorErased":
      return investor && { ...investor, erased: true }
  }
}

/** @category decision models */
export const model = (id: InvestorId) =>
  decisionModel({
    name: "Investor",
    types: types,
    tags: [Tag.investor(id)],
    initial: undefined,
    evolve: after
  })

const nobody: ReadonlyArray<InvestmentId> = []

const without = (ids: ReadonlyArray<InvestmentId>, id: InvestmentId): ReadonlyArray<InvestmentId> =>
  ids.includes(id) ? ids.filter((other) => other !== id) : ids

/** The subscriptions of an investor that wait for KYC, in the order they were signed. @category decision models */
export const waitingSubscriptions = (id: InvestorId) =>
  decisionModel({
    name: "WaitingSubscriptions",
    version: 1,
    types: ["InvestmentSigned", "InvestmentIdentified", "InvestmentEnded"],
    tags: [Tag.investor(id)],
    initial: nobody,
    evolve: (waiting: ReadonlyArray<InvestmentId>, event): ReadonlyArray<InvestmentId> => {
      if (event.type !== "InvestmentSigned") return without(waiting, event.data.investmentId)
      return event.data.kyc === "waiting" ? [...waiting, event.data.investmentId] : waiting
    }
  })

/** @category models */
export interface SubscriptionsState {
  /** Those that have not ended: open ones, and ones that were delivered. */
  readonly notEnded: ChunkedList<InvestmentId>
  /** The documents they name. */
  readonly documentIds: ChunkedList<DocumentId>
  /** When one was signed or ended last. */
  readonly lastAt: Instant | undefined
}

const none: SubscriptionsState = { notEnded: emptyList, documentIds: emptyList, lastAt: undefined }

/**
 * All subscriptions of an investor. For the erasure only: a signature reads only {@link waitingSubscriptions}.
 *
 * @category decision models
 */
export const subscriptions = (id: InvestorId) =>
  decisionModel({
    name: "Subscriptions",
    version: 2,
    types: ["InvestmentSigned", "SignedDocumentsAdded", "InvestmentEnded"],
    tags: [Tag.investor(id)],
    initial: none,
    evolve: (state: SubscriptionsState, event): SubscriptionsState => {
      const { investmentId } = event.data
      const lastAt = laterOf(instantOf(event.meta.receivedAt), state.lastAt ?? instantOf(event.meta.receivedAt))
      switch (event.type) {
        case "InvestmentSigned":
          return {
            notEnded: withItems(state.notEnded, [investmentId]),
            documentIds: withItems(state.documentIds, event.data.documentIds),
            lastAt
          }
        case "SignedDocumentsAdded":
          return { ...state, documentIds: withItems(state.documentIds, event.data.documentIds) }
        case "InvestmentEnded":
          return { ...state, notEnded: withoutItem(state.notEnded, investmentId), lastAt }
      }
    }
  })

/** The investor, present for this client and not erased. @category predicates */
export function* find(id: InvestorId, context: DecisionContext): Generator<Read | Refuse, State, any> {
  const investor = visible(yield* read(model(id)), context)
  if (investor === undefined) return yield* refuse({ code: "investor_not_found" })
  if (investor.erased) return yield* refuse({ code: "investor_erased" })
  return investor
}

/**
 * An investor's object, as far as this client may see it. It belongs to the investor's platform, also where the registrar made it without a
 * platform.
 *
 * @category predicates
 */
export function* visibleObject<A extends { readonly platform: PlatformId | null; readonly investorId: InvestorId }>(
  thing: A | undefined,
  context: DecisionContext
): Generator<Read, A | undefined, any> {
  if (thing === undefined || context.platform === undefined || thing.platform !== null) return visible(thing, context)
  const owner = visible(yield* read(model(thing.investorId)), context)
  return owner && thing
}

/**
 * A natural person, or a company with the person that acts for it. Of a company nobody is identified yet that benefits from it: it stays
 * `PENDING` until one is added.
 *
 * @category commands
 */
export const RegisterInvestor = Command.make("RegisterInvestor", {
  version: 2,
  // Only natural persons were registered.
  upcasters: { 1: (input) => ({ ...input, kind: "natural" }) },
  input: {
    investorId: InvestorId,
    kind: InvestorKind,
    custodianBank: Schema.Boolean,
    ownAccount: Schema.Boolean,
    hasTaxInformation: Schema.Boolean,
    pep: Schema.Boolean,
    documentIds: Document.Named
  },
  personal: investorPersonal,
  *decide({ pep, ...input }, personal, context) {
    if (personal !== undefined) {
      const { birthDate, isSubjectToUsTax } = personal.naturalPerson
      if (isFutureDay(birthDate, context)) return yield* refuse({ code: "birth_date_in_future" })
      if (isSubjectToUsTax === true) return yield* refuse({ code: "us_tax_subject" })
    }
    if (input.kind === "natural" && !input.ownAccount) return yield* refuse({ code: "not_own_account" })
    yield* Document.check(input.documentIds, context.platform ?? null)
    const openReasons: ReadonlyArray<KycStatus.Reason> = pep ? ["pep"] : []
    return [InvestorRegistered.make({ ...input, kycStatus: "PENDING", openReasons }, personal)]
  },
  recall: (events) => {
    const { kycStatus: _status, openReasons, ...input } = Command.recorded(events, "InvestorRegistered")
    return { ...input, pep: openReasons.includes("pep") }
  }
})
