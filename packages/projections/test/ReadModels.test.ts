/**
 * Read models: the same rows by every way to them, whole pages, strangers kept apart, nothing personal on disk. For the author of read
 * models.
 */
import { SqliteClient } from "@effekten/event-store"
import {
  FoldOne,
  MemoryReadModels,
  type Projection,
  Projections,
  ReadModels,
  SqlReadModels,
  Views
} from "@effekten/projections"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { appendTo, logOf, memoryStore, sqliteStore, vault } from "./Logs.ts"
import { canary, choices, makeWorld, type StoredEvent } from "./World.ts"

const inMemory = SqliteClient.layer({ filename: ":memory:" })

const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  effect.pipe(Effect.provide(inMemory), Effect.runPromise)

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
      const broken = Effect.fail(new ReadModels.Unavailable({ message: "crash" }) as never)
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

const kinds: ReadonlyArray<
  readonly [string, (log: Projection.Log) => Effect.Effect<ReadModels.Shape, unknown, SqlClient.SqlClient>]
> = [
  ["SQL", (log) => SqlReadModels.make({ log, stepSize: 3 })],
  ["memory", (log) => Effect.succeed(MemoryReadModels.make({ log }))]
]

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

describe.each(kinds)("read models in %s", (_name, make) => {
  const collect = Effect.fnUntraced(function* <S>(
    models: ReadModels.Shape,
    projection: Projection.Projection<S>,
    scope: string,
    limit: number,
    meanwhile: () => void = () => {}
  ) {
    const results: Array<S> = []
    let cursor: string | undefined
    do {
      const page = yield* models.page(projection, scope, { limit, ...(cursor === undefined ? {} : { cursor }) })
      results.push(...page.results)
      cursor = page.next
      meanwhile()
    } while (cursor !== undefined)
    return results
  })

  const ranking = Effect.fnUntraced(function* (models: ReadModels.Shape, projection: Projection.Any, limit: number) {
    const found: Array<ReadModels.Ranked<unknown>> = []
    for (;;) {
      const page = yield* models.ranked(projection, { limit, after: found.at(-1) })
      found.push(...page)
      if (page.length < limit) return found
    }
  })

  /** The objects that have a rank, in its order; none where the projection knows of none. */
  const rankingOf = (views: Views.Views, projection: Projection.Any): ReadonlyArray<ReadModels.Ranked<unknown>> =>
    [...views.all<unknown>(projection)]
      .flatMap(([key, state]) => {
        const rank = projection.rank?.(state)
        return rank === undefined ? [] : [{ rank, key, state }]
      })
      .sort((a, b) => a.rank - b.rank || (a.key < b.key ? -1 : 1))

  it("D-15 the order of what is ranked is that of the fold, in pages of any size, at any position", async () => {
    await fc.assert(
      fc.asyncProperty(choices(150), fc.integer({ min: 1, max: 7 }), fc.nat({ max: 200 }), (all, limit, back) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const log = logOf(events, Math.max(1, events.length - back))
            const models = yield* make(log)
            for (const visible of [log.visible, events.length]) {
              log.visible = visible
              const views = Views.make(Projections.all)
              for (const event of events.slice(0, visible)) views.apply(event)
              for (const projection of Projections.all)
                expect(yield* ranking(models, projection, limit)).toStrictEqual(rankingOf(views, projection))
            }
          })
        )
      ),
      { numRuns: 25 }
    )
  })

  it("paging sees every row once and in order, while rows are added", async () => {
    await fc.assert(
      fc.asyncProperty(choices(150), fc.integer({ min: 1, max: 7 }), fc.nat({ max: 60 }), (all, limit, start) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const log = logOf(events, Math.min(start + 9, events.length))
            const models = yield* make(log)
            const seen = yield* collect(models, Projections.investments, "platform-a", limit, () => {
              log.visible = Math.min(events.length, log.visible + 11)
            })
            const views = Views.make([Projections.investments])
            for (const event of events) views.apply(event)
            const there = views.keys(Projections.investments, "platform-a")
            expect(seen.map((state) => state.id)).toStrictEqual(there.slice(0, seen.length))
          })
        )
      ),
      { numRuns: 25 }
    )
  })

  it("the pages before lead back to the first, row by row", async () => {
    const limits = fc.integer({ min: 1, max: 5 })
    await fc.assert(
      fc.asyncProperty(choices(150), limits, limits, (all, limit, backwards) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const models = yield* make(logOf(events))
            const whole = yield* models.page(Projections.documents, "platform-a", { limit: 500 })
            expect(whole.count).toBe(whole.results.length)
            let page = yield* models.page(Projections.documents, "platform-a", { limit })
            expect(page.previous).toBeUndefined()
            while (page.next !== undefined)
              page = yield* models.page(Projections.documents, "platform-a", { limit, cursor: page.next })
            const back = [...page.results]
            while (page.previous !== undefined) {
              page = yield* models.page(Projections.documents, "platform-a", {
                limit: backwards,
                cursor: page.previous
              })
              back.unshift(...page.results)
            }
            expect(back).toStrictEqual(whole.results)
          })
        )
      ),
      { numRuns: 25 }
    )
  })

  it("promise 10: two scopes never mix, and a cursor says nothing of the other", async () => {
    await fc.assert(
      fc.asyncProperty(choices(150), fc.integer({ min: 1, max: 4 }), async (all, limit) => {
        const { events } = makeWorld(all)
        const ofPlatform = "platform-a"
        const pages = (log: Projection.Log, projections: ReadonlyArray<Projection.Any>, limit: number) =>
          run(
            Effect.flatMap(make(log), (models) =>
              Effect.forEach(projections, (projection) => models.page(projection, ofPlatform, { limit }))
            )
          )
        for (const { results } of await pages(
          logOf(events),
          [Projections.investors, Projections.documents, Projections.investments],
          500
        ))
          expect(results.filter((state) => state.platform !== ofPlatform)).toStrictEqual([])
        // As if the other platform were not there.
        const alone = events.map((event) =>
          event.meta.platform === "platform-b"
            ? ({ ...event, type: "InstructionNoted", data: { input: {} } } as StoredEvent)
            : event
        )
        expect(await pages(logOf(events), [Projections.investors, Projections.documents], limit)).toStrictEqual(
          await pages(logOf(alone), [Projections.investors, Projections.documents], limit)
        )
      }),
      { numRuns: 15 }
    )
  })

  it("one object by its key, and none of a key nobody has", () =>
    run(
      Effect.gen(function* () {
        const { events } = makeWorld([[2, 0, 0, 0, 0]])
        const models = yield* make(logOf(events))
        const page = yield* models.page(Projections.investors, "platform-a")
        expect(page.count).toBe(1)
        expect(yield* models.get(Projections.investors, page.results[0]!.id)).toStrictEqual(page.results[0])
        expect(yield* models.get(Projections.investors, "nobody")).toBeUndefined()
      })
    ))

  it("a cursor nobody gave and a limit out of bounds are refused", () =>
    run(
      Effect.gen(function* () {
        const { events } = makeWorld(Array.from({ length: 30 }, () => [0, 0, 0, 0, 0] as const))
        const models = yield* make(logOf(events))
        const first = yield* models.page(Projections.documents, "platform-a", { limit: 2 })
        expect(first.next).toMatch(/^[A-Za-z0-9_-]+$/)
        const refused = (options: object) =>
          Effect.map(Effect.result(models.page(Projections.documents, "platform-a", options)), (result) => {
            expect(
              Result.isFailure(result) && result.failure instanceof ReadModels.InvalidPage && result.failure.member
            ).toBe("cursor" in options ? "cursor" : "limit")
          })
        const written = (text: string) => Buffer.from(text).toString("base64url")
        for (const cursor of [
          "",
          "!",
          "a".repeat(10_000),
          `${first.next}=`,
          ` ${first.next}`,
          written("documents from 0"),
          written("documents from 01"),
          written("documents from -1"),
          written("documents from 1.5"),
          written("documents from 9007199254740993"),
          written("documents from 3 "),
          written("documents after 3"),
          written("wallets from 3"),
          written("documents from 3' OR 1=1 --")
        ])
          yield* refused({ cursor })
        for (const limit of [0, -1, 1.5, 501, Number.NaN, Number.POSITIVE_INFINITY]) yield* refused({ limit })
        const past = yield* models.page(Projections.documents, "platform-a", {
          cursor: written("documents from 900"),
          limit: 2
        })
        expect(past.results).toStrictEqual([])
        const back = yield* models.page(Projections.documents, "platform-a", { cursor: past.previous, limit: 2 })
        expect(back.results).toHaveLength(2)
        expect(back.next).toBeUndefined()
      })
    ))
})

describe("read models over the real stores", () => {
  it("a page holds what was appended before it was asked for", () =>
    Effect.gen(function* () {
      const world = makeWorld(Array.from({ length: 100 }, (_, i) => [i * 37, i, i, i, i] as const))
      const store = yield* memoryStore
      const models = MemoryReadModels.make({ log: store })
      let count = 0
      for (const [first, ...rest] of world.groups) {
        if (first === undefined) continue
        yield* store.append([first, ...rest])
        if (first.type === "DocumentUploaded" && first.meta.platform === "platform-a") count++
        expect((yield* models.page(Projections.documents, "platform-a")).count).toBe(count)
      }
      expect(count).toBeGreaterThan(0)
    }).pipe(Effect.provide(vault), Effect.runPromise))
})
