/**
 * Every recorded instruction, decided again over the events before it, gives the same events. For a developer that changes a decision.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Commands, Id, Refusal } from "@effekten/domain"
import { DecisionReplay, type Projection } from "@effekten/projections"
import {
  Campaigns,
  Credits,
  Documents,
  Investments,
  Investors,
  IssuerInvestments,
  Policies,
  Products,
  Redemptions,
  Resolutions,
  Wallets
} from "@effekten/services"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import { identificationWith, offering, person, signedAt } from "./fixture.ts"
import {
  as,
  decidedAgain,
  instruction,
  instructionsOf,
  kept,
  open,
  openExecutor,
  scriptedLedger,
  wholeLog
} from "./parts.ts"

const pdf = { fileName: "a.pdf", mediaType: "application/pdf", content: new TextEncoder().encode("ASD") }

interface World {
  readonly offers: Array<{
    readonly platform: Id.PlatformId
    readonly product: Id.ProductId
    readonly campaign: Id.CampaignId
  }>
  readonly investors: Array<Id.InvestorId>
  readonly wallets: Array<{ readonly investorId: Id.InvestorId; readonly walletId: Id.WalletId }>
  readonly investments: Array<string>
  readonly redemptions: Array<string>
  readonly credits: Array<readonly [string, string]>
}

/** Calls that a client might make with what there is; most make sense, some do not. */
const call = Effect.fnUntraced(function* (
  world: World,
  [kind, a, b, units]: readonly [number, number, number, number]
) {
  const pick = <A>(from: ReadonlyArray<A>, n: number): A => from[n % Math.max(1, from.length)]!
  const offer = pick(world.offers, a)
  const run = <A, E, R>(effect: Effect.Effect<A, E, R>) => as(offer.platform)(effect)
  switch (kind) {
    case 0: {
      const made = yield* run(Effect.flatMap(Investors, (service) => service.create(person)))
      return void world.investors.push(made.id)
    }
    case 1:
      return yield* run(
        Effect.gen(function* () {
          const document = yield* (yield* Documents).upload(pdf)
          yield* (yield* Investors).identify(pick(world.investors, b), identificationWith(document.id))
        })
      )
    case 2: {
      const investorId = pick(world.investors, b)
      const wallet = yield* run(Effect.flatMap(Wallets, (service) => service.createManaged(investorId)))
      return void world.wallets.push({ investorId, walletId: wallet.id })
    }
    case 3: {
      const address = `0x${(1 + (units % 9)).toString().repeat(40)}` as never
      const investorId = pick(world.investors, b)
      const wallet = yield* run(Effect.flatMap(Wallets, (service) => service.createGeneric(investorId, { address })))
      return void world.wallets.push({ investorId, walletId: wallet.id })
    }
    case 4:
    case 5:
    case 6: {
      const wallet = pick(world.wallets, b)
      const input = {
        campaignId: offer.campaign,
        investorId: kind === 4 || wallet === undefined ? pick(world.investors, b) : wallet.investorId,
        units,
        signedAt,
        ...(kind >= 5 ? { acceptedAt: signedAt } : {}),
        ...(kind === 6 && wallet !== undefined ? { paidAt: signedAt, wallet: wallet.walletId } : {})
      }
      const made = yield* run(Effect.flatMap(Investments, (service) => service.create(input)))
      return void world.investments.push(made.id)
    }
    case 7: {
      const wallet = pick(world.wallets, a)
      const input = {
        ...(units % 2 === 0 ? { acceptedAt: signedAt } : {}),
        paidAt: signedAt,
        ...(wallet === undefined ? {} : { wallet: wallet.walletId })
      }
      return yield* run(
        Effect.flatMap(Investments, (service) => service.amend(pick(world.investments, b) as never, input))
      )
    }
    case 8:
      return yield* run(
        Effect.flatMap(Investments, (service) =>
          service.cancel(pick(world.investments, b) as never, units % 2 === 0 ? {} : { cancelledAt: signedAt })
        )
      )
    case 9:
    case 10: {
      const investment = pick(world.investments, b)
      const made = yield* run(Effect.flatMap(Credits, (service) => service.create(investment as never)))
      return void world.credits.push([investment, made.id])
    }
    case 11:
    case 12: {
      const input = { ...pick(world.wallets, b)!, productId: offer.product, units }
      const made = yield* run(Effect.flatMap(Redemptions, (service) => service.create(input)))
      return void world.redemptions.push(made.id)
    }
    case 13:
      return yield* Effect.flatMap(Resolutions, (service) =>
        service.redemption(pick(world.redemptions, b) as never, units % 2 === 0 ? "failed" : "succeeded")
      )
    case 14: {
      const [investment, credit] = pick(world.credits, b)!
      return yield* Effect.flatMap(Resolutions, (service) =>
        service.credit(investment as never, credit as never, units % 2 === 0 ? "failed" : "succeeded")
      )
    }
    case 15:
      return yield* Effect.flatMap(IssuerInvestments, (service) => service.reject(pick(world.investments, b) as never))
    case 16:
      return yield* units === 1
        ? Effect.flatMap(Campaigns, (service) => service.close(offer.campaign))
        : Effect.flatMap(Products, (service) =>
            units % 2 === 0
              ? service.delist(offer.product, offer.platform)
              : service.list(offer.product, offer.platform)
          )
    case 17:
      return yield* Effect.flatMap(Policies, (service) => service.set({ walletNeedsKyc: units % 3 !== 0 }))
    default:
      return
  }
})

const outline = (events: ReadonlyArray<{ readonly type: string; readonly data: unknown }>) =>
  events.map(({ type, data }) => ({ type, data: JSON.parse(JSON.stringify(data)) as unknown }))

/** Whether deciding an instruction again over what lay before it gives what was recorded. */
const checkAll = (log: ReadonlyArray<Projection.LoggedEvent>) => {
  for (const events of instructionsOf(log)) {
    const before = log.slice(0, events[0].position - 1)
    const { command, decided } = decidedAgain(before, events)
    const [first] = events
    if (first.type === "InstructionRejected") {
      assert.isTrue(Result.isFailure(decided), `${command.operation} was refused and is not`)
      const refusal = Result.isFailure(decided) ? decided.failure : undefined
      assert.isTrue(refusal !== undefined && Refusal.isRecorded(refusal.code))
      assert.deepStrictEqual([refusal!.code, refusal!.details], [first.data.code, first.data.details])
    } else {
      assert.isTrue(Result.isSuccess(decided), `${command.operation} was accepted and is not`)
      const again = Result.isSuccess(decided) ? decided.success : []
      if (first.type === "InstructionNoted") assert.deepStrictEqual(again, [])
      else assert.deepStrictEqual(outline(again), outline(events))
    }
  }
}

describe("promise 8: decisions can be replayed", () => {
  it("every instruction of a log that services wrote, alone and in groups, is recalled and decided again to the same events", async () => {
    const calls = fc.array(
      fc.tuple(fc.nat({ max: 17 }), fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.integer({ min: 1, max: 6 })),
      { minLength: 20, maxLength: 60, size: "max" }
    )
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(calls, fc.integer({ min: 1, max: 8 }), (calls, concurrency) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const outcomes = ["Succeeded", "Succeeded", "Failed", "Unknown"] as const
            let asked = calls.length
            const ledger = scriptedLedger({ submit: () => Effect.sync(() => ({ _tag: outcomes[asked++ % 4]! })) })
            const register = yield* open(yield* kept, { ledger: ledger.layer })
            yield* Effect.gen(function* () {
              const world: World = {
                offers: [],
                investors: [],
                wallets: [],
                investments: [],
                redemptions: [],
                credits: []
              }
              for (let n = 0; n < 2; n++) world.offers.push(yield* offering({ issueVolume: 40, allocation: 20 }))
              // So that there is something to begin with.
              const opening = [
                [0, 0, 0, 1],
                [1, 0, 0, 1],
                [2, 0, 0, 1],
                [6, 0, 0, 5],
                [9, 0, 0, 1],
                [11, 0, 0, 2],
                [11, 0, 0, 1],
                [6, 0, 0, 3],
                [9, 0, 1, 1],
                [0, 0, 0, 1],
                [4, 0, 1, 2],
                [1, 0, 1, 1]
              ] as const
              for (const choice of opening) yield* Effect.ignore(call(world, choice))
              yield* Effect.forEach(calls, (choice) => Effect.exit(call(world, choice)), { concurrency })
              const log = yield* wholeLog
              for (const { type, meta } of log) seen.add(type).add(meta.operation)
              checkAll(log)
              // The same in one pass, as an audit goes over a log.
              const replay = DecisionReplay.make()
              for (const event of log) replay.apply(event)
              replay.end()
              assert.deepStrictEqual([replay.deviations, replay.repeated], [[], []])
            }).pipe(Effect.provideContext(register))
          }).pipe(Effect.scoped)
        )
      ),
      { numRuns: 25 }
    )
    for (const type of [
      "InvestmentIdentified",
      "UnitsRedeemed",
      "CreditFailed",
      "RedemptionOutcomeUnknown",
      "InstructionNoted",
      "PolicySet"
    ]) {
      assert.isTrue(seen.has(type), `${type} did not occur: the calls are too tame`)
    }
  })

  it("a log in which a decision was altered is noticed", async () => {
    await Effect.runPromise(
      Effect.gen(function* () {
        const register = yield* open(yield* kept)
        const log = yield* Effect.provideContext(Effect.andThen(offering({ allocation: 7 }), wholeLog), register)
        checkAll(log)
        const forged = log.map((event) =>
          event.type === "CampaignOpened"
            ? { ...event, data: { ...event.data, allocation: 2_000_000 as never } }
            : event
        )
        assert.throws(() => checkAll(forged))
      }).pipe(Effect.scoped)
    )
  })
})

describe("promise 4: an instruction is recorded with the version of its answer", () => {
  it.live(
    "its operation's where it is carried out or changes nothing, that of a refusal's words where it is refused",
    () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const { platform, product } = yield* Effect.provideContext(
          offering({ issueVolume: 10, allocation: 4 }),
          yield* open(keep)
        )
        const executor = yield* openExecutor(keep)
        const recordedOf = (campaign: number, allocation: number, key: string) => {
          const campaignId = Id.CampaignId.make(`0198c0de-0000-7000-8000-00000000000${campaign}`)
          const command: Commands.Command = {
            operation: "OpenCampaign",
            input: {
              campaignId,
              productId: product,
              platformId: platform,
              allocation,
              opensAt: signedAt,
              reviewRequired: false
            }
          }
          return Effect.map(executor.execute(instruction(keep, command, { key, answer: 7 })), ({ events }) =>
            events.map(({ meta, type }) => [type, meta.answer])
          )
        }
        assert.deepStrictEqual(yield* recordedOf(1, 6, "first"), [["CampaignOpened", 7]])
        assert.deepStrictEqual(yield* recordedOf(1, 6, "again"), [["InstructionNoted", 7]])
        assert.deepStrictEqual(yield* recordedOf(2, 1, "too much"), [["InstructionRejected", Refusal.wordsVersion]])
      }).pipe(Effect.scoped)
  )
})
