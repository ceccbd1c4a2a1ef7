/**
 * What a store promises about its catalogue: what was acknowledged can be read, and what no caller means is not asked. For the contract kit.
 */
import { deepStrictEqual, equal, match, ok } from "node:assert/strict"
import { Cause, Effect, Exit, Schema, Stream } from "effect"
import type { Bookmark } from "../port/Bookmark.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import type { NewEvent } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { type KitEvent, kitCatalogue, kitCatalogueBefore, name, note, type Noted, opened } from "./KitEvent.ts"

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
    "promise 2: a program that does not know every kind of event in the log reads, decides and appends nothing, whenever it started",
    ({ make, reopen }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([opened("x"), name("x", "Erika")])
        const early = yield* reopen(store, without("Noted"))
        equal((yield* early.readAll([{ types: ["Opened"] }])).length, 1)
        yield* early.append([opened("y")], { failIfEventsMatch: [{ types: ["Opened"], tags: ["account:y"] }] })
        // From here on it may have decided, and not appended yet.
        const head = yield* early.bookmark()
        const deciding = yield* Effect.forEach([1, 2], () => reopen(store, without("Noted")))
        for (const each of deciding) {
          yield* each.append([opened("w")])
          equal((yield* each.readAll([{ types: ["Named"] }])).length, 1)
        }
        const { last: unknown } = yield* store.append([note(["account:x"])])
        // The append is the first that they ask since.
        const condition = { failIfEventsMatch: [{ types: ["Named"] }], after: head } as const
        const refusals = [
          yield* Effect.flip(deciding[0]!.append([opened("z")], condition)),
          yield* Effect.flip(
            deciding[1]!.appendExclusive(head, condition.failIfEventsMatch, () => {
              throw new Error("it was decided")
            })
          )
        ]
        for (const refused of refusals) ok(refused instanceof EventStoreError && refused.reason === "newer")
        const late = yield* reopen(store, without("Noted"))
        for (const [who, older] of [["early", early] as const, ["late", late] as const])
          for (const [index, ask] of asksOf(older, head).entries()) {
            const refused = yield* Effect.flip(ask)
            ok(refused instanceof EventStoreError, `${who} ${index}: ${String(refused)}`)
            deepStrictEqual([refused.reason, refused.position], ["newer", unknown], `${who} ${index}`)
            match(refused.message, /"Noted".*upgrade this program/)
          }
        equal(yield* store.head, unknown)
        // What is not decoded is read: a log can be verified and copied.
        equal((yield* Stream.runCollect(late.readStored())).length, unknown)
        const faults = (yield* Stream.runCollect(late.inspect())).flatMap((part) => part.faults)
        deepStrictEqual(
          faults.map(({ kind, position }) => [kind, position]),
          [["newer", unknown]]
        )
        // A program that knows the type reads all.
        equal((yield* store.readAll("all")).length, unknown)
      })
  ),
  caseNeeding(
    ["reopen"],
    "promise 2: nor does a program that knows the type in an earlier version only",
    ({ make, reopen }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogueBefore)
        yield* store.append([note(["a"])])
        const newer = yield* reopen(store, kitCatalogue)
        yield* newer.append([opened("x")])
        for (const older of [store, yield* reopen(store, kitCatalogueBefore)]) {
          const refused = yield* Effect.flip(older.readAll([{ types: ["Noted"] }]))
          deepStrictEqual([refused.reason, refused.position], ["newer", 2])
        }
      })
  ),
  caseNeeding(
    ["reopen", "rewind"],
    "promise 6: a log that was put back before such an event is read by that program again, and not behind another one",
    ({ make, reopen, rewind }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([opened("x")])
        const putBack = yield* rewind(store)
        const older = yield* reopen(store, without("Noted"))
        const noteless = yield* reopen(store, without("Named"))
        yield* store.append([name("x", "Erika")])
        equal((yield* older.readAll([{ types: ["Named"] }])).length, 1)
        yield* putBack
        // At the same place, so that neither the number of kinds nor the position of the newest tells one history from the other.
        yield* noteless.append([note(["account:x"])])
        const refused = yield* Effect.flip(older.readAll([{ types: ["Opened"] }]))
        deepStrictEqual([refused.reason, refused.position], ["newer", 2])
      })
  )
]

/** Whatever a program asks of a log that it decides on. */
const asksOf = (store: KitStore, head: Bookmark): ReadonlyArray<Effect.Effect<unknown, unknown>> => {
  const query: Query<KitEvent> = [{ types: ["Opened"], tags: ["account:x"] }]
  return [
    store.readAll(query),
    store.readAll([{ types: ["Opened"], tags: ["account:nobody"] }]),
    store.readAll(query, { to: 2 }),
    store.readAll([{ tags: ["kind:plain"] }], { backwards: true }),
    store.readAll("all", { to: 2 }),
    Stream.runHead(store.read(query)),
    Stream.runHead(store.read("all")),
    Stream.runHead(store.subscribe(query, 0)),
    store.head,
    store.bookmark(),
    store.bookmark(head),
    store.append([opened("z")]),
    store.append([opened("z")], { failIfEventsMatch: query, after: head }),
    store.append([opened("z")], { failIfEventsMatch: query, after: 4 }),
    store.appendExclusive(head, query, () => {
      throw new Error("it was decided")
    }),
    store.forget("x"),
    store.writable
  ]
}
