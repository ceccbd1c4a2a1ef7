/**
 * Terms of a product, deposited as documents with versions. For a reader that asks which terms stood when, and whether they are still there.
 */
import { assert, describe, it } from "@effect/vitest"
import { Id, type Units } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Documents, Erasures, Pages, TermsDeposits } from "@effekten/services"
import { Effect, Layer, Stream } from "effect"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { offering } from "./fixture.ts"
import { as, codeOf } from "./parts.ts"

const folder = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-terms-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    ),
    (path) => Layer.orDie(Registrar.layerFolder({ folder: path }))
  )
)

const file = (text: string) => ({
  fileName: "terms.txt",
  mediaType: "text/plain",
  content: new TextEncoder().encode(text)
})

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

const nobody = Id.ProductId.make("0198c0de-0000-7000-8000-000000000000")

const read = (product: Id.ProductId, version: number) =>
  Effect.gen(function* () {
    const content = yield* (yield* TermsDeposits).content(product, version as Units.Units)
    return Buffer.concat(yield* Stream.runCollect(content)).toString()
  })

for (const [place, register] of [
  ["in memory", Registrar.layerMemory()],
  ["in a folder", folder]
] as const) {
  describe(`deposited terms, ${place}`, () => {
    it.live("are read as they were deposited, each version under the digest that the log has", () =>
      Effect.gen(function* () {
        const terms = yield* TermsDeposits
        const { product } = yield* offering()
        assert.deepStrictEqual((yield* terms.list(product)).results, [])
        const texts = ["Zins: 4 %", "Zins: 5 %", "Zins: 5 %"]
        const deposited = yield* Effect.forEach(texts, (text) => terms.deposit(product, file(text)))
        assert.deepStrictEqual(
          deposited.map(({ productId, sha256, version }) => ({ productId, sha256, version })),
          texts.map((text, at) => ({ productId: product, sha256: sha256(text), version: at + 1 }))
        )
        const listed = yield* Stream.runCollect(Pages.stream((page) => terms.list(product, page), { limit: 2 }))
        assert.deepStrictEqual(listed, deposited)
        for (const [at, text] of texts.entries()) assert.strictEqual(yield* read(product, at + 1), text)
      }).pipe(Effect.provide(register))
    )

    it.live("promise 4: are deposited once under a key, and another content is refused there", () =>
      Effect.gen(function* () {
        const terms = yield* TermsDeposits
        const { product } = yield* offering()
        const first = yield* terms.deposit(product, file("Zins: 4 %"), { key: "terms" })
        assert.deepStrictEqual(yield* terms.deposit(product, file("Zins: 4 %"), { key: "terms" }), first)
        assert.deepStrictEqual((yield* terms.list(product)).results, [first])
        const other = yield* Effect.result(terms.deposit(product, file("Zins: 5 %"), { key: "terms" }))
        assert.strictEqual(codeOf(other), "idempotency_key_reused")
        assert.strictEqual(yield* read(product, 1), "Zins: 4 %")
      }).pipe(Effect.provide(register))
    )

    it.live("belong to no platform, and are erased by nobody", () =>
      Effect.gen(function* () {
        const terms = yield* TermsDeposits
        const { platform, product } = yield* offering()
        const { documentId } = yield* terms.deposit(product, file("Zins: 4 %"))
        const erased = yield* Effect.result((yield* Erasures).document(documentId))
        assert.strictEqual(codeOf(erased), "terms_deposited")
        assert.strictEqual(yield* read(product, 1), "Zins: 4 %")
        const shown = yield* as(platform)(
          Effect.flatMap(Documents, (documents) => Effect.result(documents.get(documentId)))
        )
        assert.strictEqual(codeOf(shown), "document_not_found")
      }).pipe(Effect.provide(register))
    )

    it.live("are asked of a product that is there, in a version that is there", () =>
      Effect.gen(function* () {
        const terms = yield* TermsDeposits
        const { product } = yield* offering()
        const codes = [
          yield* Effect.result(terms.deposit(nobody, file("Zins: 4 %"))),
          yield* Effect.result(terms.list(nobody)),
          yield* Effect.result(terms.content(product, 1 as Units.Units))
        ].map((each) => codeOf<unknown>(each))
        assert.deepStrictEqual(codes, ["product_not_found", "product_not_found", "document_not_found"])
      }).pipe(Effect.provide(register))
    )
  })
}
