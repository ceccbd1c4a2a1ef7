/**
 * What writes an answer, held to the schema of the answer: the same text for every value, and the same refusal of what is none. For the
 * author of a schema.
 */
import { type Operation, servedResources } from "@effekten/services"
import { Arbitrary, Effect, Result, Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { writerOf } from "../src/server/AnswerForm.ts"

const schemas = new Map(
  servedResources
    .flatMap(({ resource }) => Object.values<Operation.Any>(resource.operations))
    .flatMap(({ answer }) =>
      Array.from(answer?.schemas ?? [], ([version, schema]) => [`${answer?.name} ${version}`, schema] as const)
    )
)

const seed = Number(process.env["FC_SEED"] ?? Date.now() % 2 ** 31)

/** Any place in a value, and what stands there instead. */
const change = fc.record({
  steps: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
  to: fc.constantFrom<unknown>(undefined, null, "erased", "", 1.5, Number.NaN, true, [], {}, "left out", "added")
})

const changed = (value: unknown, [step = 0, ...steps]: ReadonlyArray<number>, to: unknown): unknown => {
  if (typeof value !== "object" || value === null) return to
  const names = Object.keys(value)
  const name = names[step % Math.max(1, names.length)]
  if (to === "added") return { ...value, addition: 1 }
  if (name === undefined) return to
  if (steps.length === 0 && to === "left out" && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value).filter(([each]) => each !== name))
  const inner = changed((value as Record<string, unknown>)[name], steps, to)
  return Array.isArray(value) ? value.with(Number(name), inner) : { ...value, [name]: inner }
}

const attempt = (write: (value: unknown) => unknown, value: unknown) =>
  Result.mapError(
    Result.try(() => JSON.stringify(write(value))),
    (error) => String(error)
  )

describe.each([...schemas])(`%s (seed ${seed})`, (_, schema) => {
  const write = writerOf(schema)
  const judge = Schema.encodeUnknownSync(schema)
  const values = Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { seed, count: 200 }))

  it("is written as its schema encodes it", () => {
    for (const value of values) expect(JSON.stringify(write(value))).toBe(JSON.stringify(judge(value)))
  })

  it("what is none is refused as its schema refuses it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...values), change, (value, { steps, to }) => {
        const other = changed(value, steps, to)
        expect(attempt(write, other)).toEqual(attempt(judge, other))
      }),
      { seed, numRuns: 500 }
    )
  })
})
