/**
 * What a repeat shows of a person that was forgotten meanwhile, and what is kept of one. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Units } from "@effekten/domain"
import { Log } from "@effekten/registrar"
import { Documents, Investments, Investors } from "@effekten/services"
import { Effect } from "effect"
import { identificationWith, offering, onboarded, person, signedAt } from "./fixture.ts"
import { as, wholeLog } from "./parts.ts"
import { key, pdf, memory } from "./Keyed.ts"

it.live("promise 9: where no document is signed nothing personal is kept of a subscription; where one is, it is", () =>
  Effect.gen(function* () {
    const { platform, campaign } = yield* offering()
    yield* Effect.gen(function* () {
      const { investor: investorId, wallet } = yield* onboarded
      const investments = yield* Investments
      const document = yield* (yield* Documents).upload(pdf)
      const input = { campaignId: campaign, investorId, units: 1 as Units.Units, signedAt, wallet }
      yield* investments.create(input)
      yield* investments.create({ ...input, signedDocuments: [] })
      const signedDocuments = [{ documentId: document.id, category: "OTHER", subject: "Vertrag" }]
      yield* investments.create({ ...input, signedDocuments })
    }).pipe(as(platform))
    const signed = (yield* wholeLog).filter(({ type }) => type === "InvestmentSigned")
    assert.deepStrictEqual(
      signed.map(({ personal }) => personal !== undefined),
      [false, false, true]
    )
  }).pipe(memory)
)

describe("promise 9: forgotten is forgotten", () => {
  it.live(
    "after a subject was forgotten, reads, lists and repeated answers say erased, and everything else as before",
    () =>
      Effect.gen(function* () {
        const { platform, campaign } = yield* offering()
        yield* Effect.gen(function* () {
          const log = yield* Log
          const investors = yield* Investors
          const documents = yield* Documents
          const document = yield* documents.upload(pdf, { key })
          const investor = yield* investors.create(person, { key })
          const proof = identificationWith(document.id)
          const identification = yield* investors.identify(investor.id, proof, { key })
          const signing = {
            campaignId: campaign,
            investorId: investor.id,
            units: 1 as Units.Units,
            signedAt,
            signedDocuments: [{ documentId: document.id, category: "Vertrag" as never, subject: "Zeichnung" as never }]
          }
          const investments = yield* Investments
          const investment = yield* investments.create(signing, { key })
          yield* log.forget(`investor:${investor.id}`)

          const before = yield* log.head
          const readBack = yield* investors.get(investor.id)
          const forgotten = {
            ...investor,
            naturalPerson: "erased",
            bankAccount: "erased",
            taxInformation: "erased",
            communication: "erased"
          }
          assert.deepStrictEqual(yield* investors.create(person, { key }), forgotten as never)
          assert.deepStrictEqual({ ...readBack, kycStatus: investor.kycStatus }, forgotten as never)
          assert.deepStrictEqual((yield* investors.list()).results, [readBack])

          const proofGone = { ...identification }
          for (const name of [
            "documentType",
            "documentId",
            "documentIssuer",
            "documentValidFrom",
            "documentValidTo",
            "identityProvider",
            "legitimationProcessId"
          ] as const)
            Object.assign(proofGone, { [name]: "erased" })
          assert.deepStrictEqual(yield* investors.identify(investor.id, proof, { key }), proofGone)
          assert.deepStrictEqual(yield* investors.identification(investor.id, identification.id), proofGone)
          assert.deepStrictEqual((yield* investors.identifications(investor.id)).results, [proofGone])

          const unsigned = {
            ...investment,
            signedDocuments: [{ documentId: document.id, category: "erased", subject: "erased" }]
          }
          assert.deepStrictEqual(yield* investments.create(signing, { key }), unsigned as never)
          assert.deepStrictEqual(yield* investments.get(investment.id), unsigned as never)
          assert.deepStrictEqual((yield* investments.list()).results, [unsigned as never])
          assert.deepStrictEqual(yield* documents.get(document.id), document, "the document is another subject")
          assert.strictEqual(yield* log.head, before)

          yield* log.forget(`document:${document.id}`)
          const gone = { ...document, fileName: "erased", mediaType: "erased", sha256: "erased" }
          assert.deepStrictEqual(yield* documents.upload(pdf, { key }), gone)
          assert.deepStrictEqual((yield* documents.list()).results, [gone])
        }).pipe(as(platform))
      }).pipe(memory)
  )
})
