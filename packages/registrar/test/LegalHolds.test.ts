/**
 * Legal holds as the registrar's staff use them. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, Policy, type Timestamp } from "@effekten/domain"
import { Disclosures, Erasures, Investors, LegalHolds } from "@effekten/services"
import { Effect, Result } from "effect"
import { offering, person } from "./fixture.ts"
import { as, codeOf, kept, open, wholeLog } from "./parts.ts"

const policy: Policy.Change = { retention: { seconds: 0 } }
const until = "2100-01-01T00:00:00+01:00" as Timestamp.Timestamp

describe("D-15 legal holds", () => {
  it.live("are placed once however often it is asked, stand in the way, and are released", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      const register = yield* open(parts, { executor: { policy } })
      yield* Effect.gen(function* () {
        const { platform } = yield* offering()
        const investor = yield* as(platform)(Effect.flatMap(Investors, (api) => api.create(person)))
        const holds = yield* LegalHolds
        const erase = Effect.flatMap(Erasures, (erasures) => erasures.investor(investor.id, "request"))
        const place = holds.place(investor.id, { basis: "authority_order" }, { key: "order-1" })
        const first = yield* place
        assert.deepStrictEqual(yield* place, first)
        assert.deepInclude(first, { investorId: investor.id, basis: "authority_order", until: null } as object)
        const timed = yield* holds.place(investor.id, { basis: "tax_assessment", until })
        assert.deepStrictEqual(yield* holds.standing(investor.id), [first, timed])

        const refused = yield* Effect.result(erase)
        assert.strictEqual(codeOf(refused), "legal_hold")
        yield* holds.release(investor.id, first.id)
        yield* holds.release(investor.id, first.id)
        const deferred = Result.getOrThrow(Result.flip(yield* Effect.result(erase)))
        assert.strictEqual(deferred._tag === "Rejection" ? deferred.details?.["until"] : "", until)

        // Another register over the same log has them; a platform does not see them.
        const other = yield* open(parts, { executor: { policy } })
        assert.deepStrictEqual(yield* Effect.provideContext(holds.standing(investor.id), other), [timed])
        const { entries } = yield* (yield* Disclosures).investor(investor.id)
        assert.deepStrictEqual(
          entries.map(({ type }) => type),
          ["InvestorRegistered"]
        )

        yield* holds.release(investor.id, timed.id)
        yield* erase
        assert.deepStrictEqual(yield* holds.standing(investor.id), [])
        assert.strictEqual(
          codeOf(yield* Effect.result(holds.place(investor.id, { basis: "legal_claims" }))),
          "investor_erased"
        )
        const events = (yield* wholeLog).filter(({ type }) => type.startsWith("LegalHold"))
        assert.lengthOf(events, 4)
        assert.isTrue(events.every(({ meta, personal }) => meta.actor === "registrar" && personal === undefined))
      }).pipe(Effect.provideContext(register))
    })
  )

  it.live("of nobody, that nobody placed, and with an end that is no instant or has passed: refused", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const { platform } = yield* offering()
        const { id } = yield* as(platform)(Effect.flatMap(Investors, (api) => api.create(person)))
        const holds = yield* LegalHolds
        const code = <A>(effect: Effect.Effect<A, { readonly _tag: string }>) =>
          Effect.map(Effect.result(effect), codeOf)
        const nobody = "nobody" as Id.InvestorId
        const basis = "legal_claims" as const
        assert.strictEqual(yield* code(holds.place(nobody, { basis })), "investor_not_found")
        assert.strictEqual(yield* code(holds.standing(nobody)), "investor_not_found")
        assert.strictEqual(yield* code(holds.release(id, "none" as Id.LegalHoldId)), "legal_hold_not_found")
        assert.strictEqual(
          yield* code(holds.place(id, { basis, until: "soon" as Timestamp.Timestamp })),
          "invalid_request"
        )
        const passed = "2020-01-01T00:00:00Z" as Timestamp.Timestamp
        assert.strictEqual(yield* code(holds.place(id, { basis, until: passed })), "legal_hold_over")
      }).pipe(Effect.provideContext(register))
    })
  )
})
