/**
 * The policy as part of the log: which one holds, how it comes there, and that a decision goes by it. For a developer that adds a member.
 */
import { assert, describe, it } from "@effect/vitest"
import { Policy } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Investors, Policies, Wallets } from "@effekten/services"
import { Effect, Fiber, Latch, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { offering, person } from "./fixture.ts"
import { as, codeOf, kept, open, type Wrap, wholeLog } from "./parts.ts"

const policiesIn = Effect.map(wholeLog, (log) => log.filter(({ type }) => type === "PolicySet"))
const inForce = Effect.flatMap(Policies, (policies) => policies.inForce)

/** The message with which a start is refused, or none. */
const start = (folder: string, options: Omit<Registrar.RegistrarOptions, "folder">) =>
  Layer.build(Registrar.layerFolder({ folder, ...options })).pipe(
    Effect.scoped,
    Effect.result,
    Effect.map((result) => (Result.isFailure(result) ? result.failure.message : undefined))
  )

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-policy-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

describe("the policy", () => {
  it.effect("is the default where none is said, and then nothing is recorded", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept)
      assert.deepStrictEqual(yield* Effect.provideContext(inForce, register), {
        policy: Policy.defaults,
        recorded: false
      })
      assert.deepStrictEqual(yield* Effect.provideContext(wholeLog, register), [])
    })
  )

  it.live("is what the first start says: the same again is fine, another is refused and told how to be set", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      assert.isUndefined(yield* start(folder, { policy: { retention: { years: 8 } } }))
      assert.isUndefined(yield* start(folder, { policy: { retention: { years: 8 } } }))
      assert.isUndefined(yield* start(folder, { policy: { walletNeedsKyc: true } }))
      assert.isUndefined(yield* start(folder, {}))
      const refusal = yield* start(folder, { policy: { retention: { years: 5 } } })
      assert.include(refusal, 'retention is {"years":8}, and this start says {"years":5}')
      assert.include(refusal, "`effekten policy set`")
      yield* Effect.gen(function* () {
        assert.lengthOf(yield* policiesIn, 1)
        yield* (yield* Policies).set({ retention: { years: 5 } })
        assert.deepStrictEqual(yield* inForce, { policy: Policy.defaults, recorded: true })
      }).pipe(Effect.provide(Registrar.layerFolder({ folder })))
      assert.isUndefined(yield* start(folder, { policy: { retention: { years: 5 } } }))
      assert.isDefined(yield* start(folder, { policy: { retention: { years: 8 } } }))
    }).pipe(Effect.scoped)
  )

  it.live("keeps data for seconds in a sandbox only", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      const policy = { retention: { seconds: 60 } }
      assert.include(yield* start(folder, { policy }), "for a sandbox")
      assert.isUndefined(yield* start(folder, { policy, sandbox: true }))
      assert.include(yield* start(folder, {}), "for a sandbox")
    }).pipe(Effect.scoped)
  )

  it.effect("is seeded once by two nodes that start together, and the one that says another is refused", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      const node = (years: number) => Effect.exit(open(parts, { executor: { policy: { retention: { years } } } }))
      const exits = yield* Effect.all([node(6), node(6), node(7)], { concurrency: "unbounded" })
      const refused = exits.filter((exit) => exit._tag === "Failure")
      assert.include([1, 2], refused.length)
      const register = yield* open(parts)
      assert.lengthOf(yield* Effect.provideContext(policiesIn, register), 1)
    })
  )

  it.effect("guards a decision that read it: set in between, the decision is taken again by the new one", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const parts = yield* kept
      const [decided, set] = [Latch.makeUnsafe(), Latch.makeUnsafe()]
      let held = false
      const wrap: Wrap = (log) => ({
        ...log,
        append: (events, condition) =>
          Effect.gen(function* () {
            if (held) {
              held = false
              yield* decided.open
              yield* set.await
            }
            return yield* log.append(events, condition)
          })
      })
      const first = yield* open(parts, { wrap })
      const second = yield* open(parts)
      const { platform } = yield* Effect.provideContext(offering(), first)
      const { id } = yield* Effect.flatMap(Investors, (api) => api.create(person)).pipe(
        as(platform),
        Effect.provideContext(first)
      )
      const policies = Effect.flatMap(Policies, (api) => api.set({ walletNeedsKyc: false }))
      yield* Effect.provideContext(policies, second)
      const another = Effect.flatMap(Investors, (api) => api.create(person)).pipe(
        Effect.flatMap(({ id }) => Effect.flatMap(Wallets, (api) => api.createManaged(id)))
      )
      yield* another.pipe(as(platform), Effect.provideContext(first))
      held = true
      const wallet = yield* Effect.flatMap(Wallets, (api) => api.createManaged(id)).pipe(
        as(platform),
        Effect.provideContext(first),
        Effect.result,
        Effect.forkChild
      )
      yield* decided.await
      yield* Effect.provideContext(
        Effect.flatMap(Policies, (api) => api.set({ walletNeedsKyc: true })),
        second
      )
      yield* set.open
      assert.strictEqual(codeOf(yield* Fiber.join(wallet)), "kyc_not_successful")
    })
  )

  it.effect("set as it is already changes nothing", () =>
    Effect.gen(function* () {
      const register = yield* open(yield* kept, { executor: { policy: { retention: { years: 8 } } } })
      yield* Effect.gen(function* () {
        yield* (yield* Policies).set({ retention: { years: 8 } })
        assert.deepStrictEqual(
          (yield* wholeLog).map(({ type }) => type),
          ["PolicySet", "InstructionNoted"]
        )
      }).pipe(Effect.provideContext(register))
    })
  )
})
