/**
 * The feed of a platform loses nothing, repeats nothing and tells nothing of others. For an author that adds a source to it, or raises the
 * version of a projection.
 */
import { MemoryReadModels, Projections, SqlReadModels, Views } from "@effekten/projections"
import { SqliteClient } from "@effekten/event-store"
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { logOf } from "./Logs.ts"
import { choices, makeWorld, type StoredEvent } from "./World.ts"

const platforms = ["platform-a", "platform-b"]

/** What a reader that looks at every object after every instruction would note, by platform. */
const noted = (events: ReadonlyArray<StoredEvent>) => {
  const { credits, investments, investors, redemptions, transfers } = Projections
  const views = Views.make([investments, investors, credits, redemptions, transfers])
  const seen = new Map<string, string>()
  const notes = new Map(platforms.map((platform) => [platform, new Set<string>()]))
  const look = <S extends { readonly id: string; readonly platform: string | null }>(
    all: ReadonlyMap<string, S>,
    statusOf: (state: S) => string
  ) => {
    for (const state of all.values()) {
      const status = statusOf(state)
      if (status === "processing" || seen.get(state.id) === status) continue
      seen.set(state.id, status)
      notes.get(state.platform!)!.add(`${views.position} ${state.id} ${status}`)
    }
  }
  for (const event of events) {
    views.apply(event)
    if (event.meta.fingerprint === undefined) continue
    look(views.all(investments), ({ status }) => status)
    look(views.all(investors), ({ kycStatus }) => kycStatus)
    look(views.all(credits), ({ status }) => status)
    look(views.all(redemptions), ({ status }) => (status === "succeeded" ? "success" : status))
    look(views.all(transfers), ({ status }) => status)
  }
  return notes
}

/** The last position of the instruction that an event is of. */
const endOf = (events: ReadonlyArray<StoredEvent>, position: number): number => {
  let end = position
  while (events[end - 1]!.meta.fingerprint === undefined) end++
  return end
}

const told = (events: ReadonlyArray<StoredEvent>, platform: string) => {
  const views = Views.make([Projections.feed])
  for (const event of events) views.apply(event)
  return views.keys(Projections.feed, platform).map((key) => {
    const { objectId, status } = Projections.feedEntry(views.get(Projections.feed, key)!)
    return `${endOf(events, Number(key.split(" ").at(-1)))} ${objectId} ${status}`
  })
}

describe("the feed", () => {
  it("tells what a reader that looks after every instruction sees, once each, in order, and to the platform alone", () => {
    fc.assert(
      fc.property(choices(150), (all) => {
        const { events } = makeWorld(all)
        const notes = noted(events)
        for (const platform of platforms) {
          const entries = told(events, platform)
          expect(entries.toSorted()).toStrictEqual([...notes.get(platform)!].toSorted())
          const positions = entries.map((entry) => Number(entry.split(" ")[0]))
          expect(positions).toStrictEqual(positions.toSorted((a, b) => a - b))
        }
      }),
      { numRuns: 60 }
    )
  })

  it("tells of a subscription that is signed, accepted and paid at once that it is paid, and no more", () => {
    const views = Views.make([Projections.investments])
    const { events } = makeWorld(Array.from({ length: 200 }, (_, i) => [i * 37, i, i * 3, i * 7, i * 11] as const))
    for (const event of events) views.apply(event)
    const together = events.filter(({ meta, type }) => type === "InvestmentSigned" && meta.fingerprint === undefined)
    expect(together.length).toBeGreaterThan(0)
    for (const { data, position } of together) {
      const { investmentId } = data as { readonly investmentId: string }
      const end = endOf(events, position)
      const of = platforms.flatMap((platform) =>
        told(events, platform).filter((entry) => entry.startsWith(`${end} ${investmentId} `))
      )
      expect(of).toHaveLength(1)
    }
  })

  it("gives the same cursors after a rebuild, in steps of any length, in memory and in SQL", () =>
    fc.assert(
      fc.asyncProperty(choices(100), fc.integer({ min: 1, max: 20 }), (all, stepSize) =>
        Effect.gen(function* () {
          const { events } = makeWorld(all)
          const log = logOf(events, Math.floor(events.length / 2))
          const sql = yield* SqlReadModels.make({ log, stepSize })
          const memory = MemoryReadModels.make({ log })
          yield* Effect.all([sql.catchUp, memory.catchUp])
          log.visible = events.length
          for (const platform of platforms) {
            const whole = yield* memory.page(Projections.feed, platform, { limit: 500 })
            expect(yield* sql.page(Projections.feed, platform, { limit: 500 })).toStrictEqual(whole)
            const rebuilt = MemoryReadModels.make({ log })
            for (const [at, cursor] of whole.places.entries()) {
              const rest = yield* rebuilt.page(Projections.feed, platform, { limit: 500, cursor })
              expect(rest.results).toStrictEqual(whole.results.slice(at + 1))
            }
          }
        }).pipe(Effect.provide(SqliteClient.layer({ filename: ":memory:" })), Effect.runPromise)
      ),
      { numRuns: 10 }
    ))
})
