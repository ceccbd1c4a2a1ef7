/** The register's keyed hash against Node's own HMAC. */
import * as fc from "fast-check"
import { createHmac } from "node:crypto"
import { describe, expect, it } from "vitest"
import * as KeyedHash from "../src/base/KeyedHash.ts"

const reference = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest("hex")
const anyKey = fc.uint8Array({ minLength: 0, maxLength: 64 })

describe("the keyed hash of texts", () => {
  it("is HMAC-SHA-256 for every key of at most a block, and any texts one after the other", () => {
    const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 400 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(anyKey, texts, (key, all) => {
        const hashed = KeyedHash.make(key)
        for (const text of all) expect(hashed(text)).toBe(reference(key, text))
      })
    )
  })

  it("is so around the lengths where a text gets memory of its own, and for a body of a megabyte", () => {
    const key = Buffer.alloc(32, 7)
    const hashed = KeyedHash.make(key)
    for (const length of [5_460, 5_461, 5_462, 16_383, 16_384, 16_385, 1_048_576])
      for (const character of ["a", "ä", "€"]) {
        const text = character.repeat(length)
        expect(hashed(text)).toBe(reference(key, text))
      }
  })

  it("refuses a key longer than a block", () => {
    expect(() => KeyedHash.make(new Uint8Array(65))).toThrow(RangeError)
  })
})
