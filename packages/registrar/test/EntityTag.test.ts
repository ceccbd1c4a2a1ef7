/**
 * A caller that names the entity tag it has seen changes nothing that it has not seen. For a developer that changes how objects are shown
 * or decided.
 */
import { assert, describe, it } from "@effect/vitest"
import { Log } from "@effekten/registrar"
import {
  type CommandOptions,
  Credits,
  Documents,
  Erasures,
  Investments,
  Investors,
  Redemptions,
  Request
} from "@effekten/services"
import { Effect, Result } from "effect"
import { offering, onboarded, signedAt } from "./fixture.ts"
import { as, codeOf, kept, type LogShape, open } from "./parts.ts"

/** What an effect answers, and the entity tag it tells. */
const tagged = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E, R>,
  ifMatch?: ReadonlyArray<string>
) =>
  Effect.suspend(() => {
    let tag: string | undefined
    let replayed: boolean | undefined
    const request: Request = {
      ifMatch,
      onEntityTag: (given) => (tag = given),
      onReceipt: (receipt) => (replayed = receipt.replayed)
    }
    return Effect.map(Effect.result(Effect.provideService(effect, Request, request)), (result) => ({
      result,
      code: codeOf(result),
      tag,
      replayed
    }))
  })

const get = (id: Parameters<Investments["Service"]["get"]>[0]) =>
  tagged(Effect.flatMap(Investments, (investments) => investments.get(id)))

const amend = (
  id: Parameters<Investments["Service"]["get"]>[0],
  member: "acceptedAt" | "paidAt",
  ifMatch?: ReadonlyArray<string>,
  options?: CommandOptions
) =>
  tagged(
    Effect.flatMap(Investments, (investments) => investments.amend(id, { [member]: signedAt }, options)),
    ifMatch
  )

const subscribed = Effect.gen(function* () {
  const sale = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    const signing = { campaignId: sale.campaign, investorId: holder.investor, units: 1, signedAt }
    const made = yield* tagged(Effect.flatMap(Investments, (investments) => investments.create(signing)))
    if (Result.isFailure(made.result)) return yield* Effect.die(made.result.failure)
    return { ...sale, ...holder, investment: made.result.success.id, tag: made.tag! }
  }).pipe(as(sale.platform))
})

describe("entity tags", () => {
  it.live(
    "a tag is the same as long as the object is, is told by every answer that shows it, and says nothing itself",
    () =>
      Effect.gen(function* () {
        const register = yield* open(yield* kept)
        yield* Effect.gen(function* () {
          const { investment, investor, platform, tag } = yield* subscribed
          const first = yield* as(platform)(get(investment))
          assert.strictEqual(first.tag, tag)
          assert.match(tag, /^[0-9a-f]{32}$/)
          const of = (id: typeof investor) => tagged(Effect.flatMap(Investors, (investors) => investors.get(id)))
          assert.notStrictEqual((yield* as(platform)(of(investor))).tag, tag)
          const other = yield* subscribed
          assert.strictEqual((yield* as(platform)(get(investment))).tag, tag)
          assert.notStrictEqual(other.tag, tag)
          const accepted = yield* as(platform)(amend(investment, "acceptedAt", undefined, { key: "accepted" }))
          assert.notStrictEqual(accepted.tag, tag)
          assert.strictEqual((yield* as(platform)(get(investment))).tag, accepted.tag)
          const paid = yield* as(platform)(amend(investment, "paidAt"))
          const again = yield* as(platform)(amend(investment, "acceptedAt", undefined, { key: "accepted" }))
          assert.deepStrictEqual(
            [again.replayed, again.tag],
            [true, accepted.tag],
            "a repeat tells the tag of its time"
          )
          assert.strictEqual((yield* as(platform)(get(investment))).tag, paid.tag)
        }).pipe(Effect.provideContext(register))
      }).pipe(Effect.scoped)
  )

  it.live("an old tag changes nothing, is not recorded, and leaves the key free", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const { investment, platform, tag } = yield* subscribed
        const log = yield* Log
        const change = (member: "acceptedAt" | "paidAt", tags: ReadonlyArray<string>, key: string) =>
          as(platform)(amend(investment, member, tags, { key }))
        const accepted = yield* change("acceptedAt", ["other", tag], "accept")
        assert.isUndefined(accepted.code)
        const head = yield* log.head
        for (const tags of [[tag], [], ["0".repeat(32)]]) {
          const { code, result } = yield* change("paidAt", tags, "pay")
          assert.strictEqual(code, "precondition_failed")
          assert.isTrue(
            Result.isFailure(result) && result.failure._tag === "Rejection" && result.failure.status === 412
          )
        }
        assert.strictEqual(yield* log.head, head)
        assert.isUndefined((yield* change("paidAt", [accepted.tag!], "pay")).code)
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )

  it.live("I-31 what is recorded under a key is answered again, whatever tag is named now", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const { investment, platform, tag } = yield* subscribed
        const change = (tags: ReadonlyArray<string> | undefined) =>
          as(platform)(amend(investment, "acceptedAt", tags, { key: "once" }))
        const first = yield* change([tag])
        for (const tags of [[tag], ["another"], undefined]) {
          const again = yield* change(tags)
          assert.deepStrictEqual([again.replayed, again.result, again.tag], [true, first.result, first.tag])
        }
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )

  it.live("of changes that name the same tag one is made: in one group, and by two writers over one log", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      // The moment in which another writer may come first.
      const wrap = (log: LogShape): LogShape => ({
        ...log,
        append: (events, condition) => Effect.andThen(Effect.yieldNow, log.append(events, condition))
      })
      const [one, two] = [yield* open(keep, { wrap }), yield* open(keep, { wrap })]
      for (const [left, right] of [
        [one, one],
        [one, two]
      ] as const) {
        for (let round = 0; round < 20; round++) {
          const { investment, platform, tag } = yield* Effect.provideContext(subscribed, left)
          const changes = yield* Effect.all(
            [
              Effect.provideContext(as(platform)(amend(investment, "acceptedAt", [tag])), left),
              Effect.provideContext(as(platform)(amend(investment, "paidAt", [tag])), right)
            ],
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(changes.map(({ code }) => code ?? "done").sort(), ["done", "precondition_failed"])
          const done = changes.find(({ code }) => code === undefined)!
          assert.strictEqual((yield* Effect.provideContext(as(platform)(get(investment)), right)).tag, done.tag)
        }
      }
    }).pipe(Effect.scoped)
  )

  it.live(
    "the tag that a reader sees is the one a decision compares: also once units were redeemed, and persons forgotten",
    () =>
      Effect.gen(function* () {
        // Nothing need be kept.
        const register = yield* open(yield* kept, { executor: { policy: { retention: { seconds: 0 } } } })
        yield* Effect.gen(function* () {
          const { campaign, platform, product } = yield* offering()
          const own = as(platform)
          const holder = yield* own(onboarded)
          const investment = yield* own(
            Effect.gen(function* () {
              const content = new TextEncoder().encode("signed")
              const contract = { fileName: "contract.pdf", mediaType: "application/pdf", content }
              const { id } = yield* (yield* Documents).upload(contract)
              const made = yield* (yield* Investments).create({
                campaignId: campaign,
                investorId: holder.investor,
                units: 9,
                signedAt,
                acceptedAt: signedAt,
                paidAt: signedAt,
                wallet: holder.wallet,
                signedDocuments: [{ documentId: id, category: "Vertrag", subject: "Frau B." }]
              })
              yield* (yield* Credits).create(made.id)
              return made.id
            })
          )
          const redeem = (units: number) =>
            Effect.flatMap(Redemptions, (redemptions) =>
              redemptions.create({ investorId: holder.investor, productId: product, walletId: holder.wallet, units })
            )
          const before = (yield* own(get(investment))).tag!
          yield* own(redeem(4))
          const partly = (yield* own(get(investment))).tag!
          assert.notStrictEqual(partly, before)
          assert.strictEqual((yield* own(amend(investment, "paidAt", [before]))).code, "precondition_failed")
          // What is paid already is paid: nothing changes, the tag neither.
          const same = yield* own(amend(investment, "paidAt", [partly]))
          assert.deepStrictEqual([same.code, same.tag], [undefined, partly])
          yield* own(redeem(5))
          const wholly = (yield* own(get(investment))).tag!
          yield* Effect.flatMap(Erasures, (erasures) => erasures.investor(holder.investor, "request"))
          const forgotten = (yield* own(get(investment))).tag!
          assert.lengthOf([...new Set([before, partly, wholly, forgotten])], 4)
          assert.isUndefined((yield* own(amend(investment, "paidAt", [forgotten]))).code)
        }).pipe(Effect.provideContext(register))
      }).pipe(Effect.scoped)
  )

  it.live("promise 10: of another platform's object a tag tells nothing, right or wrong", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const { investment, tag } = yield* subscribed
        const stranger = yield* subscribed
        for (const tags of [[tag], ["wrong"], undefined])
          assert.strictEqual(
            (yield* as(stranger.platform)(amend(investment, "paidAt", tags))).code,
            "investment_not_found"
          )
        assert.isUndefined((yield* as(stranger.platform)(get(investment))).tag)
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )

  it.live("what changes no object that is there takes no tag", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const { investment, platform, tag } = yield* subscribed
        const credit = Effect.flatMap(Credits, (credits) => credits.create(investment))
        assert.strictEqual((yield* as(platform)(tagged(credit, [tag]))).code, "precondition_failed")
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )
})
