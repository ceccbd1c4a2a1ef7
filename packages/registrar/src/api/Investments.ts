/**
 * Investments, embedded. For the services of a platform, for the issuer, and for the registrar.
 */
import { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, Investments, IssuerInvestments, RegistrarInvestments } from "@effekten/services"
import { type Context, Effect } from "effect"
import {
  consumed,
  changed,
  implement,
  type Implementation,
  instructs,
  made,
  nothing,
  pages,
  shows
} from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import type { Owned, Showing } from "./Showing.ts"
import { erased, type Personal, personalOf, view } from "./View.ts"

type Signed = { readonly signedDocuments: ReadonlyArray<Api.SignedDocument> }

/** What every version of the answer shows. */
const shown = (state: Projections.InvestmentState, personal: Personal) => {
  const signed = new Map<string, Api.SignedDocument>()
  for (const position of state.personalAt) {
    const known = personalOf<Signed>(personal, position)
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
    createdAt: state.createdAt
  }
}

const investment = view(Api.investmentAnswer, Projections.investments, {
  1: (state, personal) => ({ ...shown(state, personal), disagio: null, accruedInterest: null }),
  2: (state, personal) => ({
    ...shown(state, personal),
    disagio: state.disagio,
    accruedInterest: state.accruedInterest
  })
})

const signedDocument = view(Api.signedDocumentAnswer, Projections.signedDocuments, {
  1: ({ createdAt, documentId, personalAt: [position] }, personal) => {
    const signed = personalOf<Signed>(personal, position)?.signedDocuments
    const known = signed?.find((each) => each.documentId === documentId)
    const category = known?.category ?? erased
    return { id: documentId, documentId, category, subject: known?.subject ?? erased, createdAt }
  }
})

/** The investment is this platform's, or there is none. @category computing */
export const ownInvestment = (key: Id.InvestmentId): Owned => ({
  projection: Projections.investments,
  key,
  missing: "investment_not_found"
})

const { operations } = Investments.resource

/** @category constructors */
export const investments = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof Investments.resource.operations> =>
  implement(
    { key: Investments.key, operations },
    {
      create: instructs(operations.create, {
        members: { wallet: "walletId", signedDocuments: consumed },
        given: ({ input: { signedDocuments = [] }, newId }) =>
          Effect.map(newId, (id) => ({
            investmentId: Id.InvestmentId.make(id),
            documentIds: signedDocuments.map(({ documentId }) => documentId),
            // Where nothing was signed, nothing personal was said.
            signedDocuments: signedDocuments.length === 0 ? undefined : signedDocuments
          })),
        answers: made(investment)
      }),
      list: pages(operations.list, { view: investment }),
      get: shows(operations.get, { view: investment, key: ([id]) => id, missing: "investment_not_found" }),
      amend: instructs(operations.amend, {
        members: { wallet: "walletId" },
        given: ({ ids: [investmentId] }) => Effect.succeed({ investmentId }),
        answers: changed(investment, ([id]) => id)
      }),
      cancel: instructs(operations.cancel, {
        members: {},
        given: ({ ids: [investmentId] }) => Effect.succeed({ investmentId, late: false }),
        answers: changed(investment, ([id]) => id)
      }),
      addDocument: instructs(operations.addDocument, {
        members: { documentId: consumed, category: consumed, subject: consumed },
        given: ({ ids: [investmentId], input }) =>
          Effect.succeed({ investmentId, documentIds: [input.documentId], signedDocuments: [input] }),
        answers: made(signedDocument)
      }),
      listDocuments: pages(operations.listDocuments, {
        view: signedDocument,
        scope: ([id]) => id,
        within: ([id]) => ownInvestment(id)
      })
    },
    context
  )

const ofIssuer = IssuerInvestments.resource.operations

/** @category constructors */
export const issuerInvestments = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof IssuerInvestments.resource.operations> =>
  implement(
    { key: IssuerInvestments.key, operations: ofIssuer },
    {
      reject: instructs(ofIssuer.reject, {
        members: {},
        given: ({ ids: [investmentId] }) => Effect.succeed({ investmentId }),
        answers: nothing
      })
    },
    context
  )

const ofRegistrar = RegistrarInvestments.resource.operations

/** @category constructors */
export const registrarInvestments = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof RegistrarInvestments.resource.operations> =>
  implement(
    { key: RegistrarInvestments.key, operations: ofRegistrar },
    {
      review: instructs(ofRegistrar.review, {
        members: {},
        given: ({ ids: [investmentId], input }) => Effect.succeed({ investmentId, passed: input === "passed" }),
        answers: nothing
      }),
      cancel: instructs(ofRegistrar.cancel, {
        members: { late: consumed },
        given: ({ ids: [investmentId], input: { late = false } }) => Effect.succeed({ investmentId, late }),
        answers: nothing
      })
    },
    context
  )
