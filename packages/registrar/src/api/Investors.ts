/**
 * Investors and their identification, embedded. For the services of a platform.
 */
import { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, Investors } from "@effekten/services"
import { Context, Effect } from "effect"
import { implement, type Implementation, instructs, type Instructing, made, pages, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { type Owned, Showing } from "./Showing.ts"
import { erased, personalOf, view } from "./View.ts"

interface InvestorPersonal {
  readonly naturalPerson: Api.NaturalPerson
  readonly bankAccount: Api.BankAccount
  readonly taxInformation: Api.TaxInformation
  readonly communication: Api.Communication
}

const investor = view(Api.investorAnswer, Projections.investors, {
  1: (state, personal) => {
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
})

const identification = view(Api.identificationAnswer, Projections.identifications, {
  1: (state, personal) => {
    const known = personalOf<Omit<Api.CreateIdentification, "legitimationProtocolId" | "verifiedAt">>(
      personal,
      state.personalAt[0]
    )
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
})

/** The investor is this platform's, or there is none. @category computing */
export const ownInvestor = (key: Id.InvestorId): Owned => ({
  projection: Projections.investors,
  key,
  missing: "investor_not_found"
})

const { operations } = Investors.resource

/** @category constructors */
export const investors = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof Investors.resource.operations> => {
  const showing = Context.get(context, Showing)

  /** It is opened for a comparison: nobody sees it, and it is recorded like any other opening. */
  const birthDateOf = Effect.fnUntraced(function* (instructing: Instructing, id: Id.InvestorId) {
    const access = { ...instructing, purpose: operations.identify.operation }
    const { naturalPerson } = yield* showing.get(access, investor, id, "investor_not_found", () => true)
    return naturalPerson === erased ? undefined : naturalPerson.birthDate
  })

  return implement(
    { key: Investors.key, operations },
    {
      create: instructs(operations.create, {
        members: { isBeneficiary: "ownAccount" },
        given: ({ input, newId }) =>
          Effect.map(newId, (id) => ({
            investorId: Id.InvestorId.make(id),
            custodianBank: false,
            hasTaxInformation: input.taxInformation !== undefined,
            pep: input.naturalPerson.isPep,
            documentIds: []
          })),
        answers: made(investor)
      }),
      list: pages(operations.list, { view: investor }),
      get: shows(operations.get, { view: investor, key: ([id]) => id, missing: "investor_not_found" }),
      identify: instructs(operations.identify, {
        members: { legitimationProtocolId: "protocolDocumentId" },
        given: Effect.fnUntraced(function* ({ ids: [investorId], instructing, isRecorded, newId }) {
          const birthDate = (yield* isRecorded) ? undefined : yield* birthDateOf(instructing, investorId)
          return { investorId, identificationId: Id.IdentificationId.make(yield* newId), birthDate }
        }),
        answers: made(identification)
      }),
      identifications: pages(operations.identifications, {
        view: identification,
        scope: ([id]) => id,
        within: ([id]) => ownInvestor(id)
      }),
      identification: shows(operations.identification, {
        view: identification,
        key: ([investor, id]) => Projections.identificationKey(investor, id),
        missing: "investor_not_found"
      })
    },
    context
  )
}
