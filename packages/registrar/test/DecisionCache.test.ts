/**
 * The cache of decision models equals the folds of the log, whatever is dropped and loaded meanwhile. For a developer that changes it.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Decision, Events } from "@effekten/domain"
import * as fc from "fast-check"
import * as DecisionCache from "../src/deciding/DecisionCache.ts"

const types = ["InvestmentSigned", "InvestmentEnded", "UnitsRedeemed"] as const
const tags = ["a", "b", "c", "d"]

/** A model that remembers the position of every event it has seen: twice, missing or out of order shows. */
const remembering = (index: number): Decision.Model<ReadonlyArray<number>> => {
  const modelTags = index % 3 === 0 ? [tags[index % 4]!, tags[(index + 1) % 4]!] : [tags[index % 4]!]
  return {
    name: `model-${index}`,
    types: [types[0], ...types.slice(1, 1 + (index % 3))],
    tags: modelTags,
    initial: [],
    evolve: (state: ReadonlyArray<number>, event) => [...state, event.position]
  }
}
const models = Array.from({ length: 12 }, (_, index) => remembering(index))

type Draft = readonly [type: number, tags: ReadonlyArray<string>]
const at = (position: number) => ({ position, leaf: String(position) })
const draft = fc.tuple(fc.nat({ max: 2 }), fc.subarray(tags))

const eventAt = ([type, tags]: Draft, position: number) =>
  ({ type: types[type], tags, position, data: {}, meta: {} }) as unknown as Events.RecordedDomainEvent

const foldOf = (model: Decision.Model<ReadonlyArray<number>>, events: ReadonlyArray<Events.RecordedDomainEvent>) =>
  events
    .filter(({ type, tags }) => model.types.includes(type) && model.tags.every((tag) => tags.includes(tag)))
    .map(({ position }) => position)

type Step =
  | { readonly step: "others"; readonly drafts: ReadonlyArray<Draft>; readonly chunk: number }
  | {
      readonly step: "group"
      readonly members: ReadonlyArray<{ readonly reads: ReadonlyArray<number>; readonly drafts: ReadonlyArray<Draft> }>
      readonly end: "committed" | "dropped" | "overtaken"
    }
  | { readonly step: "trim" }
  | { readonly step: "clear"; readonly drafts: ReadonlyArray<Draft> }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant("others" as const),
      drafts: fc.array(draft, { maxLength: 6 }),
      chunk: fc.integer({ min: 1, max: 3 })
    })
  },
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant("group" as const),
      members: fc.array(
        fc.record({
          reads: fc.array(fc.nat({ max: models.length - 1 }), { maxLength: 4 }),
          drafts: fc.array(draft, { maxLength: 3 })
        }),
        { maxLength: 5 }
      ),
      end: fc.constantFrom("committed", "committed", "dropped", "overtaken")
    }) as fc.Arbitrary<Step>
  },
  { weight: 1, arbitrary: fc.constant({ step: "trim" } as const) },
  {
    weight: 1,
    arbitrary: fc.record({ step: fc.constant("clear" as const), drafts: fc.array(draft, { maxLength: 3 }) })
  }
)

describe("promise 7: every decision sees the fold of the log up to its own place in it", () => {
  it("for any order of groups, late loads, commits, lost appends, others' events, trims and fresh starts", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const limit = 4
        const cache = DecisionCache.make(at(0), limit)
        const log: Array<Events.RecordedDomainEvent> = []
        const record = (drafts: ReadonlyArray<Draft>) => {
          const events = drafts.map((draft, index) => eventAt(draft, log.length + 1 + index))
          log.push(...events)
          return events
        }
        const catchUp = (chunk: number) => {
          while (cache.at.position < log.length) {
            const events = log.slice(cache.at.position, cache.at.position + chunk)
            cache.apply(events, at(events[events.length - 1]!.position))
          }
        }
        for (const step of steps) {
          switch (step.step) {
            case "others":
              record(step.drafts)
              catchUp(step.chunk)
              break
            case "trim":
              cache.trim()
              break
            case "clear":
              // Too much is new to be folded in: it starts afresh.
              record(step.drafts)
              cache.clear(at(log.length))
              break
            case "group": {
              const overlay = cache.overlay()
              const drafts: Array<Draft> = []
              const tentative: Array<Events.RecordedDomainEvent> = []
              for (const member of step.members) {
                for (const index of member.reads) {
                  const model = models[index]!
                  if (!cache.has(model)) cache.put(model, foldOf(model, log))
                  assert.deepStrictEqual(overlay.state(model), foldOf(model, [...log, ...tentative]))
                }
                const own = member.drafts.map((draft, offset) =>
                  eventAt(draft, log.length + tentative.length + 1 + offset)
                )
                // Loaded, and then not asked for: it has to come along all the same.
                const unread = models[own.length]!
                if (!cache.has(unread)) cache.put(unread, foldOf(unread, log))
                overlay.apply(own)
                tentative.push(...own)
                drafts.push(...member.drafts)
              }
              if (step.end === "overtaken") record([[0, tags]])
              if (step.end === "committed") {
                record(drafts)
                overlay.adopt(at(log.length))
              }
              catchUp(2)
            }
          }
          assert.strictEqual(cache.at.position, log.length)
          const overlay = cache.overlay()
          for (const model of models) {
            if (cache.has(model)) assert.deepStrictEqual(overlay.state(model), foldOf(model, log))
          }
          cache.trim()
          assert.isAtMost(models.filter((model) => cache.has(model)).length, limit)
        }
      }),
      { numRuns: 400 }
    )
  })

  it("a model whose fold throws is dropped, and no other takes harm", () => {
    const cache = DecisionCache.make(at(0))
    const [model] = models
    const fragile = { ...models[1]!, evolve: () => assert.fail("this fold does not hold") }
    const drafts: ReadonlyArray<Draft> = [[0, tags]]
    cache.put(model!, [])
    cache.put(fragile, [])
    cache.apply([eventAt(drafts[0]!, 1)], at(1))
    assert.isFalse(cache.has(fragile))
    assert.deepStrictEqual(cache.overlay().state(model!), [1])
    assert.strictEqual(cache.at.position, 1)
  })

  it("a fold that throws inside a group fails the reader, and is dropped only if the group is committed", () => {
    const cache = DecisionCache.make(at(0))
    const [model] = models
    const fragile = { ...models[1]!, evolve: () => assert.fail("this fold does not hold") }
    cache.put(model!, [])
    cache.put(fragile, [])
    const lost = cache.overlay()
    lost.apply([eventAt([0, tags], 1)])
    assert.throws(() => lost.state(fragile), "this fold does not hold")
    assert.deepStrictEqual(lost.state(model!), [1])
    const kept = cache.overlay()
    assert.deepStrictEqual(kept.state(fragile), [])
    kept.apply([eventAt([0, tags], 1)])
    kept.adopt(at(1))
    assert.isFalse(cache.has(fragile))
    assert.deepStrictEqual(cache.overlay().state(model!), [1])
  })

  it("what was dropped is folded no further", () => {
    const cache = DecisionCache.make(at(0), 0)
    let folded = 0
    const model = { ...models[1]!, evolve: () => [folded++] }
    cache.put(model, [])
    cache.put(model, [])
    cache.apply([eventAt([0, tags], 1)], at(1))
    assert.strictEqual(folded, 1, "kept once, however often it is put")
    cache.trim()
    cache.apply([eventAt([0, tags], 2)], at(2))
    assert.strictEqual(folded, 1)
  })

  it("what was used last goes last", () => {
    const cache = DecisionCache.make(at(0), 2)
    const [a, b, c] = models
    cache.put(a!, [])
    cache.put(b!, [])
    cache.overlay().state(a!)
    cache.put(c!, [])
    cache.trim()
    assert.deepStrictEqual(
      [a, b, c].map((model) => cache.has(model!)),
      [true, false, true]
    )
  })
})
