/**
 * What a store promises about its catalogue: what was acknowledged can be read, and what no caller means is not asked. For the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { Cause, Effect, Exit, Schema, Stream } from "effect"
import type { Catalogue } from "../port/Catalogue.ts"
import type { NewEvent } from "../port/Event.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { type KitEvent, kitCatalogue, name, note, type Noted, opened } from "./KitEvent.ts"

/** The catalogue of a program that has no such type: it left it, or a newer program brought it. */
const without = (type: KitEvent["type"]): Catalogue<KitEvent> => {
  const { [type]: _, ...events } = kitCatalogue.events
  return { ...kitCatalogue, events } as unknown as Catalogue<KitEvent>
}

/** The catalogue of a program whose text is of this schema. */
const withText = (text: Schema.Top): Catalogue<KitEvent> => {
  const data = Schema.Struct({ tags: Schema.Array(Schema.String), text })
  const events = { ...kitCatalogue.events, Noted: { ...kitCatalogue.events.Noted, data } }
  return { ...kitCatalogue, events } as unknown as Catalogue<KitEvent>
}

/** An event whose text is something else, in its data or its personal part. */
const noteOf = (text: unknown): NewEvent<Noted> => note(["a"], text as string)

const meant: ReadonlyArray<readonly [what: string, query: Query<KitEvent>]> = [
  ["no item", [] as unknown as Query<KitEvent>],
  ["no type", [{ types: [] as unknown as readonly ["Noted"] }]],
  ["no type, beside a tag", [{ tags: ["a"] }, { types: [] as unknown as readonly ["Noted"], tags: ["a"] }]],
  ["an unknown type", [{ types: ["Notd" as "Noted"], tags: ["a"] }]],
  ["an unknown type among others", [{ types: ["Noted", "toString" as "Noted"] }]]
]

const dies = <A, X>(effect: Effect.Effect<A, X>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) && Cause.hasDies(exit.cause))

/** @category values */
export const catalogueCases: ReadonlyArray<Case> = [
  {
    name: "promise 2: a condition or query that could match nothing is a defect: it never means 'always append'",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"])])
        for (const [what, query] of meant) {
          const asks: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
            store.append([note(["a"])], { failIfEventsMatch: query, after: 1 } as AppendCondition<KitEvent>),
            store.appendExclusive(0, query, () => {
              throw new Error("it was decided")
            }),
            store.readAll(query),
            Stream.runDrain(store.read(query)),
            Stream.runHead(store.subscribe(query, 0))
          ]
          for (const [index, ask] of asks.entries()) ok(yield* dies(ask), `${what}, ask ${index}`)
        }
        equal(yield* store.head, 1)
        // The store goes on.
        yield* store.append([note(["a"])], { failIfEventsMatch: [{ types: ["Noted"], tags: ["b"] }] })
      })
  },
  {
    name: "promise 5: what would not come back as it was given is refused before it is written",
    run: ({ make }) =>
      Effect.gen(function* () {
        class Text {
          readonly said = "x"
        }
        // oxlint-disable-next-line no-sparse-arrays
        const holes = [1, , 3]
        const store = yield* make(withText(Schema.Unknown))
        const strange: ReadonlyArray<unknown> = [
          new Date(0),
          new Map([["a", 1]]),
          new Set([1]),
          new Text(),
          Uint8Array.of(1),
          holes,
          [undefined],
          { [Symbol("a")]: 1 },
          { deep: [{ deeper: new Date(0) }] },
          Number.NaN,
          1n,
          () => 1
        ]
        for (const text of strange) {
          const refused = yield* Effect.flip(store.append([noteOf("before"), noteOf(text)]))
          ok(refused._tag === "InvalidEvent" && refused.reason === "not_canonical", `${refused._tag}`)
        }
        const dated = yield* make(withText(Schema.Date))
        equal((yield* Effect.flip(dated.append([noteOf(new Date(0))])))._tag, "InvalidEvent")
        // Of another realm, or without a prototype, a plain object is one all the same.
        const plain = Object.assign(Object.create(null), { b: [{}, null, ""], a: -1.5 })
        yield* store.append([noteOf(plain), noteOf(null)])
        deepStrictEqual(
          (yield* store.readAll("all")).map((event) => event.type === "Noted" && (event.data.text as unknown)),
          [{ a: -1.5, b: [{}, null, ""] }, null]
        )
      })
  },
  {
    name: "promise 5: a member that is undefined is as one that is absent, and refused where it must be there",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(withText(Schema.Struct({ must: Schema.UndefinedOr(Schema.String) })))
        const refused = yield* Effect.flip(store.append([noteOf({ must: undefined })]))
        ok(refused._tag === "InvalidEvent" && refused.reason === "schema")
        const lenient = yield* make(withText(Schema.Struct({ may: Schema.optional(Schema.String) })))
        yield* lenient.append([noteOf({ may: undefined })])
        const [event] = yield* lenient.readAll("all")
        deepStrictEqual(event?.data, { tags: ["a"], text: {} })
      })
  },
  {
    name: "promise 5: a personal part that would not come back as it was given is refused, without a word of it",
    run: ({ make }) =>
      Effect.gen(function* () {
        const { Named } = kitCatalogue.events
        const personal = { ...Named.personal, schema: Schema.Struct({ name: Schema.Unknown }) }
        const events = { ...kitCatalogue.events, Named: { ...Named, personal } }
        const store = yield* make({ ...kitCatalogue, events } as unknown as Catalogue<KitEvent>)
        for (const said of [new Map([["Erika", 1]]), ["Erika", undefined], { Erika: undefined, at: new Date(0) }]) {
          const refused = yield* Effect.flip(store.append([name("a", said as unknown as string)]))
          ok(refused._tag === "InvalidEvent" && refused.reason === "not_canonical")
          ok(!JSON.stringify(refused).includes("Erika"))
        }
        equal(yield* store.head, 0)
      })
  },
  caseNeeding(
    ["reopen"],
    "a type that the catalogue does not have stops the reads that ask for it, as written by a newer program, and no other",
    ({ make, reopen }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([opened("x"), note(["account:x"]), name("x", "Erika")])
        const older = yield* reopen(store, without("Noted"))
        const asked: ReadonlyArray<readonly [Query<KitEvent>, ReadonlyArray<number>]> = [
          [[{ types: ["Opened"] }], [1]],
          [[{ types: ["Opened", "Named"], tags: ["account:x"] }], [1, 3]],
          [[{ tags: ["kind:plain"] }], [1]]
        ]
        for (const [query, positions] of asked) {
          for (const backwards of [false, true])
            deepStrictEqual(
              (yield* older.readAll(query, { backwards })).map(({ position }) => position),
              backwards ? positions.toReversed() : positions
            )
          const conflict = { failIfEventsMatch: query, after: positions.length === 1 ? 1 : 3 }
          yield* older.append([opened("y", "other")], conflict)
        }
        for (const query of ["all", [{ tags: ["account:x"] }]] as const) {
          const failed = yield* Effect.flip(older.readAll(query))
          deepStrictEqual([failed.reason, failed.position], ["newer", 2])
        }
        const faults = (yield* Stream.runCollect(older.inspect())).flatMap((part) => part.faults)
        deepStrictEqual(
          faults.map(({ kind, position }) => [kind, position]),
          [["newer", 2]]
        )
        yield* untouched(store)
      })
  )
]

/** Nothing was damaged: the program that knows the type reads all. */
const untouched = (store: KitStore) => Effect.map(store.readAll("all", { to: 3 }), (events) => equal(events.length, 3))
