/**
 * Companies, benefiting persons and amendments as a platform uses them, embedded. For a reader that asks what a merge patch does.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id } from "@effekten/domain"
import type { Log } from "@effekten/registrar"
import {
  Api,
  type CommandFailure,
  Disclosures,
  Documents,
  Erasures,
  Investors,
  KycReviews,
  Pages,
  Request
} from "@effekten/services"
import { Effect, Result, Schema, Stream } from "effect"
import { identificationWith, offering, person } from "./fixture.ts"
import { as, codeOf, kept, open, wholeLog } from "./parts.ts"

const upload = (fileName: string) =>
  Effect.flatMap(Documents, (documents) =>
    documents.upload({ fileName, mediaType: "application/pdf", content: new TextEncoder().encode(fileName) })
  )

const legalPerson = {
  companyName: "Muster GmbH",
  commercialRegister: "Amtsgericht Musterstadt",
  commercialRegisterNumber: "HRB 0",
  street: "Erfundene Gasse 2",
  city: "Musterstadt",
  zip: "99999",
  country: "DEU",
  phone: ""
}
const company = (identity: Id.DocumentId): Api.CreateInvestor => ({
  ...person,
  isBeneficiary: false,
  legalPerson: { ...legalPerson, companyIdentityProofId: identity, isCustodianBank: true } as Api.LegalPerson
})

const wilma = Schema.decodeUnknownSync(Api.CreateBenefitingPerson)({
  natural_person: { forename: "Wilma", surname: "Beispiel", is_pep: false }
})
const patch = Schema.decodeUnknownSync(Api.AmendInvestor)

const onPlatform = <A, E>(
  work: Effect.Effect<A, E, Investors | Documents | Erasures | Disclosures | KycReviews | Log>
): Effect.Effect<A, unknown> =>
  Effect.gen(function* () {
    const register = yield* open(yield* kept, { executor: { policy: { retention: { seconds: 0 } } } })
    return yield* Effect.gen(function* () {
      const { platform } = yield* offering()
      return yield* as(platform)(work as Effect.Effect<A, E, never>)
    }).pipe(Effect.provideContext(register))
  }).pipe(Effect.scoped) as Effect.Effect<A, unknown>

describe("a company", () => {
  it.live("has both members, names its proofs, and is identified with a person that benefits from it", () =>
    onPlatform(
      Effect.gen(function* () {
        const investors = yield* Investors
        const identity = yield* upload("register.pdf")
        const created = yield* investors.create(company(identity.id))
        assert.deepStrictEqual(created.legalPerson, {
          ...legalPerson,
          companyIdentityProofId: identity.id,
          isCustodianBank: true
        } as never)
        yield* investors.identify(created.id, identificationWith(identity.id))
        assert.strictEqual((yield* investors.get(created.id)).kycStatus, "PENDING")
        const added = yield* investors.addBenefitingPerson(created.id, wilma, { key: "one" })
        assert.deepStrictEqual(yield* investors.addBenefitingPerson(created.id, wilma, { key: "one" }), added)
        assert.deepInclude(added, { investorId: created.id, kycStatus: "SUCCESS", ...wilma } as object)
        const all = yield* Stream.runCollect(Pages.stream((page) => investors.benefitingPersons(created.id, page)))
        assert.deepStrictEqual(all, [added])
        assert.deepStrictEqual(yield* investors.benefitingPerson(created.id, added.id), added)
        const natural = yield* investors.create(person)
        assert.isNull(natural.legalPerson)
        const refused = yield* Effect.result(investors.addBenefitingPerson(natural.id, wilma))
        assert.strictEqual(codeOf(refused), "investor_not_legal_person")
        const none = yield* Effect.result(investors.benefitingPerson(natural.id, added.id))
        assert.strictEqual(codeOf(none), "investor_not_found")
      })
    )
  )

  it.live("promise 9: forgets the company, the persons behind it and every amendment", () =>
    onPlatform(
      Effect.gen(function* () {
        const investors = yield* Investors
        const identity = yield* upload("register.pdf")
        const { id } = yield* investors.create(company(identity.id))
        const structure = yield* upload("structure.pdf")
        const added = yield* investors.addBenefitingPerson(id, wilma)
        yield* investors.amend(
          id,
          patch({ legal_person: { company_name: "Muster AG", company_structure_proof_id: structure.id } })
        )
        yield* (yield* Erasures).investor(id, "request")
        const shown = yield* investors.get(id)
        assert.strictEqual(shown.legalPerson, "erased")
        assert.strictEqual(shown.naturalPerson, "erased")
        assert.strictEqual((yield* investors.benefitingPerson(id, added.id)).naturalPerson, "erased")
        const { entries } = yield* (yield* Disclosures).investor(id)
        assert.isTrue(entries.every(({ personal }) => personal === "erased"))
        const log = JSON.stringify(yield* wholeLog)
        assert.notInclude(log, "Muster AG")
        assert.notInclude(log, "Muster GmbH")
        assert.notInclude(log, "Wilma")
        // Both documents went with it.
        assert.lengthOf(log.match(/"type":"DocumentErased"/g) ?? [], 2)
        const refused = yield* Effect.result(investors.amend(id, patch({ bank_account: { bank: "Musterbank" } })))
        assert.strictEqual(codeOf(refused), "investor_erased")
      })
    )
  )
})

describe("a merge patch", () => {
  it.live("sets what it names, takes away by null, and leaves everything else", () =>
    onPlatform(
      Effect.gen(function* () {
        const investors = yield* Investors
        const before = yield* investors.create(person)
        const amended = yield* investors.amend(
          before.id,
          patch({
            natural_person: { street: "Neue Gasse 3", salutation: null },
            bank_account: { bank: "Musterbank" },
            tax_information: null
          })
        )
        const known = before.naturalPerson as Api.NaturalPerson
        const { salutation: _, ...rest } = known
        assert.deepStrictEqual(amended.naturalPerson, { ...rest, street: "Neue Gasse 3" })
        assert.deepStrictEqual(amended.bankAccount, { ...(before.bankAccount as object), bank: "Musterbank" } as never)
        assert.isNull(amended.taxInformation)
        assert.deepStrictEqual(amended.communication, before.communication)
        const later = yield* investors.amend(before.id, patch({ natural_person: { street: "Gasse 4" } }))
        assert.deepStrictEqual(later.naturalPerson, { ...rest, street: "Gasse 4" })
        assert.deepStrictEqual(yield* investors.get(before.id), later)
        const listed = yield* Stream.runCollect(Pages.stream((page) => investors.list(page)))
        assert.deepStrictEqual(listed, [later])
        // The history is in the log; what no longer holds is not opened to show the investor.
        const history = (yield* wholeLog).filter(({ type }) => type === "InvestorAmended")
        assert.deepStrictEqual(
          history.map(({ data }) => ("members" in data ? data.members : [])),
          [
            ["naturalPerson.salutation", "naturalPerson.street", "bankAccount", "taxInformation"],
            ["naturalPerson.street"]
          ]
        )
      })
    )
  )

  it.live("that repeats what is so changes nothing, and keeps the proof; another name voids it", () =>
    onPlatform(
      Effect.gen(function* () {
        const investors = yield* Investors
        const protocol = yield* upload("p.pdf")
        const { id } = yield* investors.create(person)
        yield* investors.identify(id, identificationWith(protocol.id))
        const { createdAt: _at, id: _id, kycStatus: _status, ...answer } = yield* investors.get(id)
        const same = yield* investors.amend(id, answer as Api.AmendInvestor)
        assert.strictEqual(same.kycStatus, "SUCCESS")
        const types = (yield* wholeLog).map(({ type }) => type)
        assert.notInclude(types, "InvestorAmended")
        assert.strictEqual(types.at(-1), "InstructionNoted")
        const renamed = yield* investors.amend(id, patch({ natural_person: { surname: "Muster", phone: "0" } }))
        assert.strictEqual(renamed.kycStatus, "PENDING")
        yield* investors.identify(id, identificationWith(protocol.id))
        const us = yield* investors.amend(id, patch({ natural_person: { is_subject_to_us_tax: true } }))
        assert.strictEqual(us.kycStatus, "REVIEW")
        yield* (yield* KycReviews).decide(id, { reason: "nothing_found" })
        assert.strictEqual((yield* investors.get(id)).kycStatus, "SUCCESS")
      })
    )
  )

  it.live("that would leave an object incomplete, or change what is fixed, is refused with its pointer", () =>
    onPlatform(
      Effect.gen(function* () {
        const investors = yield* Investors
        const { id } = yield* investors.create(person)
        const pointers = (body: unknown) =>
          Effect.map(Effect.result(investors.amend(id, patch(body))), (result) => {
            const failure: CommandFailure = Result.getOrThrow(Result.flip(result))
            return failure._tag === "Rejection"
              ? [failure.status, ...(failure.errors ?? []).map(({ pointer }) => pointer)]
              : []
          })
        yield* investors.amend(id, patch({ tax_information: null }))
        assert.deepStrictEqual(yield* pointers({ tax_information: { non_assessment_certificate: true } }), [
          400,
          "/tax_information/tax_identification_number"
        ])
        assert.deepStrictEqual(yield* pointers({ is_beneficiary: false }), [400, "/is_beneficiary"])
        const asCompany = yield* Effect.result(
          investors.amend(id, patch({ legal_person: { company_name: "Muster AG" } }))
        )
        assert.strictEqual(codeOf(asCompany), "investor_kind_fixed")
      })
    )
  )

  it.live("promise 4: is answered as the first time under its key, whatever came later", () =>
    onPlatform(
      Effect.gen(function* () {
        const investors = yield* Investors
        const { id } = yield* investors.create(person)
        const first = yield* investors.amend(id, patch({ natural_person: { phone: "1" } }), { key: "phone" })
        yield* investors.amend(id, patch({ natural_person: { phone: "2" } }))
        assert.deepStrictEqual(
          yield* investors.amend(id, patch({ natural_person: { phone: "1" } }), { key: "phone" }),
          first
        )
        assert.strictEqual(((yield* investors.get(id)).naturalPerson as Api.NaturalPerson).phone, "2")
      })
    )
  )

  it.live("of many at once loses none, and one that names what it has seen is refused once that has changed", () =>
    onPlatform(
      Effect.gen(function* () {
        const investors = yield* Investors
        const { id } = yield* investors.create(person)
        const patches = ["street", "city", "zip", "phone", "birth_place"].map((name) => ({
          natural_person: { [name]: "x" }
        }))
        yield* Effect.forEach(
          [...patches, { bank_account: { bank: "Musterbank" } }, { bank_account: { country: "AUT" } }],
          (body) => investors.amend(id, patch(body)),
          { concurrency: "unbounded" }
        )
        const shown = yield* investors.get(id)
        const { birthPlace, city, phone, street, zip } = shown.naturalPerson as Api.NaturalPerson
        assert.deepStrictEqual([birthPlace, city, phone, street, zip], ["x", "x", "x", "x", "x"])
        assert.deepInclude(shown.bankAccount as object, { bank: "Musterbank", country: "AUT" })
        const tags: Array<string> = []
        const request = yield* Request
        const observed = { ...request, onEntityTag: (tag: string) => void tags.push(tag) }
        yield* Effect.provideService(investors.get(id), Request, observed)
        const ifMatch = { ...request, ifMatch: tags }
        const change = (phone: string) =>
          Effect.result(
            Effect.provideService(investors.amend(id, patch({ natural_person: { phone } })), Request, ifMatch)
          )
        assert.isTrue(Result.isSuccess(yield* change("3")))
        assert.strictEqual(codeOf(yield* change("4")), "precondition_failed")
      })
    )
  )
})
