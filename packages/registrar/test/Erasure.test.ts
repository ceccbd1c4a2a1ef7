/**
 * Forgetting, from the event on, and what is told before and after. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, Tag } from "@effekten/domain"
import { Vault } from "@effekten/event-store"
import { FoldOne, Projections, Register, Replay, Views } from "@effekten/projections"
import { Log } from "@effekten/registrar"
import { type Api, Disclosures, Documents, Investors, Redemptions } from "@effekten/services"
import { Context, Effect, Fiber, Result } from "effect"
import { delivered, identificationWith, offering, onboarded, person } from "./fixture.ts"
import {
  as,
  codeOf,
  decidedAgain,
  gate,
  instructionsOf,
  kept,
  looking,
  open,
  until,
  type Wrap,
  wholeLog
} from "./parts.ts"
import { executor, history, erase, assertForgotten, run } from "./ErasureHistory.ts"

describe("promise 9: an erased investor", () => {
  it.live("D-09, I-04 is shown as erased by every read and every repeated answer, and everything else stays", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          yield* erase(made.leaving)
          yield* as(made.platform)(assertForgotten(made))
          yield* erase(made.leaving)
          yield* erase(made.leaving, "once-more")
          // The investor that stays still has the shared document.
          yield* erase(made.staying, "the-other")
          const shared = yield* as(made.platform)(
            Effect.flatMap(Documents, (documents) => documents.get(made.shared.id))
          )
          assert.strictEqual(shared.fileName, "erased")
        }).pipe(Effect.provideContext(register))
      })
    )
  )

  it.live("is shown as erased from the event on, although the keys are not destroyed yet", () =>
    run(
      Effect.gen(function* () {
        const held = gate()
        const wrap: Wrap = (log) => ({ ...log, forget: (subject) => Effect.andThen(held.pass, log.forget(subject)) })
        const parts = yield* kept
        const register = yield* open(parts, { executor, wrap })
        yield* Effect.gen(function* () {
          const made = yield* history
          const erasing = yield* Effect.forkChild(erase(made.leaving))
          yield* held.reached
          assert.isFalse(yield* Context.get(parts.context, Vault.Vault).isForgotten(Tag.investor(made.leaving)))
          yield* as(made.platform)(assertForgotten(made))
          const { entries, erased } = yield* (yield* Disclosures).investor(made.leaving)
          assert.isTrue(erased)
          const told = entries.filter(({ personal }) => personal !== "erased").map(({ subject }) => subject)
          assert.deepStrictEqual(told, [Tag.document(made.shared.id)])
          yield* held.open
          yield* Fiber.join(erasing)
          assert.isTrue(yield* Context.get(parts.context, Vault.Vault).isForgotten(Tag.investor(made.leaving)))
        }).pipe(Effect.provideContext(register))
      })
    )
  )

  it.live("D-14 takes nothing new, and D-11 another process over the same log forgets it too", () =>
    run(
      Effect.gen(function* () {
        const parts = yield* kept
        const forgotten: Array<string> = []
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            Effect.andThen(
              Effect.sync(() => forgotten.push(subject)),
              log.forget(subject)
            )
        })
        const other = yield* open(parts, { executor, wrap })
        const register = yield* open(parts, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          yield* erase(made.leaving)
          const all = [Tag.investor(made.leaving), Tag.document(made.protocol.id), Tag.document(made.contract.id)]
          yield* until(
            Effect.sync(() => forgotten),
            (subjects) => subjects.length >= all.length
          )
          assert.deepStrictEqual([...new Set(forgotten)], all)
          const again = Effect.flatMap(Investors, (api) =>
            api.identify(made.leaving, identificationWith(made.shared.id))
          )
          assert.strictEqual(codeOf(yield* Effect.result(as(made.platform)(again))), "investor_erased")
          const elsewhere = yield* Effect.result(Effect.provideContext(as(made.platform)(again), other))
          assert.strictEqual(codeOf(elsewhere), "investor_erased")
        }).pipe(Effect.provideContext(register))
      })
    )
  )

  it.live("with units, or in retention, is refused, with the date", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept)
        yield* Effect.gen(function* () {
          const { platform, campaign, product } = yield* offering()
          const holder = yield* as(platform)(onboarded)
          yield* as(platform)(delivered(campaign, holder, 10))
          const refused = (step: string) => Effect.map(Effect.result(erase(holder.investor, step)), codeOf)
          assert.strictEqual(yield* refused("1"), "investor_holds_units")
          const redeem = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 10 }
          yield* as(platform)(Effect.flatMap(Redemptions, (api) => api.create(redeem)))
          const result = yield* Effect.result(erase(holder.investor, "2"))
          assert.isTrue(Result.isFailure(result) && result.failure._tag === "Rejection")
          const failure = Result.getOrThrow(Result.flip(result))
          assert.strictEqual(codeOf(result), "retention_running")
          const year = new Date().getUTCFullYear()
          const until = failure._tag === "Rejection" ? String(failure.details?.until) : ""
          assert.match(until, new RegExp(`^(${year + 6}|${year + 7})-01-01T00:00:00\\+01:00$`))
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})

describe("D-20, promise 7: with every subject erased", () => {
  it.live("the log reads, folds and is decided again as before, but for what is erased", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          const holder = yield* as(made.platform)(onboarded)
          yield* as(made.platform)(delivered(made.campaign, holder, 10))
          const redeem = { investorId: holder.investor, productId: made.product, walletId: holder.wallet, units: 10 }
          yield* as(made.platform)(Effect.flatMap(Redemptions, (api) => api.create(redeem)))
          const log = yield* Log
          const before = yield* log.head
          const totals = Effect.gen(function* () {
            const folded = Register.make()
            const views = Views.make(Projections.all)
            yield* Replay.into(log, [folded, views], { to: before })
            assert.deepStrictEqual(folded.checkConservation(), [])
            return [
              folded.totals(made.product),
              [...views.all(Projections.investments)],
              [...views.all(Projections.investors)]
            ]
          })
          const then = yield* totals
          for (const id of [made.leaving, made.staying, holder.investor]) yield* erase(id, id)
          assert.deepStrictEqual(yield* totals, then)
          const whole = yield* wholeLog
          const erased = whole.filter((event) => event.type === "InvestorErased")
          assert.strictEqual(erased.length, 3)
          for (const event of whole) {
            const [part] = yield* log.reveal(looking, [event.position])
            const isIssuer = event.personal?.subject.startsWith("issuer:") === true
            assert.strictEqual(part?._tag, event.personal === undefined ? "None" : isIssuer ? "Present" : "Erased")
          }
          // Promise 8: no decision needs what was forgotten.
          for (const events of instructionsOf(whole)) {
            const { decided } = decidedAgain(whole.slice(0, events[0].position - 1), events)
            const made = Result.isSuccess(decided) ? decided.success.map(({ type, data }) => ({ type, data })) : []
            const kept = events.filter(({ type }) => type !== "InstructionNoted")
            if (!events.some(({ type }) => type === "InvestorErased"))
              assert.deepStrictEqual(
                made as unknown,
                kept.map(({ type, data }) => ({ type, data }))
              )
          }
          const state = yield* FoldOne.fold(log, Projections.investors, made.leaving)
          assert.isTrue(state?.erased)
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})

describe("D-16: a disclosure", () => {
  it.live("tells every personal field that was sent, and no other person's", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          const disclosures = yield* Disclosures
          const { entries, erased } = yield* disclosures.investor(made.leaving)
          assert.isFalse(erased)
          const personOf = (of: Api.CreateInvestor) => {
            const { isBeneficiary: _, ...personal } = of
            return personal
          }
          const { legitimationProtocolId: _protocol, verifiedAt: _at, ...proof } = identificationWith(made.protocol.id)
          const documentOf = ({ fileName, mediaType, sha256 }: typeof made.protocol) => ({
            fileName,
            mediaType,
            digest: sha256
          })
          const signed = made.ended.signedDocuments
          const expected = [
            [Tag.investor(made.leaving), "InvestorRegistered", personOf(person)],
            [Tag.document(made.protocol.id), "DocumentUploaded", documentOf(made.protocol)],
            [Tag.document(made.contract.id), "DocumentUploaded", documentOf(made.contract)],
            [Tag.document(made.shared.id), "DocumentUploaded", documentOf(made.shared)],
            [Tag.investor(made.leaving), "IdentificationRecorded", proof],
            [Tag.investor(made.leaving), "InvestmentSigned", { signedDocuments: signed }]
          ]
          const found = entries.map(({ subject, type, personal }) => [subject, type, personal])
          assert.deepStrictEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)))
          yield* erase(made.leaving)
          const after = yield* disclosures.investor(made.leaving)
          assert.isTrue(after.erased)
          const shown = after.entries.filter(({ personal }) => personal !== "erased").map(({ subject }) => subject)
          assert.deepStrictEqual(shown, [Tag.document(made.shared.id)])
          const unknown = yield* Effect.result(disclosures.investor("nobody" as Id.InvestorId))
          assert.strictEqual(codeOf(unknown), "investor_not_found")
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})
