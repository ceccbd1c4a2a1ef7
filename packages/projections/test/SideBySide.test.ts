/**
 * Programs of several versions over one database of read models, and projections that do not wait for each other. For an author that raises
 * the version of a projection, and for an operator that updates one node after the other.
 */
import { EventStoreError, SqliteClient } from "@effekten/event-store"
import { MemoryReadModels, type Projection, Projections, ReadModels, SqlReadModels, Views } from "@effekten/projections"
import { Deferred, Effect, Fiber, Logger, Result, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { logOf } from "./Logs.ts"
import { makeWorld, type StoredEvent } from "./World.ts"

const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  effect.pipe(Effect.provide(SqliteClient.layer({ filename: ":memory:" })), Effect.runPromise)

const { events } = makeWorld(Array.from({ length: 80 }, (_, i) => [i * 37, i, i, i, i] as const))
const platform = "platform-a"

/** The projection of investors as a later version of the program has it. */
const raised: Projection.Projection<unknown> = {
  ...Projections.investors,
  version: Projections.investors.version + 1,
  evolve: (state, event, key) => {
    const after = Projections.investors.evolve(state as never, event, key)
    return after === undefined ? undefined : { ...after, since: 2 }
  }
}
const later = [raised, ...Projections.all.filter(({ name }) => name !== raised.name)]

/** A projection that cannot take the event at a position. */
const failingAt = <S>(projection: Projection.Projection<S>, position: number): Projection.Projection<S> => ({
  ...projection,
  evolve: (state, event, key) => {
    if (event.position === position) throw new Error("no such units")
    return projection.evolve(state, event, key)
  }
})

const ofFold = (
  projection: Projection.Projection<unknown>,
  to: number,
  of: ReadonlyArray<StoredEvent> = events
): ReadonlyArray<unknown> => {
  const views = Views.make([projection])
  for (const event of of.slice(0, to)) views.apply(event)
  return views.keys(projection, platform).map((key) => views.get(projection, key))
}

const all = { limit: 500 }

const pageOf = (models: ReadModels.Shape, projection: Projection.Projection<unknown>) =>
  Effect.map(models.page(projection, platform, all), ({ results }) => results)

const names = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`, (tables) =>
    tables.map(({ name }) => name)
  )
)

/** Days pass hour by hour, so that what is done each hour is done before the next one. */
const pass = (days: number) =>
  Effect.forEach(Array.from({ length: days * 24 }), () => TestClock.adjust("1 hour"), { discard: true })

const said = (lines: Array<string>) => Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])

const kinds: ReadonlyArray<
  readonly [
    string,
    (options: {
      readonly log: Projection.Log
      readonly projections?: ReadonlyArray<Projection.Any>
    }) => Effect.Effect<ReadModels.Shape, unknown, SqlClient.SqlClient>
  ]
> = [
  ["SQL", (options) => SqlReadModels.make({ ...options, stepSize: 7 })],
  ["memory", (options) => Effect.succeed(MemoryReadModels.make(options))]
]

describe("versions side by side", () => {
  it("a program of a later version folds beside an earlier one; both are right at every position, whichever reads first", () =>
    run(
      Effect.gen(function* () {
        const log = logOf(events, 20)
        const before = yield* SqlReadModels.make({ log })
        expect(yield* pageOf(before, Projections.investors)).toStrictEqual(ofFold(Projections.investors, 20))
        const after = yield* SqlReadModels.make({ log, projections: later, stepSize: 3 })
        for (let to = 20; to <= events.length; to += 7) {
          log.visible = to
          const [first, second] = to % 2 === 0 ? [before, after] : [after, before]
          for (const models of [first, second]) {
            const projection = models === before ? Projections.investors : raised
            expect(yield* pageOf(models, projection)).toStrictEqual(ofFold(projection, to))
            expect(yield* pageOf(models, Projections.wallets)).toStrictEqual(ofFold(Projections.wallets, to))
          }
        }
        const again = yield* SqlReadModels.make({ log })
        expect(yield* pageOf(again, Projections.investors)).toStrictEqual(ofFold(Projections.investors, log.visible))
      })
    ))

  it("a list of a raised version makes no other list wait", () =>
    run(
      Effect.gen(function* () {
        const log = logOf(events)
        yield* (yield* SqlReadModels.make({ log })).catchUp
        const isAsked = yield* Deferred.make<void>()
        const gate = yield* Deferred.make<void>()
        const slow: Projection.Log = {
          ...log,
          readAll: (query, options) =>
            query !== "all" && query[0]?.types === raised.types && (options?.from ?? 0) > 10
              ? Effect.andThen(
                  Effect.andThen(Deferred.succeed(isAsked, undefined), Deferred.await(gate)),
                  log.readAll(query, options)
                )
              : log.readAll(query, options)
        }
        const models = yield* SqlReadModels.make({ log: slow, projections: later, stepSize: 10 })
        const waiting = yield* Effect.forkChild(pageOf(models, raised))
        yield* Deferred.await(isAsked)
        for (const projection of later.slice(1))
          expect(yield* pageOf(models, projection)).toStrictEqual(ofFold(projection, events.length))
        expect((yield* models.progress)[0]).toMatchObject({ name: "investors", version: raised.version, position: 10 })
        yield* Deferred.succeed(gate, undefined)
        expect(yield* Fiber.join(waiting)).toStrictEqual(ofFold(raised, events.length))
      })
    ))

  it("what no program has used for seven days is dropped, of every version, and what is used is not", () =>
    run(
      Effect.gen(function* () {
        const log = logOf(events)
        yield* (yield* SqlReadModels.make({ log })).catchUp
        const of = (projection: Projection.Any) => `read_model_${projection.name}_2_${projection.version}`
        const layer = SqlReadModels.layer(Effect.succeed(log), { projections: later })
        yield* Effect.gen(function* () {
          const models = yield* ReadModels.ReadModels
          yield* models.catchUp
          yield* pass(6)
          expect(yield* names).toContain(of(Projections.investors))
          yield* pass(2)
          const left = yield* names
          expect(left).not.toContain(of(Projections.investors))
          expect(left).toEqual(expect.arrayContaining(later.map(of)))
          expect(yield* pageOf(models, raised)).toStrictEqual(ofFold(raised, events.length))
        }).pipe(Effect.provide(layer))
        // The earlier program comes back: it folds again what was dropped.
        const back = yield* SqlReadModels.make({ log })
        expect(yield* pageOf(back, Projections.investors)).toStrictEqual(ofFold(Projections.investors, events.length))
      }).pipe(Effect.provide(TestClock.layer()))
    ))

  it("a list that another node begins anew between the look at the log and the read is brought to the head again", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const log = logOf(events)
        const table = sql(`read_model_investors_2_${Projections.investors.version}`)
        const beginAnew = Effect.andThen(
          sql`DELETE FROM ${table}`,
          sql`UPDATE read_model SET position = 0, leaf = log WHERE name = 'investors'`
        )
        let isArmed = false
        const between = Object.assign((...args: Parameters<SqlClient.SqlClient>) => {
          const [text] = args as unknown as readonly [ReadonlyArray<string>]
          if (!isArmed || text[0]?.startsWith("SELECT m.position") !== true) return sql(...args)
          isArmed = false
          return Effect.andThen(beginAnew, sql(...args) as never)
        }, sql) as SqlClient.SqlClient
        const models = yield* Effect.provideService(SqlReadModels.make({ log }), SqlClient.SqlClient, between)
        for (let turn = 1; turn <= 2; turn++) {
          expect(yield* pageOf(models, Projections.investors)).toStrictEqual(
            ofFold(Projections.investors, events.length)
          )
          isArmed = true
        }
      })
    ))

  it("a program whose table was dropped under it folds it again, and shows no part of it", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const log = logOf(events)
        const models = yield* SqlReadModels.make({ log, stepSize: 5 })
        const before = yield* pageOf(models, Projections.investors)
        yield* sql`DROP TABLE ${sql(`read_model_investors_2_${Projections.investors.version}`)}`
        yield* sql`DELETE FROM read_model WHERE name = 'investors'`
        expect(yield* pageOf(models, Projections.investors)).toStrictEqual(before)
      })
    ))
})

describe("the layout before, of one table for all versions", () => {
  /** What a program of that layout does when it opens: it drops its tables where a version is another, and makes them anew. */
  const opened = Effect.fnUntraced(function* (version: string) {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE IF NOT EXISTS projection (
      name TEXT PRIMARY KEY, version TEXT NOT NULL, log TEXT NOT NULL, position BIGINT NOT NULL, event TEXT NOT NULL)`
    for (const { name } of Projections.all) {
      const [row] = yield* sql`SELECT name FROM projection WHERE name = ${name} AND version = ${version}`
      if (row !== undefined) continue
      yield* sql`DROP TABLE IF EXISTS ${sql(`view_${name}`)}`
      yield* sql`CREATE TABLE ${sql(`view_${name}`)} (
        key TEXT PRIMARY KEY, scope TEXT NOT NULL, ordinal BIGINT NOT NULL, state TEXT NOT NULL, UNIQUE (scope, ordinal))`
      yield* sql`DELETE FROM projection WHERE name = ${name}`
      yield* sql`INSERT INTO projection ${sql.insert({ name, version, log: "log", position: 5, event: "e5" })}`
    }
  })
  const earlier = Effect.map(names, (all) => all.filter((name) => name === "projection" || name.startsWith("view_")))

  it("a program of it and one of today never touch each other's tables", () =>
    run(
      Effect.gen(function* () {
        const log = logOf(events)
        yield* opened("1.1")
        const before = yield* earlier
        const models = yield* SqlReadModels.make({ log })
        const page = yield* pageOf(models, Projections.investors)
        expect(yield* earlier).toStrictEqual(before)
        yield* opened("1.2")
        expect(yield* pageOf(models, Projections.investors)).toStrictEqual(page)
      })
    ))

  it("its tables go when no program has folded into them for seven days", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* opened("1.1")
        yield* Effect.gen(function* () {
          yield* pass(6)
          expect(yield* earlier).toHaveLength(Projections.all.length + 1)
          yield* sql`UPDATE projection SET position = position + 1`
          yield* pass(6)
          expect(yield* earlier).toHaveLength(Projections.all.length + 1)
          yield* pass(2)
          expect(yield* earlier).toStrictEqual([])
        }).pipe(Effect.provide(SqlReadModels.layer(Effect.succeed(logOf(events)))))
      }).pipe(Effect.provide(TestClock.layer()))
    ))
})

describe.each(kinds)("another history behind the lists, in %s", (_kind, make) => {
  /** The same log as a standby has it that was promoted too early, and went its own way after a position. */
  const otherAfter = (position: number): ReadonlyArray<StoredEvent> => {
    const own = makeWorld(Array.from({ length: 90 }, (_, i) => [i * 53, i + 1, i, i, i] as const)).events
    return [
      ...events.slice(0, position),
      ...own.slice(position).map((event) => ({ ...event, id: `other-${event.position}` }) as StoredEvent)
    ]
  }
  /** A log that goes another way before its n-th call. */
  const switching = (first: Projection.Log, second: Projection.Log, at: { calls: number }): Projection.Log => {
    const now = () => (at.calls-- > 0 ? first : second)
    return {
      logId: first.logId,
      head: Effect.suspend(() => now().head),
      bookmark: (known) => Effect.suspend(() => now().bookmark(known)),
      readAll: (query, options) => Effect.suspend(() => now().readAll(query, options)),
      read: (query, options) => Stream.suspend(() => now().read(query, options)),
      readLeaves: (options) => Stream.suspend(() => now().readLeaves(options))
    }
  }
  const shown = Effect.fnUntraced(function* (models: ReadModels.Shape, of: ReadonlyArray<StoredEvent>, to: number) {
    for (const projection of Projections.all)
      expect(yield* pageOf(models, projection)).toStrictEqual(ofFold(projection, to, of))
  })

  it.each([
    ["shorter than they are", 40, 35],
    ["of the same length", 40, 60],
    ["that has gone past them", 40, 75],
    ["with nothing in common", 0, 50],
    ["that is empty", 0, 0]
  ])("%s: they are folded again, which is said once, and no list is shown in part", (_what, fork, head) => {
    const lines: Array<string> = []
    return run(
      Effect.gen(function* () {
        const at = { calls: Number.POSITIVE_INFINITY }
        const other = otherAfter(fork)
        const log = switching(logOf(events, 60), logOf(other, head), at)
        const models = yield* make({ log })
        yield* shown(models, events, 60)
        at.calls = 0
        yield* shown(models, other, head)
        yield* shown(models, other, head)
        expect(lines).toHaveLength(1)
        expect(lines[0]).toMatch(
          /another history than these lists were folded from: investors \(position 60\), .*retentions/
        )
      }).pipe(Effect.provide(said(lines)))
    )
  })

  it("whenever it comes, between any two questions to the log, the lists are of the new one from the next read on", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 120 }),
        fc.nat({ max: 60 }),
        fc.integer({ min: 40, max: 80 }),
        (calls, fork, head) =>
          run(
            Effect.gen(function* () {
              const at = { calls: Number.POSITIVE_INFINITY }
              const other = otherAfter(fork)
              const end = Math.min(head, other.length)
              const log = switching(logOf(events, 60), logOf(other, end), at)
              const models = yield* make({ log })
              at.calls = calls
              yield* Effect.ignore(models.catchUp)
              at.calls = 0
              yield* shown(models, other, end)
            }).pipe(Effect.provide(said([])))
          )
      ),
      { numRuns: 60 }
    )
  })
})

describe.each(kinds)("a fold that fails, in %s", (_kind, make) => {
  const position = events.findIndex(({ type }) => type === "InvestmentAccepted") + 1
  const broken = failingAt(Projections.investments, position)
  const projections = Projections.all.map((projection) => (projection.name === broken.name ? broken : projection))

  it("stops its own list alone, before the event, and names both; every other list goes on", () => {
    const lines: Array<string> = []
    return run(
      Effect.gen(function* () {
        const log = logOf(events)
        const models = yield* make({ log, projections })
        for (let turn = 1; turn <= 2; turn++) {
          const failed = yield* Effect.result(pageOf(models, broken))
          expect(Result.isFailure(failed) && failed.failure.message).toBe(
            `the list of investments (version ${Projections.investments.version}) stopped before position ${position}: no such units`
          )
          for (const projection of projections)
            if (projection !== broken)
              expect(yield* pageOf(models, projection)).toStrictEqual(ofFold(projection, events.length))
        }
        expect(Result.isFailure(yield* Effect.result(models.catchUp))).toBe(true)
        const progress = yield* models.progress
        expect(progress.filter(({ failure }) => failure !== undefined)).toMatchObject([
          {
            name: "investments",
            version: Projections.investments.version,
            failure: { position, message: "no such units" }
          }
        ])
        expect(lines).toHaveLength(1)
        expect(lines[0]).toContain(`position ${position}`)
      }).pipe(Effect.provide(said(lines)))
    )
  })
})

describe.each(kinds)("an event that a newer program wrote, in %s", (_kind, make) => {
  it("stops the lists that need it, before it, and no other; they go on with a program that reads it", () =>
    run(
      Effect.gen(function* () {
        const position = events.findIndex(({ type }) => type === "WalletRegistered") + 1
        const log = logOf(events)
        const isRead = { value: false }
        const older: Projection.Log = {
          ...log,
          readAll: (query, options) =>
            Effect.gen(function* () {
              const found = yield* log.readAll(query, options)
              if (!isRead.value && found.some((event) => event.position === position))
                return yield* new EventStoreError({ reason: "newer", position, message: "of a newer version" })
              return found
            })
        }
        const models = yield* make({ log: older })
        const needs = Projections.all.filter(({ types }) => types.includes("WalletRegistered"))
        for (const projection of Projections.all) {
          const page = yield* Effect.result(pageOf(models, projection))
          if (needs.includes(projection)) expect(Result.isFailure(page)).toBe(true)
          else expect(page).toStrictEqual(Result.succeed(ofFold(projection, events.length)))
        }
        const stopped = (yield* models.progress).filter(({ failure }) => failure !== undefined)
        expect(stopped).toMatchObject(
          needs.map(({ name }) => ({
            name,
            position: position - 1,
            failure: { position, message: "of a newer version" }
          }))
        )
        isRead.value = true
        for (const projection of needs)
          expect(yield* pageOf(models, projection)).toStrictEqual(ofFold(projection, events.length))
        expect((yield* models.progress).filter(({ failure }) => failure !== undefined)).toEqual([])
      }).pipe(Effect.provide(said([])))
    ))
})

describe("a fold that failed, in SQL", () => {
  const position = events.findIndex(({ type }) => type === "InvestmentAccepted") + 1
  const broken = failingAt(Projections.investments, position)

  it("is noted for other programs with its position, and gone on with by one that can", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const log = logOf(events)
        const models = yield* SqlReadModels.make({ log, projections: [broken] })
        yield* Effect.result(models.catchUp)
        const noted = sql`SELECT position, failed_at, failure FROM read_model`
        expect(yield* noted).toEqual([{ position: position - 1, failed_at: position, failure: "no such units" }])
        const mended = yield* SqlReadModels.make({ log, projections: [Projections.investments] })
        expect(yield* mended.catchUp).toBe(events.length)
        expect(yield* noted).toEqual([{ position: events.length, failed_at: null, failure: null }])
        expect(yield* pageOf(mended, Projections.investments)).toStrictEqual(
          ofFold(Projections.investments, events.length)
        )
      })
    ))
})
