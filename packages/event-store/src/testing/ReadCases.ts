/**
 * What reading promises: order, bounds, queries as the DCB standard means them, upcasting, bodies. For the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { hash } from "node:crypto"
import { Effect, Stream } from "effect"
import type { Arbitrary } from "fast-check"
import { nonEmpty } from "../building/Attempt.ts"
import type { EventDefinition } from "../port/Catalogue.ts"
import type { NewEvent } from "../port/Event.ts"
import type { ReadOptions } from "../port/EventStore.ts"
import { canonical, type Json } from "../port/Json.ts"
import { matches } from "../port/Matching.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import { type Case, caseNeeding, type KitStore, property, type World } from "./Case.ts"
import { type KitEvent, kitCatalogue, kitCatalogueBefore, name, note, opened } from "./KitEvent.ts"

/** More events than a store is likely to read in one go. */
const MANY = 2_500

const positions = (store: KitStore, query: Query<KitEvent>, options?: ReadOptions) =>
  Effect.map(Stream.runCollect(store.read(query, options)), (events) => events.map(({ position }) => position))

const fill = (store: KitStore, size: number) =>
  Effect.gen(function* () {
    for (let from = 0; from < size; from += 500) {
      const group = Array.from({ length: Math.min(500, size - from) }, (_, index) =>
        note([`mod:${(from + index) % 3}`])
      )
      yield* store.append(nonEmpty(group))
    }
  })

/** Events and queries over few tags and types, so that they meet. */
const arbitraries = (fc: World["fastCheck"]) => {
  const tag = fc.constantFrom("account:a", "account:b", "kind:plain", "x", "y", "z")
  const event: Arbitrary<NewEvent<KitEvent>> = fc.oneof(
    fc.uniqueArray(tag, { maxLength: 4 }).map((tags) => note(tags)),
    fc.constantFrom("a", "b").map((account) => opened(account)),
    fc.constantFrom("a", "b").map((account) => ({ ...name(account, "Erika"), personal: undefined }))
  )
  const item = fc.record(
    {
      types: fc.uniqueArray(fc.constantFrom("Opened", "Named", "Noted"), { minLength: 1, maxLength: 2 }).map(nonEmpty),
      tags: fc.uniqueArray(tag, { maxLength: 2 })
    },
    { requiredKeys: [] }
  )
  const query: Arbitrary<Query<KitEvent>> = fc.oneof(
    fc.constant("all" as const),
    fc.array(item, { minLength: 1, maxLength: 3 }).map(nonEmpty)
  )
  return { event, query }
}

const tagsOf = (event: NewEvent<KitEvent>): ReadonlyArray<string> =>
  (kitCatalogue.events[event.type] as EventDefinition).tags(event.data, event.meta)

/** @category values */
export const readCases: ReadonlyArray<Case> = [
  {
    name: "reads forwards and backwards, from, to and limit, over more than one chunk",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* fill(store, MANY)
        const all = Array.from({ length: MANY }, (_, index) => index + 1)
        const third: Query<KitEvent> = [{ tags: ["mod:0"] }]
        const thirds = all.filter((position) => (position - 1) % 3 === 0)
        deepStrictEqual(yield* positions(store, "all"), all)
        deepStrictEqual(yield* positions(store, "all", { backwards: true }), all.toReversed())
        deepStrictEqual(yield* positions(store, third), thirds)
        deepStrictEqual(yield* positions(store, third, { backwards: true }), thirds.toReversed())
        deepStrictEqual(yield* positions(store, "all", { from: 1_200, to: 1_205 }), all.slice(1_199, 1_205))
        deepStrictEqual(
          yield* positions(store, "all", { from: 1_200, to: 1_205, limit: 2, backwards: true }),
          [1_205, 1_204]
        )
        deepStrictEqual(yield* positions(store, third, { from: 2, limit: 2 }), [4, 7])
        deepStrictEqual(yield* positions(store, "all", { limit: 1_001 }), all.slice(0, 1_001))
        deepStrictEqual(yield* positions(store, "all", { limit: 0 }), [])
        deepStrictEqual(yield* positions(store, "all", { from: MANY + 1 }), [])
        deepStrictEqual(yield* positions(store, "all", { from: 0, to: 2 }), [1, 2])
        deepStrictEqual(yield* positions(store, "all", { from: MANY, to: MANY + 50 }), [MANY])
      })
  },
  {
    name: "an item that asks for nothing matches all, and so does an empty list of tags",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"]), opened("b")])
        deepStrictEqual(yield* positions(store, [{}]), [1, 2])
        deepStrictEqual(yield* positions(store, [{ tags: [] }]), [1, 2])
        deepStrictEqual(yield* positions(store, [{ types: ["Noted"], tags: ["account:b"] }]), [])
      })
  },
  {
    name: "a read does not see what is appended after its first pull",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* fill(store, MANY)
        let seen = 0
        yield* Stream.runForEach(store.read("all"), () => (seen++ === 0 ? store.append([note(["late"])]) : Effect.void))
        equal(seen, MANY)
      })
  },
  {
    name: "queries of a hundred items and tags of any text find what they should",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const strange = [
          "",
          " ",
          "a b",
          '"',
          "a*",
          "A",
          "a",
          "é",
          "e\u0301",
          "NOT",
          "x:y OR z",
          "😀",
          "'; DROP TABLE events"
        ]
        for (const tag of strange) yield* store.append([note([tag, "every"])])
        for (const [index, tag] of strange.entries())
          deepStrictEqual(yield* positions(store, [{ tags: [tag, "every"] }]), [index + 1])
        const many = nonEmpty(Array.from({ length: 500 }, (_, index) => ({ tags: [`none-${index}`] })))
        deepStrictEqual(yield* positions(store, [...many, { tags: ["😀"] }, ...many]), [12])
      })
  },
  {
    name: "property: a read gives what `matches` says of every event, in order and within bounds",
    run: (world) => {
      const { event, query } = arbitraries(world.fastCheck)
      const fc = world.fastCheck
      const options = fc.record(
        {
          from: fc.integer({ min: 0, max: 14 }),
          to: fc.integer({ min: 0, max: 14 }),
          limit: fc.integer({ min: 0, max: 5 }),
          backwards: fc.boolean()
        },
        { requiredKeys: [] }
      )
      return property(
        world,
        fc.tuple(
          fc.array(event, { minLength: 1, maxLength: 12 }),
          fc.array(fc.tuple(query, options), { minLength: 1, maxLength: 6 })
        ),
        ([events, reads]) =>
          Effect.gen(function* () {
            const store = yield* world.make(kitCatalogue)
            yield* store.append(nonEmpty(events))
            for (const [asked, { from = 1, to = events.length, limit = events.length, backwards = false }] of reads) {
              const expected = events
                .map((found, index) => ({ type: found.type, tags: tagsOf(found), position: index + 1 }))
                .filter((found) => found.position >= from && found.position <= to && matches(asked, found))
              if (backwards) expected.reverse()
              deepStrictEqual(
                yield* positions(store, asked, { from, to, limit, backwards }),
                expected.slice(0, limit).map(({ position }) => position)
              )
            }
          })
      )
    }
  },
  {
    name: "property: any sequence of conditional appends does what a list and `matches` do",
    run: (world) => {
      const { event, query } = arbitraries(world.fastCheck)
      const fc = world.fastCheck
      const append = fc.record({
        events: fc.array(event, { minLength: 1, maxLength: 3 }),
        condition: fc.option(
          fc.record(
            { failIfEventsMatch: query, after: fc.integer({ min: 0, max: 10 }) },
            { requiredKeys: ["failIfEventsMatch"] }
          ),
          { nil: undefined }
        )
      })
      return property(world, fc.array(append, { maxLength: 8 }), (appends) =>
        Effect.gen(function* () {
          const store = yield* world.make(kitCatalogue)
          const model: Array<NewEvent<KitEvent>> = []
          for (const { events, condition } of appends) {
            const { after = 0 } = condition ?? {}
            const refused =
              after > model.length || model.some((found, index) => conflicts(condition, after, found, index + 1))
            const outcome = yield* Effect.result(store.append(nonEmpty(events), condition))
            equal(outcome._tag, refused ? "Failure" : "Success")
            if (!refused) model.push(...events)
            equal(yield* store.head, model.length)
          }
          deepStrictEqual(
            (yield* store.readAll("all")).map(({ id }) => id),
            model.map(({ id }) => id)
          )
        })
      )
    }
  },
  {
    name: "promise 6: a body is canonical JSON with nothing beside it, and its leaf is the RFC 6962 hash of it",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        ok(store.logId.length > 0)
        yield* store.append([opened("a"), name("a", "Erika"), note(["é", "😀"], "\u0000\n")])
        const stored = yield* Stream.runCollect(store.readStored())
        const events = yield* store.readAll("all")
        equal(stored.length, 3)
        for (const [index, { position, body, leaf }] of stored.entries()) {
          equal(position, index + 1)
          const parsed = JSON.parse(body) as { readonly [member: string]: Json }
          equal(canonical(parsed), body)
          equal(
            Buffer.from(leaf).toString("hex"),
            hash("sha256", Buffer.concat([Buffer.of(0), Buffer.from(body)]), "hex")
          )
          const { position: _, tags: __, ...members } = events[index] ?? ({} as (typeof events)[number])
          deepStrictEqual(parsed, members)
        }
        deepStrictEqual(
          (yield* Stream.runCollect(store.readStored({ from: 2, to: 2 }))).map(({ position }) => position),
          [2]
        )
      })
  },
  caseNeeding(
    ["reopen"],
    "an event of an older version is read as one of the current, with its tags",
    ({ make, reopen }) =>
      Effect.gen(function* () {
        const before = yield* make(kitCatalogueBefore)
        const { kind: _, ...data } = opened("a").data
        yield* before.append([{ ...opened("a"), data: data as unknown as { account: string; kind: string } }])
        const after = yield* reopen(before, kitCatalogue)
        yield* after.append([opened("a", "special")])
        const events = yield* after.readAll([{ tags: ["account:a"] }])
        deepStrictEqual(
          events.map(({ version, tags, data: found }) => ({ version, tags, found })),
          [
            { version: 2, tags: ["account:a", "kind:plain"], found: { account: "a", kind: "plain" } },
            { version: 2, tags: ["account:a", "kind:special"], found: { account: "a", kind: "special" } }
          ]
        )
        // And the other way about: an older program must not guess what a newer one meant.
        const failed = yield* Effect.flip((yield* reopen(before, kitCatalogueBefore)).readAll("all"))
        deepStrictEqual([failed.reason, failed.position], ["newer", 2])
      })
  )
]

const conflicts = (
  condition: AppendCondition<KitEvent> | undefined,
  after: number,
  event: NewEvent<KitEvent>,
  position: number
): boolean =>
  condition !== undefined &&
  position > after &&
  matches(condition.failIfEventsMatch, { type: event.type, tags: tagsOf(event) })
