/**
 * Rows that an application lays out itself: each event is taken once, whatever fails and whichever node is first. For a developer that
 * changes how a place is kept.
 */
import type { Events } from "@effekten/domain"
import { SqliteClient } from "@effekten/event-store"
import { OwnRows, type Projection } from "@effekten/projections"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { logOf } from "./Logs.ts"
import { choices, makeWorld, type StoredEvent } from "./World.ts"

const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  effect.pipe(Effect.provide(SqliteClient.layer({ filename: ":memory:" })), Effect.runPromise)

const { events } = makeWorld(Array.from({ length: 80 }, (_, i) => [i * 37, i, i, i, i] as const))

const types = [
  "InvestorRegistered",
  "InvestmentSigned",
  "UnitsCredited"
] as const satisfies ReadonlyArray<Events.EventType>
type Type = (typeof types)[number]

/** Counts events by type: an event that is taken twice, or not at all, shows. */
const counts = (options: Partial<OwnRows.Definition<Type>> = {}): OwnRows.Definition<Type> => ({
  name: "counts",
  version: 1,
  types,
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
    ),
  ...options
})

const rows = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql<{ type: string; times: number }>`SELECT type, times FROM counts ORDER BY type`, (all) =>
    all.map(({ times, type }) => [type, Number(times)] as const)
  )
)

const expected = (of: ReadonlyArray<StoredEvent> = events) =>
  types
    .map((type) => [type, of.filter((event) => event.type === type).length] as const)
    .filter(([, times]) => times > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))

/** A definition whose `take` fails at one event, as often as it is asked to. */
const failing = (position: number, times: number) => {
  const { take } = counts()
  let left = times
  return counts({
    take: (event) =>
      event.position === position && left-- > 0
        ? Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT * FROM there_is_no_such_table`)
        : take(event)
  })
}

describe("promise 7: rows of an application's own", () => {
  it("are the fold of the log, in steps of any head", () =>
    fc.assert(
      fc.asyncProperty(choices(60), fc.array(fc.nat({ max: 200 }), { maxLength: 5 }), (chosen, heads) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(chosen)
            const log = logOf(events, 0)
            const own = yield* OwnRows.make(log, counts())
            for (const head of heads.toSorted((a, b) => a - b)) {
              log.visible = Math.min(head, events.length)
              expect(yield* own.catchUp).toBe(log.visible)
              expect(yield* rows).toEqual(expected(events.slice(0, log.visible)))
            }
          })
        )
      ),
      { numRuns: 40 }
    ))

  it("take each event once, whichever of four nodes is first", () =>
    run(
      Effect.gen(function* () {
        const log = logOf(events, 0)
        // All look where the rows stand before one of them has the events.
        const slow: Projection.Log = {
          ...log,
          readAll: (query, options) => Effect.andThen(Effect.yieldNow, log.readAll(query, options))
        }
        const nodes = yield* Effect.forEach([1, 2, 3, 4], () => OwnRows.make(slow, counts()))
        for (log.visible = 10; log.visible <= events.length; log.visible += 10)
          yield* Effect.forEach(nodes, ({ catchUp }) => catchUp, { concurrency: "unbounded" })
        log.visible = events.length
        expect(yield* nodes[3]!.catchUp).toBe(events.length)
        expect(yield* rows).toEqual(expected())
      })
    ))

  it.each<[string, OwnRows.Definition<Type>["take"]]>([
    [
      "no such table: there_is_no_such_table",
      () => Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT * FROM there_is_no_such_table`)
    ],
    [
      "thrown at once",
      () => {
        throw new Error("thrown at once")
      }
    ],
    ["died of it", () => Effect.die(new Error("died of it"))]
  ])("say at which event taking failed, and why: %s", (reason, take) =>
    run(
      Effect.gen(function* () {
        const { position, type } = events.find(({ type }) => types.some((each) => each === type))!
        const own = yield* OwnRows.make(logOf(events), counts({ take }))
        const failure = yield* Effect.flip(own.catchUp)
        expect(failure).toMatchObject({ _tag: "TakeFailed", projection: "counts", type, position })
        expect(failure.message).toBe(`counts: taking ${type} at ${position} failed: ${reason}`)
        expect(yield* rows).toEqual([])
      })
    )
  )

  it("are refused to a program that takes other types under the same version, and begun anew under the next", () =>
    run(
      Effect.gen(function* () {
        const log: Projection.Log = logOf(events)
        yield* (yield* OwnRows.make(log, counts({ types: ["UnitsCredited"] }))).catchUp
        const other = yield* Effect.flip(OwnRows.make(log, counts()))
        expect(other.message).toBe(
          "the rows of counts (version 1) are those of UnitsCredited, and this program takes InvestmentSigned, InvestorRegistered, UnitsCredited: raise its version, and they are begun anew"
        )
        yield* (yield* OwnRows.make(log, counts({ version: 2 }))).catchUp
        expect(yield* rows).toEqual(expected())
        // In another order they are the same.
        yield* OwnRows.make(
          log,
          counts({ version: 2, types: ["UnitsCredited", "InvestorRegistered", "InvestmentSigned"] })
        )
      })
    ))

  it("go on in a table of the layout without types, which learns them", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const log = logOf(events)
        log.visible = 40
        yield* (yield* OwnRows.make(log, counts())).catchUp
        yield* sql`ALTER TABLE effekten_projection DROP COLUMN types`
        yield* Effect.forEach([1, 2], () => OwnRows.make(log, counts()), { concurrency: "unbounded" })
        log.visible = events.length
        yield* (yield* OwnRows.make(log, counts())).catchUp
        expect(yield* rows).toEqual(expected())
        expect(yield* sql`SELECT types FROM effekten_projection`).toEqual([
          { types: "InvestmentSigned, InvestorRegistered, UnitsCredited" }
        ])
      })
    ))

  it("keep nothing of a step that failed, and take it again", () =>
    run(
      Effect.gen(function* () {
        const last = events.findLast(({ type }) => types.some((each) => each === type))!
        const own = yield* OwnRows.make(logOf(events), failing(last.position, 2))
        for (const _ of [1, 2]) {
          expect(Result.isFailure(yield* Effect.result(own.catchUp))).toBe(true)
          expect(yield* rows).toEqual([])
        }
        yield* own.catchUp
        expect(yield* rows).toEqual(expected())
      })
    ))

  it("are rebuilt to the same rows, also while others bring them to the head", () =>
    run(
      Effect.gen(function* () {
        const own = yield* OwnRows.make(logOf(events), counts())
        yield* own.catchUp
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE counts SET times = 999`
        yield* Effect.all([own.catchUp, own.rebuild, own.catchUp, own.rebuild], { concurrency: "unbounded" })
        expect(yield* rows).toEqual(expected())
      })
    ))

  it("are begun anew for a later version, and refused to an earlier one", () =>
    run(
      Effect.gen(function* () {
        const log: Projection.Log = logOf(events)
        const before = yield* OwnRows.make(log, counts())
        yield* before.catchUp
        const after = yield* OwnRows.make(log, counts({ version: 2 }))
        expect(yield* rows).toEqual([])
        expect(yield* Effect.flip(before.catchUp)).toMatchObject({ _tag: "ReadModelsUnavailable" })
        yield* after.catchUp
        expect(yield* rows).toEqual(expected())
        expect(yield* Effect.flip(OwnRows.make(log, counts()))).toMatchObject({
          message: "the rows of counts are those of version 2, and this program has version 1"
        })
      })
    ))

  it("are begun anew where the log was put back and went another way", () =>
    run(
      Effect.gen(function* () {
        const own = yield* OwnRows.make(logOf(events), counts())
        yield* own.catchUp
        const other = events.map((event) => (event.position > 40 ? { ...event, id: `${event.id}-other` } : event))
        const shorter = other.slice(0, 60)
        const again = yield* OwnRows.make(logOf(shorter), counts())
        yield* again.catchUp
        expect(yield* rows).toEqual(expected(shorter))
      })
    ))
})
