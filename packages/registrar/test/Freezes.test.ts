/**
 * Freezes as the registrar's staff use them: on a legal basis, with a reference that is forgotten with the investor. For the registrar.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id, Units } from "@effekten/domain"
import { Disclosures, Freezes, Investments, Redemptions } from "@effekten/services"
import { Effect, Result } from "effect"
import { delivered, offering, onboarded } from "./fixture.ts"
import { as, codeOf, kept, open, until, wholeLog } from "./parts.ts"

const basis = "court" as const
const noted = { basis, reference: "00 AB 1/26", note: "Beschluss" }

describe("freezes", () => {
  it.live("stand in the way of redemptions until they are released, here and in another register over the log", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      const register = yield* open(parts)
      yield* Effect.gen(function* () {
        const { campaign, platform, product } = yield* offering()
        const holder = yield* as(platform)(onboarded)
        const { investor, wallet } = holder
        const investment = yield* as(platform)(delivered(campaign, holder, 20))
        const shown = as(platform)(Effect.flatMap(Investments, (investments) => investments.get(investment)))
        yield* until(shown, ({ status }) => status === "DELIVERED")
        const redeem = (units: number) =>
          Effect.result(
            as(platform)(
              Effect.flatMap(Redemptions, (redemptions) =>
                redemptions.create({
                  investorId: investor,
                  productId: product,
                  walletId: wallet,
                  units: units as Units.Units
                })
              )
            )
          )
        const other = yield* open(parts)
        const freezes = yield* Freezes
        yield* freezes.wallet(wallet, noted, { key: "order-1" })
        yield* freezes.wallet(wallet, noted, { key: "order-1" })
        assert.strictEqual(codeOf(yield* redeem(1)), "wallet_frozen")
        assert.strictEqual(codeOf(yield* Effect.provideContext(redeem(1), other)), "wallet_frozen")
        yield* freezes.releaseWallet(wallet, { basis })

        const of = (units: number) => ({ productId: product, units: units as Units.Units, basis })
        yield* freezes.units(wallet, { ...of(15), note: "Pfändung" })
        assert.strictEqual(codeOf(yield* redeem(6)), "insufficient_units")
        assert.strictEqual(codeOf(yield* Effect.result(freezes.units(wallet, of(6)))), "insufficient_units")
        assert.strictEqual(
          codeOf(yield* Effect.result(freezes.releaseUnits(wallet, of(16)))),
          "insufficient_frozen_units"
        )
        yield* freezes.releaseUnits(wallet, of(15))
        assert.isTrue(Result.isSuccess(yield* redeem(6)))

        const events = (yield* wholeLog).filter(({ type }) => type.endsWith("rozen"))
        assert.deepStrictEqual(
          events.map(({ type }) => type),
          ["WalletFrozen", "WalletUnfrozen", "UnitsFrozen", "UnitsUnfrozen"]
        )
        // What a person typed stands in no body, and is disclosed to the investor.
        assert.notInclude(JSON.stringify(events.map(({ data }) => data)), "Beschluss")
        assert.isTrue(events.every(({ meta }) => meta.actor === "registrar"))
        const { entries } = yield* (yield* Disclosures).investor(investor)
        assert.deepStrictEqual(
          entries.filter(({ type }) => type.endsWith("rozen")).map(({ personal, type }) => [type, personal]),
          [
            ["WalletFrozen", { reference: "00 AB 1/26", note: "Beschluss" }],
            ["UnitsFrozen", { note: "Pfändung" }]
          ] as never
        )
      }).pipe(Effect.provideContext(register))
    })
  )

  it.live("of no wallet, or without a basis: refused", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const freezes = yield* Freezes
        const none = "none" as Id.WalletId
        assert.strictEqual(codeOf(yield* Effect.result(freezes.wallet(none, { basis }))), "wallet_not_found")
        assert.strictEqual(codeOf(yield* Effect.result(freezes.releaseWallet(none, { basis }))), "wallet_not_found")
        assert.strictEqual(codeOf(yield* Effect.result(freezes.wallet(none, {} as never))), "invalid_request")
      }).pipe(Effect.provideContext(register))
    })
  )
})
