/**
 * How an investor is shown, its amendments taken in. For the implementations of its operations.
 */
import type { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api } from "@effekten/services"
import type { Owned } from "./Showing.ts"
import { erased, type Personal, personalOf, view } from "./View.ts"

type Company = Omit<Api.LegalPerson, "isCustodianBank">

/** What is personal of an investor, as it is now, or was. @category models */
export interface Known {
  readonly naturalPerson: Api.NaturalPerson
  readonly legalPerson?: Company
  readonly bankAccount?: Api.BankAccount
  readonly taxInformation?: Api.TaxInformation
  readonly communication?: Api.Communication
}

type Members = { readonly [name: string]: unknown }

/** The members as they are with a change of some. What is set to null is there no longer. */
const withChanges = <A extends object>(members: A, changes: object): A =>
  Object.fromEntries(Object.entries({ ...members, ...changes }).filter(([, value]) => value !== null)) as A

/** Persons change member by member, everything else as a whole. */
const amended = (known: Known, amendment: Members): Known => {
  const { legalPerson, naturalPerson, ...whole } = amendment as { readonly [name: string]: object | null }
  return {
    ...withChanges(known, whole),
    ...(naturalPerson == null ? {} : { naturalPerson: withChanges(known.naturalPerson, naturalPerson) }),
    ...(legalPerson == null || known.legalPerson === undefined
      ? {}
      : { legalPerson: withChanges(known.legalPerson, legalPerson) })
  }
}

/** The registration, and then what amendments set of it, in their order. @category computing */
export const knownOf = (
  personal: Personal,
  [registration, ...amendments]: ReadonlyArray<number>
): Known | undefined => {
  const registered = personalOf<Known>(personal, registration)
  if (registered?.naturalPerson === undefined) return undefined
  let known: Known = { ...registered, naturalPerson: registered.naturalPerson }
  for (const position of amendments) known = amended(known, personalOf(personal, position) ?? {})
  return known
}

const shown = (state: Projections.InvestorState, known: Known | undefined) => ({
  id: state.id,
  kycStatus: state.kycStatus,
  naturalPerson: known?.naturalPerson ?? erased,
  bankAccount: known === undefined ? erased : (known.bankAccount ?? null),
  taxInformation: known === undefined ? erased : (known.taxInformation ?? null),
  communication: known === undefined ? erased : (known.communication ?? null),
  isBeneficiary: state.ownAccount,
  createdAt: state.createdAt
})

/** The investor as answers show it. @category values */
export const investor = view(Api.investorAnswer, Projections.investors, {
  1: (state, personal) => shown(state, knownOf(personal, state.personalAt)),
  2: (state, personal) => {
    const known = knownOf(personal, state.personalAt)
    const company = known?.legalPerson && { ...known.legalPerson, isCustodianBank: state.custodianBank }
    return {
      ...shown(state, known),
      legalPerson: state.kind === "natural" ? null : (company ?? erased)
    }
  }
})

/** The investor is this platform's, or there is none. @category computing */
export const ownInvestor = (key: Id.InvestorId): Owned => ({
  projection: Projections.investors,
  key,
  missing: "investor_not_found"
})
