/**
 * Reversals as the registrar's staff use them: a wrong entry is undone at the ledger and in the register, and stays visible. For the
 * registrar.
 */
import { assert, describe, it } from "@effect/vitest"
import { Id, type Units } from "@effekten/domain"
import { Register } from "@effekten/projections"
import { Credits, Disclosures, Investments, Redemptions, Resolutions, Reversals } from "@effekten/services"
import { Effect } from "effect"
import { delivered, offering, onboarded } from "./fixture.ts"
import { as, codeOf, kept, open, until, wholeLog } from "./parts.ts"

const basis = "court" as const
const none = Id.InvestmentId.make("none")

describe("reversals", () => {
  it.live("promise 1: undo a redemption and a credit, and the same credit can be asked for again", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      const register = yield* open(parts)
      yield* Effect.gen(function* () {
        const { campaign, platform, product } = yield* offering()
        const holder = yield* as(platform)(onboarded)
        const investment = yield* as(platform)(delivered(campaign, holder, 20))
        const shown = as(platform)(Effect.flatMap(Investments, (investments) => investments.get(investment)))
        yield* until(shown, ({ status }) => status === "DELIVERED")
        const reversals = yield* Reversals
        const settled = (
          kind: "credit" | "redemption",
          id: Id.InvestmentId | Id.RedemptionId,
          reversal: Id.ReversalId
        ) => until(reversals.get(kind, id, reversal), ({ status }) => status === "succeeded")

        const redeemed = yield* as(platform)(
          Effect.flatMap(Redemptions, (redemptions) =>
            redemptions.create({
              investorId: holder.investor,
              productId: product,
              walletId: holder.wallet,
              units: 5 as Units.Units
            })
          )
        )
        yield* until(shown, ({ remainingUnits }) => remainingUnits === 15)
        const early = yield* Effect.result(reversals.request("credit", investment, { basis }))
        assert.strictEqual(codeOf(early), "units_moved_on")
        const noted = { basis, reference: "00 AB 2/26", note: "doppelt gebucht" }
        const first = yield* reversals.request("redemption", redeemed.id, noted, { key: "order-1" })
        const again = yield* reversals.request("redemption", redeemed.id, noted, { key: "order-1" })
        assert.deepStrictEqual(again, first)
        assert.deepInclude(first, { kind: "redemption", changeId: redeemed.id, units: 5, status: "processing" })
        yield* settled("redemption", redeemed.id, first.id)
        assert.strictEqual((yield* shown).remainingUnits, 20)

        // Another register over the log decides by the same events.
        const other = yield* open(parts)
        const second = yield* Effect.provideContext(
          Effect.flatMap(Reversals, (those) => those.request("credit", investment, { basis })),
          other
        )
        yield* settled("credit", investment, second.id)
        const reopened = yield* until(shown, ({ status }) => status === "PAID")
        assert.deepInclude(reopened, { remainingUnits: 20, deliveredAt: null })
        yield* as(platform)(Effect.flatMap(Credits, (credits) => credits.create(investment)))
        yield* until(shown, ({ status }) => status === "DELIVERED")

        const log = yield* wholeLog
        assert.deepStrictEqual(
          log.filter(({ type }) => type === "UnitsCredited" || type === "UnitsRedeemed").map(({ type }) => type),
          ["UnitsCredited", "UnitsRedeemed", "UnitsCredited"]
        )
        const books = Register.make()
        for (const event of log) books.apply(event)
        assert.deepInclude(books.totals(product), { issued: 20, redeemed: 0, held: 20 })
        assert.deepStrictEqual(books.violations, [])
        const told = log.filter(({ type }) => type === "ReversalRequested")
        assert.isTrue(told.every(({ meta }) => meta.actor === "registrar"))
        assert.notInclude(JSON.stringify(told.map(({ data }) => data)), "doppelt")
        const { entries } = yield* (yield* Disclosures).investor(holder.investor)
        assert.deepInclude(
          entries.map(({ personal }) => personal as unknown),
          { reference: "00 AB 2/26", note: "doppelt gebucht" }
        )
      }).pipe(Effect.provideContext(register))
    })
  )

  it.live("of no change, of a change without a reversal, and without a basis: refused", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const reversals = yield* Reversals
        const reversal = Id.ReversalId.make("none")
        assert.strictEqual(
          codeOf(yield* Effect.result(reversals.request("credit", none, { basis }))),
          "investment_not_found"
        )
        assert.strictEqual(
          codeOf(yield* Effect.result(reversals.request("transfer", none, { basis }))),
          "task_not_found"
        )
        assert.strictEqual(
          codeOf(yield* Effect.result(reversals.request("credit", none, {} as never))),
          "invalid_request"
        )
        assert.strictEqual(codeOf(yield* Effect.result(reversals.get("credit", none, reversal))), "task_not_found")
        const resolutions = yield* Resolutions
        assert.strictEqual(
          codeOf(yield* Effect.result(resolutions.reversal("redemption", none, reversal, "failed"))),
          "task_not_found"
        )
      }).pipe(Effect.provideContext(register))
    })
  )
})
