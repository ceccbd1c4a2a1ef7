/**
 * Read models in SQL: the same rows by every way to them, nothing folded twice, nothing personal on disk. For the author of read models.
 */
import { SqliteClient } from "@effekten/event-store"
import { FoldOne, type Projection, Projections, ReadModels, SqlReadModels, Views } from "@effekten/projections"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { appendTo, logOf, sqliteStore, vault } from "./Logs.ts"
import { canary, choices, makeWorld, type StoredEvent } from "./World.ts"
import { run } from "./SqliteRows.ts"

/** Every row there is, as a list by projection and scope. */
const rows = (projections: ReadonlyArray<Projection.Any> = Projections.all) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const found: Record<string, unknown> = {}
    for (const projection of projections)
      found[projection.name] = (yield* sql<{
        key: string
        state: string
      }>`SELECT key, scope, ordinal, state FROM ${sql(tableOf(projection))} ORDER BY scope, ordinal`).map((row) => ({
        ...row,
        state: JSON.parse(row.state)
      }))
    return found
  })

/** The table in which this version of the program keeps a projection. */
const tableOf = ({ name, version }: Projection.Any): string => `read_model_${name}_2_${version}`

/** How many events all projections take in, if each of them takes in what concerns it once. */
const foldedOnce = (events: ReadonlyArray<StoredEvent>): number =>
  Projections.all.reduce((sum, { types }) => sum + events.filter(({ type }) => types.includes(type)).length, 0)

/** The rows of a fold from nothing. */
const expectedRows = (
  events: ReadonlyArray<StoredEvent>,
  to: number,
  projections: ReadonlyArray<Projection.Any> = Projections.all
) => {
  const views = Views.make(projections)
  for (const event of events.slice(0, to)) views.apply(event)
  return Object.fromEntries(
    projections.map((projection) => {
      const scopes = [...new Set([...views.all(projection).values()].map((state) => projection.scope(state)))]
      return [
        projection.name,
        scopes
          .sort((a, b) => (a < b ? -1 : 1))
          .flatMap((scope) =>
            views
              .keys(projection, scope)
              .map((key, index) => ({ key, scope, ordinal: index + 1, state: views.get(projection, key) }))
          )
      ]
    })
  )
}

/** Fails at random statements, before or after they took effect, as a crash or a full disk would. */
const failing = (sql: SqlClient.SqlClient, mayFail: () => boolean): SqlClient.SqlClient =>
  Object.assign((...args: Parameters<SqlClient.SqlClient>) => sql(...args), sql, {
    withTransaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => {
      const broken = Effect.fail(new ReadModels.ReadModelsUnavailable({ message: "crash" }) as never)
      if (mayFail()) return sql.withTransaction(Effect.andThen(effect, broken))
      return mayFail() ? Effect.andThen(sql.withTransaction(effect), broken) : sql.withTransaction(effect)
    }
  }) as SqlClient.SqlClient

/** How many events of each type there were: wrong as soon as one is folded twice, or not. */
const counting = (name: string, version: number): Projection.Projection<{ readonly n: number }> => ({
  name,
  version,
  types: ["InvestorRegistered", ...Projections.all.flatMap((projection) => projection.types)],
  keys: (event) => [event.type],
  evolve: (state) => ({ n: (state?.n ?? 0) + 1 }),
  scope: () => "all",
  query: () => "all"
})

describe("read models in SQL", () => {
  it("promise 7: incremental = rebuilt, at every position", async () => {
    await fc.assert(
      fc.asyncProperty(choices(60), (all) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const log = logOf(events, 0)
            const models = yield* SqlReadModels.make({ log, stepSize: 1 })
            for (let to = 0; to <= events.length; to++) {
              log.visible = to
              expect(yield* models.catchUp).toBe(to)
              expect(yield* rows()).toStrictEqual(expectedRows(events, to))
            }
            expect(log.handedOut).toBe(foldedOnce(events))
          })
        )
      ),
      { numRuns: 8 }
    )
  })

  it("promise 7: incremental = rebuilt, over restarts and random batch sizes", async () => {
    const stops = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 50 })), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(choices(120), stops, (all, stops) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const log = logOf(events, 0)
            for (const [more, stepSize] of [...stops, [events.length, 7] as const]) {
              log.visible = Math.min(events.length, log.visible + more)
              const models = yield* SqlReadModels.make({ log, stepSize })
              expect(yield* models.catchUp).toBe(log.visible)
              expect(yield* rows()).toStrictEqual(expectedRows(events, log.visible))
            }
          })
        )
      ),
      { numRuns: 25 }
    )
  })

  it("a table of a projection that is kept no longer stays as it was, and is gone on with if it is kept again", async () => {
    const { events } = makeWorld(
      Array.from({ length: 60 }, (_, n) => [(n * 37) % 1000, n, n + 1, n + 2, n + 3] as const)
    )
    await run(
      Effect.gen(function* () {
        const before = Math.floor(events.length / 2)
        const log = logOf(events, before)
        const withHoldings = [...Projections.all, Projections.holdings]
        const older = yield* SqlReadModels.make({ log, projections: withHoldings })
        yield* older.catchUp
        const table = yield* rows([Projections.holdings])
        log.visible = events.length
        const newer = yield* SqlReadModels.make({ log })
        expect(yield* newer.catchUp).toBe(events.length)
        expect(yield* rows()).toStrictEqual(expectedRows(events, events.length))
        expect(yield* rows([Projections.holdings])).toStrictEqual(table)
        // A node of the version before: it is replaced last, and a register may go back to it.
        expect(yield* older.catchUp).toBe(events.length)
        const again = yield* SqlReadModels.make({ log, projections: withHoldings })
        expect(yield* again.catchUp).toBe(events.length)
        expect(yield* rows(withHoldings)).toStrictEqual(expectedRows(events, events.length, withHoldings))
      })
    )
  })

  it("holdings, which no list reads, are not written", async () => {
    await run(
      Effect.gen(function* () {
        const { events } = makeWorld([])
        yield* SqlReadModels.make({ log: logOf(events) })
        const sql = yield* SqlClient.SqlClient
        const tables = yield* sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`
        const names = tables.map(({ name }) => name).filter((name) => name !== "read_model")
        expect(names.toSorted()).toStrictEqual(Projections.all.map(tableOf).toSorted())
        expect(names.join()).not.toContain("holdings")
      })
    )
  })

  it("each event is folded once, whatever fails and wherever: before, in, or after a commit", async () => {
    await fc.assert(
      fc.asyncProperty(choices(100), fc.array(fc.nat({ max: 3 }), { minLength: 50, maxLength: 50 }), (all, faults) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const log = logOf(events)
            let step = 0
            const sql = failing(yield* SqlClient.SqlClient, () => faults[step++] === 0)
            const projections = [...Projections.all, counting("count", 1)]
            const make = SqlReadModels.make({ log, projections, stepSize: 9 }).pipe(
              Effect.provideService(SqlClient.SqlClient, sql),
              Effect.retry({ times: 100 })
            )
            const models = yield* make
            yield* Effect.retry(models.catchUp, { times: 100 })
            expect(yield* rows(projections)).toStrictEqual(expectedRows(events, events.length, projections))
          })
        )
      ),
      { numRuns: 25 }
    )
  })

  it("projections that stand at different positions each fold every event once", async () => {
    const stops = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 50 }), fc.nat({ max: 1 })), {
      maxLength: 8
    })
    await fc.assert(
      fc.asyncProperty(choices(80), stops, (all, stops) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const log = logOf(events, 0)
            let version = 1
            for (const [more, stepSize, raise] of [...stops, [events.length, 13, 0] as const]) {
              log.visible = Math.min(events.length, log.visible + more)
              version += raise
              const projections = [counting("one", version), counting("two", 1), counting("three", -version)]
              // The first alone goes ahead; then all of them.
              const ahead = yield* SqlReadModels.make({ log, projections: projections.slice(0, 1), stepSize })
              yield* ahead.catchUp
              log.visible = Math.min(events.length, log.visible + 3)
              const models = yield* SqlReadModels.make({ log, projections, stepSize })
              yield* models.catchUp
              expect(yield* rows(projections)).toStrictEqual(expectedRows(events, log.visible, projections))
            }
          })
        )
      ),
      { numRuns: 20 }
    )
  })

  it("a projection of another version is folded again, and no other", () =>
    run(
      Effect.gen(function* () {
        const { events } = makeWorld(Array.from({ length: 80 }, (_, i) => [i * 37, i, i, i, i] as const))
        const log = logOf(events)
        const before = yield* SqlReadModels.make({ log })
        yield* before.catchUp
        let folded = 0
        const changed: Projection.Projection<unknown> = {
          ...Projections.investors,
          version: Projections.investors.version + 1,
          evolve: (state, event, key) => {
            folded++
            return { ...Projections.investors.evolve(state as never, event, key), since: 2 }
          }
        }
        const untouched: Projection.Projection<unknown> = {
          ...Projections.documents,
          evolve: () => {
            throw new Error("folded again")
          }
        }
        const after = yield* SqlReadModels.make({
          log,
          projections: [changed, untouched, Projections.wallets],
          stepSize: 10
        })
        const registered = events.flatMap((event) =>
          event.type === "InvestorRegistered" ? [event.data.investorId] : []
        )
        expect(registered).not.toHaveLength(0)
        for (const id of registered) expect(yield* after.get(changed, id)).toMatchObject({ since: 2 })
        expect(folded).toBe(events.filter((event) => Projections.investors.types.includes(event.type)).length)
        expect((yield* rows())["documents"]).toStrictEqual(expectedRows(events, events.length)["documents"])
      })
    ))

  it("another log, or one put back to an earlier state that went another way, is folded from nothing", () =>
    run(
      Effect.gen(function* () {
        const { events } = makeWorld(Array.from({ length: 60 }, (_, i) => [i * 31, i, i, i, i] as const))
        const first = logOf(events)
        yield* (yield* SqlReadModels.make({ log: first })).catchUp
        const shorter = events.slice(0, 30)
        const second = logOf(shorter)
        yield* (yield* SqlReadModels.make({ log: second })).catchUp
        expect(yield* rows()).toStrictEqual(expectedRows(shorter, 30))
        const other = shorter.map((event) => ({ ...event, id: `o${event.position}` }) as StoredEvent)
        const third = logOf(other.slice(0, 30))
        yield* (yield* SqlReadModels.make({ log: third })).catchUp
        expect(third.handedOut).toBe(foldedOnce(other))
        const fourth = logOf(shorter, 30, "another")
        yield* (yield* SqlReadModels.make({ log: fourth })).catchUp
        expect(fourth.handedOut).toBe(foldedOnce(shorter))
      })
    ))

  it("requests that come together share the work, and each sees what was there when it came", () =>
    run(
      Effect.gen(function* () {
        const { events } = makeWorld(Array.from({ length: 60 }, (_, i) => [i * 31, i, i, i, i] as const))
        const log = logOf(events, 0)
        const models = yield* SqlReadModels.make({ log, stepSize: 5 })
        log.visible = events.length
        const reached = yield* Effect.forEach(Array.from({ length: 32 }), () => models.catchUp, {
          concurrency: "unbounded"
        })
        expect(reached).toStrictEqual(reached.map(() => events.length))
        expect(log.handedOut).toBe(foldedOnce(events))
      })
    ))

  it("two processes on one database: the slower one goes on from where the other is, and nothing is folded twice", () =>
    run(
      Effect.gen(function* () {
        const { events } = makeWorld(Array.from({ length: 60 }, (_, i) => [i * 31, i, i, i, i] as const))
        const log = logOf(events)
        const one = yield* SqlReadModels.make({ log, stepSize: 10 })
        const two = yield* SqlReadModels.make({ log, stepSize: 7 })
        yield* one.catchUp
        expect(yield* two.catchUp).toBe(events.length)
        expect(yield* rows()).toStrictEqual(expectedRows(events, events.length))
      })
    ))

  it("promise 9: no personal text is ever in the file", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "projections-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      const [all] = fc.sample(choices(200), { numRuns: 1, seed: 7 })
      const world = makeWorld(all!.concat(Array.from({ length: 100 }, (_, i) => [i * 37, i, i, i, i] as const)))
      const store = yield* sqliteStore(join(folder, "log.db"))
      yield* appendTo(store, world)
      const views = join(folder, "views.db")
      yield* Effect.gen(function* () {
        const models = yield* SqlReadModels.make({ log: store, stepSize: 50 })
        expect(yield* models.catchUp).toBe(world.events.length)
        for (const platform of ["platform-a", "platform-b"])
          for (const investor of (yield* models.page(Projections.investors, platform, { limit: 500 })).results) {
            expect(yield* FoldOne.fold(store, Projections.investors, investor.id)).toStrictEqual(investor)
            // What the row points at is where the personal part is.
            const [revealed] = yield* store.reveal(investor.personalAt)
            expect(JSON.stringify(revealed)).toContain(canary)
          }
      }).pipe(Effect.provide(SqliteClient.layer({ filename: views })))
      const bytes = readdirSync(folder)
        .filter((name) => name.startsWith("views.db"))
        .map((name) => readFileSync(join(folder, name)))
      expect(Buffer.concat(bytes).includes("investor-")).toBe(true)
      expect(Buffer.concat(bytes).includes(canary)).toBe(false)
    }).pipe(Effect.scoped, Effect.provide(vault), Effect.runPromise))
})
