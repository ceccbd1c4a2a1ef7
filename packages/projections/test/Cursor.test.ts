/**
 * A list takes the cursors of its own pages, whatever it is called, and no others. For the author of a projection.
 */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { pageOf, sliceOf } from "../src/Cursor.ts"
import { Projections } from "../src/index.ts"

const names = Projections.all.map(({ name }) => name)

describe.each(names)("the list %s", (name) => {
  const middle = pageOf(name, 5, { first: 3, last: 3 }, ["c"])
  const asked = (list: string, cursor: string | undefined) =>
    Result.getOrUndefined(sliceOf(list, 5, { limit: 2, cursor }))

  it("goes on, and back, by the cursors of its pages", () => {
    expect(asked(name, middle.next)).toEqual({ first: 4, last: 5 })
    expect(asked(name, middle.previous)).toEqual({ first: 1, last: 2 })
    expect(asked(name, middle.places[0])).toEqual({ first: 4, last: 5 })
  })

  it("gives none that another list takes", () => {
    expect(names.filter((other) => asked(other, middle.next) !== undefined)).toEqual([name])
  })
})
