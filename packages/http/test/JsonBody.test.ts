/**
 * The fast reader of JSON reads, and refuses, what the slow definition does. For a developer that changes the reader.
 */
import { Result } from "effect"
import * as fc from "fast-check"
import { deepStrictEqual } from "node:assert"
import { describe, expect, it } from "vitest"
import { parse } from "../src/server/JsonBody.ts"
import * as Slow from "./SlowJsonBody.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const fast = (bytes: Uint8Array): Slow.Read =>
  Result.match(parse(bytes), { onSuccess: (value) => ({ value }), onFailure: (refused) => ({ refused }) })

const codeOf = (text: string): string | undefined => {
  const read = fast(bytesOf(text))
  return "refused" in read ? read.refused.code : undefined
}

/** Pieces of a string literal, harmless and not. */
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "units", "__proto__", "constructor", "ä", "€", "😀") },
  {
    weight: 3,
    arbitrary: fc.constantFrom('\\"', "\\\\", "\\/", "\\u0061", "\\u005f", "\\ud83d\\ude00", ":", "{", "[", ",", "}")
  },
  { weight: 1, arbitrary: fc.constantFrom("\\ud800", "\\udc00", "\\\\u00e4") }
)
const literal = fc.array(piece, { maxLength: 3 }).map((pieces) => `"${pieces.join("")}"`)
const number = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("0", "-1", "1.5", "300", "3e2", "-0", "1e-400", "9007199254740991") },
  { weight: 1, arbitrary: fc.constantFrom("9007199254740993", "-9007199254740992", "1e999", "123456789012345678901") }
)
const blank = fc.constantFrom("", "", "", " ", "\n\t", "\r ")

/** Texts of JSON: with names that come twice, with depth, with blanks in all places. */
const { value: json } = fc.letrec<{ readonly value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "true", "false", "[]", "{}", '""'),
    literal,
    number,
    fc
      .array(fc.tuple(blank, tie("value"), blank), { maxLength: 5 })
      .map((elements) => `[${elements.map((parts) => parts.join("")).join(",")}]`),
    fc
      .array(fc.tuple(blank, literal, blank, fc.constant(":"), blank, tie("value"), blank), { maxLength: 5 })
      .map((members) => `{${members.map((parts) => parts.join("")).join(",")}}`),
    fc
      .tuple(fc.integer({ min: 1, max: 40 }), tie("value"))
      .map(([levels, inner]) => `${"[".repeat(levels)}${inner}${"]".repeat(levels)}`)
  )
}))

describe("a JSON body is read as the slow definition reads it", () => {
  it("whatever it says: the same value, or the same refusal at the same place", () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(json, (text) => {
        const bytes = bytesOf(text)
        const read = fast(bytes)
        const code = "refused" in read ? read.refused.code : "read"
        seen.set(code, (seen.get(code) ?? 0) + 1)
        deepStrictEqual(read, Slow.parse(bytes))
      }),
      { numRuns: 5_000 }
    )
    // The texts meet every refusal but that of what is no JSON.
    for (const code of [
      "read",
      "too_deep",
      "member_repeated",
      "member_forbidden",
      "invalid_text",
      "number_out_of_range"
    ])
      expect([code, (seen.get(code) ?? 0) > 20]).toEqual([code, true])
  })

  it("also with a byte changed, taken out or put in", () => {
    fc.assert(
      fc.property(
        json,
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(0, 1),
        (text, at, byte, removed) => {
          const bytes = bytesOf(text)
          const place = at % (bytes.length + 1)
          const broken = Uint8Array.from([...bytes.subarray(0, place), byte, ...bytes.subarray(place + removed)])
          deepStrictEqual(fast(broken), Slow.parse(broken))
        }
      ),
      { numRuns: 5_000 }
    )
  })
})

describe("a body has a bounded number of elements", () => {
  const repeated = (element: string, count: number) => Array.from({ length: count }, () => element).join(",")
  it.each([
    ["in one array", (count: number) => `[${repeated("0", count)}]`],
    ["in one object", (count: number) => `{${Array.from({ length: count }, (_, n) => `"${n}":0`).join(",")}}`],
    ["in empty arrays", (count: number) => `[${repeated("[]", count / 2)}]`],
    ["in empty objects", (count: number) => `[${repeated("{}", count / 2)}]`],
    ["in arrays of one", (count: number) => `[${repeated('["a"]', count / 2)}]`]
  ])("%s: 10,000 are read, more are refused", (_, text) => {
    expect(codeOf(text(10_000))).toBeUndefined()
    expect(codeOf(text(10_002))).toBe("too_many_elements")
  })
  it("whatever else is wrong behind them", () => {
    expect(codeOf(`[${repeated("0", 10_001)},{"a":1,"a":1},1e999]`)).toBe("too_many_elements")
  })
})
