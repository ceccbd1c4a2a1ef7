/**
 * Lists in PostgreSQL, kept by several nodes: folded once, right on every node, and found where they were edited. For an operator of several
 * nodes, and for an author of read models.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import {
  OwnRows,
  type Projection,
  Projections,
  ReadModelAudit,
  ReadModels,
  Replay,
  SqlReadModels,
  Views
} from "@effekten/projections"
import { Context, Effect, Layer, Logger, Redacted, Result } from "effect"
import { SqlClient } from "effect/sql"
import { expect, it } from "vitest"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { logOf } from "../packages/projections/test/Logs.ts"
import { makeWorld, type StoredEvent } from "../packages/projections/test/World.ts"

const postgres = useServer()

const worldOf = (length: number, step: number) =>
  makeWorld(Array.from({ length }, (_, i) => [i * step, i, i, i, i] as const)).events
const events = worldOf(80, 37)

/** The connections of one node. */
const node = (schema: string, as: { readonly username?: string; readonly password?: Redacted.Redacted } = {}) =>
  Effect.map(
    Layer.build(
      Layer.fresh(
        PgClient.layer({
          ...postgres.server(),
          ...as,
          startupParameters: { search_path: schema, lock_timeout: "10000" }
        })
      )
    ),
    (context) => Context.get(context, SqlClient.SqlClient)
  )

const nodes = Effect.fnUntraced(function* (schema: string, number: number) {
  const all = yield* Effect.forEach(Array.from({ length: number }), () => node(schema))
  yield* all[0]!`CREATE SCHEMA ${all[0]!(schema)}`
  return all
})

const models = (
  sql: SqlClient.SqlClient,
  log: Projection.Log,
  projections: ReadonlyArray<Projection.Any> = Projections.all
) => Effect.provideService(SqlReadModels.make({ log, projections, stepSize: 7 }), SqlClient.SqlClient, sql)

const ofFold = (projection: Projection.Any, of: ReadonlyArray<StoredEvent>, to: number): ReadonlyArray<unknown> => {
  const views = Views.make([projection])
  for (const event of of.slice(0, to)) views.apply(event)
  return views.keys(projection, "platform-a").map((key) => views.get(projection, key))
}

const isRight = Effect.fnUntraced(function* (
  kept: ReadModels.Shape,
  of: ReadonlyArray<StoredEvent>,
  to: number,
  projections: ReadonlyArray<Projection.Any> = Projections.all
) {
  for (const projection of projections) {
    const page = yield* kept.page(projection, "platform-a", { limit: 500 })
    expect(page.results).toStrictEqual(ofFold(projection, of, to))
    for (const [member, valueOf] of Object.entries<(state: any) => string | null>(projection.filters ?? {}))
      for (const value of new Set(page.results.map((state) => valueOf(state)))) {
        if (value === null) continue
        const chosen = yield* kept.page(projection, "platform-a", { limit: 500, chosen: { [member]: value } })
        expect(chosen.results).toStrictEqual(page.results.filter((state) => valueOf(state) === value))
      }
    for (const shown of page.results.slice(0, 2))
      if (projection === Projections.wallets)
        expect(yield* kept.get(projection, (shown as Projections.WalletState).id)).toStrictEqual(shown)
  }
})

/** Until it holds. The bound is for what never comes about, not for a machine that is busy. */
const soon = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.gen(function* () {
    const until = Date.now() + 120_000
    for (;;) {
      const value = yield* effect
      if (holds(value)) return
      if (Date.now() > until) expect.unreachable(`within two minutes: ${String(value)}`)
      yield* Effect.sleep("10 millis")
    }
  })

const verdicts = (sql: SqlClient.SqlClient, log: Projection.Log) =>
  Effect.gen(function* () {
    const audit = yield* ReadModelAudit.make({ log })
    yield* Replay.into(log, [audit])
    return yield* audit.verdicts
  }).pipe(Effect.provideService(SqlClient.SqlClient, sql))

const run = <A, E>(effect: Effect.Effect<A, E, Effect.Services<ReturnType<typeof node>>>) =>
  effect.pipe(Effect.scoped, Effect.runPromise)

it("promise 7: nodes that fold the same lists at once fold each event once, and each of them is right", () =>
  run(
    Effect.gen(function* () {
      const all = yield* nodes("together", 3)
      const log = logOf(events, 0)
      const kept = yield* Effect.forEach(all, (sql) => models(sql, log), { concurrency: "unbounded" })
      for (let to = 11; to <= events.length; to += 23) {
        log.visible = to
        yield* Effect.forEach(kept, (each) => isRight(each, events, to), { concurrency: "unbounded" })
      }
      const found = yield* verdicts(all[0]!, log)
      expect(found.map(({ name }) => name)).toStrictEqual(Projections.all.map(({ name }) => name))
      expect(found.filter(({ different, isOfOtherHistory }) => different > 0 || isOfOtherHistory)).toEqual([])
    })
  ))

it("another history is noticed by every node, said by one, and no node shows a part of a list meanwhile", () => {
  const lines: Array<string> = []
  return run(
    Effect.gen(function* () {
      const all = yield* nodes("promoted", 2)
      const own = worldOf(90, 53).slice(40)
      const other = [
        ...events.slice(0, 40),
        ...own.map((event) => ({ ...event, id: `other-${event.position}` }) as StoredEvent)
      ]
      for (const head of [50, 60, 75]) {
        const [first, second] = [logOf(events, 60), logOf(other, head)]
        let now: Projection.Log = first
        const log: Projection.Log = {
          ...first,
          head: Effect.suspend(() => now.head),
          bookmark: (known) => Effect.suspend(() => now.bookmark(known)),
          readAll: (query, options) => Effect.suspend(() => now.readAll(query, options)),
          readLeaves: (options) => now.readLeaves(options)
        }
        const kept = yield* Effect.forEach(all, (sql) => models(sql, log))
        yield* Effect.forEach(kept, (each) => isRight(each, events, 60), { concurrency: "unbounded" })
        lines.length = 0
        now = second
        yield* Effect.forEach([...kept, ...kept], (each) => isRight(each, other, head), { concurrency: "unbounded" })
        expect(lines).toHaveLength(1)
        expect(lines[0]).toContain("another history than these lists were folded from")
      }
    }).pipe(Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])))
  )
})

it("D-15 what is ranked is in order, by pages, while other nodes fold", () =>
  run(
    Effect.gen(function* () {
      const [one, two] = yield* nodes("ranked", 2)
      const log = logOf(worldOf(60, 31))
      const kept = yield* models(one!, log)
      yield* (yield* models(two!, log)).catchUp
      const found: Array<ReadModels.Ranked<Projections.RetentionState>> = []
      for (;;) {
        const page = yield* kept.ranked(Projections.retentions, { limit: 2, after: found.at(-1) })
        found.push(...page)
        if (page.length < 2) break
      }
      const views = Views.make([Projections.retentions])
      for (const event of worldOf(60, 31)) views.apply(event)
      const ranked = [...views.all(Projections.retentions).values()].filter(
        (state) => Projections.retentions.rank?.(state) !== undefined
      )
      expect(found).toHaveLength(ranked.length)
      expect(found.map(({ rank }) => rank)).toEqual(found.map(({ rank }) => rank).toSorted((a, b) => a - b))
    })
  ))

it("promise 7: a row edited by SQL is found, with its list, key and position", () =>
  run(
    Effect.gen(function* () {
      const [sql] = yield* nodes("edited", 1)
      const log = logOf(events)
      yield* (yield* models(sql!, log)).catchUp
      const [row] = yield* sql!<{
        key: string
      }>`UPDATE ${sql!(`read_model_investments_2_${Projections.investments.version}`)}
        SET state = replace(state, '"units":', '"units":4242') WHERE ordinal = 1 RETURNING key`
      const position = events.findLast((event) => Projections.investments.keys(event).includes(row!.key))!.position
      const different = (yield* verdicts(sql!, log)).flatMap(({ differences, name }) =>
        differences.map(({ key, kind, position }) => ({ name, key, kind, position }))
      )
      expect(different).toContainEqual({ name: "investments", key: row!.key, kind: "different", position })
      expect(different.every(({ name }) => name === "investments")).toBe(true)
    })
  ))

it("what no program uses is dropped at a start, the layout before included; a node whose table is gone folds it again", () =>
  run(
    Effect.gen(function* () {
      const [sql, other] = yield* nodes("unused", 2)
      const log = logOf(events)
      const later = { ...Projections.wallets, version: Projections.wallets.version + 1 }
      const running = yield* models(sql!, log, [later])
      yield* running.catchUp
      yield* sql!`CREATE TABLE projection (name TEXT PRIMARY KEY, position BIGINT NOT NULL)`
      yield* sql!`INSERT INTO projection VALUES ('wallets', 5)`
      yield* sql!`CREATE TABLE view_wallets (key TEXT)`
      yield* sql!`INSERT INTO read_model VALUES ('projection', 1, 0, '', 5, '', '2020-01-01T00:00:00.000Z', NULL, NULL)`
      yield* sql!`UPDATE read_model SET used_at = '2020-01-01T00:00:00.000Z'`
      const tables = Effect.map(
        other!<{
          name: string
        }>`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'unused'`,
        (rows) => rows.map(({ name }) => name).toSorted()
      )
      yield* Layer.build(
        SqlReadModels.layer(Effect.succeed(log), { projections: [Projections.documents] }).pipe(
          Layer.provide(Layer.succeed(SqlClient.SqlClient, other!))
        )
      )
      const expected = ["read_model", `read_model_documents_2_${Projections.documents.version}`]
      yield* soon(tables, (found) => found.join() === expected.join())
      yield* isRight(running, events, events.length, [later])
      expect(Result.isSuccess(yield* Effect.result(running.catchUp))).toBe(true)
    })
  ))

it("a role that owns no table serves where another has made them, and leaves its marks", () =>
  run(
    Effect.gen(function* () {
      const [owner] = yield* nodes("granted", 1)
      const log = logOf(events, 60)
      yield* (yield* models(owner!, log)).catchUp
      yield* owner!`CREATE ROLE clerk LOGIN PASSWORD 'invented'`
      yield* owner!`GRANT USAGE ON SCHEMA granted TO clerk`
      yield* owner!`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA granted TO clerk`
      yield* owner!`UPDATE read_model SET used_at = '2020-01-01T00:00:00.000Z'`
      yield* owner!`INSERT INTO read_model VALUES ('unused', 2, 1, '', 5, '', '2020-01-01T00:00:00.000Z', NULL, NULL)`
      yield* owner!`CREATE TABLE read_model_unused_2_1 (key TEXT)`
      const clerk = yield* node("granted", { username: "clerk", password: Redacted.make("invented") })
      const marked = owner!<{ used: number | bigint }>`
        SELECT count(*) AS used FROM read_model WHERE used_at > '2021-01-01'`
      log.visible = events.length
      const kept = yield* Layer.build(
        SqlReadModels.layer(Effect.succeed(log)).pipe(Layer.provide(Layer.succeed(SqlClient.SqlClient, clerk)))
      )
      yield* isRight(Context.get(kept, ReadModels.ReadModels), events, events.length)
      yield* soon(marked, ([row]) => Number(row?.used) === Projections.all.length)
    }).pipe(Effect.provide(Logger.layer([])))
  ))

/** How often each kind of event came: one that is taken twice, or not at all, shows. */
const counts: OwnRows.Definition<"InvestorRegistered" | "UnitsCredited"> = {
  name: "counts",
  version: 1,
  types: ["InvestorRegistered", "UnitsCredited"],
  begin: Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.andThen(
      sql`DROP TABLE IF EXISTS counts`,
      sql`CREATE TABLE counts (type TEXT PRIMARY KEY, times BIGINT NOT NULL)`
    )
  ),
  take: ({ type }) =>
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql`INSERT INTO counts ${sql.insert({ type, times: 1 })}
        ON CONFLICT (type) DO UPDATE SET times = counts.times + 1`
    )
}

it("promise 7: nodes that take events into an application's own rows take each once, also while one of them begins anew", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const all = yield* nodes("own_rows", 3)
        const log = logOf(events, 0)
        const rows = yield* Effect.forEach(
          all,
          (sql) => Effect.provideService(OwnRows.make(log, counts), SqlClient.SqlClient, sql),
          { concurrency: "unbounded" }
        )
        for (log.visible = 9; log.visible < events.length; log.visible += 9)
          yield* Effect.forEach(
            rows,
            ({ catchUp, rebuild }, node) => (node === 1 && log.visible % 2 === 0 ? rebuild : catchUp),
            { concurrency: "unbounded" }
          )
        log.visible = events.length
        for (const { catchUp } of rows) expect(yield* catchUp).toBe(events.length)
        const found = yield* all[2]!<{ type: string; times: number | bigint }>`SELECT type, times FROM counts`
        expect(new Map(found.map(({ times, type }) => [type, Number(times)]))).toEqual(
          new Map(counts.types.map((type) => [type, events.filter((event) => event.type === type).length]))
        )
      })
    )
  ))
