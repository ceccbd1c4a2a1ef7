/**
 * The issuer's side can be read: platforms, issuers, products, where they are listed, campaigns. For the registrar and the issuer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Id } from "@effekten/domain"
import { AccessRecord, Registrar } from "@effekten/registrar"
import {
  Campaigns,
  Credits,
  Investments,
  OfferedCampaigns,
  OfferedProducts,
  Pages,
  Platforms,
  Products,
  RegistrarInvestments
} from "@effekten/services"
import { Effect, Layer, Result, Stream } from "effect"
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
          lockedUntil: null,
          network: null,
          paused: false
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

    it.live("shows what was changed: terms, a pause, an allocation; and refuses what would break what is sold", () =>
      Effect.gen(function* () {
        const products = yield* Products
        const campaigns = yield* Campaigns
        const { campaign, platform, product } = yield* offering({ issueVolume: 100, allocation: 60 })
        const before = yield* products.get(product)
        yield* products.amend(product, { paymentDays: 14, cancellationDays: null, name: "Andere Anleihe" })
        yield* products.pause(product, "court")
        const amended = { ...before, name: "Andere Anleihe", paymentDays: 14, cancellationDays: null }
        assert.deepStrictEqual(yield* products.get(product), { ...amended, paused: true })
        assert.strictEqual(
          codeOf(yield* Effect.result(products.amend(product, { issueVolume: 59 as never }))),
          "issue_volume_below_allocations"
        )
        const holder = yield* as(platform)(onboarded)
        const sign = as(platform)(
          Effect.flatMap(Investments, (investments) =>
            investments.create({
              campaignId: campaign,
              investorId: holder.investor,
              units: 5,
              signedAt,
              acceptedAt: signedAt,
              paidAt: signedAt,
              wallet: holder.wallet
            })
          )
        )
        const { id } = yield* sign
        const credit = as(platform)(Effect.flatMap(Credits, (credits) => credits.create(id)))
        assert.strictEqual(codeOf(yield* Effect.result(credit)), "product_paused")
        yield* products.resume(product, "court")
        yield* credit
        assert.deepStrictEqual(yield* products.get(product), { ...amended, paused: false })
        assert.strictEqual(
          codeOf(yield* Effect.result(campaigns.resize(campaign, { allocation: 4 as never }))),
          "allocation_below_use"
        )
        yield* campaigns.resize(campaign, { allocation: 90 as never })
        assert.deepInclude(yield* campaigns.get(campaign), { allocation: 90, usedUnits: 5 })
        yield* campaigns.resize(campaign, { allocation: 5 as never })
        assert.strictEqual(codeOf(yield* Effect.result(sign)), "allocation_exhausted")
      }).pipe(Effect.provide(register))
    )

    it.live("an outside review is decided by the registrar, and a late cancellation entered", () =>
      Effect.gen(function* () {
        const { platform, product } = yield* offering({ allocation: 60 })
        const campaigns = yield* Campaigns
        const reviewed = yield* campaigns.open({
          productId: product,
          platformId: platform,
          allocation: 50 as never,
          reviewRequired: true
        })
        const registrar = yield* RegistrarInvestments
        const holder = yield* as(platform)(onboarded)
        const sign = as(platform)(
          Effect.flatMap(Investments, (investments) =>
            investments.create({
              campaignId: reviewed.id,
              investorId: holder.investor,
              units: 5,
              signedAt,
              acceptedAt: signedAt
            })
          )
        )
        const statusOf = (id: Id.InvestmentId) =>
          as(platform)(Effect.flatMap(Investments, ({ get }) => Effect.map(get(id), ({ status }) => status)))
        const first = yield* sign
        const second = yield* sign
        assert.strictEqual(first.status, "REVIEW_PENDING")
        yield* registrar.review(first.id, "passed")
        yield* registrar.review(second.id, "refused")
        assert.deepStrictEqual([yield* statusOf(first.id), yield* statusOf(second.id)], ["ACCEPTED", "REJECTION"])
        assert.strictEqual(
          codeOf(yield* Effect.result(registrar.review(first.id, "passed"))),
          "outside_review_not_open"
        )
        assert.strictEqual(codeOf(yield* Effect.result(registrar.cancel(first.id, {}))), "cancellation_period_over")
        yield* registrar.cancel(first.id, { late: true })
        assert.strictEqual(yield* statusOf(first.id), "CANCELLATION")
      }).pipe(Effect.provide(register))
    )

    it.live("a platform reads what it may sell: terms as they stand, and nothing of another platform", () =>
      Effect.gen(function* () {
        const products = yield* Products
        const { campaign, platform, product } = yield* offering({ allocation: 60 })
        const stranger = yield* (yield* Platforms).register({ name: "Zweite Plattform" })
        const { issuerId } = yield* products.get(product)
        const terms = { issuerId, name: "Andere", productType: "BOND", ewpg: false, issueVolume: 100, stepSize: 1 }
        const other = yield* products.register(terms as never)
        yield* products.list(other.id, stranger.id)
        const seen = Effect.gen(function* () {
          const sold = yield* OfferedProducts
          const campaigns = yield* OfferedCampaigns
          return {
            products: (yield* sold.list()).results,
            campaigns: (yield* campaigns.list()).results,
            one: yield* Effect.result(sold.get(product)),
            offer: yield* Effect.result(campaigns.get(campaign))
          }
        })
        const own = yield* as(platform)(seen)
        assert.deepStrictEqual([own.products.length, own.campaigns.length], [1, 1])
        assert.deepInclude(own.products[0], { id: product, listed: true, paused: false, cancellationDays: 14 })
        assert.deepInclude(own.campaigns[0], { id: campaign, productId: product, allocation: 60, freeUnits: 60 })
        assert.deepStrictEqual(own.one, Result.succeed(own.products[0]!))
        assert.deepStrictEqual(own.offer, Result.succeed(own.campaigns[0]!))

        yield* products.amend(product, { name: "Umbenannt", cancellationDays: null })
        yield* products.pause(product, "court")
        yield* products.delist(product, platform)
        yield* (yield* Campaigns).resize(campaign, { allocation: 50 as never })
        const later = yield* as(platform)(seen)
        const changed = { name: "Umbenannt", cancellationDays: null, paused: true, listed: false }
        assert.deepStrictEqual(later.products, [{ ...own.products[0]!, ...changed }])
        assert.deepStrictEqual(later.one, Result.succeed(later.products[0]!))
        assert.deepInclude(later.campaigns[0], { allocation: 50, freeUnits: 50 })

        const strange = yield* as(stranger.id)(seen)
        assert.deepStrictEqual(
          strange.products.map(({ id }) => id),
          [other.id]
        )
        assert.deepStrictEqual(strange.campaigns, [])
        assert.strictEqual(codeOf(strange.one), "product_not_found")
        assert.strictEqual(codeOf(strange.offer), "campaign_not_found")
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

    it.live("what is not there is told by its code, and a reading opens only what it shows of issuers", () =>
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
        const openings = yield* (yield* AccessRecord).page({})
        assert.deepStrictEqual(
          openings.map(({ class: opened, purpose }) => [opened, purpose]),
          [["IssuerRegistered", "ListIssuers"]]
        )
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
