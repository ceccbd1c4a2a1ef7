/** The index of the SQLite log read as one text. For a developer who changes the inspection. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readEntries } from "../src/sqlite/IndexEntries.ts"

const half = fc.integer({ min: 0, max: 0xff_ff_ff })
const entry = fc.record({ first: half, second: half, position: fc.integer({ min: 0, max: 999_999_999_999_999 }) })
const digits = (value: number) => value.toString(16).padStart(6, "0")
const word = ({ first, second }: { readonly first: number; readonly second: number }) => digits(first) + digits(second)

describe("the entries of an index as one text", () => {
  it("property: are read as they were written", () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const text = entries.map((each) => `${word(each)} ${each.position}`).join(",")
        const found = readEntries(text, entries.length)
        expect(Array.from(found?.positions ?? [])).toEqual(entries.map(({ position }) => position))
        expect(Array.from(found?.first ?? [])).toEqual(entries.map(({ first }) => first))
        expect(Array.from(found?.second ?? [])).toEqual(entries.map(({ second }) => second))
      })
    )
  })

  it("promise 6: a word that is none of ours passes for no entry, whatever stands in it", () => {
    const sound = "0123456789ab 7"
    for (const [text, count] of [
      // Two entries in one word, three of one, and the other way round.
      [`aaaaaaaaaaaa 1,bbbbbbbbbbbb 5`, 1],
      [`${sound},aaaaaaaaaaaa 1,bbbbbbbbbbbb 5`, 2],
      [sound, 2],
      ["", 1],
      // A longer word, with its end before the position or among its digits; a shorter one; others than hex digits.
      ["aaaaaaaaaaaa4 5", 1],
      ["aaaaaaaaaaaa 4 5", 1],
      ["aaaaaaaaaaa 45", 1],
      ["aaaaaaaaaaaA 5", 1],
      ["aaaaaaaaaaağ 5", 1],
      ["aaaaa aaaaaa 5", 1],
      // Positions that are none.
      ["aaaaaaaaaaaa -5", 1],
      ["aaaaaaaaaaaa ", 1],
      ["aaaaaaaaaaaa 5.0", 1],
      ["aaaaaaaaaaaa 1000000000000005", 1],
      [`${sound},`, 1],
      [`,${sound}`, 1]
    ] as const)
      if (readEntries(text, count) !== undefined) expect.fail(`${JSON.stringify(text)} passes for ${count} entries`)
  })
})
