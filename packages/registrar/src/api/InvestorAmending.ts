/**
 * The amendment of an investor: the command that a merge patch comes to. For {@link investors}.
 */
import type { Commands, Events, Id } from "@effekten/domain"
import { Api, Checking, Investors, type Rejection } from "@effekten/services"
import { type Context, Equal, Result } from "effect"
import { investor } from "./InvestorView.ts"
import { changedObjects, merges } from "./MergePatch.ts"
import type { Showing } from "./Showing.ts"
import { erased } from "./View.ts"

const { amend } = Investors.resource.operations

type Command = Extract<Commands.Command, { readonly operation: "AmendInvestor" }>

/** The documents that a company names. @category computing */
export const proofsOf = (company: {
  readonly companyIdentityProofId?: Id.DocumentId | null
  readonly companyStructureProofId?: Id.DocumentId | null
}): ReadonlyArray<Id.DocumentId> =>
  [company.companyIdentityProofId, company.companyStructureProofId].filter((id) => id != null)

type Members = { readonly [name: string]: unknown }

/** Those members of a patch that differ from what is known. What is not there is not taken away. */
const differing = <A extends object>(known: object, patch: A): A =>
  Object.fromEntries(
    Object.entries(patch).filter(([name, value]) => !Equal.equals((known as Members)[name] ?? null, value))
  ) as A

/** A change of one member that is fixed. */
const fixed = (pointer: string) =>
  Checking.invalid([{ pointer, code: "invalid_value", message: "It is fixed at creation." }])

const objects = {
  bankAccount: { schema: Api.BankAccount, wire: "bank_account" },
  taxInformation: { schema: Api.TaxInformation, wire: "tax_information" },
  communication: { schema: Api.Communication, wire: "communication" }
} as const

const namesOf = (object: "naturalPerson" | "legalPerson", changes: object) =>
  Object.keys(changes).map((name) => `${object}.${name}` as Events.InvestorMember)

/** The command that a patch comes to, over what is known. */
const commandOf = (
  investorId: Id.InvestorId,
  known: Api.Investor,
  patch: Api.AmendInvestor
): Result.Result<Command, Rejection> =>
  Result.gen(function* () {
    const legal = known.legalPerson
    // The decision says so.
    if (known.naturalPerson === erased || legal === erased)
      return { operation: "AmendInvestor", input: { investorId, members: [], opens: [], documentIds: [] } }
    const { isCustodianBank, ...sent }: NonNullable<Api.AmendInvestor["legalPerson"]> = patch.legalPerson ?? {}
    if (patch.isBeneficiary !== undefined && patch.isBeneficiary !== known.isBeneficiary)
      return yield* Result.fail(fixed("/is_beneficiary"))
    if (legal !== null && isCustodianBank != null && isCustodianBank !== legal.isCustodianBank)
      return yield* Result.fail(fixed("/legal_person/is_custodian_bank"))
    const person: NonNullable<Api.AmendInvestor["naturalPerson"]> = patch.naturalPerson ?? {}
    const naturalPerson = differing(known.naturalPerson, person)
    const legalPerson = differing(legal ?? {}, sent)
    const changes = yield* changedObjects(objects, known, patch)
    const members = [
      ...namesOf("naturalPerson", naturalPerson),
      ...namesOf("legalPerson", legalPerson),
      ...(Object.keys(changes) as ReadonlyArray<keyof typeof changes>)
    ]
    return {
      operation: "AmendInvestor",
      input: {
        investorId,
        ...kindOf(known, patch),
        members,
        ...(changes.taxInformation === undefined ? {} : { hasTaxInformation: changes.taxInformation !== null }),
        opens: [
          ...(naturalPerson.isPep === true ? (["pep"] as const) : []),
          ...(naturalPerson.isSubjectToUsTax === true ? (["us_tax"] as const) : [])
        ],
        documentIds: proofsOf(legalPerson)
      },
      personal: {
        ...(Object.keys(naturalPerson).length === 0 ? {} : { naturalPerson }),
        ...(Object.keys(legalPerson).length === 0 ? {} : { legalPerson }),
        ...changes
      }
    }
  })

/** A patch that names a company speaks of a legal person, and one that takes the company away of a natural person. */
const kindOf = (
  { legalPerson: known }: Api.Investor,
  { legalPerson }: Api.AmendInvestor
): { kind?: Events.InvestorKind } => {
  if (legalPerson === undefined) return {}
  if (legalPerson !== null) return { kind: "legal" }
  return known === null ? {} : { kind: "natural" }
}

/** @category constructors */
export const amendment = (context: Context.Context<Showing>) =>
  merges(context, amend, { view: investor, missing: "investor_not_found", noun: "The investor", commandOf })
