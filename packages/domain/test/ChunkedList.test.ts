/** Long lists of decision models: they hold what an array would hold. For the author of a model. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { emptyList, itemsOf, withoutItem, withItems, type ChunkedList } from "../src/ChunkedList.ts"

describe("a chunked list", () => {
  it("property: holds what an array holds after the same steps, and no step changes what was there before", () => {
    const step = fc.oneof({ weight: 4, arbitrary: fc.record({ add: fc.nat(200) }) }, fc.record({ remove: fc.nat(600) }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let list: ChunkedList<number> = emptyList
        let array: ReadonlyArray<number> = []
        let next = 0
        for (const one of steps) {
          const before = list
          const kept = JSON.stringify(before)
          if ("add" in one) {
            const items = Array.from({ length: one.add }, () => next++)
            list = withItems(list, items)
            array = [...array, ...items]
          } else {
            list = withoutItem(list, one.remove)
            array = array.filter((item) => item !== one.remove)
          }
          expect(itemsOf(list)).toEqual(array)
          expect(list.every((chunk) => chunk.length > 0)).toBe(true)
          expect(JSON.stringify(before)).toBe(kept)
        }
      })
    )
  })
})
