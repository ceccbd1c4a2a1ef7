/**
 * Pages of read models: whole, in order, strangers kept apart, and nothing but what was given as a cursor. For the author of read models.
 */
import { MemoryReadModels, type Projection, Projections, ReadModels, SqlReadModels, Views } from "@effekten/projections"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { logOf, memoryStore, vault } from "./Logs.ts"
import { choices, makeWorld, type StoredEvent } from "./World.ts"
import { run } from "./SqliteRows.ts"

const kinds: ReadonlyArray<
  readonly [string, (log: Projection.Log) => Effect.Effect<ReadModels.Shape, unknown, SqlClient.SqlClient>]
> = [
  ["SQL", (log) => SqlReadModels.make({ log, stepSize: 3 })],
  ["memory", (log) => Effect.succeed(MemoryReadModels.make({ log }))]
]

it("what is chosen of a list is found by an index", () =>
  run(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* SqlReadModels.make({ log: logOf(makeWorld([[0, 0, 0, 0, 0]]).events) })
      for (const { filters = {}, name, version } of Projections.all)
        for (const member of Object.keys(filters)) {
          const column = `by_${member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
          const table = `read_model_${name}_2_${version}`
          const plan = yield* sql<{ readonly detail: string }>`EXPLAIN QUERY PLAN
            SELECT state FROM ${sql(table)} WHERE scope = ${"a"} AND ${sql(column)} = ${"b"} AND ordinal >= ${1}
            ORDER BY ordinal LIMIT ${5}`
          expect(plan.map(({ detail }) => detail)).toEqual([
            `SEARCH ${table} USING INDEX ${table}_${column} (scope=? AND ${column}=? AND ordinal>?)`
          ])
        }
    })
  ))

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

  /** What can be asked of a list: each value of each filter, two of them, and one that no object has. */
  const choicesOf = <S>({ filters = {} }: Projection.Projection<S>, states: ReadonlyArray<S>) => {
    const single = Object.entries(filters).flatMap(([member, valueOf]) =>
      [...new Set([...states.map((state) => valueOf(state)), "of nobody"])].flatMap((value) =>
        value === null ? [] : [{ [member]: value }]
      )
    )
    return [...single, ...single.slice(1).map((other, at) => ({ ...single[at], ...other }))]
  }

  it("what is chosen of a list is what the fold has of it, forwards and backwards, at any position", async () => {
    await fc.assert(
      fc.asyncProperty(choices(150), fc.integer({ min: 1, max: 4 }), fc.nat({ max: 60 }), (all, limit, start) =>
        run(
          Effect.gen(function* () {
            const { events } = makeWorld(all)
            const log = logOf(events, Math.min(start + 9, events.length))
            const models = yield* make(log)
            for (const visible of [log.visible, events.length]) {
              log.visible = visible
              const views = Views.make(Projections.all)
              for (const event of events.slice(0, visible)) views.apply(event)
              for (const projection of Projections.all.filter(({ filters }) => filters !== undefined)) {
                const states = [...views.all<any>(projection).values()]
                const scopes = new Set(states.map((state) => projection.scope(state)))
                for (const scope of [...scopes].slice(0, 2))
                  for (const chosen of choicesOf(projection, states)) {
                    const there = views
                      .keys(projection, scope)
                      .map((key) => views.get(projection, key))
                      .filter((state) =>
                        Object.entries(chosen).every(
                          ([member, value]) => projection.filters?.[member]?.(state) === value
                        )
                      )
                    let page = yield* models.page(projection, scope, { limit, chosen })
                    const found = [...page.results]
                    while (page.next !== undefined) {
                      page = yield* models.page(projection, scope, { limit, chosen, cursor: page.next })
                      found.push(...page.results)
                    }
                    expect([page.count, found]).toStrictEqual([there.length, there])
                    const back = [...page.results]
                    while (page.previous !== undefined) {
                      page = yield* models.page(projection, scope, { limit, chosen, cursor: page.previous })
                      back.unshift(...page.results)
                    }
                    expect(back).toStrictEqual(there)
                  }
              }
            }
          })
        )
      ),
      { numRuns: 10 }
    )
  })

  it("is refused by what a projection does not know", () =>
    run(
      Effect.gen(function* () {
        const models = yield* make(logOf(makeWorld([[0, 0, 0, 0, 0]]).events))
        const asked = models.page(Projections.documents, "platform-a", { chosen: { id: "x" } })
        expect(String(yield* Effect.exit(asked))).toContain("objects of documents cannot be chosen by id")
      })
    ))

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
