/**
 * Snapshots spare a start events to fold, and change no decision, damaged or not. For a developer that changes a decision model.
 */
import { assert, describe, it } from "@effect/vitest"
import { Campaign, type Decision, Id, type Units } from "@effekten/domain"
import { MemoryEventStore, SqliteClient } from "@effekten/event-store"
import { Executor, Log, Snapshots, SnapshotsTable } from "@effekten/registrar"
import { Investors } from "@effekten/services"
import { Context, Effect, Layer, Result } from "effect"
import * as fc from "fast-check"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { offering, person, signedAt } from "./fixture.ts"
import { as, codeOf, instruction, type Kept, kept, logLayer, open, openExecutor } from "./parts.ts"

interface Sale {
  readonly platform: Id.PlatformId
  readonly campaign: Id.CampaignId
  readonly investor: Id.InvestorId
}

/** A campaign in a kept log, and an investor of its platform. */
const sold = Effect.fnUntraced(function* (kept: Kept, allocation: number) {
  const register = yield* open(kept)
  return yield* Effect.gen(function* () {
    const { platform, campaign } = yield* offering({ allocation })
    const investor = yield* Effect.flatMap(Investors, (investors) => investors.create(person)).pipe(as(platform))
    return { platform, campaign, investor: investor.id } satisfies Sale
  }).pipe(Effect.provideContext(register))
}, Effect.scoped)

let investments = 0
const signing = (kept: Kept, sale: Sale, units: number) => {
  const id = `0198c0de-0000-7000-8000-${String(++investments).padStart(12, "0")}`
  return instruction(
    kept,
    {
      operation: "SignInvestment",
      input: {
        investmentId: Id.InvestmentId.make(id),
        investorId: sale.investor,
        campaignId: sale.campaign,
        units: units as Units.Units,
        documentIds: [],
        signedAt
      },
      personal: { signedDocuments: [] }
    } as never,
    { key: id, platform: sale.platform }
  )
}

/** Snapshots of the smallest movement, over a kept log. */
const over = (kept: Kept, storage: Snapshots.Storage) =>
  Effect.map(
    Effect.provide(
      Effect.all({ log: Log, snapshots: Snapshots.make(storage, { leastEvents: 1 }) }),
      Layer.provideMerge(logLayer(kept), Layer.succeedContext(kept.context))
    ),
    ({ log, snapshots }) => ({
      log,
      snapshots,
      /** What a model is, by way of a snapshot where there is one, and how many events were folded. */
      load: <S>(model: Decision.Model<S>) =>
        Effect.flatMap(log.head, (head) => Snapshots.load(log, snapshots, model, head)) as Effect.Effect<{
          readonly state: S
          readonly events: number
        }>
    })
  )

/** An executor that lives as long as the work, and what snapshots it leaves. */
const session = <A, E>(
  kept: Kept,
  storage: Snapshots.Storage,
  work: (executor: Executor["Service"]) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const { snapshots } = yield* over(kept, storage)
    const context = Context.add(kept.context, Snapshots.Snapshots, snapshots)
    return yield* work(yield* openExecutor({ ...kept, context }))
  }).pipe(Effect.scoped)

/** The log as it was, as if a backup had been put in its place. */
const putBack = Effect.fnUntraced(function* (kept: Kept, length: number) {
  const fresh = yield* Effect.provide(MemoryEventStore.makeStorage, kept.context)
  const storage: MemoryEventStore.Storage = { ...fresh, logId: kept.storage.logId }
  for (const written of kept.storage.log.slice(0, length)) storage.byTag.add(storage.log.push(written), written.tags)
  return { ...kept, storage }
})

/** Another text of the same length. */
const changed = (text: string, at: number): string => {
  const index = at % Math.max(1, text.length)
  return `${text.slice(0, index)}${text[index] === "7" ? "8" : "7"}${text.slice(index + 1)}`
}

type Fate =
  "kept" | "lost" | "older" | "damaged" | "of another version" | "from beyond the log" | "of a log that was put back"

describe("snapshots", () => {
  it.live(
    "promise 7: decisions after any number of restarts are the same with snapshots, whatever became of them",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(
              fc.record({
                units: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
                fate: fc.constantFrom<Fate>(
                  "kept",
                  "lost",
                  "older",
                  "damaged",
                  "of another version",
                  "from beyond the log",
                  "of a log that was put back"
                ),
                where: fc.nat()
              }),
              { minLength: 1, maxLength: 8 }
            ),
            (sessions) =>
              Effect.gen(function* () {
                const allocation = 60
                let register = yield* kept
                const sale = yield* sold(register, allocation)
                const first = register.storage.log.length
                const storage = Snapshots.makeMemoryStorage()
                const { snapshots } = storage
                let older = new Map(snapshots)
                let used = 0
                /** What was used up to each length of the log. */
                const usedAt = new Map([[first, 0]])
                for (const { fate, units, where } of sessions) {
                  const before = new Map(snapshots)
                  yield* session(
                    register,
                    storage,
                    Effect.fnUntraced(function* (executor) {
                      for (const count of units) {
                        const answer = yield* Effect.result(executor.execute(signing(register, sale, count)))
                        const events = Result.isSuccess(answer) ? answer.success.events.map(({ type }) => type) : []
                        assert.deepStrictEqual(
                          events,
                          count <= allocation - used ? ["InvestmentSigned"] : ["InstructionRejected"],
                          `${count} of ${allocation - used}, ${codeOf(answer) ?? ""}`
                        )
                        if (events[0] === "InvestmentSigned") used += count
                        usedAt.set(register.storage.log.length, used)
                      }
                    })
                  )
                  const set = (change: (snapshot: Snapshots.Stored) => Snapshots.Stored) => {
                    for (const [model, snapshot] of snapshots) snapshots.set(model, change(snapshot))
                  }
                  switch (fate) {
                    case "kept":
                      break
                    case "lost":
                      snapshots.clear()
                      break
                    case "older":
                      snapshots.clear()
                      for (const [model, snapshot] of older) snapshots.set(model, snapshot)
                      break
                    case "damaged":
                      set((snapshot) => {
                        const member = (["state", "leaf", "code", "model"] as const)[where % 4]!
                        return { ...snapshot, [member]: changed(snapshot[member], where) }
                      })
                      break
                    case "of another version":
                      set((snapshot) => ({ ...snapshot, version: snapshot.version + 1 }))
                      break
                    case "from beyond the log":
                      set((snapshot) => ({ ...snapshot, position: snapshot.position + 1 + (where % 3) }))
                      break
                    case "of a log that was put back": {
                      const lengths = [...usedAt.keys()].filter((length) => length <= register.storage.log.length)
                      const length = lengths[where % lengths.length]!
                      register = yield* putBack(register, length)
                      used = usedAt.get(length)!
                      for (const later of usedAt.keys()) if (later > length) usedAt.delete(later)
                    }
                  }
                  older = before
                  const { load } = yield* over(register, Snapshots.makeMemoryStorage())
                  assert.strictEqual((yield* load(Campaign.used(sale.campaign))).state, used)
                }
              }).pipe(Effect.scoped, Effect.runPromise)
          ),
          { numRuns: 60 }
        )
      )
  )

  it.live("promise 7: what is kept at the end is where the next start goes on, and nothing is folded twice", () =>
    Effect.gen(function* () {
      const register = yield* kept
      const sale = yield* sold(register, 1_000)
      const storage = Snapshots.makeMemoryStorage()
      const sign = (times: number) =>
        session(register, storage, (executor) =>
          Effect.forEach(Array.from({ length: times }), () => executor.execute(signing(register, sale, 1)), {
            concurrency: "unbounded"
          })
        )
      yield* sign(80)
      const { load } = yield* over(register, storage)
      assert.deepStrictEqual(yield* load(Campaign.used(sale.campaign)), { state: 80, events: 0 })
      yield* session(register, Snapshots.makeMemoryStorage(), (executor) =>
        executor.execute(signing(register, sale, 5))
      )
      assert.deepStrictEqual(yield* load(Campaign.used(sale.campaign)), { state: 85, events: 1 })
      storage.snapshots.clear()
      const { load: without } = yield* over(register, storage)
      assert.deepStrictEqual(yield* without(Campaign.used(sale.campaign)), { state: 85, events: 81 })
    }).pipe(Effect.scoped)
  )

  it.live("a state that is too large is not kept, and of many only so many", () =>
    Effect.gen(function* () {
      const register = yield* kept
      yield* sold(register, 10)
      const storage = Snapshots.makeMemoryStorage()
      const { log, snapshots } = yield* over(register, storage)
      const at = yield* log.bookmark()
      const head = at.position
      const of = (name: string, version = 1): Decision.Model<unknown> => ({
        name,
        version,
        types: ["InvestmentSigned"],
        tags: ["t"],
        initial: 0,
        evolve: (state) => state
      })
      const half = "x".repeat(Snapshots.maximumCharacters / 2)
      yield* snapshots.keep(at, [
        { model: of("large"), state: "x".repeat(Snapshots.maximumCharacters) },
        ...Array.from({ length: Snapshots.maximumSnapshots + 5 }, (_, index) => ({
          model: of(`small ${index}`),
          state: index
        }))
      ])
      assert.strictEqual(storage.snapshots.size, Snapshots.maximumSnapshots)
      assert.isFalse(storage.snapshots.has("large t"))
      assert.isUndefined(yield* snapshots.take(of("small 0"), head))
      assert.deepStrictEqual(yield* snapshots.take(of("small 1028"), head), { position: head, state: 1028 })
      yield* snapshots.keep(
        at,
        Array.from({ length: 20 }, (_, index) => ({ model: of(`half ${index}`), state: half }))
      )
      const characters = [...storage.snapshots.values()].reduce((sum, { state }) => sum + state.length, 0)
      assert.isAtMost(characters, Snapshots.maximumAllCharacters)
      assert.isAtLeast(characters, Snapshots.maximumAllCharacters / 2)
      assert.deepStrictEqual(yield* snapshots.take(of("half 19"), head), { position: head, state: half })
      // What is kept of a model is written again the later, the larger it is.
      assert.isAbove(snapshots.due(of("half 19")).now, 1_000)
    }).pipe(Effect.scoped)
  )

  it.live("promise 7: a snapshot that was changed in its table changes no decision, and is dropped", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "snapshots-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      const filename = join(folder, "views.db")
      const register = yield* kept
      const sale = yield* sold(register, 1_000)
      const model = Campaign.used(sale.campaign)
      const inTable = <A, E>(work: (snapshots: Snapshots.SnapshotsShape, log: Log["Service"]) => Effect.Effect<A, E>) =>
        Effect.flatMap(Effect.all([Snapshots.Snapshots, Log]), ([snapshots, log]) => work(snapshots, log)).pipe(
          Effect.provide(
            SnapshotsTable.layer.pipe(
              Layer.provide(SqliteClient.layer({ filename })),
              Layer.provideMerge(logLayer(register)),
              Layer.provide(Layer.succeedContext(register.context))
            )
          )
        )
      const loaded = inTable((snapshots, log) =>
        Effect.flatMap(log.head, (head) => Snapshots.load(log, snapshots, model, head))
      )
      yield* session(register, Snapshots.makeMemoryStorage(), (executor) =>
        Effect.forEach([1, 2, 3], (units) => executor.execute(signing(register, sale, units)))
      )
      const rows = () => {
        const database = new DatabaseSync(filename)
        const found = database.prepare("SELECT count(*) AS count FROM snapshot").get()
        database.close()
        return Number(found?.["count"])
      }
      const changes = [
        "state = '0'",
        "position = position - 1",
        "leaf = upper(leaf)",
        "version = version + 1",
        "code = 'x'",
        "state = NULL"
      ]
      for (const change of [undefined, ...changes]) {
        yield* inTable((snapshots, log) =>
          Effect.flatMap(log.bookmark(), (at) => snapshots.keep(at, [{ model, state: 6 }]))
        )
        assert.strictEqual(rows(), 1)
        if (change === undefined) {
          assert.deepStrictEqual(yield* loaded, { state: 6, events: 0 })
          continue
        }
        const database = new DatabaseSync(filename)
        // A table that another program made may let in anything.
        if (change.endsWith("NULL")) {
          database.exec(
            "CREATE TABLE other AS SELECT * FROM snapshot; DROP TABLE snapshot; ALTER TABLE other RENAME TO snapshot"
          )
        }
        database.exec(`UPDATE snapshot SET ${change}`)
        database.close()
        assert.deepStrictEqual(yield* loaded, { state: 6, events: 3 }, change)
        assert.strictEqual(rows(), 0, change)
      }
    }).pipe(Effect.scoped)
  )

  it.live("without a table that can be read, everything is folded from the first event", () =>
    Effect.gen(function* () {
      const register = yield* kept
      const sale = yield* sold(register, 1_000)
      yield* session(register, Snapshots.makeMemoryStorage(), (executor) =>
        executor.execute(signing(register, sale, 4))
      )
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "snapshots-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      const filename = join(folder, "views.db")
      const database = new DatabaseSync(filename)
      database.exec("CREATE VIEW snapshot AS SELECT 1 AS model")
      database.close()
      const loaded = Effect.gen(function* () {
        const log = yield* Log
        const snapshots = yield* Snapshots.Snapshots
        const head = yield* log.head
        const loaded = yield* Snapshots.load(log, snapshots, Campaign.used(sale.campaign), head)
        yield* snapshots.keep(yield* log.bookmark(), [{ model: Campaign.used(sale.campaign), state: 4 }])
        return loaded
      }).pipe(
        Effect.provide(
          SnapshotsTable.layer.pipe(
            Layer.provide(SqliteClient.layer({ filename })),
            Layer.provideMerge(logLayer(register)),
            Layer.provide(Layer.succeedContext(register.context))
          )
        )
      )
      for (let start = 0; start < 2; start++) assert.deepStrictEqual(yield* loaded, { state: 4, events: 1 })
    }).pipe(Effect.scoped)
  )
})
