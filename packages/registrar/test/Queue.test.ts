/**
 * The executor's queue is bounded, and a caller may leave it. For a developer that changes the executor.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Commands, Id } from "@effekten/domain"
import { Documents, Investments, Investors } from "@effekten/services"
import { Effect, Exit, Fiber, Scope } from "effect"
import { maximumGroupEvents } from "../src/deciding/Deciding.ts"
import { maximumWaiting } from "../src/deciding/Executor.ts"
import { identificationWith, offering, person, signedAt } from "./fixture.ts"
import { as, gate, instruction, kept, type LogShape, open, openExecutor, turn } from "./parts.ts"

const uuid = (n: number) => `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`

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
  it.live("a caller that comes when it is full waits outside, is let in later, and may leave from there, too", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const { turnstile, groups, wrap } = waitingLog()
      const executor = yield* openExecutor(keep, wrap)
      const first = yield* Effect.forkChild(executor.execute(instruction(keep, registering(0), { key: "first" })), now)
      yield* turnstile.reached
      const many = maximumWaiting + 100
      const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
      for (let n = 1; n <= many; n++) {
        fibers.push(
          yield* Effect.forkChild(executor.execute(instruction(keep, registering(n), { key: `key-${n}` })), now)
        )
      }
      const outside = fibers.slice(maximumWaiting)
      yield* Effect.forEach(outside.slice(0, 50), (fiber) => Fiber.interrupt(fiber))
      yield* turnstile.open
      yield* Fiber.join(first)
      yield* Fiber.joinAll([...fibers.slice(0, maximumWaiting), ...outside.slice(50)])
      assert.lengthOf(keep.storage.log, 1 + many - 50)
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

  it.live("a group is closed before the next member once its events are many, and the rest is decided after it", () =>
    Effect.gen(function* () {
      // Identifications with a hundred waiting investments each: 101 events a member.
      const keep = yield* kept
      const waiting = 100
      const people = 12
      const groups: Array<number> = []
      const turnstile = gate()
      let armed = false
      const register = yield* open(keep, {
        wrap: (log) => ({
          ...log,
          append: (events, condition) =>
            Effect.suspend(() => {
              if (!armed) return log.append(events, condition)
              groups.push(events.length)
              return groups.length === 1
                ? Effect.andThen(turnstile.pass, log.append(events, condition))
                : log.append(events, condition)
            })
        })
      })
      yield* Effect.gen(function* () {
        const { platform, campaign } = yield* offering()
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
          armed = true
          const first = yield* Effect.forkChild(investors.create(person), now)
          yield* turnstile.reached
          const fibers = yield* Effect.forEach(ids, (id) =>
            Effect.forkChild(investors.identify(id, identificationWith(document.id)), now)
          )
          yield* turn
          yield* turnstile.open
          yield* Fiber.join(first)
          const answers = yield* Fiber.joinAll(fibers)
          assert.isTrue(answers.every(({ kycStatus }) => kycStatus === "SUCCESS"))
          const full = Math.ceil(maximumGroupEvents / (waiting + 1)) * (waiting + 1)
          assert.deepStrictEqual(groups, [1, full, people * (waiting + 1) - full])
          const all = yield* investments.list({ limit: 500 })
          assert.isTrue(all.results.every(({ status }) => status === "WAITING_FOR_ACCEPTANCE"))
        }).pipe(as(platform))
      }).pipe(Effect.provideContext(register))
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
    "finishes the group under way, and tells everyone who waits, inside the queue or out, that nothing happened",
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
