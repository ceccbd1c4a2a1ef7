/**
 * The documents that an investor signed for an investment: at the subscription, and later. For the registrar's reads.
 */
import { type Id, Tag, Visibility } from "@effekten/domain"
import { createdWithPersonal, type Created, type WithPersonal } from "./Entity.ts"
import { keyWithin, type LoggedEvent, partsOfKey, type Projection } from "./Projection.ts"

/** A signed document without what is personal: category and subject. @category models */
export interface SignedDocumentState extends Created, WithPersonal {
  readonly documentId: Id.DocumentId
  readonly investmentId: Id.InvestmentId
  readonly investorId: Id.InvestorId
  readonly platform: Id.PlatformId | null
}

const evolve = (
  state: SignedDocumentState | undefined,
  event: LoggedEvent,
  key: string
): SignedDocumentState | undefined => {
  if (state !== undefined || (event.type !== "InvestmentSigned" && event.type !== "SignedDocumentsAdded")) return state
  const { investmentId, investorId } = event.data
  return {
    documentId: partsOfKey(key)[1] as Id.DocumentId,
    investmentId,
    investorId,
    platform: Visibility.platformOf(event.meta),
    ...createdWithPersonal(event)
  }
}

/** Keyed by investment and document, listed by investment. @category projections */
export const signedDocuments: Projection<SignedDocumentState> = {
  name: "signed_documents",
  version: 1,
  types: ["InvestmentSigned", "SignedDocumentsAdded"],
  keys: (event) =>
    event.type === "InvestmentSigned" || event.type === "SignedDocumentsAdded"
      ? event.data.documentIds.map((documentId) => keyWithin(event.data.investmentId, documentId))
      : [],
  evolve,
  scope: (state) => state.investmentId,
  subject: (state) => Tag.investor(state.investorId),
  query: (key) => [{ types: signedDocuments.types, tags: [Tag.investment(partsOfKey(key)[0] as Id.InvestmentId)] }]
}
