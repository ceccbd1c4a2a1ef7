/**
 * How the record of openings is kept: in shared commits, for two years, through the end of the process. For operators.
 */
import { assert, describe, it } from "@effect/vitest"
import { AccessRecord, AccessRecordUnavailable, Registrar } from "@effekten/registrar"
import { Clock, DateTime, Duration, Effect, Fiber, Layer, Logger } from "effect"
import { Statement } from "effect/sql"
import { TestClock } from "effect/testing"
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  defaultKept,
  destroyedAtOnce,
  keptAtLeast,
  make,
  maximumGroup,
  maximumWaiting,
  syncedAfter
} from "../src/log/AccessRecord.ts"
import * as Table from "../src/log/AccessRecordTable.ts"
import { killed } from "./Killed.ts"
import { gate, looking, turn } from "./parts.ts"

const of = (subject: string) => [{ subject, class: "InvestorRegistered" }]

/** A table that tells what is done to it, and does it when it may. */
const watched = (hooks: { readonly before?: Effect.Effect<unknown, AccessRecordUnavailable> } = {}) => {
  const inserted: Array<number> = []
  const destroyed: Array<number> = []
  const table = Table.inMemory()
  return {
    inserted,
    destroyed,
    table: {
      ...table,
      insert: (at, rows) =>
        Effect.suspend(() => {
          inserted.push(rows.length)
          return Effect.andThen(hooks.before ?? Effect.void, table.insert(at, rows))
        }),
      destroy: (before, limit) =>
        Effect.tap(table.destroy(before, limit), (count) => Effect.sync(() => destroyed.push(count)))
    } satisfies Table.AccessRecordTable<AccessRecordUnavailable>
  }
}

describe("readers that come together", () => {
  it.live("D-18 share a commit: 64 at once take at most two, and equal ones are counted", () =>
    Effect.gen(function* () {
      const { inserted, table } = watched()
      const openings = yield* make({}, table)
      const ask = (subject: string) => openings.record(looking, of(subject))
      yield* Effect.forEach(Array.from({ length: 64 }), (_, index) => ask(`investor:${index % 8}`), {
        concurrency: "unbounded"
      })
      assert.isAtMost(inserted.length, 2)
      const all = yield* openings.page({})
      assert.isAtMost(all.length, 16)
      assert.strictEqual(
        all.reduce((sum, { number }) => sum + number, 0),
        64
      )
      yield* openings.record(looking, [])
      assert.isAtMost(inserted.length, 2)
    }).pipe(Effect.scoped)
  )

  it.live("D-18 each wait for their own commit; a reader that comes while the queue is full waits to be let in", () =>
    Effect.gen(function* () {
      const held = gate()
      const { inserted, table } = watched({ before: held.pass })
      const openings = yield* make({}, table)
      let shown = 0
      const readers = yield* Effect.forEach(Array.from({ length: maximumWaiting + maximumGroup + 10 }), (_, index) =>
        Effect.forkChild(
          Effect.andThen(
            openings.record(looking, of(`investor:${index}`)),
            Effect.sync(() => (shown += 1))
          )
        )
      )
      yield* held.reached
      yield* turn
      assert.strictEqual(shown, 0)
      assert.isAtMost(inserted[0]!, maximumGroup)
      yield* held.open
      yield* Effect.forEach(readers, (reader) => Fiber.join(reader))
      assert.strictEqual(shown, readers.length)
      assert.strictEqual(
        inserted.reduce((sum, rows) => sum + rows, 0),
        readers.length
      )
    }).pipe(Effect.scoped)
  )

  it.live("D-18 fail together where it cannot be written, and those after them do not", () =>
    Effect.gen(function* () {
      let full = true
      const { table } = watched({
        before: Effect.suspend(() =>
          full ? Effect.fail(new AccessRecordUnavailable({ message: "disk full" })) : Effect.void
        )
      })
      const openings = yield* make({}, table)
      const asked = Effect.result(openings.record(looking, of("investor:1")))
      for (const result of yield* Effect.all([asked, asked, asked], { concurrency: "unbounded" }))
        assert.strictEqual(result._tag === "Failure" ? result.failure._tag : "shown", "AccessRecordUnavailable")
      full = false
      assert.strictEqual((yield* asked)._tag, "Success")
      assert.lengthOf(yield* openings.page({}), 1)
    }).pipe(Effect.scoped)
  )

  it.live("D-18 that cannot be written are told of once, and once more when they can again", () =>
    Effect.gen(function* () {
      const said: Array<string> = []
      const logger = Logger.make(({ message }) => void said.push(String(message)))
      let full = true
      const { table } = watched({
        before: Effect.suspend(() =>
          full ? Effect.fail(new AccessRecordUnavailable({ message: "disk full" })) : Effect.void
        )
      })
      yield* Effect.gen(function* () {
        const openings = yield* make({}, table)
        const asked = Effect.result(openings.record(looking, of("investor:1")))
        yield* asked
        yield* asked
        full = false
        yield* asked
        yield* asked
      }).pipe(Effect.provide(Logger.layer([logger])))
      assert.lengthOf(said, 2)
      assert.match(said[0]!, /^Nothing personal is shown.*could not be written: disk full/)
      assert.strictEqual(said[1], "Openings are recorded again")
    })
  )

  it.live("D-18 are told when the register closes before their commit", () =>
    Effect.gen(function* () {
      const held = gate()
      const { table } = watched({ before: held.pass })
      const left = yield* Effect.scoped(
        Effect.gen(function* () {
          const openings = yield* make({}, table)
          const first = yield* Effect.forkDetach(openings.record(looking, of("investor:1")))
          yield* held.reached
          const second = yield* Effect.forkDetach(Effect.flip(openings.record(looking, of("investor:2"))))
          yield* turn
          yield* Effect.forkDetach(Effect.andThen(turn, held.open))
          return { first, second }
        })
      )
      yield* Fiber.join(left.first)
      assert.match((yield* Fiber.join(left.second)).message, /closing/)
    })
  )
})

/** A record in a folder of its own, for as long as the scope. */
const inFile = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-openings-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  const bytes = () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
  const filename = join(folder, "openings.db")
  return { bytes, filename, synced: () => readFileSync(filename), layer: AccessRecord.layerFile({ filename }) }
})

/** Lets a round come that is due, and its fibers do their work. */
const pass = (duration: Duration.Input) => Effect.andThen(turn, Effect.andThen(TestClock.adjust(duration), turn))

describe("the record", () => {
  it.effect("D-18 is destroyed after two years, by the rounds of a day, in bounded steps", () =>
    Effect.gen(function* () {
      const { destroyed, table } = watched()
      const openings = yield* make({}, table)
      const some = Array.from({ length: 2 * destroyedAtOnce + 5 }, (_, index) => of(`investor:${index}`)).flat()
      yield* openings.record(looking, some)
      yield* pass(Duration.days(365))
      yield* openings.record(looking, of("investor:later"))
      yield* pass(Duration.subtract(defaultKept, Duration.days(366)))
      assert.strictEqual(
        destroyed.reduce((sum, count) => sum + count, 0),
        0
      )
      yield* pass(Duration.days(2))
      assert.deepStrictEqual(
        destroyed.filter((count) => count > 0),
        [destroyedAtOnce, destroyedAtOnce, 5]
      )
      assert.deepStrictEqual(
        (yield* openings.page({})).map(({ subject }) => subject),
        ["investor:later"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("D-18 is looked through at the start, too, and by several nodes at once without harm", () =>
    Effect.gen(function* () {
      const table = Table.inMemory()
      const row = { actor: "registrar", platform: undefined, client: undefined, purpose: "DiscloseInvestor" } as const
      const rows = Array.from({ length: 3 }, (_, index) => ({ ...row, ...of(`investor:${index}`)[0]!, number: 1 }))
      yield* table.insert(yield* Clock.currentTimeMillis, rows)
      yield* TestClock.adjust(Duration.sum(defaultKept, Duration.millis(1)))
      yield* table.insert(yield* Clock.currentTimeMillis, [{ ...rows[0]!, subject: "investor:kept" }])
      yield* Effect.all([make({}, table), make({}, table)], { concurrency: 2 })
      yield* pass("1 millis")
      assert.deepStrictEqual(
        (yield* table.page({})).map(({ subject }) => subject),
        ["investor:kept"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("D-18 leaves no byte in its file of what was destroyed, and what is younger is there after a restart", () =>
    Effect.gen(function* () {
      const { bytes, layer, synced } = yield* inFile
      yield* Effect.gen(function* () {
        const openings = yield* AccessRecord
        yield* openings.record(looking, of("investor:destroyed"))
        assert.isTrue(bytes().includes("investor:destroyed"))
        assert.isFalse(synced().includes("investor:destroyed"))
        yield* pass(syncedAfter)
        assert.isTrue(synced().includes("investor:destroyed"))
        yield* pass(Duration.subtract(Duration.days(400), syncedAfter))
        yield* openings.record(looking, of("investor:younger"))
        yield* pass(Duration.days(333))
        assert.isFalse(bytes().includes("investor:destroyed"))
      }).pipe(Effect.provide(layer))
      const kept = yield* Effect.provide(
        Effect.flatMap(AccessRecord, (openings) => openings.page({})),
        Layer.fresh(layer)
      )
      assert.deepStrictEqual(
        kept.map(({ at, subject }) => [DateTime.formatIso(at), subject]),
        [[DateTime.formatIso(DateTime.makeUnsafe(Duration.toMillis(Duration.days(400)))), "investor:younger"]]
      )
    }).pipe(Effect.scoped)
  )

  it.live("D-18 is paged through by one bound: no page passes what the pages before it held", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const listening: Statement.Transformer = (statement) =>
        Effect.sync(() => {
          asked.push(statement.compile()[0])
          return statement
        })
      const { layer } = yield* inFile
      yield* Effect.gen(function* () {
        const openings = yield* AccessRecord
        yield* openings.record(looking, of("investor:1"))
        yield* openings.record(looking, of("investor:2"))
        const [first, second] = yield* openings.page({})
        const { at, cursor } = first!
        const page = (sought: Table.AccessQuery) =>
          Effect.provideService(openings.page(sought), Statement.CurrentTransformer, listening)
        assert.deepStrictEqual(yield* page({ after: cursor, since: DateTime.makeUnsafe(0) }), [second!])
        assert.deepStrictEqual(yield* page({ after: cursor }), [second!])
        assert.lengthOf(yield* page({ after: cursor, since: DateTime.add(second!.at, { days: 1 }) }), 0)
        assert.lengthOf(yield* page({ after: { at: 0, ordinal: 0 }, since: at }), 2)
      }).pipe(Effect.provide(layer))
      // SQLite seeks to the first of two bounds alone: a deep page would read everything since the beginning.
      assert.lengthOf(asked, 4)
      for (const text of asked) assert.lengthOf([...text.matchAll(/at >= |ordinal\) > /g)], 1)
    }).pipe(Effect.scoped)
  )

  it.effect("D-18 is kept as long as is said, within reason", () =>
    Effect.gen(function* () {
      const { table } = watched()
      const openings = yield* make({ openingsKept: keptAtLeast }, table)
      yield* openings.record(looking, of("investor:1"))
      yield* pass(Duration.sum(keptAtLeast, Duration.days(1)))
      assert.lengthOf(yield* openings.page({}), 0)
      for (const openingsKept of ["29 days", "3661 days"] as const) {
        const refused = yield* Effect.flip(make({ openingsKept }, table))
        assert.strictEqual((refused satisfies AccessRecordUnavailable)._tag, "AccessRecordUnavailable")
      }
    }).pipe(Effect.scoped)
  )

  it.live("D-18 that is damaged is not silently replaced: the start is refused, in words", () =>
    Effect.gen(function* () {
      const { layer, filename } = yield* inFile
      writeFileSync(filename, "no database at all, and long enough to be taken for one ".repeat(20))
      const refused = yield* Effect.flip(Layer.build(layer))
      assert.include(refused.message, `could not be opened in ${filename}: file is not a database`)
    }).pipe(Effect.scoped)
  )

  it.live("D-18 whose file was moved away is not written where no reader finds it", () =>
    Effect.gen(function* () {
      const { layer, filename } = yield* inFile
      yield* Effect.gen(function* () {
        const openings = yield* AccessRecord
        yield* openings.record(looking, of("investor:1"))
        renameSync(filename, `${filename}.away`)
        const gone = yield* Effect.flip(openings.record(looking, of("investor:2")))
        assert.include(gone.message, `${filename} was moved or removed`)
        writeFileSync(filename, "")
        yield* Effect.flip(openings.record(looking, of("investor:2")))
        rmSync(filename)
        renameSync(`${filename}.away`, filename)
        yield* openings.record(looking, of("investor:3"))
        assert.deepStrictEqual(
          (yield* openings.page({})).map(({ subject }) => subject),
          ["investor:1", "investor:3"]
        )
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.live("D-18 in memory holds the newest, up to its bound", () =>
    Effect.gen(function* () {
      const table = Table.inMemory()
      const row = { actor: "registrar", platform: undefined, client: undefined, purpose: "DiscloseInvestor" } as const
      const rows = Array.from({ length: Table.maximumInMemory + 1 }, (_, index) => ({
        ...row,
        ...of(`investor:${index}`)[0]!,
        number: 1
      }))
      yield* table.insert(0, rows)
      const first = yield* table.page({ limit: 1 })
      assert.strictEqual(first[0]?.subject, "investor:1")
      assert.lengthOf(yield* table.page({ limit: 1e9 }), Table.maximumPage)
    })
  )
})

const LIVES = 4

it(`D-18 after each of ${LIVES} kills the record has every answer that was shown`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "effekten-openings-"))
  const recorded = () => {
    const database = new DatabaseSync(join(folder, "openings.db"), { readOnly: true })
    const found = database.prepare("SELECT sum(number) AS n FROM openings WHERE purpose = 'GetInvestor'").get()
    database.close()
    return Number(found?.["n"])
  }
  let shown = 0
  for (let life = 0; life < LIVES; life++) {
    // A line is printed for every answer that was shown.
    shown += (await killed("OpeningsChild.ts", folder, /\n/, 20 + life * 37)).length
    assert.isAtLeast(recorded(), shown)
  }
  assert.isAbove(shown, LIVES)
  // And the next start has it.
  const openings = await Effect.flatMap(AccessRecord, ({ page }) => page({ limit: 1 })).pipe(
    Effect.provide(Registrar.layerFolder({ folder })),
    Effect.runPromise
  )
  assert.strictEqual(openings[0]?.purpose, "GetInvestor")
  rmSync(folder, { recursive: true, force: true })
})
