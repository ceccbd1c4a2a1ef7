/**
 * Lists held against the fold of the log: what was edited in the database is found, with projection, key and position. For auditors, and for
 * the author of an audit.
 */
import { SqliteClient } from "@effekten/event-store"
import { type Projection, Projections, ReadModelAudit, Replay, SqlReadModels, Views } from "@effekten/projections"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { logOf } from "./Logs.ts"
import { choices, makeWorld } from "./World.ts"

const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  effect.pipe(Effect.provide(SqliteClient.layer({ filename: ":memory:" })), Effect.runPromise)

const { events } = makeWorld(Array.from({ length: 80 }, (_, i) => [i * 37, i, i, i, i] as const))

const audited = Effect.fnUntraced(function* (log: Projection.Log) {
  const audit = yield* ReadModelAudit.make({ log })
  yield* Replay.into(log, [audit])
  return yield* audit.verdicts
})

const found = (verdicts: ReadonlyArray<ReadModelAudit.ListVerdict>) =>
  verdicts.flatMap(({ differences, name }) =>
    differences.map(({ key, kind, position }) => ({ name, key, kind, position }))
  )

const lastOf = (projection: Projection.Any, key: string): number =>
  events.findLast((event) => projection.keys(event).includes(key))!.position

const investmentIds = () => {
  const views = Views.make([Projections.investments])
  for (const event of events) views.apply(event)
  return [...views.all(Projections.investments).keys()]
}

it("promise 7: nothing differs in lists as they were folded, wherever each of them stands", async () => {
  await fc.assert(
    fc.asyncProperty(choices(100), fc.nat({ max: 60 }), (all, back) =>
      run(
        Effect.gen(function* () {
          const { events } = makeWorld(all)
          const log = logOf(events, Math.max(0, events.length - back))
          yield* (yield* SqlReadModels.make({ log, stepSize: 9 })).catchUp
          log.visible = events.length
          // One list goes on while the others stay behind.
          const one = yield* SqlReadModels.make({ log, projections: [Projections.wallets] })
          yield* one.catchUp
          const verdicts = yield* audited(log)
          expect(verdicts.map(({ name }) => name)).toStrictEqual(Projections.all.map(({ name }) => name))
          expect(found(verdicts)).toStrictEqual([])
          expect(verdicts.every(({ different, isOfOtherHistory }) => different === 0 && !isOfOtherHistory)).toBe(true)
          expect(verdicts.find(({ name }) => name === "wallets")).toMatchObject({ position: events.length })
        })
      )
    ),
    { numRuns: 15 }
  )
})

it("promise 7: a row that was edited, planted, deleted, moved or ranked anew by SQL is found, with its list, key and position", () =>
  run(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const log = logOf(events)
      yield* (yield* SqlReadModels.make({ log })).catchUp
      const [first, second, third] = investmentIds()
      const table = sql(`read_model_investments_2_${Projections.investments.version}`)
      yield* sql`UPDATE ${table} SET state = replace(state, '"units":', '"units":4242') WHERE key = ${first!}`
      yield* sql`INSERT INTO ${table} (key, scope, ordinal, state) VALUES ('planted', 'platform-a', 4711, '{}')`
      yield* sql`DELETE FROM ${table} WHERE key = ${second!}`
      yield* sql`UPDATE ${table} SET scope = 'platform-z' WHERE key = ${third!}`
      const [ranked] = yield* sql<{ key: string }>`SELECT key FROM read_model_retentions_2_3 ORDER BY key`
      yield* sql`UPDATE read_model_retentions_2_3 SET rank = 5 WHERE key = ${ranked!.key}`
      const investments = { name: "investments" }
      const position = (key: string) => lastOf(Projections.investments, key)
      const expected = [
        { ...investments, key: first, kind: "different", position: position(first!) },
        { ...investments, key: "planted", kind: "unknown", position: events.length },
        { ...investments, key: second, kind: "missing", position: position(second!) },
        { ...investments, key: third, kind: "different", position: position(third!) },
        {
          name: "retentions",
          key: ranked!.key,
          kind: "different",
          position: lastOf(Projections.retentions, ranked!.key)
        }
      ]
      const verdicts = yield* audited(log)
      const byKey = (a: { key?: string | undefined }, b: { key?: string | undefined }) => (a.key! < b.key! ? -1 : 1)
      expect(found(verdicts).toSorted(byKey)).toStrictEqual(expected.toSorted(byKey))
      const shown = verdicts.flatMap(({ differences }) => differences).find(({ key }) => key === first)
      expect(String(JSON.stringify(shown?.stored))).toContain('"units":4242')
      // Text that is no JSON any more is a difference, and no failure.
      yield* sql`UPDATE ${table} SET state = 'x'`
      const spoilt = (yield* audited(log)).find(({ name }) => name === "investments")
      expect(spoilt!.different).toBe(spoilt!.objects + 1)
    })
  ))

it("a list that goes on while the log is read is judged by where it is in the end", () =>
  run(
    Effect.gen(function* () {
      const log = logOf(events, 30)
      const models = yield* SqlReadModels.make({ log, stepSize: 4 })
      yield* models.catchUp
      const audit = yield* ReadModelAudit.make({ log })
      yield* Replay.into(log, [audit])
      log.visible = events.length
      yield* models.catchUp
      const verdicts = yield* audit.verdicts
      expect(found(verdicts)).toStrictEqual([])
      expect(verdicts.map(({ position }) => position)).toStrictEqual(Projections.all.map(() => events.length))
    })
  ))

it("a list of another history is named, and compared with nothing", () =>
  run(
    Effect.gen(function* () {
      yield* (yield* SqlReadModels.make({ log: logOf(events) })).catchUp
      const verdicts = yield* audited(logOf(events, events.length - 5))
      expect(verdicts.every(({ isOfOtherHistory }) => isOfOtherHistory)).toBe(true)
    })
  ))

it("the lists of the database are told, with position, version and failure, and until when an unused one is kept", () =>
  run(
    Effect.gen(function* () {
      expect(yield* ReadModelAudit.lists()).toStrictEqual([])
      const later = { ...Projections.wallets, version: Projections.wallets.version + 1 }
      const broken: Projection.Any = {
        ...Projections.documents,
        evolve: () => {
          throw new Error("no such document")
        }
      }
      const position = events.find(({ type }) => broken.types.includes(type))!.position
      yield* Effect.result((yield* SqlReadModels.make({ log: logOf(events), projections: [later, broken] })).catchUp)
      const lists = yield* ReadModelAudit.lists()
      expect(lists).toMatchObject([
        { name: "documents", isOwn: true, position: position - 1, failure: { position, message: "no such document" } },
        { name: "wallets", version: later.version, isOwn: false, position: events.length, failure: undefined }
      ])
      for (const { keptUntil, usedAt } of lists)
        expect(Date.parse(keptUntil) - Date.parse(usedAt)).toBe(7 * 24 * 60 * 60 * 1000)
    })
  ))
