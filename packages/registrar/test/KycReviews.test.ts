/**
 * Reviews of investors as the registrar's compliance staff use them. For a reader that asks whether anybody stays in review forever.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id } from "@effekten/domain"
import { Api, Disclosures, Documents, Erasures, Investments, Investors, KycReviews } from "@effekten/services"
import { Effect, Schema } from "effect"
import { identificationWith, offering, person, signedAt } from "./fixture.ts"
import { as, codeOf, kept, open, wholeLog } from "./parts.ts"

const exposed = Schema.decodeUnknownSync(Api.CreateInvestor)({
  ...Schema.encodeSync(Api.CreateInvestor)(person),
  natural_person: { ...Schema.encodeSync(Api.CreateInvestor)(person).natural_person, is_pep: true }
})

const identified = Effect.gen(function* () {
  const investors = yield* Investors
  const { id } = yield* investors.create(exposed)
  const content = new TextEncoder().encode("ASD")
  const protocol = yield* (yield* Documents).upload({ fileName: "p.pdf", mediaType: "application/pdf", content })
  yield* investors.identify(id, identificationWith(protocol.id))
  return id
})

const statusOf = (id: Id.InvestorId) =>
  Effect.map(
    Effect.flatMap(Investors, (investors) => investors.get(id)),
    ({ kycStatus }) => kycStatus
  )

describe("reviews of investors", () => {
  it.live("are listed until a person decides; what waits for the identification follows", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      const register = yield* open(parts, { executor: { policy: { retention: { seconds: 0 } } } })
      yield* Effect.gen(function* () {
        const { campaign, platform } = yield* offering()
        const reviews = yield* KycReviews
        assert.deepStrictEqual(yield* reviews.open(), [])
        const first = yield* as(platform)(identified)
        const second = yield* as(platform)(identified)
        const sign = (investorId: Id.InvestorId) =>
          as(platform)(
            Effect.flatMap(Investments, (investments) =>
              investments.create({ campaignId: campaign, investorId, units: 3, signedAt })
            )
          )
        const waiting = [yield* sign(first), yield* sign(second)]
        const listed = yield* reviews.open()
        assert.deepStrictEqual(
          listed.map(({ investorId, openReasons, platformId }) => [investorId, platformId, openReasons]),
          [
            [first, platform, ["pep"]],
            [second, platform, ["pep"]]
          ]
        )
        assert.deepStrictEqual(yield* reviews.open(listed[0]), [listed[1]!])

        const approve = reviews.decide(
          first,
          { reason: "management_agreed", note: "Der Vorstand stimmt zu." },
          { key: "1" }
        )
        yield* approve
        yield* approve
        yield* reviews.decide(second, { reason: "proof_insufficient" })
        assert.deepStrictEqual(yield* reviews.open(), [])
        assert.strictEqual(
          codeOf(yield* Effect.result(reviews.decide(first, { reason: "nothing_found" }))),
          "review_not_open"
        )

        const shown = yield* as(platform)(
          Effect.gen(function* () {
            const investments = yield* Investments
            return [
              yield* statusOf(first),
              yield* statusOf(second),
              ...(yield* Effect.forEach(waiting, ({ id }) => investments.get(id))).map(({ status }) => status)
            ]
          })
        )
        assert.deepStrictEqual(shown, ["SUCCESS", "INSUFFICIENT", "WAITING_FOR_ACCEPTANCE", "KYC_INSUFFICIENT"])
        const decisions = (yield* wholeLog).filter(({ type }) => type === "KycDecided")
        assert.lengthOf(decisions, 2)
        assert.isTrue(decisions.every(({ meta }) => meta.actor === "registrar" && meta.platform === undefined))
      }).pipe(Effect.provideContext(register))
    })
  )

  it.live("promise 9: the note of a decision is disclosed to the person, and forgotten with them", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      const register = yield* open(parts, { executor: { policy: { retention: { seconds: 0 } } } })
      yield* Effect.gen(function* () {
        const { platform } = yield* offering()
        const id = yield* as(platform)(identified)
        yield* (yield* KycReviews).decide(id, { reason: "data_contradict", note: "Zwei Geburtstage." })
        const disclosures = yield* Disclosures
        const noted = Effect.map(disclosures.investor(id), ({ entries }) =>
          entries.filter(({ type }) => type === "KycDecided").map(({ personal }) => personal)
        )
        assert.deepStrictEqual(yield* noted, [{ note: "Zwei Geburtstage." }])
        yield* (yield* Erasures).investor(id, "request")
        assert.deepStrictEqual(yield* noted, ["erased"])
        assert.notInclude(JSON.stringify(yield* wholeLog), "Geburtstage")
      }).pipe(Effect.provideContext(register))
    })
  )
})
