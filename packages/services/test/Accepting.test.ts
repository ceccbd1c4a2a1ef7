/**
 * That an input which a program gives is what its JSON form says, however it is taken. For a developer who changes how inputs are checked:
 * fingerprints of JSON forms are recorded.
 */
import { Result, Schema, SchemaAST } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Checking, Operation, Places, servedResources, shape } from "../src/index.ts"

const commands = servedResources.flatMap(({ resource }) =>
  Object.values<Operation.Any>(resource.operations).flatMap((operation) =>
    operation._tag === "Command" && operation.input !== undefined && operation.body !== "file"
      ? [[operation.operation, operation.input as Schema.Codec<any, any>, operation.example] as const]
      : []
  )
)

/** What a program may give in the place of a value. */
const odd = (value: any): ReadonlyArray<unknown> => [
  undefined,
  null,
  Number.NaN,
  1.5,
  7n,
  "",
  "\ud800",
  () => value,
  new Date(0),
  [],
  [value],
  Array(1),
  {},
  { value },
  Object.create(null),
  Object.assign(Object.create(null), value),
  Object.assign(new Date(0), value),
  Object.create(typeof value === "object" ? value : null),
  new Proxy(typeof value === "object" && value !== null ? value : {}, {})
]

const objectsIn = (value: unknown): ReadonlyArray<any> =>
  typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : []

const define = (object: object, name: PropertyKey, descriptor: PropertyDescriptor) =>
  Reflect.defineProperty(object, name, { configurable: true, enumerable: true, ...descriptor })

const mutate = (input: unknown, [where, which, how]: readonly [number, number, number]): void => {
  const objects = objectsIn(input)
  const object = objects[where % objects.length]
  const name = Object.keys(object)[which % Math.max(1, Object.keys(object).length)] ?? "odd"
  const value = object[name]
  const changes = [
    () => Reflect.deleteProperty(object, name),
    () => define(object, name, { get: () => value }),
    () => Array.isArray(object) || Object.setPrototypeOf(object, { ...object, odd: 1 }),
    ...["odd", "0", "__proto__", Symbol("odd")].map((name) => () => define(object, name, { value: "odd" })),
    ...odd(value).map((value) => () => define(object, name, { value, writable: true }))
  ]
  changes[how % changes.length]!()
}

/** The same by Effect's encoder and decoder. */
const expected = (schema: Schema.Codec<any, any>, given: unknown) => {
  const encode = Schema.encodeUnknownResult(shape(schema))
  const encoded = Result.orElse(encode(given), () => encode(Places.withoutAbsent(SchemaAST.toType(schema.ast), given)))
  if (Result.isFailure(encoded)) return "refused"
  const decoded = Schema.decodeUnknownResult(schema)(encoded.success)
  return Result.isFailure(decoded) ? "refused" : { input: decoded.success, body: encoded.success }
}

const said = (call: () => unknown): unknown => {
  try {
    return call()
  } catch {
    return "threw"
  }
}

describe.each(commands)("an input of %s", (_, schema, example) => {
  const { accept, decode } = Checking.checks(schema)
  const accepted = (given: unknown) => {
    const result = accept(given)
    return Result.isFailure(result) ? "refused" : { input: result.success.input, body: result.success.body }
  }
  const changes = fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.nat(100)), { maxLength: 3 })
  const inputOf = () => structuredClone(Result.getOrThrow(decode(example)))

  it("property: is taken as its JSON form reads, or refused where that is", () => {
    fc.assert(
      fc.property(changes, (changes) => {
        const input = inputOf()
        for (const change of changes) mutate(input, change)
        expect(said(() => accepted(input))).toStrictEqual(said(() => expected(schema, input)))
      }),
      { numRuns: 300 }
    )
  })

  it("property: is read from its JSON form as the schema decodes it, or refused for the same members", () => {
    fc.assert(
      fc.property(changes, (changes) => {
        const body = structuredClone(example)
        for (const change of changes) mutate(body, change)
        // Of JSON alone: no other body comes from the wire.
        if (!Schema.is(Schema.Json)(body)) return
        const decoded = said(() => {
          const all = Schema.decodeUnknownResult(schema, { errors: "all" })(body)
          return Result.mapError(all, ({ issue }) => Checking.invalid(Checking.memberErrors(issue)))
        })
        expect(said(() => decode(body))).toStrictEqual(decoded)
      }),
      { numRuns: 300 }
    )
  })

  it("property: is taken as it was checked, if members change from one reading to the next", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(100), (where, which, how) => {
        const input = inputOf()
        const objects = objectsIn(input)
        const object = objects[where % objects.length]
        const name = Object.keys(object)[which % Math.max(1, Object.keys(object).length)] ?? "odd"
        const value = object[name]
        const changed = odd(value)
        let readings = 0
        define(object, name, { get: () => (readings++ === 0 ? value : changed[how % changed.length]) })
        const result = said(() => accepted(input)) as any
        if (typeof result === "string") return
        expect(Schema.is(schema)(result.input)).toBe(true)
        expect(Result.getOrThrow(decode(result.body))).toStrictEqual(result.input)
      }),
      { numRuns: 200 }
    )
  })
})

it("the checks of an input are made once: the next client or node of a program has them", () => {
  for (const [, schema] of commands) expect(Checking.checks(schema)).toBe(Checking.checks(schema))
})
