/**
 * Answers from states: what the API shows of an object. For first answers, repeated answers and reads, which all end here.
 *
 * A state holds nothing personal; what is personal is joined from the vault, or reads `"erased"`.
 */
import { checksumAddress } from "@effekten/domain"
import type { Revealed } from "@effekten/event-store"
import type {
  CreditState,
  DocumentState,
  IdentificationState,
  InvestmentState,
  InvestorState,
  RedemptionState,
  WalletState
} from "@effekten/projections"
import type {
  Communication,
  Credit,
  Document,
  Identification,
  Investment,
  Investor,
  NaturalPerson,
  BankAccount,
  Redemption,
  SignedDocument,
  TaxInformation,
  Wallet
} from "@effekten/services"

const erased = "erased"

/** Personal parts by the position of their event. @category models */
export type Personal = ReadonlyMap<number, Revealed>

/**
 * The members of the personal part at a position, or undefined where its subject was forgotten. The codec has checked them against the
 * schema of the event's type, which the caller names.
 */
const personalOf = <P extends object>(personal: Personal, position: number | undefined): Partial<P> | undefined => {
  const part = position === undefined ? undefined : personal.get(position)
  if (part?._tag === "Erased") return undefined
  return (part?._tag === "Present" ? part.value : {}) as Partial<P>
}

interface InvestorPersonal {
  readonly naturalPerson: NaturalPerson
  readonly bankAccount: BankAccount
  readonly taxInformation: TaxInformation
  readonly communication: Communication
}

export const investor = (state: InvestorState, personal: Personal): Investor => {
  const known = personalOf<InvestorPersonal>(personal, state.personalAt[0])
  return {
    id: state.id,
    kycStatus: state.kycStatus,
    naturalPerson: known?.naturalPerson ?? erased,
    bankAccount: known === undefined ? erased : (known.bankAccount ?? null),
    taxInformation: known === undefined ? erased : (known.taxInformation ?? null),
    communication: known === undefined ? erased : (known.communication ?? null),
    isBeneficiary: state.ownAccount,
    createdAt: state.createdAt
  }
}

type IdentificationPersonal = Pick<
  Identification,
  | "documentType"
  | "documentId"
  | "documentIssuer"
  | "documentValidFrom"
  | "documentValidTo"
  | "identityProvider"
  | "legitimationProcessId"
>

export const identification = (state: IdentificationState, personal: Personal): Identification => {
  const known = personalOf<IdentificationPersonal>(personal, state.personalAt[0])
  return {
    id: state.id,
    investorId: state.investorId,
    documentType: known?.documentType ?? erased,
    documentId: known?.documentId ?? erased,
    documentIssuer: known?.documentIssuer ?? erased,
    documentValidFrom: known?.documentValidFrom ?? erased,
    documentValidTo: known?.documentValidTo ?? erased,
    identityProvider: known?.identityProvider ?? erased,
    legitimationProcessId: known?.legitimationProcessId ?? erased,
    legitimationProtocolId: state.protocolDocumentId,
    verifiedAt: state.verifiedAt,
    kycStatus: state.kycStatus,
    createdAt: state.createdAt
  }
}

export const wallet = (state: WalletState): Wallet => ({
  id: state.id,
  investorId: state.investorId,
  type: state.kind === "managed" ? "eth-managed" : "eth-generic",
  address: checksumAddress(state.address),
  receivingEnabled: state.receivingEnabled,
  createdAt: state.createdAt
})

interface DocumentPersonal {
  readonly fileName: string
  readonly mediaType: string
  readonly digest: string
}

export const document = (state: DocumentState, personal: Personal): Document => {
  const known = personalOf<DocumentPersonal>(personal, state.personalAt[0])
  return {
    id: state.id,
    fileName: known?.fileName ?? erased,
    mediaType: known?.mediaType ?? erased,
    size: state.size,
    sha256: known?.digest ?? erased,
    createdAt: state.createdAt
  }
}

export const investment = (state: InvestmentState, personal: Personal): Investment => {
  const signed = new Map<string, SignedDocument>()
  for (const position of state.personalAt) {
    const known = personalOf<{ readonly signedDocuments: ReadonlyArray<SignedDocument> }>(personal, position)
    for (const document of known?.signedDocuments ?? []) signed.set(document.documentId, document)
  }
  return {
    id: state.id,
    status: state.status,
    campaignId: state.campaignId,
    productId: state.productId,
    investorId: state.investorId,
    units: state.units,
    remainingUnits: state.remainingUnits,
    wallet: state.walletId,
    signedAt: state.signedAt,
    acceptedAt: state.acceptedAt,
    paidAt: state.paidAt,
    deliveredAt: state.deliveredAt,
    signedDocuments: state.documentIds.map((documentId) => {
      const known = signed.get(documentId)
      return { documentId, category: known?.category ?? erased, subject: known?.subject ?? erased }
    }),
    disagio: null,
    accruedInterest: null,
    createdAt: state.createdAt
  }
}

export const credit = (state: CreditState): Credit => ({
  id: state.id,
  investmentId: state.investmentId,
  walletId: state.walletId,
  units: state.units,
  status: state.status,
  createdAt: state.createdAt
})

export const redemption = (state: RedemptionState): Redemption => ({
  id: state.id,
  investorId: state.investorId,
  productId: state.productId,
  walletId: state.walletId,
  units: state.units,
  status: state.status === "succeeded" ? "success" : state.status,
  createdAt: state.createdAt
})
