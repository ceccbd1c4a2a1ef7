/**
 * The clock that ends retention: asked to, in rounds, on several nodes, after faults. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Tag } from "@effekten/domain"
import { EventStoreError, Vault } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { Lease } from "@effekten/registrar"
import { Investors, LegalHolds, Policies } from "@effekten/services"
import { Clock, Context, Deferred, Effect, Exit, Scope, Semaphore, Stream } from "effect"
import { TestClock } from "effect/testing"
import { offering, person } from "./fixture.ts"
import { as, kept, open, turn, until, type Wrap, wholeLog } from "./parts.ts"
import { day, start, fiveYears, days, eraseWhenDue, nowMillis } from "./Keeping.ts"

const { policy } = days(400)
const executor = { policy, eraseWhenDue, enforcePaymentDeadlines: false }

/** So many investors of a platform. */
const investors = (many: number) =>
  Effect.gen(function* () {
    const { platform } = yield* offering()
    const create = Effect.map(
      Effect.flatMap(Investors, (api) => api.create(person)),
      ({ id }) => id
    )
    return yield* as(platform)(Effect.replicateEffect(create, many))
  })

const pass = (hours: number) =>
  Effect.gen(function* () {
    for (let left = hours; left > 0; left -= 6) {
      yield* TestClock.adjust(Math.min(left, 6) * 3_600_000)
      yield* turn
    }
  })

const byTheClock = Effect.map(wholeLog, (log) => log.filter(({ meta }) => meta.actor === "clock"))
const erasedIn = (events: ReadonlyArray<Projection.LoggedEvent>) =>
  events.flatMap((event) => (event.type === "InvestorErased" ? [event.data.investorId] : []))

/** The lease of two nodes in one process. */
const leaseOf = Effect.map(Semaphore.make(1), (one) => ({
  shared: true,
  whileHeld: <A, X, R>(lease: string, work: Effect.Effect<A, X, R>) =>
    lease === "retention" ? one.withPermit(work) : work
}))

const begun = TestClock.setTime(start)

describe("D-15 the clock that ends retention", () => {
  it.effect("erases nobody unless it is asked to", () =>
    Effect.gen(function* () {
      yield* begun
      const register = yield* open(yield* kept, { executor: { policy } })
      yield* Effect.gen(function* () {
        yield* investors(2)
        yield* pass(500 * 24)
        assert.deepStrictEqual(yield* byTheClock, [])
      }).pipe(Effect.provideContext(register))
    })
  )

  it.effect("takes as many rounds as it needs when more are due at once than one takes", () =>
    Effect.gen(function* () {
      yield* begun
      const register = yield* open(yield* kept, { executor })
      yield* Effect.gen(function* () {
        const ids = yield* investors(230)
        yield* pass(400 * 24)
        // How far the clock gets meanwhile is the machine's affair.
        const events = yield* until(byTheClock, ({ length }) => length >= ids.length)
        assert.strictEqual(events.length, ids.length)
        assert.sameMembers([...erasedIn(events)], ids)
        for (const { type, data } of events) {
          assert.strictEqual(type, "InvestorErased")
          assert.strictEqual("ground" in data ? data.ground : undefined, "retention_over")
        }
      }).pipe(Effect.provideContext(register))
    })
  )

  it.effect("erases once where two nodes share a register, and goes on when one of them ends", () =>
    Effect.gen(function* () {
      yield* begun
      const parts = yield* kept
      const node = Effect.provideService(open(parts, { executor }), Lease, yield* leaseOf)
      const scope = yield* Scope.fork(yield* Effect.scope)
      const first = yield* Scope.provide(node, scope)
      const second = yield* node
      const before = yield* Effect.provideContext(investors(20), first)
      yield* pass(401 * 24)
      assert.sameMembers([...erasedIn(yield* Effect.provideContext(byTheClock, second))], before)
      const after = yield* Effect.provideContext(investors(20), second)
      yield* Scope.close(scope, Exit.void)
      yield* pass(401 * 24)
      const events = yield* Effect.provideContext(byTheClock, second)
      assert.strictEqual(events.length, 40)
      assert.sameMembers([...erasedIn(events)], [...before, ...after])
    })
  )

  it.effect("erases once, and leaves nothing else, where two ask at the same moment", () =>
    Effect.gen(function* () {
      yield* begun
      const parts = yield* kept
      const first = yield* open(parts, { executor })
      yield* open(parts, { executor })
      const ids = yield* Effect.provideContext(investors(20), first)
      yield* pass(401 * 24)
      const events = yield* Effect.provideContext(byTheClock, first)
      assert.strictEqual(events.length, ids.length)
      assert.sameMembers([...erasedIn(events)], ids)
    })
  )

  it.effect("D-13 broken off between the decision and the destruction is finished by the next start", () =>
    Effect.gen(function* () {
      yield* begun
      const parts = yield* kept
      const wrap: Wrap = (log) => ({ ...log, forget: () => Effect.die(new Error("the process ends here")) })
      const vault = Context.get(parts.context, Vault.Vault)
      const [id] = yield* Effect.scoped(
        Effect.gen(function* () {
          const register = yield* open(parts, { executor, wrap })
          return yield* Effect.gen(function* () {
            const ids = yield* investors(1)
            yield* pass(400 * 24 + 6)
            assert.deepStrictEqual(erasedIn(yield* byTheClock), ids)
            return ids
          }).pipe(Effect.provideContext(register))
        })
      )
      assert.isFalse(yield* vault.isForgotten(Tag.investor(id!)))
      const register = yield* open(parts, { executor })
      assert.isTrue(yield* vault.isForgotten(Tag.investor(id!)))
      yield* pass(48)
      assert.lengthOf(yield* Effect.provideContext(byTheClock, register), 1)
    })
  )

  it.effect("tries again after a fault, at a bounded pace, and has not lost anybody", () =>
    Effect.gen(function* () {
      yield* begun
      let broken = false
      let asked = 0
      const wrap: Wrap = (log) => ({
        ...log,
        // The list of those that are due asks it first.
        bookmark: (known) =>
          Effect.suspend(() => {
            if (!broken) return log.bookmark(known)
            asked++
            return Effect.fail(new EventStoreError({ reason: "unavailable", message: "the disk is gone" }))
          })
      })
      const register = yield* open(yield* kept, { executor, wrap })
      yield* Effect.gen(function* () {
        const ids = yield* investors(3)
        yield* pass(399 * 24)
        broken = true
        yield* pass(2 * 24)
        broken = false
        // Once every ten minutes, and a few times before.
        assert.isAbove(asked, 24)
        assert.isBelow(asked, 2 * 24 * 6 * 2)
        yield* pass(1)
        assert.sameMembers([...erasedIn(yield* byTheClock)], ids)
      }).pipe(Effect.provideContext(register))
    })
  )

  it.effect(
    "a hold that comes between the look and the decision is respected, and they are erased after it all the same",
    () =>
      Effect.gen(function* () {
        yield* begun
        const parts = yield* kept
        const looked = Deferred.makeUnsafe<void>()
        const placed = Deferred.makeUnsafe<void>()
        const wrap: Wrap = (log) => ({
          ...log,
          read: (query, options) =>
            Stream.unwrap(
              Effect.gen(function* () {
                const types = query === "all" ? [] : query.flatMap((item) => item.types ?? [])
                if (
                  types.includes("LegalHoldPlaced") &&
                  types.length === 2 &&
                  (yield* nowMillis) >= start + 400 * day
                ) {
                  yield* Deferred.succeed(looked, undefined)
                  yield* Deferred.await(placed)
                }
                return log.read(query, options)
              })
            )
        })
        yield* open(parts, { executor, wrap })
        const staff = yield* open(parts, { executor: { policy } })
        const [id] = yield* Effect.provideContext(investors(1), staff)
        yield* pass(400 * 24)
        yield* Deferred.await(looked)
        yield* Effect.gen(function* () {
          const holds = yield* LegalHolds
          const { id: hold } = yield* holds.place(id!, { basis: "authority_order" })
          assert.deepStrictEqual(
            (yield* holds.standing(id!)).map((each) => each.id),
            [hold]
          )
          yield* Deferred.succeed(placed, undefined)
          yield* until(byTheClock, (events) => events.length === 1)
          yield* pass(40 * 24)
          const [refused, ...others] = yield* byTheClock
          assert.deepInclude(refused?.data, { code: "legal_hold" })
          assert.deepStrictEqual(others, [])
          // Released by a node whose clock is behind: the instant they are due does not move, so the question is the same as before.
          const clock = yield* Clock.Clock
          const behind = {
            ...clock,
            currentTimeNanos: Effect.map(clock.currentTimeNanos, (nanos) => nanos - 50n * 86_400_000_000_000n)
          }
          yield* Effect.provideService(holds.release(id!, hold), Clock.Clock, behind)
          yield* pass(24)
          assert.deepStrictEqual(erasedIn(yield* byTheClock), [id])
        }).pipe(Effect.provideContext(staff))
      })
  )

  it.effect(
    "goes by the policy that is in force when it looks: it is set to later, and to sooner, while the clock runs",
    () =>
      Effect.gen(function* () {
        yield* begun
        const register = yield* open(yield* kept, { executor })
        yield* Effect.gen(function* () {
          const { set } = yield* Policies
          const ids = yield* investors(1)
          yield* pass(399 * 24)
          yield* set({ retention: { years: 5 } })
          yield* pass(40 * 24)
          assert.deepStrictEqual(yield* byTheClock, [])
          yield* pass((fiveYears.until(start) - start) / 3_600_000 - 439 * 24 - 6)
          assert.deepStrictEqual(yield* byTheClock, [])
          yield* pass(24)
          assert.deepStrictEqual(erasedIn(yield* byTheClock), ids)
        }).pipe(Effect.provideContext(register))
      })
  )
})
