/**
 * Documents that are signed after a subscription: added, listed, shown, and forgotten with the investor. For platforms.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Documents, Erasures, Investments, Platforms } from "@effekten/services"
import { Effect } from "effect"
import { offering, onboarded, signedAt } from "./fixture.ts"
import { as, codeOf } from "./parts.ts"

const upload = (name: string) =>
  Effect.flatMap(Documents, (documents) =>
    documents.upload({ fileName: name, mediaType: "application/pdf", content: new TextEncoder().encode(name) })
  )

const signed = Effect.gen(function* () {
  const { campaign, platform } = yield* offering()
  return yield* as(platform)(
    Effect.gen(function* () {
      const { investor } = yield* onboarded
      const form = yield* upload("form.pdf")
      const supplement = yield* upload("supplement.pdf")
      const investments = yield* Investments
      const signedDocuments = [{ documentId: form.id, category: "Vertrag", subject: "Zeichnungsschein" }]
      const { id } = yield* investments.create({
        campaignId: campaign,
        investorId: investor,
        units: 3,
        signedAt,
        signedDocuments
      })
      return { platform, investor, id, form: form.id, supplement: supplement.id }
    })
  )
})

describe("signed documents", () => {
  it.live("are added at any time, each once, and shown in the order they were signed", () =>
    Effect.gen(function* () {
      const { form, id, platform, supplement } = yield* signed
      yield* Effect.gen(function* () {
        const investments = yield* Investments
        const later = { documentId: supplement, category: "Vertrag", subject: "Nachtrag" }
        const first = { documentId: form, category: "Vertrag", subject: "Zeichnungsschein" }
        yield* investments.cancel(id, {})
        const added = yield* investments.addDocument(id, later, { key: "supplement" })
        assert.deepInclude(added, { id: supplement, ...later })
        assert.deepStrictEqual(yield* investments.addDocument(id, later, { key: "supplement" }), added)
        const { results } = yield* investments.listDocuments(id)
        assert.deepStrictEqual(results[1], added)
        assert.deepInclude(results[0], { id: form, ...first })
        assert.deepStrictEqual((yield* investments.get(id)).signedDocuments, [first, later])
        const again = yield* Effect.result(investments.addDocument(id, later))
        assert.strictEqual(codeOf(again), "document_already_attached")
        const nobody = "0198c0de-0000-7000-8000-000000000000" as Id.DocumentId
        const unknown = yield* Effect.result(investments.addDocument(id, { ...later, documentId: nobody }))
        assert.strictEqual(codeOf(unknown), "document_not_found")
      }).pipe(as(platform))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("of another platform's investment are none", () =>
    Effect.gen(function* () {
      const { id, supplement } = yield* signed
      const stranger = yield* (yield* Platforms).register({ name: "Zweite Plattform" })
      yield* Effect.gen(function* () {
        const investments = yield* Investments
        const added = yield* Effect.result(
          investments.addDocument(id, { documentId: supplement, category: "Vertrag", subject: "Nachtrag" })
        )
        assert.strictEqual(codeOf(added), "investment_not_found")
        assert.strictEqual(codeOf(yield* Effect.result(investments.listDocuments(id))), "investment_not_found")
      }).pipe(as(stranger.id))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("promise 9: say nothing any more once the investor is erased, and go with them", () =>
    Effect.gen(function* () {
      const { form, id, investor, platform, supplement } = yield* signed
      const documents = { documentId: supplement, category: "Vertrag", subject: "Nachtrag" }
      yield* as(platform)(
        Effect.gen(function* () {
          const investments = yield* Investments
          yield* investments.addDocument(id, documents)
          yield* investments.cancel(id, {})
        })
      )
      yield* (yield* Erasures).investor(investor, "request")
      yield* Effect.gen(function* () {
        const investments = yield* Investments
        const gone = [form, supplement].map((documentId) => ({ documentId, category: "erased", subject: "erased" }))
        const { results } = yield* investments.listDocuments(id)
        assert.deepStrictEqual(
          results.map(({ category, documentId, subject }) => ({ documentId, category, subject })) as unknown,
          gone
        )
        assert.deepStrictEqual((yield* investments.get(id)).signedDocuments as unknown, gone)
        assert.strictEqual(codeOf(yield* Effect.result(investments.addDocument(id, documents))), "investor_erased")
      }).pipe(as(platform))
    }).pipe(Effect.provide(Registrar.layerMemory({ policy: { retention: { seconds: 0 } } })))
  )
})
