/** Promise 7: a state is the fold of the log at its position, by every way to it. For the author of a projection. */
import {
  Campaign,
  Document,
  type Events,
  Holding,
  Investment,
  InvestmentStatus,
  Investor,
  Policy,
  Redemption,
  RetentionPeriod,
  Transfer,
  Wallet
} from "@effekten/domain"
import { FoldOne, type Projection, Projections, Register, Replay, Views } from "@effekten/projections"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { appendTo, logOf, memoryStore, vault } from "./Logs.ts"
import { canary, choices, makeWorld, stateOver, type StoredEvent } from "./World.ts"

/**
 * The projections that read models keep, and the one that is folded only on request. What comes into being beside another object is not
 * folded alone.
 */
const everyProjection = [
  ...Projections.all.filter(({ brings }) => brings === undefined),
  Projections.holdings,
  Projections.registrarTasks
]

const viewsAt = (events: ReadonlyArray<StoredEvent>, to: number) => {
  const views = Views.make(everyProjection)
  for (const event of events.slice(0, to)) views.apply(event)
  return views
}

describe("folding", () => {
  it("promise 7: fold of one object = its row, at every position", async () => {
    await fc.assert(
      fc.asyncProperty(choices(120), fc.double({ min: 0, max: 1, noNaN: true }), async (all, part) => {
        const { events } = makeWorld(all)
        const log = logOf(events)
        for (const to of [Math.floor(events.length * part), events.length]) {
          const views = viewsAt(events, to)
          for (const projection of everyProjection)
            for (const [key, state] of views.all(projection))
              expect(await Effect.runPromise(FoldOne.fold(log, projection, key, { to }))).toStrictEqual(state)
        }
      }),
      { numRuns: 30 }
    )
  })

  it("promise 7: the same over the store in memory, whose events bear the tags of the catalogue", async () => {
    await fc.assert(
      fc.asyncProperty(choices(80), (all) =>
        Effect.gen(function* () {
          const world = makeWorld(all)
          const store = yield* memoryStore
          yield* appendTo(store, world)
          const views = yield* Replay.run(store, everyProjection)
          expect(views.position).toBe(world.events.length)
          for (const projection of everyProjection)
            for (const [key, state] of views.all(projection))
              expect(yield* FoldOne.fold(store, projection, key)).toStrictEqual(state)
        }).pipe(Effect.provide(vault), Effect.runPromise)
      ),
      { numRuns: 10 }
    )
  })

  it("promise 7: a state survives JSON and holds nothing personal", () => {
    fc.assert(
      fc.property(choices(150), (all) => {
        const views = viewsAt(makeWorld(all).events, Number.POSITIVE_INFINITY)
        for (const projection of everyProjection)
          for (const state of views.all(projection).values()) {
            const text = JSON.stringify(state)
            expect(JSON.parse(text)).toStrictEqual(state)
            expect(text).not.toContain(canary)
          }
      }),
      { numRuns: 50 }
    )
  })

  it("promise 7, D-15: the states say what the models say that decisions read", () => {
    fc.assert(
      fc.property(choices(150), fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
        const { events } = makeWorld(all)
        const prefix = events.slice(0, Math.ceil(events.length * part))
        const views = viewsAt(events, prefix.length)
        const model = stateOver(prefix)
        for (const state of views.all(Projections.investors).values()) {
          const { amendments, createdAt, personalAt } = state
          expect(state).toStrictEqual({ ...model(Investor.model(state.id)), amendments, createdAt, personalAt })
        }
        for (const state of views.all(Projections.wallets).values()) {
          expect(state).toStrictEqual({ ...model(Wallet.model(state.id)), createdAt: state.createdAt })
        }
        for (const state of views.all(Projections.documents).values()) {
          const { createdAt, personalAt } = state
          expect(state).toStrictEqual({ ...model(Document.model(state.id)), createdAt, personalAt })
        }
        for (const state of views.all(Projections.investments).values()) {
          const decided = model(Investment.model(state.id))!
          const { investorId, productId, units } = decided
          const campaignId = decided._tag === "Subscribed" ? decided.campaignId : null
          expect(state).toMatchObject({
            investorId,
            campaignId,
            productId,
            units,
            status: InvestmentStatus.of(decided)
          })
          expect([state.walletId, state.acceptedAt, state.paidAt, state.end]).toStrictEqual(
            [decided.walletId, decided.acceptedAt, decided.paidAt, decided.end].map((value) => value ?? null)
          )
          for (const credit of decided.credits)
            expect(views.get(Projections.credits, Projections.creditKey(state.id, credit.id))).toStrictEqual({
              ...credit,
              createdAt: expect.any(String)
            })
        }
        const cancelled = prefix.some(({ type }) => type === "InvestmentCancelledAfterDelivery")
        for (const state of views.all(Projections.retentions).values()) {
          const asked = RetentionPeriod.facts(state.investorId, model(Investor.model(state.investorId))!)
          let step = asked.next()
          while (!step.done) step = asked.next(model(step.value.model))
          const { lastAt, ...facts } = step.value
          const shown = Projections.retentionFactsOf(state)
          expect(shown).toStrictEqual({ ...facts, lastAt: shown.lastAt })
          if (cancelled) expect(shown.lastAt.micros).toBeLessThanOrEqual(lastAt.micros)
          else expect(shown.lastAt.micros).toBe(lastAt.micros)
          // An investor has no rank while more than time separates it from the erasure.
          const retention = RetentionPeriod.by(shown, Policy.defaults)
          expect(Projections.retentions.rank?.(state) !== undefined).toBe(retention._tag === "Until")
        }
        for (const state of views.all(Projections.campaigns).values())
          expect(state.usedUnits).toBe(model(Campaign.used(state.id)))
        for (const state of views.all(Projections.redemptions).values()) {
          const { requested: _requested, ...decided } = model(Redemption.model(state.id))!
          expect(state).toStrictEqual({ ...decided, createdAt: state.createdAt })
        }
        for (const state of views.all(Projections.transfers).values()) {
          const { requested: _requested, ...decided } = model(Transfer.model(state.id))!
          expect(state).toStrictEqual({ ...decided, createdAt: state.createdAt })
        }
        for (const state of views.all(Projections.holdings).values()) {
          const decided = model(Holding.model(state.productId, state.walletId))
          expect(state.lots).toStrictEqual(Holding.lotsOf(decided))
          expect(state.free).toBe(Holding.free(decided))
          expect(Object.keys(state.inFlight).sort()).toStrictEqual(decided.inFlight.map(({ task }) => task).sort())
          for (const lot of state.lots)
            expect(views.get(Projections.investments, lot.investmentId)?.remainingUnits).toBe(lot.remaining)
        }
      }),
      { numRuns: 60 }
    )
  })

  it("an investment shows its units until delivery, then its lot's, and none once ended before", () => {
    fc.assert(
      fc.property(choices(150), (all) => {
        const { events } = makeWorld(all)
        const views = viewsAt(events, events.length)
        for (const state of views.all(Projections.investments).values()) {
          const unitsIn = (lots: ReadonlyArray<Events.Part>) =>
            lots.filter((lot) => lot.investmentId === state.id).reduce((sum, lot) => sum + lot.units, 0)
          // What is taken of a lot whose credit is reversed goes back to the investment.
          const redeemed = events.reduce((sum, event) => {
            if (event.type === "UnitsRedeemed" || event.type === "UnitsTransferred")
              return sum + unitsIn(event.data.lots)
            if (event.type !== "RegisterChangeReversed" || event.data.change.kind === "credit") return sum
            return sum + unitsIn(event.data.taken) - unitsIn(event.data.returned)
          }, 0)
          const ended = state.end !== null && state.deliveredAt === null
          expect(state.remainingUnits).toBe(ended ? 0 : state.units - redeemed)
        }
      }),
      { numRuns: 50 }
    )
  })

  it("a campaign has the units of a reversed credit free again where the investment has ended, and only there", () => {
    const usedAfter = (projection: Projection.Projection<{ readonly usedUnits: number }>, releases: boolean) => {
      const entries: ReadonlyArray<readonly [string, object]> = [
        ["CampaignOpened", { campaignId: "c", productId: "p", platformId: "q", allocation: 20 }],
        ["InvestmentSigned", { campaignId: "c", units: 7 }],
        ["InvestmentSigned", { campaignId: "c", units: 5 }],
        ["RegisterChangeReversed", { change: { kind: "transfer", id: "t" }, units: 4 }],
        ["RegisterChangeReversed", { change: { kind: "credit", id: "i" }, campaignId: "c", units: 7, releases }]
      ]
      const events = entries.map(
        ([type, data], at) => ({ type, data, position: at + 1, meta: {} }) as unknown as StoredEvent
      )
      return events.reduce(
        (state: { readonly usedUnits: number } | undefined, event) =>
          projection.keys(event).includes("c") ? projection.evolve(state, event, "c") : state,
        undefined
      )?.usedUnits
    }
    for (const projection of [Projections.campaigns, Projections.offeredCampaigns])
      expect([usedAfter(projection, true), usedAfter(projection, false)]).toEqual([5, 12])
  })

  it("there is no object before its first event, and none of a key nobody has", async () => {
    const { events } = makeWorld([])
    const log = logOf(events)
    for (const projection of everyProjection) {
      expect(await Effect.runPromise(FoldOne.fold(log, projection, "nobody/nothing"))).toBeUndefined()
      expect(await Effect.runPromise(FoldOne.fold(log, projection, "nobody", { to: 0 }))).toBeUndefined()
    }
  })

  it("a replay ends where it was told to, tells how far it has come, and fails where the log does", async () => {
    const { events } = makeWorld([[20, 1, 1, 1, 1]])
    const told: Array<Replay.Progress> = []
    const onProgress = (progress: Replay.Progress) => Effect.sync(() => void told.push(progress))
    const register = Register.make()
    const to = await Effect.runPromise(Replay.into(logOf(events), [register], { to: 5, onProgress }))
    expect(to).toBe(5)
    expect(register.position).toBe(5)
    expect(told.at(-1)).toStrictEqual({ position: 5, to: 5 })
    const head = await Effect.runPromise(Replay.into(logOf(events), [], { to: 1e9 }))
    expect(head).toBe(events.length)
    const damaged = { ...logOf(events), head: Effect.fail("damaged" as never) }
    expect(Result.isFailure(await Effect.runPromise(Effect.result(Replay.run(damaged, []))))).toBe(true)
  })
})
