/**
 * Issuers, embedded: how they are shown, and how they are amended. For the services of issuers, and for the registrar's own.
 */
import type { Commands, Events, Id } from "@effekten/domain"
import { type Projection, Projections } from "@effekten/projections"
import { Api, Issuers, Products, type Rejection } from "@effekten/services"
import { type Context, Result } from "effect"
import { implement, type Implementation, type Instructing, pages, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { changedObjects, merges } from "./MergePatch.ts"
import type { Owned, Showing } from "./Showing.ts"
import { erased, type Personal, personalOf, view } from "./View.ts"

interface Known {
  readonly naturalPerson?: Api.NaturalPerson | null
  readonly legalPerson?: Api.IssuingCompany | null
  readonly bankAccount?: Api.BankAccount | null
}

/** What is known of an issuer: what was said last of each member. */
const knownOf = (personal: Personal, positions: ReadonlyArray<number>): Known | undefined => {
  const parts = positions.map((position) => personalOf<Known>(personal, position))
  return parts.includes(undefined) ? undefined : Object.assign({}, ...parts)
}

const shownBy = (projection: Projection.Projection<Projections.IssuerState>) =>
  view(Api.issuerAnswer, projection, {
    1: ({ id }) => ({ id }),
    2: ({ id, personalAt }, personal) => {
      const known = knownOf(personal, personalAt)
      return {
        id,
        naturalPerson: known === undefined ? erased : (known.naturalPerson ?? null),
        legalPerson: known === undefined ? erased : (known.legalPerson ?? null),
        bankAccount: known === undefined ? erased : (known.bankAccount ?? null)
      }
    }
  })

/** As the registrar sees it. @category values */
export const issuer = shownBy(Projections.issuers)

/** As it sees itself. */
const ownIssuer = shownBy(Projections.ownIssuers)

const objects = {
  naturalPerson: { schema: Api.NaturalPerson, wire: "natural_person" },
  legalPerson: { schema: Api.IssuingCompany, wire: "legal_person" },
  bankAccount: { schema: Api.BankAccount, wire: "bank_account" }
} as const

const commandOf = (
  issuerId: Id.IssuerId,
  known: Api.Issuer,
  patch: Api.AmendIssuer
): Result.Result<Commands.Command, Rejection> =>
  Result.map(changedObjects(objects, known, patch), (personal) => ({
    operation: "AmendIssuer",
    input: { issuerId, members: Object.keys(personal) as ReadonlyArray<Events.IssuerMember> },
    personal
  }))

const amending = { missing: "issuer_not_found", noun: "The issuer", commandOf } as const

/** For the registrar, of any issuer. @category constructors */
export const amendment = (context: Context.Context<Showing>) =>
  merges(context, Products.resource.operations.amendIssuer, { ...amending, view: issuer })

/** Only clients of issuers come here. @category computing */
export const own = ({ issuer }: Instructing): string => issuer ?? ""

/** The issuer that asks. */
const itself = ([key]: readonly [string], instructing: Instructing): Owned => ({
  projection: Projections.ownIssuers,
  key,
  missing: "issuer_not_found",
  belongs: ({ id }) => id === own(instructing)
})

const { operations } = Issuers.resource

/** @category constructors */
export const issuers = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof Issuers.resource.operations> =>
  implement(
    { key: Issuers.key, operations },
    {
      list: pages(operations.list, { view: ownIssuer, scope: (_, instructing) => own(instructing) }),
      get: shows(operations.get, {
        view: ownIssuer,
        key: ([id]) => id,
        missing: "issuer_not_found",
        belongs: ({ id }, _, instructing) => id === own(instructing)
      }),
      amend: merges(context, operations.amend, { ...amending, view: ownIssuer, within: itself })
    },
    context
  )
