/** What the types of a catalogue and of a query refuse: each line below an `@ts-expect-error` would switch a check off at run time. */
import { type Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import type { AppendCondition, Catalogue, EventStoreShape, Query } from "@effekten/event-store"

interface Joined {
  readonly type: "Joined"
  readonly data: { readonly club: string; readonly person: string }
  readonly personal?: { readonly name: string }
  readonly meta: { readonly actor: string }
}
interface Left {
  readonly type: "Left"
  readonly data: { readonly club: string }
  readonly meta: { readonly actor: string }
}
type ClubEvent = Joined | Left

const Club = Schema.Struct({ club: Schema.String })
const left = { version: 1, data: Club, upcasters: {}, tags: ({ club }: Left["data"]) => [club] }
const joined = {
  version: 1,
  data: Schema.Struct({ club: Schema.String, person: Schema.String }),
  upcasters: {},
  personal: { schema: Schema.Struct({ name: Schema.String }), subject: ({ person }: Joined["data"]) => person },
  tags: ({ club, person }: Joined["data"]) => [club, person]
}
const meta = Schema.Struct({ actor: Schema.String })

const right: Catalogue<ClubEvent> = { meta, events: { Joined: joined, Left: left } }

const catalogues: ReadonlyArray<Catalogue<ClubEvent>> = [
  // @ts-expect-error a misspelt type
  { meta, events: { Joined: joined, Leftt: left } },
  // @ts-expect-error a type that is missing
  { meta, events: { Joined: joined } },
  // @ts-expect-error a type that no event has
  { meta, events: { Joined: joined, Left: left, Expelled: left } },
  // @ts-expect-error a member that the data do not have
  { meta, events: { Joined: joined, Left: { ...left, tags: ({ clubId }) => [clubId] } } },
  // @ts-expect-error data of another type
  { meta, events: { Joined: { ...joined, data: Club }, Left: left } },
  // @ts-expect-error metadata of another type
  { meta: Club, events: { Joined: joined, Left: left } },
  // @ts-expect-error a personal part where the event has none
  { meta, events: { Joined: joined, Left: { ...left, personal: joined.personal } } }
]

const queries: ReadonlyArray<Query<ClubEvent>> = [
  // @ts-expect-error a misspelt type
  [{ types: ["Joind"] }],
  // @ts-expect-error one misspelt type of two
  [{ types: ["Joined", "left"], tags: ["a"] }],
  // @ts-expect-error no type
  [{ types: [] }],
  // @ts-expect-error no item
  [],
  // @ts-expect-error a list that may be empty
  ["a", "b"].map((tag) => ({ tags: [tag] }))
]

// @ts-expect-error a misspelt type in a condition
const condition: AppendCondition<ClubEvent> = { failIfEventsMatch: [{ types: ["Joind"] }] }

const asked = (store: EventStoreShape<ClubEvent>): ReadonlyArray<Effect.Effect<unknown, unknown>> => [
  store.readAll([{ types: ["Joined"], tags: ["a"] }]),
  // @ts-expect-error a misspelt type at a store
  store.readAll([{ types: ["Joind"] }])
]

describe("types of a catalogue and of a query", () => {
  it("promise 2: a misspelt type, a type or member too few or too many, and an empty list do not compile", () => {
    // The compiler holds it: `npm run types` fails where one of them compiles. At run time there is nothing to see.
    expect([right, ...catalogues, ...queries, condition, asked]).toHaveLength(15)
  })
})
