/**
 * A list takes the cursors of its own pages, whatever it is called, and no others. For the author of a projection.
 */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { askedOf, pageOf } from "../src/Cursor.ts"
import { Projections } from "../src/index.ts"

const first = { side: "from", ordinal: 1, limit: 2 } as const

const names = Projections.all.map(({ name }) => name)

describe.each(names)("the list %s", (name) => {
  const middle = pageOf(name, first, { count: 5, first: 1, last: 5 }, [{ ordinal: 3, state: "c" }])
  const asked = (list: string, cursor: string | undefined) => Result.getOrUndefined(askedOf(list, { limit: 2, cursor }))

  it("goes on, and back, by the cursors of its pages", () => {
    expect(asked(name, middle.next)).toEqual({ side: "from", ordinal: 4, limit: 2 })
    expect(asked(name, middle.previous)).toEqual({ side: "before", ordinal: 3, limit: 2 })
    expect(asked(name, middle.places[0])).toEqual({ side: "from", ordinal: 4, limit: 2 })
  })

  it("gives none that another list takes", () => {
    expect(names.filter((other) => asked(other, middle.next) !== undefined)).toEqual([name])
  })
})
