/**
 * The clock that ends retention: over virtual years, over faults, and where several nodes have one register. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, type Policy, Tag, Timestamp } from "@effekten/domain"
import { EventStoreError, Vault } from "@effekten/event-store"
import { FoldOne, type Projection, Projections, Register, Replay, Views } from "@effekten/projections"
import { Lease, Log } from "@effekten/registrar"
import {
  Credits,
  Documents,
  Erasures,
  Investments,
  Investors,
  LegalHolds,
  Policies,
  Redemptions,
  Wallets
} from "@effekten/services"
import { Clock, Context, Deferred, Effect, Exit, Result, Scope, Semaphore, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { identificationWith, offering, person } from "./fixture.ts"
import { as, kept, open, turn, until, type Wrap, wholeLog } from "./parts.ts"

const day = 86_400_000
const year = 365.25 * day
const start = Date.UTC(2026, 1, 3, 4, 5, 6)

/** A retention, and a second computation of it, in milliseconds. */
interface Keeping {
  readonly policy: Policy.Change
  readonly until: (last: number) => number
}

/** The end of the fifth calendar year, in German time. */
const fiveYears: Keeping = {
  policy: { retention: { years: 5 } },
  until: (last) => Date.UTC(new Date(last + 3_600_000).getUTCFullYear() + 6, 0, 1) - 3_600_000
}
const days = (many: number): Keeping => ({
  policy: { retention: { seconds: (many * day) / 1_000 } },
  until: (last) => last + many * day
})

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
const numbers = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An investor as the test knows them: a second model of what stands against their erasure. */
interface Known {
  readonly id: Id.InvestorId
  wallet: Id.WalletId | undefined
  units: number
  readonly open: Set<string>
  last: number
  readonly holds: Map<Id.LegalHoldId, number>
}

const dueOf = ({ holds, last, open, units }: Known, keptUntil: Keeping["until"]): number =>
  units > 0 || open.size > 0 ? Infinity : Math.max(keptUntil(last), ...holds.values())

const millisOf = (text: string) => Math.floor(Date.parse(text))
const textOf = (millis: number) => Timestamp.instantOfMicros(millis * 1000).text

const eraseWhenDue = true
const nowMillis = Clock.currentTimeMillis

/** Fifteen years of a register whose clock ends retention. */
const fifteenYears = Effect.fnUntraced(function* (seed: number, { policy, until: keptUntil }: Keeping) {
  const random = numbers(seed)
  const below = (n: number) => Math.floor(random() * n)
  const pick = <A>(from: ReadonlyArray<A>): A | undefined => from[below(Math.max(1, from.length))]
  yield* TestClock.setTime(start)
  const register = yield* open(yield* kept, { executor: { policy, eraseWhenDue } })
  return yield* Effect.gen(function* () {
    const { platform, campaign, product } = yield* offering()
    const known: Array<Known> = []
    const promised: Array<number> = []
    const api = yield* Effect.all({ erasures: Erasures, holds: LegalHolds })
    const touch = (who: Known) => Effect.map(nowMillis, (at) => void (who.last = at))

    const register = Effect.gen(function* () {
      const { id } = yield* (yield* Investors).create(person)
      const last = yield* nowMillis
      const who: Known = { id, wallet: undefined, units: 0, open: new Set(), last, holds: new Map() }
      known.push(who)
      return who
    })
    const identify = Effect.fnUntraced(function* (who: Known) {
      const content = new Uint8Array([1, 2, 3])
      const upload = { fileName: "protocol.pdf", mediaType: "application/pdf", content }
      const document = yield* (yield* Documents).upload(upload)
      const proof = { ...identificationWith(document.id), verifiedAt: textOf(yield* nowMillis) }
      const dates = { documentValidFrom: "2000-01-01", documentValidTo: "2100-01-01" } as const
      yield* (yield* Investors).identify(who.id, { ...proof, ...dates } as never)
      yield* touch(who)
      who.wallet ??= (yield* (yield* Wallets).createManaged(who.id)).id
    })
    const sign = Effect.fnUntraced(function* (who: Known, delivered: boolean) {
      const signedAt = textOf(yield* nowMillis)
      const { id } = yield* (yield* Investments).create({
        campaignId: campaign,
        investorId: who.id,
        units: 1 + below(5),
        signedAt,
        // An accepted investment cannot be cancelled after a while.
        ...(delivered && who.wallet !== undefined ? { acceptedAt: signedAt, paidAt: signedAt, wallet: who.wallet } : {})
      })
      who.open.add(id)
      yield* touch(who)
      if (!delivered || who.wallet === undefined) return id
      const { units } = yield* (yield* Credits).create(id)
      who.open.delete(id)
      who.units += units ?? 0
      return id
    })
    const cancel = Effect.fnUntraced(function* (who: Known) {
      for (const id of who.open) {
        yield* (yield* Investments).cancel(id as never, {})
        who.open.delete(id)
        yield* touch(who)
      }
    })
    const redeem = Effect.fnUntraced(function* (who: Known, units: number) {
      if (units === 0 || who.wallet === undefined) return
      yield* (yield* Redemptions).create({ investorId: who.id, productId: product, walletId: who.wallet, units })
      who.units -= units
      yield* touch(who)
    })
    const hold = Effect.fnUntraced(function* (who: Known, ends: number | undefined) {
      const until = ends === undefined ? {} : { until: textOf(ends) }
      const placed = yield* api.holds.place(who.id, { basis: "legal_claims", ...until })
      who.holds.set(placed.id, ends ?? Infinity)
    })
    const release = Effect.fnUntraced(function* (who: Known) {
      const at = yield* nowMillis
      for (const [id, end] of who.holds) {
        if (end <= at) continue
        yield* api.holds.release(who.id, id)
        who.holds.set(id, at)
      }
    })
    /** Redeems everything, and cancels the last investment a few days later: that is the last event of these data. */
    const regret = Effect.fnUntraced(function* (who: Known) {
      const id = yield* sign(who, true)
      yield* redeem(who, who.units)
      yield* pass(10 * 24)
      yield* (yield* Investments).cancel(id, {})
      who.open.delete(id)
      yield* touch(who)
    })
    /** An investor asks early, and the refusal says until when it is put off. */
    const ask = Effect.fnUntraced(function* (who: Known) {
      const asked = yield* Effect.result(api.erasures.investor(who.id, "request"))
      if (Result.isSuccess(asked)) return
      const due = dueOf(who, keptUntil)
      const details = asked.failure._tag === "Rejection" ? asked.failure.details : undefined
      assert.strictEqual(details?.["until"] === undefined ? Infinity : millisOf(String(details["until"])), due)
      promised.push(due)
    })

    const pass = Effect.fnUntraced(function* (hours: number) {
      for (let left = hours; left > 0; left -= 24) {
        yield* TestClock.adjust(Math.min(left, 24) * 3_600_000)
        // What waits for a promise goes on as well.
        yield* turn
      }
    })

    const act = Effect.fnUntraced(function* (isLate: boolean) {
      const who = pick(known)
      const kind = below(isLate ? 8 : 15)
      if (who === undefined || (kind > 12 && known.length < 40)) return yield* register
      if (kind < 2) return yield* redeem(who, who.units)
      if (kind === 2) return yield* cancel(who)
      if (kind === 3) return yield* release(who)
      if (kind === 4) return yield* ask(who)
      if (kind === 5) return yield* redeem(who, below(1 + who.units))
      if (kind === 6) return yield* identify(who)
      if (kind === 7)
        return isLate && below(9) > 0
          ? yield* release(who)
          : yield* hold(who, below(2) === 0 ? undefined : (yield* nowMillis) + (1 + below(3000)) * day)
      if (kind < 11) return yield* sign(who, kind > 8)
      if (kind === 11) return yield* regret(who)
      yield* identify(who)
    })

    // Two of whom nothing but a hold stands in the way for long: one is over by itself, one is released. And one for whom the last
    // thing is a cancellation after everything was given back.
    const apart = yield* as(platform)(Effect.all([register, register, register]))
    yield* as(platform)(Effect.andThen(identify(apart[2]), regret(apart[2])))
    yield* hold(apart[0], start + 10 * year)
    yield* hold(apart[1], undefined)
    known.length = 0
    while ((yield* nowMillis) < start + 8 * year) {
      yield* pass(1 + below(24))
      // Most calls for an erased investor are refused.
      if (below(20) === 0) yield* Effect.ignore(as(platform)(act((yield* nowMillis) > start + 4 * year)))
    }
    known.push(...apart)
    for (const who of known) {
      yield* as(platform)(Effect.all([redeem(who, who.units), cancel(who)]))
      if (who !== apart[0]) yield* release(who)
    }
    while ((yield* nowMillis) < start + 15 * year) yield* pass(24)

    const log = yield* wholeLog
    const erasedAt = new Map<string, number>()
    for (const event of log) {
      if (event.type !== "InvestorErased") continue
      assert.isFalse(erasedAt.has(event.data.investorId), "erased once")
      erasedAt.set(event.data.investorId, millisOf(event.meta.receivedAt))
    }
    for (const who of known) {
      const due = dueOf(who, keptUntil)
      const erased = erasedAt.get(who.id)
      assert.isDefined(erased, `${who.id} is due ${new Date(due).toISOString()}`)
      assert.isAtLeast(erased!, due, `${who.id} was erased early`)
      assert.isAtMost(erased!, due + day, `${who.id} was erased late`)
    }

    // The rest of the register stays as it was, and nothing was asked that had to be refused.
    const refused = log.filter((event) => event.type === "InstructionRejected" && event.meta.actor === "clock")
    assert.deepStrictEqual(refused, [])
    const folded = Register.make()
    const views = Views.make(Projections.all)
    yield* Replay.into(yield* Log, [folded, views])
    assert.deepStrictEqual([...folded.violations, ...folded.checkConservation()], [])
    assert.strictEqual(
      folded.totals(product)?.held,
      known.reduce((sum, { units }) => sum + units, 0)
    )
    // What comes into being beside another object is not folded alone.
    for (const projection of Projections.all.filter(({ brings }) => brings === undefined))
      for (const [key, state] of [...views.all(projection)].slice(0, 20))
        assert.deepStrictEqual(yield* FoldOne.fold(yield* Log, projection, key), state)
    return { erased: erasedAt.size, promised: promised.length }
  }).pipe(Effect.provideContext(register))
})

const seeds = fc.noBias(fc.integer({ min: 0, max: 0x7fffffff }))

/** A failure tells the seed; the years are not made shorter to look for a smaller one. */
const overYears = (keeping: Keeping, runs: number) =>
  fc.assert(
    fc.asyncProperty(fc.noShrink(seeds), (seed) =>
      fifteenYears(seed, keeping).pipe(
        Effect.map((found) => {
          assert.isAbove(found.erased, 10)
          assert.isAbove(found.promised, 2)
        }),
        Effect.scoped,
        Effect.provide(TestClock.layer()),
        Effect.runPromise
      )
    ),
    { numRuns: runs }
  )

describe("D-15 fifteen virtual years", () => {
  it("by the law's calendar years: everybody is erased within a day of being due, and nobody before", () =>
    overYears(fiveYears, 2))

  it("by a number of days from the last thing that happened: the same", () => overYears(days(400), 1))
})

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
