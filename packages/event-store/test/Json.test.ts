/** Canonical JSON (RFC 8785). For a developer who changes it: hashes of these texts are stored, so no text may change. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Json } from "@effekten/event-store"

/** JSON without `-0`, which no JSON text tells from 0. */
const value = fc.jsonValue({ stringUnit: "grapheme" }) as fc.Arbitrary<Json.Json>

const shuffled = (json: Json.Json): Json.Json => {
  if (Array.isArray(json)) return json.map(shuffled)
  if (typeof json !== "object" || json === null) return json
  const members = Object.entries(json).map(([name, member]) => [name, shuffled(member)] as const)
  return Object.fromEntries(members.toReversed())
}

describe("canonical JSON", () => {
  it("RFC 8785 3.2.3: the text of the standard's own example", () => {
    const example = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }
    expect(Object.values(JSON.parse(Json.canonical(example)) as object).toSorted()).toEqual(
      Object.values(example).toSorted()
    )
    expect(Json.canonical(example).match(/:"[A-Z][a-z]+/g)).toEqual([
      ':"Carriage',
      ':"One',
      ':"Control',
      ':"Latin',
      ':"Euro',
      ':"Emoji',
      ':"Hebrew'
    ])
    expect(
      Json.canonical({
        numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27],
        string: '\u20ac$\u000f\nA\'B"\\\\"/',
        literals: [null, true, false]
      })
    ).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
  })

  it("property: reads back as the value it was made of", () =>
    fc.assert(
      fc.property(value, (json) => {
        expect(JSON.parse(Json.canonical(json))).toEqual(JSON.parse(JSON.stringify(json)))
      })
    ))

  it("property: is its own canonical text, whatever the order of the members", () =>
    fc.assert(
      fc.property(value, (json) => {
        const text = Json.canonical(json)
        expect(Json.canonical(JSON.parse(text) as Json.Json)).toBe(text)
        expect(Json.canonical(shuffled(json))).toBe(text)
      })
    ))

  it("refuses what has no canonical text, at any depth", () => {
    for (const bad of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "\ud800",
      "a\udc00b",
      { "\ud800": 1 },
      1n,
      Symbol("x"),
      () => 1
    ] as ReadonlyArray<any>)
      for (const place of [bad, [bad], { a: { b: [bad] } }]) expect(() => Json.canonical(place)).toThrow(TypeError)
    expect(Json.canonical({ a: undefined, b: 1 } as unknown as Json.Json)).toBe('{"b":1}')
    expect(() => Json.canonical(undefined)).toThrow(TypeError)
  })
})
