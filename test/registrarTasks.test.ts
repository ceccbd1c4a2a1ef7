/**
 * What the registrar takes from wallets, over each store: crypto securities redeemed, and units moved without their holder. For the
 * registrar, and for a developer of a platform, who sees what became of them.
 */
import type { Id, Units } from "@effekten/domain"
import { DecisionReplay, Register } from "@effekten/projections"
import { Log, Registrar } from "@effekten/registrar"
import {
  Disclosures,
  EventFeed,
  Freezes,
  Investments,
  Platforms,
  Redemptions,
  RegistrarTasks,
  RegistryStatements,
  Transfers,
  Wallets
} from "@effekten/services"
import { Effect, type Layer, Result, Schedule } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { registerIn, stores } from "./Stores.ts"

const units = (count: number) => count as Units.Units

const as = (platform: Id.PlatformId) => Effect.provide(Registrar.layer({ platform }))

/** Asks until it is so. */
const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.repeat(effect, { until: holds, schedule: Schedule.spaced("20 millis") })

const refusalOf = <A>(effect: Effect.Effect<A, { readonly code?: string } | object, any>) =>
  Effect.map(Effect.result(effect), (result) =>
    Result.isFailure(result) && "code" in result.failure ? result.failure.code : "done"
  )

/** A crypto security of which a holder has 20 units, and another holder on a platform that does not sell it. */
const held = Effect.gen(function* () {
  const sale = yield* offering({ ewpg: true })
  const holder = yield* onboarded.pipe(as(sale.platform))
  const investment = yield* delivered(sale.campaign, holder, 20).pipe(as(sale.platform))
  yield* until(
    Effect.flatMap(Investments, (investments) => investments.get(investment)).pipe(as(sale.platform)),
    ({ status }) => status === "DELIVERED"
  )
  const other = yield* (yield* Platforms).register({ name: "Zweite Plattform" })
  const heir = yield* onboarded.pipe(as(other.id))
  const { address } = yield* Effect.flatMap(Wallets, (wallets) => wallets.get(heir.investor, heir.wallet)).pipe(
    as(other.id)
  )
  return { ...sale, ...holder, investment, other: other.id, heir: { ...heir, address: address! } }
})

const feedOf = (platform: Id.PlatformId) =>
  Effect.map(
    Effect.flatMap(EventFeed, (feed) => feed.list({ limit: 100 })),
    ({ results }) => results.map(({ objectId, status, type }) => `${type} ${objectId} ${status}`)
  ).pipe(as(platform))

const statementsOf = (platform: Id.PlatformId, investment: Id.InvestmentId) =>
  Effect.gen(function* () {
    const statements = yield* RegistryStatements
    const { results } = yield* statements.list(investment)
    return yield* Effect.forEach(results, ({ id }) =>
      Effect.map(statements.get(investment, id), ({ content }) => {
        const { entry, statement } = JSON.parse(content ?? "")
        return `${statement.cause} ${statement.event} ${statement.basis} ${entry.remaining_units}`
      })
    )
  }).pipe(as(platform))

/** Promises 1 and 8: the books add up, and every instruction decided again is what was recorded. */
const audited = Effect.gen(function* () {
  const log = yield* (yield* Log).readAll("all")
  const books = Register.make()
  const replay = DecisionReplay.make()
  for (const event of log) {
    books.apply(event)
    replay.apply(event)
  }
  replay.end()
  expect([books.violations, books.checkConservation(), replay.deviations]).toEqual([[], [], []])
})

describe.each(stores)("what the registrar takes from wallets, over %s", (store) => {
  let place: Awaited<ReturnType<typeof registerIn>>
  beforeAll(async () => {
    place = await registerIn(store)
  })
  afterAll(() => place?.remove())
  const inRegister = <A, E>(work: Effect.Effect<A, E, Registrar.Register>): Promise<A> =>
    Effect.runPromise(Effect.provide(work, place.register as Layer.Layer<Registrar.Register>))

  it("promise 1, promise 8: the holder's platform sees a redemption that it could not ask for, and a statement tells of it", () =>
    inRegister(
      Effect.gen(function* () {
        const { investment, investor, platform, product, wallet } = yield* held
        const tasks = yield* RegistrarTasks
        const asked = { productId: product, units: units(12), basis: "statute", note: "fällig" } as const
        const own = { investorId: investor, productId: product, walletId: wallet, units: units(12) }
        const redemptions = Effect.flatMap(Redemptions, (redemptions) => redemptions.create(own)).pipe(as(platform))
        expect(yield* refusalOf(redemptions)).toBe("redemption_of_crypto_security")
        const made = yield* tasks.redeem(wallet, asked, { key: "due" })
        expect(yield* tasks.redeem(wallet, asked, { key: "due" })).toEqual(made)
        expect(made).toMatchObject({ kind: "redemption", walletId: wallet, units: 12, basis: "statute" })
        yield* until(tasks.get("redemption", made.id), ({ status }) => status === "succeeded")
        const { results } = yield* Effect.flatMap(Redemptions, (redemptions) => redemptions.list()).pipe(as(platform))
        expect(results).toMatchObject([{ id: made.id, investorId: investor, units: 12, status: "success" }])
        const shown = yield* Effect.flatMap(Investments, (investments) => investments.get(investment)).pipe(
          as(platform)
        )
        expect(shown).toMatchObject({ status: "DELIVERED", units: 20, remainingUnits: 8 })
        expect(yield* feedOf(platform)).toContain(`redemption.status_changed ${made.id} success`)
        const told = yield* until(statementsOf(platform, investment), ({ length }) => length === 2)
        expect(told).toEqual(["entry units_credited null 20", "change transferred_to_issuer_and_deleted statute 8"])
        const { entries } = yield* (yield* Disclosures).investor(investor)
        expect(entries.map(({ personal }) => personal)).toContainEqual({ note: "fällig" })
        expect(yield* refusalOf(tasks.redeem(wallet, { ...asked, units: units(9) }))).toBe("insufficient_units")
        yield* audited
      })
    ))

  it("promise 1, promise 10: units leave a frozen wallet for a holder elsewhere: each platform sees what it may", () =>
    inRegister(
      Effect.gen(function* () {
        const { heir, investment, other, platform, product, wallet } = yield* held
        yield* (yield* Freezes).wallet(wallet, { basis: "court" })
        const tasks = yield* RegistrarTasks
        const order = { productId: product, targetAddress: heir.address, units: units(7), basis: "court" } as const
        const made = yield* tasks.transfer(wallet, { ...order, reference: "00 AB 3/26" }, { key: "order" })
        expect(made).toMatchObject({ kind: "transfer", walletId: wallet, targetAddress: heir.address, units: 7 })
        yield* until(tasks.get("transfer", made.id), ({ status }) => status === "succeeded")
        const sent = yield* Effect.flatMap(Transfers, (transfers) => transfers.list()).pipe(as(platform))
        expect(sent.results).toMatchObject([{ id: made.id, sourceWallet: wallet, amount: 7, status: "succeeded" }])
        const here = yield* Effect.flatMap(Transfers, (transfers) => transfers.list()).pipe(as(other))
        expect(here.results).toEqual([])
        const [received] = (yield* Effect.flatMap(Investments, (investments) => investments.list()).pipe(as(other)))
          .results
        expect(received).toMatchObject({ status: "DELIVERED", units: 7, investorId: heir.investor })
        expect(yield* feedOf(platform)).toContain(`transfer.status_changed ${made.id} succeeded`)
        expect(yield* feedOf(other)).toContain(`investment.status_changed ${received!.id} DELIVERED`)
        expect((yield* feedOf(other)).filter((entry) => entry.startsWith("transfer"))).toEqual([])
        const told = yield* until(statementsOf(platform, investment), ({ length }) => length === 3)
        expect(told.at(-1)).toBe("change units_transferred court 13")
        expect(yield* until(statementsOf(other, received!.id), ({ length }) => length === 1)).toEqual([
          "entry units_transferred court 7"
        ])
        const unknown = tasks.get("transfer", "none" as Id.TransferId)
        expect(yield* refusalOf(unknown)).toBe("task_not_found")
        // What is frozen has to be released first.
        yield* (yield* Freezes).units(wallet, { productId: product, units: units(13), basis: "court" })
        expect(yield* refusalOf(tasks.transfer(wallet, order))).toBe("insufficient_units")
        yield* audited
      })
    ))
})
