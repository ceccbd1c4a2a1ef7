/**
 * A log that is put back behind a reactor: what was done outside the register is never done twice, and what was lost is named. For a developer
 * that changes how reactors keep their place.
 */
import { assert, describe, it } from "@effect/vitest"
import { MemoryEventStore, SqliteClient } from "@effekten/event-store"
import { type LedgerOutcome, Log, Progress } from "@effekten/registrar"
import { Credits, Erasures, Investments, Investors } from "@effekten/services"
import { Context, Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { offering, onboarded, person, signedAt } from "./fixture.ts"
import { as, gate, type Kept, kept, looking, open, scriptedLedger, turn, until } from "./parts.ts"

const succeeded: LedgerOutcome = { _tag: "Succeeded" }

/** Paid investments, each with a wallet of its own, and no credit yet. */
const sold = (count: number) =>
  Effect.gen(function* () {
    const { platform, campaign } = yield* offering()
    const investments = yield* Effect.forEach(Array.from({ length: count }), () =>
      Effect.gen(function* () {
        const holder = yield* onboarded
        return yield* (yield* Investments).create({
          campaignId: campaign,
          investorId: holder.investor,
          units: 10,
          signedAt,
          acceptedAt: signedAt,
          paidAt: signedAt,
          wallet: holder.wallet
        })
      }).pipe(as(platform))
    )
    return { platform, investments: investments.map(({ id }) => id) }
  })
type Sold = Effect.Success<ReturnType<typeof sold>>

const credit = ({ investments, platform }: Sold, index = 0) =>
  Effect.flatMap(Credits, (credits) => credits.create(investments[index]!)).pipe(as(platform))
const statusOf = ({ investments, platform }: Sold, index = 0) =>
  Effect.map(
    Effect.flatMap(Investments, (all) => all.get(investments[index]!)),
    ({ status }) => status
  ).pipe(as(platform))
const delivered = (world: Sold, index = 0) => until(statusOf(world, index), (status) => status === "DELIVERED")

/** A register over kept parts, and the lines it logs as errors or warnings. */
const session = <A, E, R>(
  keep: Kept,
  ledger: ReturnType<typeof scriptedLedger>,
  run: (loud: ReadonlyArray<string>) => Effect.Effect<A, E, R>,
  resumeReactors: ReadonlyArray<"settlement"> = []
) => {
  const loud: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Error" || logLevel === "Warn") loud.push(String(message))
  })
  return Effect.flatMap(
    open(keep, { ledger: ledger.layer, executor: { resumeReactors, policy: { retention: { seconds: 0 } } } }),
    (register) => Effect.provideContext(run(loud), register)
  ).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
}

const progressOf = (keep: Kept) => Context.get(keep.context, Progress).get("settlement")
const lastOf = (keep: Kept, type: string) => keep.storage.log.findLastIndex((written) => written.type === type) + 1
/** The reactor has had its chance, and has not taken it. */
const turns = Effect.repeat(turn, { times: 200 })

/** A register that has settled a credit and ended, and whose log is then put back to where the credit was only asked for. */
const settledAndLost = Effect.gen(function* () {
  const keep = yield* kept
  const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded), find: () => Effect.succeed(succeeded) })
  const world = yield* session(keep, ledger, () =>
    Effect.gen(function* () {
      const world = yield* sold(2)
      yield* credit(world)
      yield* delivered(world)
      yield* until(progressOf(keep), (at) => typeof at !== "number" && at.position >= lastOf(keep, "CreditRequested"))
      return world
    })
  )
  return { keep, ledger, world }
})

describe("promise 11: a reactor behind which the log was put back", () => {
  for (const [how, grow] of [
    ["ends before its progress", false],
    ["has grown past it, another way", true]
  ] as const)
    it.live(`does not start where the log ${how}, and goes on when a person says so`, () =>
      Effect.gen(function* () {
        const { keep, ledger, world } = yield* settledAndLost
        const asked = lastOf(keep, "CreditRequested")
        MemoryEventStore.rewind(keep.storage, grow ? asked - 1 : asked)
        const at = yield* progressOf(keep)
        if (!grow) {
          // What is left has the request, so the place of the progress is still there: it had come further.
          assert.deepInclude(at, { position: asked })
          MemoryEventStore.rewind(keep.storage, asked - 1)
        }
        const again = { ...ledger, ...scriptedLedger({ submit: () => Effect.succeed(succeeded) }) }
        yield* session(keep, again, (loud) =>
          Effect.gen(function* () {
            if (grow)
              for (let n = 0; n < 3; n++)
                yield* Effect.flatMap(Investors, (all) => all.create(person)).pipe(as(world.platform))
            yield* credit(world, 1)
            yield* turns
            assert.strictEqual(yield* statusOf(world, 1), "PAID")
            assert.lengthOf(
              loud.filter(
                (line) => line.startsWith("settlement does not start") || line.startsWith("settlement stops")
              ),
              1
            )
          })
        )
        assert.lengthOf(again.submitted, 0)
        yield* session(keep, again, (loud) =>
          Effect.gen(function* () {
            yield* turns
            assert.include(loud.join("\n"), `its progress is position ${asked}`)
            assert.include(loud.join("\n"), "cannot know which tasks were under way")
            assert.include(loud.join("\n"), "--resume-reactor settlement")
          })
        )
        assert.lengthOf(again.submitted, 0)
        yield* session(
          keep,
          again,
          (loud) =>
            Effect.gen(function* () {
              yield* delivered(world, 1)
              assert.lengthOf(loud, 1)
              assert.include(loud[0]!, "settlement goes on as it was told")
            }),
          ["settlement"]
        )
        // The ledger is asked before anything is submitted that may have been submitted before.
        assert.deepStrictEqual(again.found, again.submitted)
        yield* session(keep, again, (loud) =>
          Effect.andThen(
            turns,
            Effect.sync(() => assert.deepStrictEqual(loud, []))
          )
        )
      }).pipe(Effect.scoped)
    )

  it.live("does not start where the log has what was asked for, and has lost what came of it", () =>
    Effect.gen(function* () {
      const { keep, ledger, world } = yield* settledAndLost
      MemoryEventStore.rewind(keep.storage, lastOf(keep, "CreditRequested"))
      for (const _start of [1, 2])
        yield* session(keep, ledger, (loud) =>
          Effect.gen(function* () {
            yield* turns
            assert.include(loud.join("\n"), "settlement does not start")
            assert.strictEqual(yield* statusOf(world), "PAID")
          })
        )
      yield* session(keep, ledger, () => delivered(world), ["settlement"])
      assert.lengthOf(ledger.submitted, 1)
    }).pipe(Effect.scoped)
  )

  it.live("stops while it runs where the log has lost what came of a task, and so does every later start", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded), find: () => Effect.succeed(succeeded) })
      const world = yield* session(keep, ledger, (loud) =>
        Effect.gen(function* () {
          const world = yield* sold(2)
          yield* credit(world)
          yield* delivered(world)
          yield* until(progressOf(keep), (at) => typeof at !== "number" && at.position > 0)
          MemoryEventStore.rewind(keep.storage, lastOf(keep, "CreditRequested"))
          yield* Effect.ignore(credit(world, 1))
          yield* until(
            Effect.sync(() => loud.find((line) => line.startsWith("settlement stops"))),
            (line) => line !== undefined
          )
          return world
        })
      )
      yield* session(keep, ledger, (loud) =>
        Effect.gen(function* () {
          yield* turns
          assert.include(loud.join("\n"), "settlement does not start")
        })
      )
      yield* session(keep, ledger, () => Effect.andThen(delivered(world), delivered(world, 1)), ["settlement"])
      assert.lengthOf(ledger.submitted, 1)
    }).pipe(Effect.scoped)
  )

  it.live("asks before it submits where a whole database was put back to before a claim, which nothing shows", () =>
    Effect.gen(function* () {
      const { keep, ledger, world } = yield* settledAndLost
      MemoryEventStore.rewind(keep.storage, lastOf(keep, "CreditRequested"))
      const progress = Context.get(keep.context, Progress)
      for (const place of ["settlement", "settlement done"])
        yield* progress.set(place, { position: 0, leaf: keep.storage.logId })
      yield* session(keep, ledger, () => delivered(world))
      assert.lengthOf(ledger.submitted, 1)
      assert.deepStrictEqual(ledger.found, ledger.submitted)
    }).pipe(Effect.scoped)
  )

  it.live("submits nothing again when it is resumed, though the log has lost the claim", () =>
    Effect.gen(function* () {
      const { keep, ledger, world } = yield* settledAndLost
      const asked = lastOf(keep, "CreditRequested")
      const progress = Context.get(keep.context, Progress)
      MemoryEventStore.rewind(keep.storage, asked)
      // It had come further, to a place that is lost.
      yield* progress.set("settlement", { position: asked + 2, leaf: "lost" })
      yield* session(keep, ledger, () => delivered(world), ["settlement"])
      assert.lengthOf(ledger.submitted, 1)
      assert.deepStrictEqual(ledger.found, ledger.submitted)
    }).pipe(Effect.scoped)
  )

  it.live("stops while it runs, names the tasks it holds, and so does every later start without the flag", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const waiting = gate()
      const ledger = scriptedLedger({ submit: () => Effect.andThen(waiting.pass, Effect.succeed(succeeded)) })
      const world = yield* session(keep, ledger, (loud) =>
        Effect.gen(function* () {
          const world = yield* sold(2)
          const before = keep.storage.log.length
          yield* Effect.forkChild(credit(world), { startImmediately: true })
          yield* waiting.reached
          const held = ledger.submitted[0]!
          const position = lastOf(keep, "CreditRequested")
          MemoryEventStore.rewind(keep.storage, before)
          yield* until(
            Effect.sync(() => loud.find((line) => line.startsWith("settlement stops"))),
            (line) => line !== undefined
          )
          const line = loud.find((each) => each.startsWith("settlement stops"))!
          assert.include(
            line,
            `it had come to position ${position}, and the log, which was put back, ends at position ${before}`
          )
          assert.include(line, `credit ${held} (position ${position})`)
          yield* waiting.open
          yield* Effect.ignore(credit(world, 1))
          yield* turns
          assert.strictEqual(yield* statusOf(world, 1), "PAID")
          return world
        })
      )
      assert.lengthOf(ledger.submitted, 1)
      yield* session(keep, ledger, (loud) =>
        Effect.gen(function* () {
          yield* turns
          assert.include(loud.join("\n"), "settlement does not start")
        })
      )
      yield* session(keep, ledger, () => delivered(world, 1), ["settlement"])
      assert.lengthOf(ledger.submitted, 2)
    }).pipe(Effect.scoped)
  )

  it.live("stores no progress past a task whose outcome is lost, though another outcome lies there now", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const waiting = gate()
      let submissions = 0
      const ledger = scriptedLedger({
        submit: () =>
          Effect.as(
            Effect.suspend(() => (submissions++ === 0 ? waiting.pass : Effect.void)),
            succeeded
          )
      })
      yield* session(keep, ledger, (loud) =>
        Effect.gen(function* () {
          const world = yield* sold(2)
          yield* Effect.forkChild(credit(world), { startImmediately: true })
          yield* waiting.reached
          yield* credit(world, 1)
          yield* delivered(world, 1)
          yield* turns
          const claimed = lastOf(keep, "CreditSubmitted")
          // Put back without a word: the claim of the second task is left, its outcome is not.
          keep.storage.log.length = claimed
          keep.storage.byTag.cut(claimed)
          yield* waiting.open
          yield* until(
            Effect.sync(() => keep.storage.log[claimed]?.type),
            (type) => type === "UnitsCredited"
          )
          yield* until(
            Effect.sync(() => loud.find((line) => line.startsWith("settlement stops"))),
            (line) => line !== undefined
          )
          assert.include(loud.join("\n"), `credit ${ledger.submitted[1]!} (position ${claimed - 1}, done)`)
        })
      )
      yield* session(keep, ledger, (loud) =>
        Effect.gen(function* () {
          yield* turns
          assert.include(loud.join("\n"), "settlement does not start")
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("goes on by itself where the log has kept all that it did", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded) })
      yield* session(keep, ledger, (loud) =>
        Effect.gen(function* () {
          const world = yield* sold(2)
          yield* credit(world)
          yield* delivered(world)
          yield* until(
            progressOf(keep),
            (at) => typeof at !== "number" && at.position === lastOf(keep, "CreditRequested")
          )
          const end = keep.storage.log.length
          const create = Effect.flatMap(Investors, (all) => all.create(person)).pipe(as(world.platform))
          for (let n = 0; n < 5; n++) yield* create
          MemoryEventStore.rewind(keep.storage, end)
          for (let n = 0; n < 7; n++) yield* create
          yield* credit(world, 1)
          yield* delivered(world, 1)
          assert.isFalse(loud.some((line) => line.startsWith("settlement")))
        })
      )
      assert.lengthOf(ledger.submitted, 2)
    }).pipe(Effect.scoped)
  )
})

describe("promise 9: forgetting behind which the log was put back", () => {
  it.live("forgets what is erased afterwards", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded) })
      yield* session(keep, ledger, () =>
        Effect.gen(function* () {
          const { platform } = yield* offering()
          const create = Effect.flatMap(Investors, (all) => all.create(person)).pipe(as(platform))
          const [first, second] = [yield* create, yield* create]
          const end = keep.storage.log.length
          for (let n = 0; n < 6; n++) yield* create
          const erase = (id: typeof first.id, key: string) =>
            Effect.flatMap(Erasures, (erasures) => erasures.investor(id, "request", key as never))
          yield* erase(first.id, "first")
          // Put back without a word: nothing hears of it before the next erasure.
          keep.storage.log.length = end
          keep.storage.byTag.cut(end)
          yield* erase(second.id, "second")
          const log = yield* Log
          const created = (yield* log.readAll([{ types: ["InvestorRegistered"] }]))
            .slice(-2)
            .map(({ position }) => position)
          const parts = yield* log.reveal(looking, created)
          assert.deepStrictEqual(
            parts.map(({ _tag }) => _tag),
            ["Erased", "Erased"]
          )
        })
      )
    }).pipe(Effect.scoped)
  )
})

describe("stored progress", () => {
  it.live("of a program that knew no leaves is a position, and a bookmark from the first write on", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE reactors (name TEXT PRIMARY KEY, position BIGINT NOT NULL)`
      yield* sql`INSERT INTO reactors (name, position) VALUES ('settlement', 7)`
      const opened = Effect.map(Layer.build(Progress.layerSql), Context.get(Progress))
      const progress = yield* opened
      assert.strictEqual(yield* progress.get("settlement"), 7)
      assert.strictEqual(yield* progress.get("another"), 0)
      yield* progress.set("settlement", { position: 9, leaf: "ab" })
      assert.deepStrictEqual(yield* (yield* opened).get("settlement"), { position: 9, leaf: "ab" })
      // The older program, run once more, moves the position and not the leaf.
      yield* sql`INSERT INTO reactors (name, position) VALUES ('settlement', 11)
        ON CONFLICT (name) DO UPDATE SET position = excluded.position`
      assert.strictEqual(yield* progress.get("settlement"), 11)
    }).pipe(Effect.scoped, Effect.provide(SqliteClient.layer({ filename: ":memory:" })))
  )
})
