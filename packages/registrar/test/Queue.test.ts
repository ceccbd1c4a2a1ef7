/**
 * The executor's queue is bounded and fair, and a caller may leave it. For a developer that changes the executor.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Commands, Id } from "@effekten/domain"
import { Documents, Investments, Investors } from "@effekten/services"
import { Effect, Exit, Fiber, Scope } from "effect"
import { maximumGroupEvents } from "../src/deciding/Deciding.ts"
import { maximumWaiting } from "../src/deciding/Executor.ts"
import { identificationWith, offering, person, signedAt } from "./fixture.ts"
import { as, gate, instruction, type Kept, kept, type LogShape, open, openExecutor, turn, wholeLog } from "./parts.ts"

const uuid = (n: number) => `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`

const platformOf = (name: string) => Id.PlatformId.make(`platform_${name}`)

const registering = (n: number): Commands.Command => ({
  operation: "RegisterPlatform",
  input: { platformId: Id.PlatformId.make(uuid(n)), name: "Plattform" }
})

/** A log whose first append waits at a gate: later callers wait in the queue. */
const waitingLog = () => {
  const turnstile = gate()
  const groups: Array<number> = []
  const wrap = (log: LogShape): LogShape => ({
    ...log,
    append: (events, condition) =>
      Effect.suspend(() => {
        groups.push(events.length)
        return groups.length === 1
          ? Effect.andThen(turnstile.pass, log.append(events, condition))
          : log.append(events, condition)
      })
  })
  return { turnstile, groups, wrap }
}

const now = { startImmediately: true } as const

describe("I-19: a caller that leaves", () => {
  it.live("before its turn takes its instruction along, and its key stays free", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { turnstile, wrap } = waitingLog()
      const executor = yield* openExecutor(keep, wrap)
      const first = yield* Effect.forkChild(executor.execute(instruction(keep, registering(1), { key: "first" })), now)
      yield* turnstile.reached
      const leaving = yield* Effect.forkChild(
        executor.execute(instruction(keep, registering(2), { key: "leaving" })),
        now
      )
      const staying = yield* Effect.forkChild(
        executor.execute(instruction(keep, registering(3), { key: "staying" })),
        now
      )
      yield* Fiber.interrupt(leaving)
      yield* turnstile.open
      yield* Fiber.joinAll([first, staying])
      assert.deepStrictEqual(
        keep.storage.log.map(({ body }) => body.includes(uuid(2))),
        [false, false]
      )
      assert.isFalse((yield* executor.execute(instruction(keep, registering(2), { key: "leaving" }))).replayed)
    }).pipe(Effect.scoped)
  )

  it.live("after its turn has come leaves it done, and a repeat is told so", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { turnstile, wrap } = waitingLog()
      const executor = yield* openExecutor(keep, wrap)
      const one = instruction(keep, registering(1), { key: "key" })
      const leaving = yield* Effect.forkChild(executor.execute(one), now)
      yield* turnstile.reached
      yield* Fiber.interrupt(leaving)
      assert.lengthOf(keep.storage.log, 0)
      yield* turnstile.open
      assert.isTrue((yield* executor.execute(one)).replayed)
      assert.lengthOf(keep.storage.log, 1)
    }).pipe(Effect.scoped)
  )
})

describe("the queue is bounded", () => {
  it.live("a caller that comes when it is full is refused without effect, and other platforms still come in", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { turnstile, groups, wrap } = waitingLog()
      const executor = yield* openExecutor(keep, wrap)
      const execute = (n: number, platform?: Id.PlatformId) =>
        executor.execute(
          instruction(keep, registering(n), { key: `key-${n}`, ...(platform === undefined ? {} : { platform }) })
        )
      const first = yield* Effect.forkChild(execute(0), now)
      yield* turnstile.reached
      const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
      for (let n = 1; n <= maximumWaiting; n++) fibers.push(yield* Effect.forkChild(execute(n), now))
      const refused = yield* Effect.flip(execute(maximumWaiting + 1))
      assert.deepInclude(refused, { _tag: "Unavailable", executed: "no", retryAfter: 1 })
      const other = yield* Effect.forkChild(execute(maximumWaiting + 2, platformOf("b")), now)
      // A place that a caller leaves is free at once.
      yield* Fiber.interrupt(fibers[50]!)
      const late = yield* Effect.forkChild(execute(maximumWaiting + 3), now)
      yield* turnstile.open
      yield* Fiber.join(first)
      yield* Fiber.joinAll([...fibers.filter((_, index) => index !== 50), other, late])
      assert.lengthOf(keep.storage.log, 1 + (maximumWaiting - 1) + 2)
      assert.isAtMost(Math.max(...groups), 256)
    }).pipe(Effect.scoped)
  )

  it.live("a group takes no more members than it may", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { turnstile, groups, wrap } = waitingLog()
      const executor = yield* openExecutor(keep, wrap, { maximumGroup: 5 })
      const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
      for (let n = 0; n < 13; n++) {
        fibers.push(
          yield* Effect.forkChild(executor.execute(instruction(keep, registering(n), { key: `key-${n}` })), now)
        )
        if (n === 0) yield* turnstile.reached
      }
      yield* turnstile.open
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual(groups, [1, 5, 5, 2])
    }).pipe(Effect.scoped)
  )

  it.live("a group is closed once its events are many, and the rest waits again, with another's turn before it", () =>
    Effect.gen(function* () {
      // Identifications with a hundred waiting investments each: 101 events a member.
      const keep = yield* kept
      const waiting = 100
      const people = 30
      const groups: Array<number> = []
      const turnstile = gate()
      let armed = false
      let stranger: Effect.Effect<unknown> = Effect.void
      const register = yield* open(keep, {
        wrap: (log) => ({
          ...log,
          append: (events, condition) =>
            Effect.suspend(() => {
              if (!armed) return log.append(events, condition)
              groups.push(events.length)
              const appended = log.append(events, condition)
              if (groups.length === 1) return Effect.andThen(turnstile.pass, appended)
              return groups.length === 2 ? Effect.andThen(Effect.andThen(stranger, turn), appended) : appended
            })
        })
      })
      yield* Effect.gen(function* () {
        const { platform, campaign } = yield* offering()
        const other = yield* offering()
        yield* Effect.gen(function* () {
          const investors = yield* Investors
          const investments = yield* Investments
          const document = yield* (yield* Documents).upload({
            fileName: "a.pdf",
            mediaType: "application/pdf",
            content: new Uint8Array(1)
          })
          const ids = yield* Effect.forEach(Array.from({ length: people }), () =>
            Effect.map(investors.create(person), ({ id }) => id)
          )
          for (const investorId of ids) {
            yield* Effect.all(
              Array.from({ length: waiting }, () =>
                investments.create({ campaignId: campaign, investorId, units: 1, signedAt })
              ),
              { concurrency: "unbounded" }
            )
          }
          stranger = Effect.flatMap(Investors, (own) => own.create(person)).pipe(
            as(other.platform),
            Effect.provideContext(register),
            Effect.forkDetach(now)
          )
          armed = true
          const first = yield* Effect.forkChild(investors.create(person), now)
          yield* turnstile.reached
          const fibers = yield* Effect.forEach(ids, (id) =>
            Effect.forkChild(investors.identify(id, identificationWith(document.id)), now)
          )
          yield* turn
          yield* turnstile.open
          yield* Fiber.join(first)
          const after = (yield* wholeLog).length
          const answers = yield* Fiber.joinAll(fibers)
          assert.isTrue(answers.every(({ kycStatus }) => kycStatus === "SUCCESS"))
          const full = Math.ceil(maximumGroupEvents / (waiting + 1)) * (waiting + 1)
          assert.deepStrictEqual(groups, [1, full, 1 + full, people * (waiting + 1) - 2 * full])
          assert.strictEqual((yield* wholeLog)[after + full]?.meta.platform, other.platform)
          const all = yield* investments.list({ limit: 500 })
          assert.isTrue(all.results.every(({ status }) => status === "WAITING_FOR_ACCEPTANCE"))
        }).pipe(as(platform))
      }).pipe(Effect.provideContext(register))
    }).pipe(Effect.scoped)
  )
})

describe("platforms have their turns", () => {
  /** The numbers of the commands in the log, in the order in which they were decided. */
  const decided = (keep: Kept): ReadonlyArray<number> =>
    keep.storage.log.map(({ body }) => Number(/0198c0de-0000-7000-8000-(\d{12})/.exec(body)![1]))

  const waiting = Effect.fnUntraced(function* (counts: { readonly [platform: string]: number }) {
    const keep = yield* kept
    const { turnstile, groups, wrap } = waitingLog()
    const executor = yield* openExecutor(keep, wrap)
    const fibers = [yield* Effect.forkChild(executor.execute(instruction(keep, registering(0), { key: "first" })), now)]
    yield* turnstile.reached
    let n = 0
    for (const [name, count] of Object.entries(counts)) {
      for (let each = 0; each < count; each++) {
        n += 1
        const one = instruction(keep, registering(n), { key: `key-${n}`, platform: platformOf(name) })
        fibers.push(yield* Effect.forkChild(executor.execute(one), now))
      }
    }
    yield* turnstile.open
    yield* Fiber.joinAll(fibers)
    return { groups, numbers: decided(keep).slice(1) }
  })

  it.live("with 1,000 instructions of one waiting, another's is in the next group, behind one of them", () =>
    Effect.gen(function* () {
      const { groups, numbers } = yield* waiting({ a: 1_000, b: 1 })
      assert.strictEqual(numbers.indexOf(1_001), 1)
      assert.deepStrictEqual(groups, [1, 256, 256, 256, 233])
    }).pipe(Effect.scoped)
  )

  it.live("a platform alone has groups as large as they may be, in the order of arrival", () =>
    Effect.gen(function* () {
      const { groups, numbers } = yield* waiting({ a: 1_000 })
      assert.deepStrictEqual(groups, [1, 256, 256, 256, 232])
      assert.deepStrictEqual(
        numbers,
        Array.from({ length: 1_000 }, (_, index) => index + 1)
      )
    }).pipe(Effect.scoped)
  )

  it.live("among several each has the same share of a group, and what it leaves the others have", () =>
    Effect.gen(function* () {
      const { groups, numbers } = yield* waiting({ a: 500, b: 500, c: 20 })
      assert.deepStrictEqual(groups, [1, 256, 256, 256, 252])
      const inFirst = numbers.slice(0, 256)
      const shares = [
        inFirst.filter((n) => n <= 500).length,
        inFirst.filter((n) => n > 500 && n <= 1_000).length,
        inFirst.filter((n) => n > 1_000).length
      ]
      assert.deepStrictEqual(shares, [118, 118, 20])
      for (const [from, to] of [
        [1, 500],
        [501, 1_000],
        [1_001, 1_020]
      ] as const) {
        const own = numbers.filter((n) => n >= from && n <= to)
        assert.deepStrictEqual(
          own,
          own.toSorted((a, b) => a - b)
        )
      }
    }).pipe(Effect.scoped)
  )
})

describe("closing a register", () => {
  const closing = Effect.fnUntraced(function* (count: number) {
    const keep = yield* kept
    const { turnstile, wrap } = waitingLog()
    const scope = yield* Scope.make()
    const executor = yield* Scope.provide(openExecutor(keep, wrap), scope)
    const first = yield* Effect.forkChild(
      Effect.exit(executor.execute(instruction(keep, registering(0), { key: "first" }))),
      now
    )
    yield* turnstile.reached
    const fibers: Array<Fiber.Fiber<Exit.Exit<unknown, { readonly _tag: string }>>> = []
    for (let n = 1; n <= count; n++) {
      fibers.push(
        yield* Effect.forkChild(
          Effect.exit(executor.execute(instruction(keep, registering(n), { key: `key-${n}` }))),
          now
        )
      )
    }
    const closed = yield* Effect.forkChild(Scope.close(scope, Exit.void), now)
    yield* turn
    yield* turnstile.open
    yield* Fiber.join(closed)
    return { keep, executor, first: yield* Fiber.join(first), exits: yield* Fiber.joinAll(fibers) }
  })

  it.live(
    "finishes the group under way, and tells every caller that waits, or finds no place, that nothing happened",
    () =>
      Effect.gen(function* () {
        const { keep, first, exits } = yield* closing(maximumWaiting + 10)
        assert.isTrue(Exit.isSuccess(first))
        assert.lengthOf(keep.storage.log, 1)
        for (const exit of exits) assert.include(JSON.stringify(exit), '"executed":"no"')
      }).pipe(Effect.scoped)
  )

  it.live("and callers that come afterwards", () =>
    Effect.gen(function* () {
      const { keep, executor } = yield* closing(3)
      const late = yield* Effect.exit(executor.execute(instruction(keep, registering(9), { key: "late" })))
      assert.include(JSON.stringify(late), '"executed":"no"')
      assert.lengthOf(keep.storage.log, 1)
    }).pipe(Effect.scoped)
  )
})
