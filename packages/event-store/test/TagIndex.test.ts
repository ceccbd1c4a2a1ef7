/** The words of the SQLite index: how seldom two texts share one, and that they never change. For a developer who changes the index. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { wordHalves, wordOf } from "../src/sqlite/TagIndex.ts"

const count = 200_000
/** Tags as they come: long and nearly the same, or short, or many times the same character. */
const families: ReadonlyArray<readonly [string, (index: number) => string]> = [
  ["numbers", (index) => String(index)],
  ["ids with a prefix", (index) => `investment:01944f3e-7b21-7c5a-9d3e-${index.toString(16).padStart(12, "0")}`],
  ["ids that differ at the front", (index) => `${index.toString(36)}:01944f3e-7b21-7c5a-9d3e-aaaaaaaaaaaa`],
  ["repeated characters", (index) => String.fromCharCode(97 + (index % 26)).repeat(1 + Math.floor(index / 26))],
  ["beyond ASCII", (index) => `ä${String.fromCharCode(0x4e00 + (index % 0x4000))}${Math.floor(index / 0x4000)}`]
]

describe("words of tags", () => {
  it.each(families)("tell %s apart, and use every bit of theirs evenly", (_, tagOf) => {
    const tags = Array.from({ length: Math.min(count, 20_000) }, (__, index) => tagOf(index))
    expect(new Set(tags.map((tag) => wordOf("tag", tag))).size).toBe(tags.length)
    const ones = Array.from({ length: 48 }, () => 0)
    for (const tag of tags) {
      const [first, second] = wordHalves("tag", tag)
      for (let bit = 0; bit < 24; bit++) {
        ones[bit]! += (first >>> bit) & 1
        ones[24 + bit]! += (second >>> bit) & 1
      }
    }
    // Five standard deviations of a fair coin.
    const far = (5 * Math.sqrt(tags.length)) / 2
    for (const found of ones) expect(Math.abs(found - tags.length / 2)).toBeLessThan(far)
  })

  it("as many as a long log has hardly ever fall together, in halves as in the whole", () => {
    const tagOf = families[1]![1]
    const words = new Set<string>()
    const firsts = new Set<number>()
    for (let index = 0; index < count; index++) {
      words.add(wordOf("tag", tagOf(index)))
      firsts.add(wordHalves("tag", tagOf(index))[0])
    }
    expect(words.size).toBe(count)
    // 24 bits: of so many, chance lets about 1,190 fall on another.
    expect(count - firsts.size).toBeLessThan(1_400)
    expect(count - firsts.size).toBeGreaterThan(1_000)
  })

  it("property: are twelve hex digits of two halves, other for each kind, and the same whenever", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        const [first, second] = wordHalves("tag", value)
        const word = wordOf("tag", value)
        expect(word).toMatch(/^[0-9a-f]{12}$/)
        expect([Number.parseInt(word.slice(0, 6), 16), Number.parseInt(word.slice(6), 16)]).toEqual([first, second])
        expect(new Set([word, wordOf("type", value), wordOf("subject", value)]).size).toBe(3)
      })
    )
  })

  it("do not change from one version of this program to the next: they stand in files", () => {
    expect([wordOf("tag", "account:1"), wordOf("type", "Opened"), wordOf("subject", "person:ü")]).toEqual([
      "43bbbdf88d3b",
      "ca436f459891",
      "fe3b15e36365"
    ])
  })
})
