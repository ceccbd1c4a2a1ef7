/**
 * The clock that ends subscriptions which are not paid in time: over virtual weeks, over faults, and where several nodes have one register.
 * For platforms and issuers.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, Timestamp } from "@effekten/domain"
import { EventStoreError } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { Lease } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Clock, Effect, Exit, Scope, Semaphore } from "effect"
import { TestClock } from "effect/testing"
import { offering, onboarded } from "./fixture.ts"
import { ahead, as, kept, open, turn, until, type Wrap, wholeLog } from "./parts.ts"

const start = Date.UTC(2026, 1, 3, 4, 5, 6)
const begun = TestClock.setTime(start)
const nowText = Effect.map(Clock.currentTimeMillis, (millis) => Timestamp.instantOfMicros(millis * 1000).text)

/** So many subscriptions that are accepted now, and how to pay one of them. */
const accepted = Effect.fnUntraced(function* (many: number, paymentDays?: number) {
  const { campaign, platform } = yield* offering(paymentDays === undefined ? {} : { paymentDays })
  const ids = yield* as(platform)(
    Effect.gen(function* () {
      const { investor } = yield* onboarded
      const { create } = yield* Investments
      const at = yield* nowText
      const input = { campaignId: campaign, investorId: investor, units: 1, signedAt: at, acceptedAt: at }
      return yield* Effect.forEach(Array.from({ length: many }), () => Effect.map(create(input), ({ id }) => id))
    })
  )
  const pay = (id: Id.InvestmentId) =>
    as(platform)(
      Effect.gen(function* () {
        return yield* (yield* Investments).amend(id, { paidAt: yield* nowText })
      })
    )
  const statusOf = (id: Id.InvestmentId) =>
    as(platform)(Effect.flatMap(Investments, ({ get }) => Effect.map(get(id), ({ status }) => status)))
  return { ids, pay, statusOf }
})

const pass = (hours: number) =>
  Effect.gen(function* () {
    for (let left = hours; left > 0; left--) {
      yield* TestClock.adjust(Math.min(left, 1) * 3_600_000)
      // What waits for a promise goes on as well.
      yield* turn
    }
  })

const byTheClock = Effect.map(wholeLog, (log) => log.filter(({ meta }) => meta.actor === "clock"))
const endedIn = (events: ReadonlyArray<Projection.LoggedEvent>) =>
  events.flatMap((event) => (event.type === "InvestmentEnded" ? [event.data.investmentId] : []))

/** The lease of two nodes in one process. */
const leaseOf = Effect.map(Semaphore.make(1), (one) => ({
  shared: true,
  whileHeld: <A, X, R>(lease: string, work: Effect.Effect<A, X, R>) =>
    lease === "payment-deadlines" ? one.withPermit(work) : work
}))

describe("the clock that ends unpaid subscriptions", () => {
  it.effect("ends each at its instant, none before, and none that was paid", () =>
    Effect.gen(function* () {
      yield* begun
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const { ids, pay, statusOf } = yield* accepted(3, 14)
        yield* pass(13 * 24)
        yield* pay(ids[0]!)
        yield* pass(23)
        assert.deepStrictEqual(yield* byTheClock, [])
        yield* pass(1.01)
        const events = yield* until(byTheClock, ({ length }) => length >= 2)
        assert.sameMembers([...endedIn(events)], ids.slice(1))
        for (const { data, meta } of events) {
          assert.deepInclude(data, { status: "PAYMENT_MISSING", late: false })
          const late = Date.parse(meta.receivedAt) - (start + 14 * 86_400_000)
          assert.isTrue(late >= 0 && late < 60_000, `${late} ms late`)
        }
        assert.deepStrictEqual(yield* Effect.forEach(ids, statusOf), ["PAID", "PAYMENT_MISSING", "PAYMENT_MISSING"])
        yield* pass(48)
        assert.lengthOf(yield* byTheClock, 2)
      }).pipe(Effect.provideContext(register))
    })
  )

  it.effect("ends none whose terms have no deadline, and none where it is told not to", () =>
    Effect.gen(function* () {
      yield* begun
      const register = yield* open(yield* kept)
      const silent = yield* open(yield* kept, { executor: { enforcePaymentDeadlines: false } })
      yield* Effect.provideContext(accepted(2), register)
      yield* Effect.provideContext(accepted(2, 1), silent)
      yield* pass(20 * 24)
      for (const each of [register, silent]) assert.deepStrictEqual(yield* Effect.provideContext(byTheClock, each), [])
    })
  )

  it.effect("takes as many rounds as it needs, and no more within an hour than its maximum", () =>
    Effect.gen(function* () {
      yield* begun
      const register = yield* open(yield* kept, { executor: { maximumUnpaidPerTurn: 150 } })
      yield* Effect.gen(function* () {
        const { ids } = yield* accepted(200, 1)
        yield* pass(25)
        const first = yield* until(byTheClock, ({ length }) => length >= 150)
        assert.lengthOf(first, 150)
        yield* pass(2)
        const events = yield* until(byTheClock, ({ length }) => length >= 200)
        assert.sameMembers([...endedIn(events)], ids)
      }).pipe(Effect.provideContext(register))
    })
  )

  it.effect("ends once where two nodes share a register, and goes on when one of them is gone", () =>
    Effect.gen(function* () {
      yield* begun
      const parts = yield* kept
      const node = Effect.provideService(open(parts), Lease, yield* leaseOf)
      const scope = yield* Scope.fork(yield* Effect.scope)
      const first = yield* Scope.provide(node, scope)
      const second = yield* node
      const before = yield* Effect.provideContext(accepted(5, 2), first)
      yield* pass(49)
      assert.sameMembers([...endedIn(yield* Effect.provideContext(byTheClock, second))], before.ids)
      const after = yield* Effect.provideContext(accepted(5, 2), second)
      yield* Scope.close(scope, Exit.void)
      yield* pass(49)
      const events = yield* Effect.provideContext(byTheClock, second)
      assert.sameMembers([...endedIn(events)], [...before.ids, ...after.ids])
    })
  )

  it.effect("ends once, and leaves nothing else, where two ask at the same moment", () =>
    Effect.gen(function* () {
      yield* begun
      const parts = yield* kept
      const first = yield* open(parts)
      yield* open(parts)
      const { ids } = yield* Effect.provideContext(accepted(20, 2), first)
      yield* pass(49)
      const events = yield* Effect.provideContext(byTheClock, first)
      assert.strictEqual(events.length, ids.length)
      assert.sameMembers([...endedIn(events)], ids)
    })
  )

  it.effect("tries again after a fault, and what fell due while no process ran is ended by the next start", () =>
    Effect.gen(function* () {
      yield* begun
      let broken = false
      const wrap: Wrap = (log) => ({
        ...log,
        bookmark: (known) =>
          Effect.suspend(() =>
            broken
              ? Effect.fail(new EventStoreError({ reason: "unavailable", message: "the disk is gone" }))
              : log.bookmark(known)
          )
      })
      const parts = yield* kept
      const ids = yield* Effect.scoped(
        Effect.gen(function* () {
          const register = yield* open(parts, { wrap })
          return yield* Effect.gen(function* () {
            const { ids } = yield* accepted(1, 1)
            yield* pass(23)
            broken = true
            yield* pass(5)
            broken = false
            yield* pass(1)
            assert.sameMembers([...endedIn(yield* byTheClock)], ids)
            return [...ids, ...(yield* accepted(2, 1)).ids]
          }).pipe(Effect.provideContext(register))
        })
      )
      yield* TestClock.adjust(30 * 3_600_000)
      const register = yield* open(parts)
      const events = yield* Effect.provideContext(
        until(byTheClock, ({ length }) => length >= ids.length),
        register
      )
      assert.sameMembers([...endedIn(events)], ids)
    })
  )

  it.effect(
    "does not believe a clock that has leapt further than any absence, until a person says that it is right",
    () =>
      Effect.gen(function* () {
        yield* begun
        const parts = yield* kept
        const { ids } = yield* Effect.scoped(
          Effect.flatMap(open(parts), (register) => Effect.provideContext(accepted(1, 14), register))
        )
        const year = 365 * 86_400_000
        const opened = (options: Parameters<typeof open>[1]) =>
          Effect.scoped(
            Effect.gen(function* () {
              const register = yield* open(parts, options)
              yield* pass(3)
              return endedIn(yield* Effect.provideContext(byTheClock, register))
            })
          ).pipe(ahead(year))
        assert.deepStrictEqual(yield* opened({}), [])
        const believeClock = Timestamp.instantOfMicros((start + year) * 1000)
        assert.deepStrictEqual(yield* opened({ executor: { believeClock } }), ids)
      })
  )
})
