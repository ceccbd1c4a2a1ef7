/**
 * Investors and their identification, embedded. For the services of a platform.
 */
import { Id, type Person } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, Investors } from "@effekten/services"
import { Context, Effect } from "effect"
import {
  consumed,
  implement,
  type Implementation,
  instructs,
  type Instructing,
  made,
  pages,
  shows
} from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { amendment, proofsOf } from "./InvestorAmending.ts"
import { investor, ownInvestor } from "./InvestorView.ts"
import { Showing } from "./Showing.ts"
import { erased, personalOf, view } from "./View.ts"

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

const benefitingPerson = view(Api.benefitingPersonAnswer, Projections.benefitingPersons, {
  1: (state, personal) => {
    const known = personalOf<Api.CreateBenefitingPerson>(personal, state.personalAt[0])
    return {
      id: state.id,
      investorId: state.investorId,
      naturalPerson: known?.naturalPerson ?? erased,
      kycStatus: state.kycStatus,
      createdAt: state.createdAt
    }
  }
})

const { operations } = Investors.resource

/** The people behind a company. */
const ofBenefitingPersons = {
  addBenefitingPerson: instructs(operations.addBenefitingPerson, {
    members: {},
    given: ({ ids: [investorId], input: { naturalPerson }, newId }) =>
      Effect.map(newId, (id) => ({
        investorId,
        benefitingPersonId: Id.BenefitingPersonId.make(id),
        opens: [
          ...(naturalPerson.isPep ? (["benefiting_pep"] as const) : []),
          ...(naturalPerson.isSubjectToUsTax === true ? (["us_tax"] as const) : [])
        ]
      })),
    answers: made(benefitingPerson)
  }),
  benefitingPersons: pages(operations.benefitingPersons, {
    view: benefitingPerson,
    scope: ([id]) => id,
    within: ([id]) => ownInvestor(id)
  }),
  benefitingPerson: shows(operations.benefitingPerson, {
    view: benefitingPerson,
    key: ([investor, id]) => Projections.benefitingPersonKey(investor, id),
    missing: "investor_not_found"
  })
}

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
        members: { isBeneficiary: "ownAccount", legalPerson: consumed },
        given: ({ input, newId }) =>
          Effect.map(newId, (id) => {
            const { isCustodianBank = false, ...company } = input.legalPerson ?? {}
            return {
              investorId: Id.InvestorId.make(id),
              kind: input.legalPerson === undefined ? "natural" : "legal",
              custodianBank: isCustodianBank,
              hasTaxInformation: input.taxInformation !== undefined,
              pep: input.naturalPerson.isPep,
              documentIds: proofsOf(company),
              legalPerson: input.legalPerson === undefined ? undefined : (company as Person.Company)
            }
          }),
        answers: made(investor)
      }),
      list: pages(operations.list, { view: investor }),
      get: shows(operations.get, { view: investor, key: ([id]) => id, missing: "investor_not_found" }),
      amend: amendment(context),
      ...ofBenefitingPersons,
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
