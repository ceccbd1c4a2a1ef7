/**
 * A member that an event or a command has, and a decision forgets, does not compile. For the author of a decision.
 *
 * `npm run types` checks the lines marked `@ts-expect-error`: one that compiles after all is an error there.
 */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Command, Event } from "../src/index.ts"

const Noticed = Event.define("CampaignClosed", {
  data: { place: Schema.String, colour: Schema.optionalKey(Schema.String), size: Schema.optionalKey(Schema.Int) },
  tags: () => []
})

const Witnessed = Event.define("CampaignClosed", {
  data: { place: Schema.String },
  personal: { fields: { witness: Schema.String }, subject: (data) => data.place },
  tags: () => []
})

describe("an event is made with every member by name", () => {
  it("what is undefined is left out, and the others keep their order", () => {
    const made: Event.EventOf<typeof Noticed> = Noticed.make({ size: 3, colour: undefined, place: "here" })
    expect(JSON.stringify(made)).toBe('{"type":"CampaignClosed","data":{"size":3,"place":"here"}}')
    expect(made).toStrictEqual({ type: "CampaignClosed", data: { size: 3, place: "here" } })
  })

  it("null, 0, false and the empty text are not undefined", () => {
    const Odd = Event.define("CampaignClosed", {
      data: { a: Schema.Null, b: Schema.Int, c: Schema.Boolean, d: Schema.optionalKey(Schema.String) },
      tags: () => []
    })
    expect(Odd.make({ a: null, b: 0, c: false, d: "" }).data).toStrictEqual({ a: null, b: 0, c: false, d: "" })
  })

  it("a personal part stands beside the data, or is absent", () => {
    expect(Witnessed.make({ place: "here" }, { witness: "nobody" })).toStrictEqual({
      type: "CampaignClosed",
      data: { place: "here" },
      personal: { witness: "nobody" }
    })
    expect(Witnessed.make({ place: "here" }, undefined)).toStrictEqual({
      type: "CampaignClosed",
      data: { place: "here" }
    })
  })

  it("a forgotten member does not compile", () => {
    const forgotten = () => [
      // @ts-expect-error an optional member is forgotten
      Noticed.make({ place: "here", colour: undefined }),
      // @ts-expect-error a member that must be there is forgotten
      Noticed.make({ colour: undefined, size: undefined }),
      // @ts-expect-error a member that must be there cannot be undefined
      Noticed.make({ place: undefined, colour: undefined, size: undefined }),
      // @ts-expect-error a member that the event does not have
      Noticed.make({ place: "here", colour: undefined, size: undefined, weight: 1 }),
      // @ts-expect-error the personal part is forgotten
      Witnessed.make({ place: "here" })
    ]
    const input: { readonly place: string; readonly colour?: string } = { place: "here" }
    const handedThrough = () => [
      // @ts-expect-error what is spread may lack the optional member, and names no other
      Noticed.make({ ...input, size: undefined }),
      // @ts-expect-error the input has no such member
      Noticed.make({ ...input, colour: input.colour }),
      Noticed.make({ ...input, colour: input.colour, size: undefined })
    ]
    expect([forgotten, handedThrough]).toHaveLength(2)
  })
})

describe("a command is recalled with every member of its input by name", () => {
  const input = { place: Schema.String, colour: Schema.optionalKey(Schema.String) }
  const decide = function* () {
    return []
  }

  it("what is undefined is left out", () => {
    const noticing = Command.make("Notice", { input, decide, recall: () => ({ colour: undefined, place: "here" }) })
    expect(noticing.recall([])).toStrictEqual({ place: "here" })
  })

  it("a forgotten member does not compile", () => {
    const forgotten = () => [
      // @ts-expect-error an optional member is forgotten
      Command.make("Notice", { input, decide, recall: () => ({ place: "here" }) }),
      // @ts-expect-error a member that must be there is forgotten
      Command.make("Notice", { input, decide, recall: () => ({ colour: undefined }) }),
      // @ts-expect-error the event that is handed through does not have it
      Command.make("Notice", { input, decide, recall: (events) => Command.recorded(events, "CampaignClosed") })
    ]
    expect(forgotten).toBeTypeOf("function")
  })
})
