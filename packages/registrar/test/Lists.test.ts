/**
 * Lists page through everything a platform has, and through nothing else. For a developer that adds a list.
 */
import { assert, describe, it } from "@effect/vitest"
import { Registrar } from "@effekten/registrar"
import {
  Credits,
  Documents,
  EventFeed,
  Investments,
  Investors,
  type SeenPage,
  type PageOptions,
  Redemptions,
  Wallets
} from "@effekten/services"
import { Effect, Result } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { delivered, identificationWith, offering, onboarded, person, signedAt } from "./fixture.ts"
import { as } from "./parts.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-lists-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

type List = (page?: PageOptions) => Effect.Effect<SeenPage<{ readonly id: string }>, { readonly _tag: string }>

/** Five of everything that can be listed, and how. */
const world = Effect.gen(function* () {
  const { product, campaign, platform } = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    const investors = yield* Investors
    const wallets = yield* Wallets
    const documents = yield* Documents
    const investments = yield* Investments
    const credits = yield* Credits
    const redemptions = yield* Redemptions
    const id = yield* delivered(campaign, holder, 10)
    const input = { campaignId: campaign, investorId: holder.investor, units: 1, signedAt }
    for (let n = 1; n < 5; n++) {
      yield* investors.create(person)
      const content = new TextEncoder().encode(String(n))
      const document = yield* documents.upload({ fileName: `${n}.pdf`, mediaType: "application/pdf", content })
      yield* investors.identify(holder.investor, identificationWith(document.id))
      yield* wallets.createGeneric(holder.investor, { address: `0x${String(n).repeat(40)}` as never })
      yield* investments.create(input)
    }
    const redeeming = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 1 }
    for (let n = 0; n < 5; n++) yield* redemptions.create(redeeming)
    const lists: ReadonlyArray<readonly [name: string, count: number, list: List]> = [
      ["investors", 5, investors.list],
      ["identifications", 5, (page) => investors.identifications(holder.investor, page)],
      ["wallets", 5, (page) => wallets.list(holder.investor, page)],
      ["documents", 5, documents.list],
      ["investments", 5, investments.list],
      ["credits", 1, (page) => credits.list(id, page)],
      ["redemptions", 5, redemptions.list],
      ["events", 18, (yield* EventFeed).list]
    ]
    return lists
  }).pipe(as(platform))
})

const forward = Effect.fnUntraced(function* (list: List, limit: number) {
  const pages: Array<SeenPage<{ readonly id: string }>> = [yield* list({ limit })]
  for (let cursor = pages[0]!.next; cursor !== undefined; cursor = pages[pages.length - 1]!.next) {
    pages.push(yield* list({ limit, cursor }))
  }
  return pages
})

const check = Effect.gen(function* () {
  for (const [name, count, list] of yield* world) {
    const whole = yield* list()
    assert.strictEqual(whole.count, count, name)
    assert.isUndefined(whole.next)
    assert.isUndefined(whole.previous)
    for (const limit of [1, 2, 3, 5, 500]) {
      const pages = yield* forward(list, limit)
      assert.lengthOf(pages, Math.ceil(count / limit))
      assert.deepStrictEqual(
        pages.flatMap(({ results }) => results),
        [...whole.results],
        `${name} in pages of ${limit}`
      )
      assert.isTrue(pages.every((page) => page.count === count))
      const last = pages[pages.length - 1]!
      if (pages.length > 1) {
        const back = yield* list({ limit, cursor: last.previous })
        assert.deepStrictEqual(back.results, pages[pages.length - 2]!.results)
      }
    }
    for (const page of [
      { limit: 0 },
      { limit: 501 },
      { limit: 1.5 },
      { limit: Number.NaN },
      { cursor: "" },
      { cursor: "nonsense" }
    ]) {
      const result = yield* Effect.result(list(page))
      assert.isTrue(Result.isFailure(result))
      const failure: object = Result.isFailure(result) ? result.failure : {}
      const pointer = "limit" in page ? "/limit" : "/cursor"
      assert.deepInclude(JSON.parse(JSON.stringify(failure)), {
        _tag: "Rejection",
        code: "invalid_request",
        status: 400
      })
      assert.include(JSON.stringify(failure), `"pointer":"${pointer}"`)
    }
  }
})

describe("lists", () => {
  it.live("come in pages, oldest first, forward and back, and refuse pages that cannot be: in memory", () =>
    check.pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("and in a folder", () =>
    Effect.scoped(
      Effect.flatMap(temporaryFolder, (folder) => check.pipe(Effect.provide(Registrar.layerFolder({ folder }))))
    )
  )

  it.live("a cursor of one list is none of another", () =>
    Effect.gen(function* () {
      const lists = yield* world
      const next = (yield* lists[0]![2]({ limit: 1 })).next!
      for (const [name, , list] of lists.slice(1)) {
        assert.isTrue(Result.isFailure(yield* Effect.result(list({ cursor: next }))), name)
      }
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("a list shows what was answered before it was asked for", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        for (let n = 1; n <= 20; n++) {
          const { id } = yield* investors.create(person)
          const { count, results } = yield* investors.list()
          assert.deepStrictEqual([count, results[results.length - 1]!.id], [n, id])
        }
      }).pipe(as(platform))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )
})
