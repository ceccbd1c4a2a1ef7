/**
 * The issuer's side can be read: platforms, issuers, products, where they are listed, campaigns. For the registrar and the issuer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Id } from "@effekten/domain"
import { AccessRecord, Registrar } from "@effekten/registrar"
import { Campaigns, Investments, Pages, Platforms, Products } from "@effekten/services"
import { Effect, Layer, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { delivered, offering, onboarded, signedAt } from "./fixture.ts"
import { as, codeOf } from "./parts.ts"

const nobody = "0198c0de-0000-7000-8000-000000000000"

const folder = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-offerings-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    ),
    (path) => Layer.orDie(Registrar.layerFolder({ folder: path }))
  )
)

for (const [place, register] of [
  ["in memory", Registrar.layerMemory()],
  ["in a folder", folder]
] as const) {
  describe(`the issuer's side, read ${place}`, () => {
    it.live("shows each object as it was made, with every term, and each list has it", () =>
      Effect.gen(function* () {
        const platforms = yield* Platforms
        const products = yield* Products
        const campaigns = yield* Campaigns
        const platform = yield* platforms.register({ name: "Erste Plattform" })
        const issuer = yield* products.registerIssuer()
        const terms = {
          issuerId: issuer.id,
          name: "Musteranleihe",
          productType: "BOND",
          ewpg: true,
          issueVolume: 1_000,
          stepSize: 10,
          cancellationDays: 14
        } as never
        const product = yield* products.register(terms)
        yield* products.list(product.id, platform.id)
        const campaign = yield* campaigns.open({
          productId: product.id,
          platformId: platform.id,
          allocation: 500 as never
        })

        assert.deepStrictEqual(yield* platforms.get(platform.id), platform)
        assert.deepStrictEqual((yield* platforms.list()).results, [platform])
        assert.deepStrictEqual(yield* products.getIssuer(issuer.id), issuer)
        assert.deepStrictEqual((yield* products.listIssuers()).results, [issuer])
        const { createdAt, ...shown } = yield* products.get(product.id)
        assert.match(createdAt, /^\d{4}-\d\d-\d\dT/)
        assert.deepStrictEqual(shown, {
          id: product.id,
          ...(terms as object),
          isin: null,
          nominalValue: null,
          issuancePrice: null,
          agioPercent: null,
          paymentDays: null,
          network: null
        } as never)
        assert.deepStrictEqual((yield* products.listAll()).results, [{ createdAt, ...shown }])
        const listing = { productId: product.id, platformId: platform.id }
        const [listed] = (yield* products.listings(product.id)).results
        assert.deepInclude(listed, { ...listing, listed: true })
        yield* products.delist(product.id, platform.id)
        assert.deepStrictEqual((yield* products.listings(product.id)).results, [{ ...listed!, listed: false }])
        const found = yield* campaigns.get(campaign.id)
        assert.deepInclude(found, { ...campaign, usedUnits: 0, closesAt: null, reviewRequired: false, open: true })
        assert.deepStrictEqual((yield* campaigns.list()).results, [found])
        yield* campaigns.close(campaign.id)
        assert.deepStrictEqual(yield* campaigns.get(campaign.id), { ...found, open: false })
      }).pipe(Effect.provide(register))
    )

    it.live("a campaign says what of it is taken, and what was cancelled is free again", () =>
      Effect.gen(function* () {
        const campaigns = yield* Campaigns
        const { campaign, platform } = yield* offering()
        yield* Effect.gen(function* () {
          const holder = yield* onboarded
          yield* delivered(campaign, holder, 10)
          const investments = yield* Investments
          const open = { campaignId: campaign, investorId: holder.investor, units: 7, signedAt }
          const { id } = yield* investments.create(open)
          assert.strictEqual((yield* campaigns.get(campaign)).usedUnits, 17)
          yield* investments.cancel(id, {})
        }).pipe(as(platform))
        assert.strictEqual((yield* campaigns.get(campaign)).usedUnits, 10)
        assert.strictEqual((yield* campaigns.list()).results[0]?.usedUnits, 10)
      }).pipe(Effect.provide(register))
    )

    it.live("what is not there is told by its code, and a reading opens nothing", () =>
      Effect.gen(function* () {
        const products = yield* Products
        const codes = [
          yield* Effect.result((yield* Platforms).get(Id.PlatformId.make(nobody))),
          yield* Effect.result(products.getIssuer(Id.IssuerId.make(nobody))),
          yield* Effect.result(products.get(Id.ProductId.make(nobody))),
          yield* Effect.result(products.listings(Id.ProductId.make(nobody))),
          yield* Effect.result((yield* Campaigns).get(Id.CampaignId.make(nobody)))
        ].map((each) => codeOf<unknown>(each))
        assert.deepStrictEqual(codes, [
          "platform_not_found",
          "issuer_not_found",
          "product_not_found",
          "product_not_found",
          "campaign_not_found"
        ])
        yield* products.registerIssuer()
        yield* products.listIssuers()
        assert.deepStrictEqual(yield* (yield* AccessRecord).page({}), [])
      }).pipe(Effect.provide(register))
    )

    it.live("lists are read page by page", () =>
      Effect.gen(function* () {
        const platforms = yield* Platforms
        const names = Array.from({ length: 7 }, (_, at) => `Plattform ${at}`)
        yield* Effect.forEach(names, (name) => platforms.register({ name }))
        const first = yield* platforms.list({ limit: 3 })
        assert.strictEqual(first.results.length, 3)
        const found = yield* Stream.runCollect(Pages.stream(platforms.list, { limit: 3 }))
        assert.deepStrictEqual(
          found.map(({ name }) => name),
          names
        )
      }).pipe(Effect.provide(register))
    )
  })
}
