/**
 * People: a resource as an application makes one of its own, so that tests have programs of several versions. For the tests of this folder.
 */
import { Id, KycStatus, Person, Timestamp } from "@effekten/domain"
import { Answer, listed, Member, Operation, wire } from "@effekten/services"
import { Effect, Schema } from "effect"

/** An invented person, as it is sent. */
export const body = (salutation: string) => ({
  natural_person: {
    salutation,
    forename: "Wilma",
    surname: "Beispiel",
    birth_date: "1988-02-29",
    birth_place: "Musterstadt",
    citizenship: "DEU",
    street: "Erfundene Gasse 1",
    city: "Musterstadt",
    zip: "99999",
    country: "DEU",
    phone: "+49 000 000",
    is_pep: false
  },
  is_beneficiary: true
})

/** A person, as an application's own resource shows an investor. The salutations are a list that moves. */
export const inputWith = <const S extends ReadonlyArray<string>>(salutations: S) =>
  Member.input("CreatePerson", {
    naturalPerson: Member.personal(wire({ ...Person.NaturalPerson.fields, salutation: Schema.Literals(salutations) })),
    isBeneficiary: Member.plain(Schema.Boolean)
  })

/** What a person looked like first. */
export const before = Answer.first(
  "Person",
  Member.answer("Person", { id: Id.InvestorId, status: listed(KycStatus.KycStatus), createdAt: Timestamp.Timestamp })
)
/** The operations over an input and an answer. */
export const operationsWith = <In, Encoded, A>(input: Schema.Codec<In, Encoded>, answer: Answer.Answer<A>) => ({
  create: Operation.command({
    operation: "RegisterInvestor",
    route: "POST /v2/people/",
    scope: "investors:write",
    ids: [],
    input,
    answer,
    refusals: [],
    summary: "Create a person",
    example: undefined as never
  }),
  get: Operation.read({
    reading: "GetInvestor",
    route: "GET /v2/people/:id/",
    scope: "investors:read",
    ids: [Id.InvestorId],
    answer,
    refusals: [],
    summary: "Read a person"
  }),
  list: Operation.list({
    reading: "ListInvestors",
    route: "GET /v2/people/",
    scope: "investors:read",
    ids: [],
    answer,
    refusals: [],
    summary: "List people"
  })
})

/** What must exist before the decision. */
export const given = ({ newId }: { readonly newId: Effect.Effect<string> }) =>
  Effect.map(newId, (id) => ({
    investorId: Id.InvestorId.make(id),
    kind: "natural" as const,
    custodianBank: false,
    hasTaxInformation: false,
    pep: false,
    documentIds: [],
    legalPerson: undefined,
    bankAccount: undefined,
    taxInformation: undefined,
    communication: undefined
  }))

export const missing = "investor_not_found"
export const key = ([id]: readonly [Id.InvestorId]) => id
