/** Long lists of decision models: they hold what an array would hold. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { emptySequence, itemsOf, minus, plus, type Sequence } from "../src/Sequence.ts"

describe("a sequence", () => {
  it("property: holds what an array holds after the same steps, and no step changes what was there before", () => {
    const step = fc.oneof({ weight: 4, arbitrary: fc.record({ add: fc.nat(200) }) }, fc.record({ remove: fc.nat(600) }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let sequence: Sequence<number> = emptySequence
        let array: ReadonlyArray<number> = []
        let next = 0
        for (const one of steps) {
          const before = sequence
          const kept = JSON.stringify(before)
          if ("add" in one) {
            const items = Array.from({ length: one.add }, () => next++)
            sequence = plus(sequence, items)
            array = [...array, ...items]
          } else {
            sequence = minus(sequence, one.remove)
            array = array.filter((item) => item !== one.remove)
          }
          expect(itemsOf(sequence)).toEqual(array)
          expect(sequence.every((chunk) => chunk.length > 0)).toBe(true)
          expect(JSON.stringify(before)).toBe(kept)
        }
      })
    )
  })
})
