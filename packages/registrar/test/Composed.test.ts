/**
 * A register inside of an application that brings its own clock, randomness, ledger and custody, or has two registers. For developers that put
 * a register together.
 */
import { assert, describe, it } from "@effect/vitest"
import { EthereumAddress } from "@effekten/domain"
import { AccessRecord, Custody, Ledger, type LedgerTask, Log, Registrar } from "@effekten/registrar"
import { Credits, Wallets } from "@effekten/services"
import { Config, ConfigProvider, Context, Effect, Fiber, Layer, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { TestClock } from "effect/testing"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { delivered, offering, onboarded } from "./fixture.ts"
import { as, until } from "./parts.ts"

/** Bytes that follow from a number alone. */
const seeded = (seed: number): Layer.Layer<SecureRandom.SecureRandom> =>
  Layer.sync(SecureRandom.SecureRandom, () => {
    let state = seed
    const next = () => {
      state = (state + 0x6d2b79f5) | 0
      const mixed = Math.imul(state ^ (state >>> 15), state | 1)
      return (mixed ^ (mixed >>> 14)) & 0xff
    }
    return SecureRandom.make((size) => Uint8Array.from({ length: size }, next))
  })

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-composed-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const sale = Effect.gen(function* () {
  const { campaign, platform } = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    yield* delivered(campaign, holder, 10)
  }).pipe(as(platform))
})

/** Everything the log says, in hashes. */
const leaves = Effect.gen(function* () {
  const log = yield* Log
  const chunks = yield* Stream.runCollect(log.readLeaves())
  return chunks.flatMap(({ hashes }) => Buffer.from(hashes).toString("hex"))
})

/** A clock that stands still, at a day of our time. Set before the register is there: else its timers would run through all those years. */
const stopped = Layer.effectDiscard(TestClock.setTime(Date.UTC(2026, 0, 5))).pipe(Layer.provideMerge(TestClock.layer()))

describe("time and randomness are the application's", () => {
  const run = (seed: number) =>
    Effect.gen(function* () {
      yield* sale
      return yield* leaves
    }).pipe(Effect.provide(Registrar.layerMemory().pipe(Layer.provide(seeded(seed)), Layer.provideMerge(stopped))))

  it.effect("the same seed gives the same log to the byte, another seed another", () =>
    Effect.gen(function* () {
      const first = yield* run(7)
      assert.isAtLeast(first.length, 1)
      assert.deepStrictEqual(yield* run(7), first)
      assert.notDeepEqual(yield* run(8), first)
    })
  )

  it.effect("a register in a folder takes them too, and makes its secrets of them", () =>
    Effect.gen(function* () {
      const addresses = yield* Effect.forEach([1, 1, 2], (seed) =>
        Effect.gen(function* () {
          const folder = yield* temporary
          return yield* Effect.gen(function* () {
            const { platform } = yield* offering()
            return yield* Effect.gen(function* () {
              const { investor, wallet } = yield* onboarded
              return yield* (yield* Wallets).get(investor, wallet)
            }).pipe(as(platform))
          }).pipe(Effect.provide(Registrar.layerFolder({ folder }).pipe(Layer.provide(seeded(seed)))))
        }).pipe(Effect.scoped, Effect.provide(stopped))
      )
      assert.deepStrictEqual(addresses[1], addresses[0])
      assert.notStrictEqual(addresses[2]?.address, addresses[0]?.address)
    })
  )

  it.effect("a clock that stands still does not hold up a credit at a ledger that takes its time", () =>
    Effect.gen(function* () {
      const { campaign, platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investment = yield* delivered(campaign, yield* onboarded, 10)
        const status = Effect.map((yield* Credits).list(investment), ({ results }) => results[0]?.status)
        assert.strictEqual(yield* status, "processing")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* until(status, (now) => now !== "processing"), "succeeded")
      }).pipe(as(platform))
    }).pipe(Effect.provide(Registrar.layerMemory({ settleAfter: "5 seconds" }).pipe(Layer.provideMerge(stopped))))
  )

  it.effect("an answer waits as long for its settlement as it is told, and not at all where that is zero", () =>
    Effect.gen(function* () {
      const hanging = Layer.succeed(
        Ledger,
        Ledger.of({ submit: () => Effect.never, find: () => Effect.succeed(undefined) })
      )
      const waits = (settlementWait: "0 seconds" | "3 seconds") =>
        Effect.gen(function* () {
          const { campaign, platform } = yield* offering()
          const crediting = yield* Effect.forkChild(
            Effect.gen(function* () {
              return yield* delivered(campaign, yield* onboarded, 10)
            }).pipe(as(platform))
          )
          let seconds = 0
          // Virtual seconds: they pass only when all that can be done is done.
          for (; crediting.pollUnsafe() === undefined; seconds++) yield* TestClock.adjust("1 second")
          yield* Fiber.join(crediting)
          return seconds
        }).pipe(
          Effect.provide(
            Registrar.layerMemory({ ledger: "context", settlementWait }).pipe(
              Layer.provide(hanging),
              Layer.provideMerge(stopped)
            )
          )
        )
      const [none, some] = [yield* waits("0 seconds"), yield* waits("3 seconds")]
      assert.isAtLeast(some - none, 2)
    })
  )
})

describe("ledger and custody are the application's, and all else stays the register's", () => {
  const own = () => {
    const submitted: Array<LedgerTask> = []
    const address = EthereumAddress.EthereumAddress.make("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    const layer = Layer.mergeAll(
      Layer.succeed(Custody, Custody.of({ addressOf: () => Effect.succeed(address) })),
      Layer.succeed(
        Ledger,
        Ledger.of({
          submit: (task) =>
            Effect.sync(() => {
              submitted.push(task)
              return { _tag: "Succeeded" } as const
            }),
          find: () => Effect.succeed(undefined)
        })
      )
    )
    return { address, layer, submitted }
  }

  it.live("in a folder with its lock, its checkpoints and files that only their owner reads", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      const { address, layer, submitted } = own()
      const register = Registrar.layerFolder({ folder, ledger: "context", custody: "context" }).pipe(
        Layer.provide(layer)
      )
      yield* Effect.gen(function* () {
        const { campaign, platform } = yield* offering()
        yield* Effect.gen(function* () {
          const holder = yield* onboarded
          const wallet = yield* (yield* Wallets).get(holder.investor, holder.wallet)
          assert.strictEqual(wallet.address?.toLowerCase(), address)
          yield* delivered(campaign, holder, 10)
        }).pipe(as(platform))
        assert.lengthOf(submitted, 1)
        const second = yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(Registrar.layerFolder({ folder })))))
        assert.include(second.message, "in use by another layer of this process")
      }).pipe(Effect.provide(register))
      assert.includeMembers(readdirSync(folder), ["checkpoint.anchor", "checkpoint.key", "lock.db", "log.db"])
    }).pipe(Effect.scoped)
  )

  it("what is left to the context is asked for, and nothing else is", () => {
    type Same<A, B> = [A, B] extends [B, A] ? [] : [never]
    const needs = <R>(_layer: Layer.Layer<any, any, R>) => ({
      just: <Expected>(...same: Same<R, Expected>) => same.length === 0
    })
    assert.isTrue(needs(Registrar.layerMemory()).just<never>())
    assert.isTrue(needs(Registrar.layerFolder({ folder: "f", ledger: "context" })).just<Ledger>())
    const both = Registrar.layerFolder({ folder: "f", ledger: "context", custody: "context" })
    assert.isTrue(needs(both).just<Ledger | Custody>())
    // @ts-expect-error There is no such option.
    Registrar.layerFolder({ folder: "f", setleAfter: 5 })
  })
})

/** A service of the application over a register of its own. */
class Desk extends Context.Service<Desk, Context.Context<Registrar.Register>>()("test/Desk") {}
class OtherDesk extends Context.Service<OtherDesk, Context.Context<Registrar.Register>>()("test/OtherDesk") {}

const whole = Effect.context<Registrar.Register>()

describe("options come from the configuration", () => {
  it.live("where they are wrapped; a missing one is told by its name", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      const register = Registrar.layerFolderConfig({
        folder: Config.NonEmptyString("REGISTER"),
        settleAfter: Config.Duration("SETTLE_AFTER")
      })
      const given = (settings: object) => Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(settings)))
      yield* Effect.scoped(Layer.build(register)).pipe(given({ REGISTER: folder, SETTLE_AFTER: "1 second" }))
      assert.include(readdirSync(folder), "log.db")
      const missing = yield* Effect.flip(Effect.scoped(Layer.build(register)).pipe(given({ REGISTER: folder })))
      assert.include(String(missing), "SETTLE_AFTER")
    }).pipe(Effect.scoped)
  )
})

describe("two registers in one application share nothing", () => {
  const apart = (desk: Layer.Layer<Registrar.Register>, other: Layer.Layer<Registrar.Register>) =>
    Effect.gen(function* () {
      const at = <A, E>(
        context: Context.Context<Registrar.Register>,
        effect: Effect.Effect<A, E, Registrar.Register>
      ) => Effect.provideContext(effect, context)
      const here = yield* Desk
      const there = yield* OtherDesk
      yield* at(here, sale)
      assert.isAtLeast((yield* at(here, leaves)).length, 1)
      assert.deepStrictEqual(yield* at(there, leaves), [])
      yield* at(there, sale)
      assert.notDeepEqual(yield* at(there, leaves), yield* at(here, leaves))
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          Layer.effect(Desk, whole).pipe(Layer.provide(desk)),
          Layer.effect(OtherDesk, whole).pipe(Layer.provide(other))
        )
      )
    )

  it.live("in memory", () => apart(Registrar.layerMemory(), Registrar.layerMemory()))

  it.live("nor does a layer that is built twice remember", () =>
    Effect.gen(function* () {
      const register = Registrar.layerMemory()
      const session = Effect.gen(function* () {
        const openings = yield* (yield* AccessRecord).page({})
        assert.deepStrictEqual([yield* leaves, openings], [[], []])
        yield* sale
        assert.isAtLeast((yield* (yield* AccessRecord).page({})).length, 1)
      }).pipe(Effect.provide(register))
      yield* Effect.andThen(session, session)
    })
  )

  it.live("in two folders", () =>
    Effect.gen(function* () {
      const [here, there] = [yield* temporary, yield* temporary]
      yield* apart(
        Layer.orDie(Registrar.layerFolder({ folder: here })),
        Layer.orDie(Registrar.layerFolder({ folder: there }))
      )
    }).pipe(Effect.scoped)
  )
})
