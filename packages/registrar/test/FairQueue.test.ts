/**
 * The executor's queue against a plain list. For a developer that changes the queue.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as FairQueue from "../src/deciding/FairQueue.ts"

interface Item {
  readonly party: string
  readonly number: number
}

const maximumOfOne = 6
const maximumInAll = 12
const queueOf = () => FairQueue.make<Item, string>({ partyOf: ({ party }) => party, maximumOfOne, maximumInAll })

const party = fc.constantFrom("a", "b", "c")
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ step: fc.constant("offer" as const), party }) },
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant("take" as const), limit: fc.nat(8), putBack: fc.nat(3) })
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("leave" as const), at: fc.nat() }) }
)

/** No party has more turns than one that still waits, but for one. */
const expectFair = (taken: ReadonlyArray<Item>, left: ReadonlyArray<Item>): void => {
  const turns = (of: string) => taken.filter(({ party }) => party === of).length
  for (const waits of new Set(left.map(({ party }) => party)))
    for (const had of new Set(taken.map(({ party }) => party))) expect(turns(had)).toBeLessThanOrEqual(turns(waits) + 1)
}

describe("a fair queue", () => {
  it("loses and invents nothing, keeps each party's order and bound, and takes from the parties in turn", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = queueOf()
        let model: Array<Item> = []
        let number = 0
        for (const one of steps) {
          if (one.step === "offer") {
            const item = { party: one.party, number: ++number }
            const own = model.filter(({ party }) => party === one.party)
            const isFull = own.length >= maximumOfOne || model.length >= maximumInAll
            expect(queue.offer(item)).toBe(!isFull)
            if (!isFull) model.push(item)
          } else if (one.step === "leave") {
            const item = model[one.at % model.length]
            if (item === undefined) continue
            queue.leave(item)
            model = model.filter((other) => other !== item)
          } else {
            const taken = queue.take(one.limit)
            const rest = model.filter((item) => !taken.includes(item))
            expect(taken).toHaveLength(Math.min(one.limit, model.length))
            for (const item of taken)
              for (const left of rest) if (item.party === left.party) expect(item.number).toBeLessThan(left.number)
            expectFair(taken, rest)
            const putBack = taken.slice(taken.length - Math.min(one.putBack, taken.length))
            expect(queue.putBack(putBack)).toBe(true)
            model = [...putBack, ...rest]
          }
        }
        const all = queue.close()
        expect(all.map(({ number }) => number).toSorted()).toEqual(model.map(({ number }) => number).toSorted())
        expect([queue.offer({ party: "a", number: 0 }), queue.putBack([])]).toEqual([false, false])
      }),
      { numRuns: 1_000 }
    )
  })

  it("what is put back is before all others of its party, and behind a turn of the other parties", () => {
    const queue = queueOf()
    for (const number of [1, 2, 3, 4]) queue.offer({ party: "a", number })
    const [, ...rest] = queue.take(3)
    queue.offer({ party: "b", number: 5 })
    queue.putBack(rest)
    expect(queue.take(2).map(({ number }) => number)).toEqual([2, 5])
    expect(queue.take(9).map(({ number }) => number)).toEqual([3, 4])
  })

  it("begins with the party whose turn was longest ago", () => {
    const queue = queueOf()
    for (const party of ["a", "b", "c"]) for (const number of [1, 2, 3]) queue.offer({ party, number })
    const turns = () => queue.take(2).map(({ party }) => party)
    expect([turns(), turns(), turns()]).toEqual([
      ["a", "b"],
      ["c", "a"],
      ["b", "c"]
    ])
  })
})
