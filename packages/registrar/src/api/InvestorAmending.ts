/**
 * The amendment of an investor: what of a merge patch is a change, held against what is known. For {@link investors}.
 *
 * What is known is personal, and no decision sees it. It is opened here for the comparison, and recorded like any other opening. The command is
 * decided on condition that the investor is still as it was compared with.
 */
import { type Commands, type Events, Id } from "@effekten/domain"
import { Api, Checking, Investors, Rejection, Request, Unavailable } from "@effekten/services"
import { Context, Effect, Equal, Result, type Schema } from "effect"
import { carries, changed, type Instructing } from "./Implement.ts"
import { investor } from "./InvestorView.ts"
import { Showing } from "./Showing.ts"
import { erased } from "./View.ts"

const { amend } = Investors.resource.operations

type Command = Extract<Commands.Command, { readonly operation: "AmendInvestor" }>

/** Other amendments of the same investor that one waits for. */
const maximumAttempts = 10

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

/** What is known of an object with a patch of it: whole, or refused with what it lacks. */
const whole = <A extends object>(
  member: string,
  schema: Schema.Codec<A, any>,
  known: A | null,
  patch: object
): Result.Result<A, Rejection> => {
  const merged = Object.fromEntries(Object.entries({ ...known, ...patch }).filter(([, value]) => value !== null))
  return Result.mapBoth(Checking.checks(schema).accept(merged), {
    onSuccess: ({ input }) => input,
    onFailure: ({ rejection }) =>
      Checking.invalid((rejection.errors ?? []).map((error) => ({ ...error, pointer: `/${member}${error.pointer}` })))
  })
}

const objects = {
  bankAccount: { schema: Api.BankAccount, wire: "bank_account" },
  taxInformation: { schema: Api.TaxInformation, wire: "tax_information" },
  communication: { schema: Api.Communication, wire: "communication" }
} as const

/** The objects that a patch changes, each as it is to be; null where it is taken away. */
const changedObjects = function* (known: Api.Investor, patch: Api.AmendInvestor) {
  const changes: { -readonly [Name in keyof typeof objects]?: unknown } = {}
  for (const name of ["bankAccount", "taxInformation", "communication"] as const) {
    const sent = patch[name]
    if (sent === undefined) continue
    const before = known[name] === erased ? null : known[name]
    const { schema, wire } = objects[name]
    const after = sent === null ? null : yield* whole(wire, schema as Schema.Codec<object, any>, before, sent)
    if (!Equal.equals(before, after)) changes[name] = after
  }
  return changes as Pick<NonNullable<Command["personal"]>, keyof typeof objects>
}

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
    const changes = yield* changedObjects(known, patch)
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
export const amendment = (context: Context.Context<Showing>) => {
  const showing = Context.get(context, Showing)

  /** The investor as it is, and its entity tag. */
  const seen = Effect.fnUntraced(function* (instructing: Instructing, id: Id.InvestorId) {
    const request = yield* Request
    const tags: Array<string> = []
    const access = { ...instructing, purpose: amend.operation }
    const known = yield* showing
      .get(access, investor, id, "investor_not_found", () => true)
      .pipe(Effect.provideService(Request, { ...request, onEntityTag: (tag) => void tags.push(tag) }))
    return { known, tags }
  })

  return carries(amend, {
    carry: Effect.fnUntraced(function* ({ received }, { ids: [id], input, instructing }, intake) {
      const instruction = yield* received()
      const recorded = yield* intake.find(instruction)
      if (recorded !== undefined) return recorded
      for (let attempt = 1; ; attempt++) {
        const { known, tags } = yield* seen(instructing, id)
        const command = yield* Effect.fromResult(commandOf(id, known, input))
        // What the caller has seen counts first: a change since is theirs to look at.
        const unchanged = instruction.unchanged ?? showing.unchanged(instructing.platform, investor, id, tags)
        const done = yield* Effect.result(intake.execute({ ...instruction, command, unchanged }))
        if (Result.isSuccess(done)) return done.success
        const isOvertaken =
          instruction.unchanged === undefined && done.failure._tag === "Rejection" && done.failure.status === 412
        if (!isOvertaken) return yield* done.failure
        if (attempt === maximumAttempts)
          return yield* new Unavailable({
            executed: "no",
            message: "The investor was amended again and again meanwhile. Repeat the request."
          })
      }
    }),
    answers: changed(investor, ([id]) => id)
  })
}
