/**
 * A platform learns nothing of another platform's objects from the services. For a developer that adds an operation.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, Tag } from "@effekten/domain"
import { AccessRecord, Registrar } from "@effekten/registrar"
import {
  Credits,
  Documents,
  Investments,
  Investors,
  Platforms,
  Products,
  Campaigns,
  Redemptions,
  Wallets
} from "@effekten/services"
import { Effect, Result } from "effect"
import { delivered, identificationWith, offering, onboarded, person, signedAt } from "./fixture.ts"
import { as, codeOf, wholeLog } from "./parts.ts"

const pdf = { fileName: "a.pdf", mediaType: "application/pdf", content: new TextEncoder().encode("ASD") }

/** Everything platform A has, and platform B, which sells the same product. */
const neighbours = Effect.gen(function* () {
  const { platform, product, campaign } = yield* offering({ issueVolume: 1_000, allocation: 500 })
  const other = (yield* (yield* Platforms).register({ name: "Zweite Plattform" })).id
  yield* (yield* Products).list(product, other)
  const otherCampaign = (yield* (yield* Campaigns).open({ productId: product, platformId: other, allocation: 500 })).id
  const own = yield* Effect.gen(function* () {
    const holder = yield* onboarded
    const investment = yield* delivered(campaign, holder, 10)
    const [credit] = (yield* (yield* Credits).list(investment)).results
    const redemptions = yield* Redemptions
    const input = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 3 }
    const redemption = yield* redemptions.create(input)
    const [document] = (yield* (yield* Documents).list()).results
    const [identification] = (yield* (yield* Investors).identifications(holder.investor)).results
    const open = yield* (yield* Investments).create({
      campaignId: campaign,
      investorId: holder.investor,
      units: 1,
      signedAt
    })
    return {
      ...holder,
      investment,
      open: open.id,
      credit: credit!.id,
      redemption: redemption.id,
      document: document!.id,
      identification: identification!.id
    }
  }).pipe(as(platform))
  return { platform, other, product, campaign, otherCampaign, own }
})

describe("promise 10: platforms are strangers to each other", () => {
  it.live("every method given another platform's object answers as if there were none, opens and records nothing", () =>
    Effect.gen(function* () {
      const { other, product, campaign, otherCampaign, own } = yield* neighbours
      yield* Effect.gen(function* () {
        const me = yield* onboarded
        const investors = yield* Investors
        const wallets = yield* Wallets
        const documents = yield* Documents
        const investments = yield* Investments
        const credits = yield* Credits
        const redemptions = yield* Redemptions
        const mine = { investorId: me.investor, campaignId: otherCampaign, units: 1, signedAt }
        const redeeming = { investorId: me.investor, productId: product, walletId: me.wallet, units: 1 }
        const before = (yield* wholeLog).length
        const { page } = yield* AccessRecord
        const opened = yield* page({})
        assert.isAbove(opened.length, 0, "what was shown before was recorded")
        const myInvestment = "0198c0de-0000-7000-8000-000000000000" as never
        const tries: ReadonlyArray<readonly [string, Effect.Effect<unknown, { readonly _tag: string }>]> = [
          ["investor_not_found", investors.get(own.investor)],
          ["investor_not_found", investors.identify(own.investor, identificationWith(own.document))],
          ["investor_not_found", investors.identification(own.investor, own.identification)],
          ["investor_not_found", investors.identification(me.investor, own.identification)],
          ["investor_not_found", investors.identifications(own.investor)],
          ["investor_not_found", wallets.createManaged(own.investor)],
          ["investor_not_found", wallets.createGeneric(own.investor, { address: `0x${"9".repeat(40)}` as never })],
          ["investor_not_found", wallets.get(own.investor, own.wallet)],
          ["wallet_not_found", wallets.get(me.investor, own.wallet)],
          ["investor_not_found", wallets.list(own.investor)],
          ["document_not_found", documents.get(own.document)],
          ["investor_not_found", investments.create({ ...mine, investorId: own.investor })],
          ["campaign_not_found", investments.create({ ...mine, campaignId: campaign })],
          ["wallet_not_found", investments.create({ ...mine, wallet: own.wallet })],
          ["investment_not_found", investments.get(own.investment)],
          ["investment_not_found", investments.amend(own.open, { acceptedAt: signedAt })],
          ["investment_not_found", investments.cancel(own.open, {})],
          ["investment_not_found", credits.create(own.investment)],
          ["investment_not_found", credits.get(own.investment, own.credit)],
          ["investment_not_found", credits.get(myInvestment, own.credit)],
          ["investment_not_found", credits.list(own.investment)],
          ["investor_not_found", redemptions.create({ ...redeeming, investorId: own.investor, walletId: own.wallet })],
          ["wallet_not_found", redemptions.create({ ...redeeming, walletId: own.wallet })],
          ["task_not_found", redemptions.get(own.redemption)]
        ]
        for (const [code, attempt] of tries) {
          const result = yield* Effect.result(attempt)
          assert.isTrue(Result.isFailure(result) && result.failure._tag === "NotFound", code)
          assert.strictEqual(codeOf(result), code)
          const nobodys = JSON.stringify(result)
          for (const id of Object.values(own)) assert.notInclude(nobodys, id)
        }
        const signedDocuments = [{ documentId: own.document, category: "x" as never, subject: "y" as never }]
        for (const attempt of [
          investors.identify(me.investor, identificationWith(own.document)),
          investments.create({ ...mine, signedDocuments })
        ]) {
          const result = yield* Effect.result(attempt as Effect.Effect<unknown, { readonly _tag: string }>)
          assert.strictEqual(codeOf(result), "document_not_found")
          assert.isTrue(Result.isFailure(result) && result.failure._tag === "Rejection")
        }
        assert.lengthOf(yield* wholeLog, before)
        // The platform's own investor is opened for the comparison with an identification; nobody else's.
        const since = (yield* page({})).slice(opened.length)
        assert.deepStrictEqual(
          since.map(({ purpose, subject }) => [purpose, subject]),
          [["RecordIdentification", Tag.investor(me.investor)]]
        )
      }).pipe(as(other))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("an object is found under its own path only, also within one platform", () =>
    Effect.gen(function* () {
      const { platform, campaign, own } = yield* neighbours
      yield* Effect.gen(function* () {
        const second = yield* onboarded
        const investment = yield* delivered(campaign, second, 1)
        const results = [
          yield* Effect.result((yield* Wallets).get(second.investor, own.wallet)),
          yield* Effect.result((yield* Credits).get(investment, own.credit)),
          yield* Effect.result((yield* Investors).identification(second.investor, own.identification))
        ] as ReadonlyArray<Result.Result<unknown, { readonly _tag: string }>>
        assert.deepStrictEqual(results.map(codeOf), ["wallet_not_found", "task_not_found", "investor_not_found"])
      }).pipe(as(platform))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("a stranger's object answers exactly as one that never was", () =>
    Effect.gen(function* () {
      const { other, own } = yield* neighbours
      yield* Effect.gen(function* () {
        const nobody = "0198c0de-0000-7000-8000-000000000000" as never
        const investments = yield* Investments
        const pairs = [
          [(yield* Investors).get(own.investor), (yield* Investors).get(nobody)],
          [(yield* Documents).get(own.document), (yield* Documents).get(nobody)],
          [investments.cancel(own.open, {}), investments.cancel(nobody, {})],
          [(yield* Redemptions).get(own.redemption), (yield* Redemptions).get(nobody)]
        ] as ReadonlyArray<ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>>>
        for (const [there, nowhere] of pairs) {
          assert.deepStrictEqual(yield* Effect.result(there!), yield* Effect.result(nowhere!))
        }
      }).pipe(as(other))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("lists hold a platform's own, whatever the other has, and a cursor leads nowhere else", () =>
    Effect.gen(function* () {
      const { platform, other, otherCampaign } = yield* neighbours
      const mine = yield* Effect.gen(function* () {
        const holder = yield* onboarded
        yield* delivered(otherCampaign, holder, 4)
        yield* (yield* Investors).create(person)
        return holder
      }).pipe(as(other))
      const lists = Effect.gen(function* () {
        const all = yield* Effect.all([
          (yield* Investors).list(),
          (yield* Documents).list(),
          (yield* Investments).list(),
          (yield* Redemptions).list()
        ] as ReadonlyArray<
          Effect.Effect<{ readonly count: number; readonly results: ReadonlyArray<{ readonly id: string }> }, unknown>
        >)
        return all.map(({ count, results }) => ({ count, ids: results.map(({ id }) => id) }))
      })
      const ours = yield* as(platform)(lists)
      const theirs = yield* as(other)(lists)
      assert.deepStrictEqual(
        ours.map(({ count }) => count),
        [1, 1, 2, 1]
      )
      assert.deepStrictEqual(
        theirs.map(({ count }) => count),
        [2, 1, 1, 0]
      )
      const ids = new Set(ours.flatMap(({ ids }) => ids))
      for (const id of theirs.flatMap(({ ids }) => ids)) assert.isFalse(ids.has(id))
      const next = (yield* as(other)(Effect.flatMap(Investors, (service) => service.list({ limit: 1 })))).next!
      const page = yield* as(platform)(Effect.flatMap(Investors, (service) => service.list({ cursor: next })))
      assert.isFalse(JSON.stringify(page).includes(mine.investor))
      assert.lengthOf(page.results, 0)
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("an address that a stranger has is taken, and nothing says by whom; the platform's own wallet is named", () =>
    Effect.gen(function* () {
      const { platform, other, own } = yield* neighbours
      const address = `0x${"7".repeat(40)}` as never
      const create = (investor: typeof own.investor) =>
        Effect.flatMap(Wallets, (wallets) => wallets.createGeneric(investor, { address }))
      const wallet = yield* as(platform)(create(own.investor))
      const refused = yield* as(other)(Effect.flatMap(onboarded, ({ investor }) => Effect.result(create(investor))))
      assert.strictEqual(codeOf(refused), "address_taken")
      assert.notInclude(JSON.stringify(refused), wallet.id)
      assert.isTrue(
        Result.isFailure(refused) && refused.failure._tag === "Rejection" && refused.failure.details === undefined
      )
      const again = yield* as(platform)(Effect.result(create(own.investor)))
      assert.include(JSON.stringify(again), wallet.id)
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("a key of one platform is free at the other", () =>
    Effect.gen(function* () {
      const { platform, other } = yield* neighbours
      const upload = Effect.flatMap(Documents, (documents) => documents.upload(pdf, { key: "key" }))
      const ids: ReadonlyArray<Id.DocumentId> = [(yield* as(platform)(upload)).id, (yield* as(other)(upload)).id]
      assert.notStrictEqual(ids[0], ids[1])
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )
})
