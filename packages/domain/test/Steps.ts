/**
 * Random steps by fast-check, so that a sequence that fails shrinks. For the tests. What a step does stands in `@effekten/simulation/domain`.
 */
import { Steps } from "@effekten/simulation/domain"
import fc from "fast-check"

const number = fc.nat({ max: Steps.limits.number - 1 })

export const step: fc.Arbitrary<Steps.Step> = fc.record({
  kind: fc.oneof(
    ...Object.entries(Steps.weights).map(([kind, weight]) => ({
      arbitrary: fc.constant(kind as Steps.Kind),
      weight
    }))
  ),
  a: number,
  b: number,
  c: number,
  d: number,
  who: fc.nat({ max: Steps.limits.who - 1 }),
  wait: fc.constantFrom(...Steps.waits)
})
