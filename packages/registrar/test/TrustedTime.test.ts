/**
 * What cannot be undone is not done on the word of one clock. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Timestamp } from "@effekten/domain"
import { Log, Registrar } from "@effekten/registrar"
import { Erasures, Investors } from "@effekten/services"
import { Duration, Effect, Layer, Logger, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { judge, longestAbsence } from "../src/log/TrustedTime.ts"
import { offering, person } from "./fixture.ts"
import { retentionAlone } from "./Keeping.ts"
import { ahead, as, kept, open, until, wholeLog } from "./parts.ts"

const day = 86_400_000

/** Collects what is logged, and waits for a line. */
const listening = () => {
  const said: Array<string> = []
  return {
    said,
    layer: Logger.layer([Logger.make<unknown, void>(({ message }) => void said.push(JSON.stringify(message)))]),
    line: (words: RegExp) =>
      until(
        Effect.sync(() => said.join("\n")),
        (all) => words.test(all)
      )
  }
}

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-clock-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const investor = Effect.gen(function* () {
  const { platform } = yield* offering()
  return (yield* Effect.flatMap(Investors, (investors) => investors.create(person)).pipe(as(platform))).id
})

const erasedIn = Effect.map(wholeLog, (events) => events.filter(({ type }) => type === "InvestorErased").length)

const years = (count: number) => count * 366 * day
const instantIn = (millis: number) => Timestamp.instantOf(new Date(Date.now() + millis).toISOString())

describe("a clock that is far ahead", () => {
  it.live("erases nobody, by itself or when asked, and says what a person has to do; with that word it does", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const id = yield* Effect.provide(investor, Registrar.layerFolder({ folder }))
      const { layer, line } = listening()
      yield* Effect.gen(function* () {
        yield* line(/The clock says 20\d\d-.* days after 20.*start with --believe-clock 20/)
        const failure = yield* Effect.flip(
          Effect.flatMap(Erasures, (erasures) => erasures.investor(id, "retention_over"))
        )
        assert.strictEqual(failure._tag, "Unavailable")
        assert.include(failure.message, "--believe-clock")
        assert.strictEqual(yield* erasedIn, 0)
      }).pipe(
        Effect.provide(Layer.provideMerge(Registrar.layerFolder({ folder, eraseWhenDue: true }), layer)),
        ahead(years(34))
      )
      // A word for another instant, or none: the same. And each start in doubt leaves the doubt to the next.
      for (const believeClock of [instantIn(years(20)), undefined])
        yield* Effect.gen(function* () {
          const erasing = Effect.flatMap(Erasures, (erasures) => erasures.investor(id, "retention_over"))
          assert.strictEqual((yield* Effect.flip(erasing))._tag, "Unavailable")
        }).pipe(
          Effect.provide(Registrar.layerFolder({ folder, ...(believeClock === undefined ? {} : { believeClock }) })),
          ahead(years(34))
        )
      yield* Effect.flatMap(Log, (log) =>
        log.subscribe([{ types: ["InvestorErased"] }], 0).pipe(Stream.take(1), Stream.runDrain)
      ).pipe(
        Effect.provide(Registrar.layerFolder({ folder, eraseWhenDue: true, believeClock: instantIn(years(34)) })),
        ahead(years(34))
      )
    }).pipe(Effect.scoped)
  )

  it.live("erases those who were due before it went wrong, and no others", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const due = yield* Effect.provide(investor, Registrar.layerFolder({ folder })).pipe(ahead(-years(8)))
      const later = yield* Effect.provide(investor, Registrar.layerFolder({ folder, believeClock: instantIn(0) }))
      const erased = yield* Effect.gen(function* () {
        const log = yield* Log
        const [first] = yield* Stream.runCollect(Stream.take(log.subscribe([{ types: ["InvestorErased"] }], 0), 1))
        const refused = yield* Effect.flip(
          Effect.flatMap(Erasures, (erasures) => erasures.investor(later, "retention_over"))
        )
        return [first !== undefined && "investorId" in first.data ? first.data.investorId : undefined, refused._tag]
      }).pipe(Effect.provide(Registrar.layerFolder({ folder, eraseWhenDue: true })), ahead(years(34)))
      assert.deepStrictEqual(erased, [due, "Unavailable"])
    }).pipe(Effect.scoped)
  )

  it.live("has stamped the log ahead: a start tells from which event on, and until when", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* Effect.provide(investor, Registrar.layerFolder({ folder }))
      yield* Effect.provide(investor, Registrar.layerFolder({ folder })).pipe(ahead(years(12)))
      const { layer, said } = listening()
      const last = yield* Effect.provide(wholeLog, Layer.provideMerge(Registrar.layerFolder({ folder }), layer))
      assert.match(
        said.join("\n"),
        new RegExp(`stamped ahead: from position 7 on its events say up to ${last.at(-1)!.meta.recordedAt}, \\d+ days`)
      )
    }).pipe(Effect.scoped)
  )
})

describe("the time that counts", () => {
  const instant = (millis: number) => Timestamp.instantOfMicros(millis * 1000)

  it("is never later than any clock says, and after an absence never more than the bound later than was counted", () => {
    const start = Date.UTC(2026, 0, 1)
    const offset = fc.integer({ min: -years(2), max: years(40) })
    fc.assert(
      fc.property(offset, fc.option(offset), fc.integer({ min: 0, max: years(1) }), (wall, witness, counted) => {
        const trusted = { at: instant(start), monotonic: 0n }
        const seen = {
          wall: instant(start + wall),
          witness: witness === null ? undefined : instant(start + witness),
          monotonic: BigInt(counted) * 1_000_000n
        }
        const { at, believed } = judge(trusted, seen)
        const latest = start * 1000 + counted * 1000 + Duration.toMillis(longestAbsence) * 1000
        assert.isAtMost(at.micros, latest)
        assert.isAtMost(at.micros, Math.max(start * 1000 + counted * 1000, seen.wall.micros))
        if (believed) assert.strictEqual(at.micros, Math.min(seen.wall.micros, seen.witness?.micros ?? Infinity))
      })
    )
  })

  it.effect(
    "goes on with a clock that goes on: over seven years nobody waits, however seldom the register is asked",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 0, 1))
        const register = yield* open(yield* kept, {
          executor: { ...retentionAlone }
        })
        yield* Effect.gen(function* () {
          yield* investor
          for (let month = 0; month < 12 * 7; month++) yield* TestClock.adjust(Duration.days(30))
          assert.strictEqual(yield* erasedIn, 1)
        }).pipe(Effect.provideContext(register))
      })
  )

  it.effect(
    "a bounded number is erased within an hour, said so, and another process that takes over goes on counting",
    () =>
      Effect.gen(function* () {
        const { layer, line, said } = listening()
        const maximumPerTurn = 100
        const many = 2 * maximumPerTurn + 20
        const keep = yield* kept
        const register = open(keep, {
          executor: { ...retentionAlone, maximumPerTurn }
        })
        yield* Effect.gen(function* () {
          yield* TestClock.setTime(Date.UTC(2026, 0, 1))
          yield* Effect.gen(function* () {
            const { platform } = yield* offering()
            const create = Effect.flatMap(Investors, (investors) => investors.create(person))
            yield* Effect.replicateEffect(create, many, { concurrency: 64, discard: true }).pipe(as(platform))
            for (let year = 0; year < 5; year++) yield* TestClock.adjust(Duration.days(365))
            assert.strictEqual(yield* erasedIn, 0)
            yield* TestClock.setTime(Date.UTC(2031, 11, 31, 22, 59))
            yield* TestClock.adjust(Duration.minutes(2))
            yield* line(/100 investors were due at 2031-12-31T23:.* and more may be/)
            yield* TestClock.adjust(Duration.minutes(30))
            assert.strictEqual(yield* erasedIn, maximumPerTurn)
          }).pipe(Effect.provide(Layer.effectContext(register)))
          said.length = 0
          const next = yield* register
          yield* Effect.gen(function* () {
            yield* TestClock.adjust(Duration.minutes(20))
            yield* line(/100 investors were due at .* and more may be/)
            assert.strictEqual(yield* erasedIn, maximumPerTurn)
            yield* TestClock.adjust(Duration.minutes(80))
            yield* until(erasedIn, (count) => count === 2 * maximumPerTurn)
            yield* TestClock.adjust(Duration.minutes(80))
            yield* until(erasedIn, (count) => count === many)
          }).pipe(Effect.provideContext(next))
        }).pipe(Effect.provide(layer))
      })
  )
})
