/**
 * That compiled checks decide as the schemas do, for every event of the register. For a developer who changes how a codec checks and
 * writes: bodies in logs must stay as they are.
 */
import { Events } from "@effekten/domain"
import { Codec, Json } from "@effekten/event-store"
import { Result, Schema, SchemaAST } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const { catalogue } = Events
const instant = "2026-01-02T03:04:05.678Z"
const hash = "0123456789abcdef".repeat(4)

interface Given {
  readonly id: string
  readonly type: Events.EventType
  readonly data: unknown
  readonly meta: unknown
  readonly personal?: unknown
}

/** One of these fits each rule about texts that an event has. */
const texts = [
  "a-b_C9",
  "2026-03-01T12:00:00.123456+01:00",
  "2026-03-01T11:00:00.000000Z",
  "1988-02-29",
  hash,
  "-12345"
]
const others = [
  "EUR",
  "DEU",
  "DE89370400440532013000",
  "COBADEFFXXX",
  "DE000A1EWWW0",
  "MRS",
  "0",
  "5.25",
  'ä €“\u2028\u0000\\"',
  `0x${"5a".repeat(64)}1b`,
  ""
]
const addresses = ["0x52908400098527886e0f7030069857d2e4169ee7"]
const numbers = [0, 1, 2, 7, 14, 18, 90, 3_000, -0, 9_007_199_254_740_991]

const fitting = <A>(ast: SchemaAST.AST, values: ReadonlyArray<A>): fc.Arbitrary<A> => {
  const found = values.filter(Schema.is(Schema.make(ast)))
  if (found.length === 0) throw new TypeError(`no value here fits ${JSON.stringify(ast.checks)}`)
  return fc.constantFrom(...found)
}

/** Values that a schema takes. */
const valuesOf = (ast: SchemaAST.AST): fc.Arbitrary<unknown> => {
  switch (ast._tag) {
    case "String":
      return fitting(ast, [...texts, ...others, ...addresses])
    case "Number":
      return fitting(ast, numbers)
    case "Boolean":
      return fc.boolean()
    case "Literal":
      return fc.constant(ast.literal)
    case "Null":
      return fc.constant(null)
    case "Union":
      return fc.oneof(...ast.types.map(valuesOf))
    case "Arrays":
      return fc.array(valuesOf(ast.rest[0]!), { maxLength: 3 })
    case "Objects": {
      if (ast.indexSignatures.length > 0)
        return fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }))
      const members = ast.propertySignatures.map(({ name, type }) => [String(name), type] as const)
      return fc.record(Object.fromEntries(members.map(([name, type]) => [name, valuesOf(type)])), {
        requiredKeys: members.filter(([, type]) => !SchemaAST.isOptional(type)).map(([name]) => name)
      })
    }
    default:
      throw new TypeError(`no values of ${ast._tag}`)
  }
}

const types = Object.keys(catalogue.events) as ReadonlyArray<Events.EventType>
const definitionOf = (type: Events.EventType) => catalogue.events[type]

const given: fc.Arbitrary<Given> = fc.constantFrom(...types).chain((type) => {
  const { data, personal } = definitionOf(type)
  return fc.record(
    {
      id: fc.constantFrom("event", "ä", ""),
      type: fc.constant(type),
      data: valuesOf(data.ast),
      meta: valuesOf(catalogue.meta.ast),
      ...(personal === undefined ? {} : { personal: valuesOf(personal.schema.ast) })
    },
    { requiredKeys: ["id", "type", "data", "meta"] }
  )
})

/** What a careless or hostile program may put in the place of a value. */
const odd = (value: any): ReadonlyArray<unknown> => [
  undefined,
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1.5,
  7n,
  "\ud800",
  "a\udc00b",
  "",
  true,
  () => value,
  Symbol("odd"),
  new Date(0),
  Object("text"),
  [],
  [value],
  // A hole.
  Array(1),
  {},
  { value },
  { toJSON: () => value },
  Object.create(null),
  Object.assign(Object.create(null), value),
  Object.assign(new Date(0), value),
  Object.create(typeof value === "object" ? value : null),
  Array.isArray(value) ? Object.assign(Array.from(value as ArrayLike<unknown>), { more: 1 }) : value,
  new Proxy(typeof value === "object" && value !== null ? value : {}, {})
]

const names = ["odd", "0", "10", "__proto__", "constructor", "toJSON", "recordedAt", "\ud800", Symbol("odd")]

/** The objects in an event, itself included. */
const objectsIn = (value: unknown): ReadonlyArray<any> =>
  typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : []

const define = (object: object, name: PropertyKey, descriptor: PropertyDescriptor) =>
  Reflect.defineProperty(object, name, { configurable: true, enumerable: true, ...descriptor })

/** Changes one member somewhere in an event, of which nothing is shared with another. */
const mutate = (event: Given, [where, which, how]: readonly [number, number, number]): void => {
  // Id and type are not what schemas check.
  const [, ...objects] = [event, ...objectsIn(event.data), ...objectsIn(event.meta), ...objectsIn(event.personal)]
  const parts = ["data", "meta", "personal"] as const
  const object = [event as any, ...objects][where % (objects.length + 1)]
  const members = object === event ? parts.filter((part) => part in event) : Object.keys(object)
  const name: PropertyKey = members[which % Math.max(1, members.length)] ?? "odd"
  const value = object[name]
  const changes = [
    () => Reflect.deleteProperty(object, name),
    () => define(object, name, { get: () => value }),
    () => object !== event && Object.setPrototypeOf(object, { ...object, odd: 1 }),
    ...names.map((name) => () => object !== event && define(object, name, { value: "odd", writable: true })),
    ...odd(value).map((value) => () => define(object, name, { value, writable: true }))
  ]
  changes[how % changes.length]!()
}

const mutant = fc
  .tuple(given, fc.array(fc.tuple(fc.nat(60), fc.nat(20), fc.nat(200)), { maxLength: 3 }))
  .map(([event, changes]) => {
    const copy = structuredClone(event)
    for (const change of changes) mutate(copy, change)
    return copy
  })

/** What a call says: a value, or that it threw. */
const said = (call: () => unknown): unknown => {
  try {
    return call()
  } catch {
    return "threw"
  }
}

const encodedBy = (codec: Codec.Codec<Events.RegisterEvent>) => (event: Given) => {
  const encoded = codec.encode(event as any)
  if (Result.isFailure(encoded)) return { reason: encoded.failure.reason, message: encoded.failure.message }
  const { after, before } = Result.getOrThrow(codec.body(encoded.success, hash))
  const { notBefore, personal, tags } = encoded.success
  return { body: before + instant + after, notBefore, personal, tags }
}

/** The same by Effect's decoder and the canonical text of all of it. */
const expected = (event: Given) => {
  const { data, meta, personal, type } = event
  const definition = definitionOf(type)
  const strictly = (schema: Schema.Codec<any, any>, value: unknown) =>
    Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(value)
  const refused = (reason: string, message: string) => ({ reason, message: expect.stringContaining(message) })
  if (event.id === "") return refused("schema", "its id is not a text")
  const checked = strictly(definition.data, data)
  if (Result.isFailure(checked)) return refused("schema", `its data: ${checked.failure.message}`)
  const checkedMeta = strictly(catalogue.meta, meta)
  if (Result.isFailure(checkedMeta)) return refused("schema", `its metadata: ${checkedMeta.failure.message}`)
  const given = personal !== undefined
  if (given && definition.personal === undefined) return refused("schema", "no personal part")
  const checkedPersonal = given ? strictly(definition.personal!.schema, personal) : undefined
  if (checkedPersonal !== undefined && Result.isFailure(checkedPersonal)) return refused("schema", "its personal part")
  try {
    const subject = given ? definition.personal!.subject(checked.success as never) : ""
    const body = Json.canonical({
      data: checked.success,
      id: event.id,
      meta: { ...checkedMeta.success, recordedAt: instant },
      ...(given ? { personal: { hash, subject } } : {}),
      type,
      version: definition.version
    } as any)
    return {
      body,
      notBefore: checkedMeta.success.receivedAt,
      personal: given ? { subject, text: Json.canonical(checkedPersonal!.success as any) } : undefined,
      tags: [...new Set(definition.tags(checked.success as never, checkedMeta.success))]
    }
  } catch {
    return refused("not_canonical", "JSON would not return")
  }
}

const encoded = encodedBy(Codec.make<Events.RegisterEvent>(catalogue as any))

describe("events checked by compiled checks", () => {
  it("promise 6: a list that is none by its prototype is refused in words, not by a throw", () => {
    const list: Array<unknown> = [Object.assign([], { odd: [undefined] })]
    Object.setPrototypeOf(list, { ...list })
    const meta = { operation: "op", instruction: "i", actor: "issuer", receivedAt: "2026-03-01T11:00:00.000000Z" }
    const event: Given = { id: "event", type: "InstructionNoted", data: { input: { list } }, meta }
    expect(said(() => encoded(event))).toEqual(said(() => expected(event)))
    expect(said(() => encoded(event))).not.toBe("threw")
  })

  it("promise 6: property: are written as the canonical text of what the schema decodes, or refused in its words", () => {
    fc.assert(
      fc.property(mutant, (event) => {
        expect(said(() => encoded(event))).toEqual(said(() => expected(event)))
      }),
      { numRuns: 3_000 }
    )
  })

  it("promise 6: property: are written as they were checked, if members change from one reading to the next", () => {
    fc.assert(
      fc.property(given, fc.nat(60), fc.nat(20), fc.nat(100), (original, where, which, how) => {
        const event = structuredClone(original)
        const objects = [...objectsIn(event.data), ...objectsIn(event.meta)]
        const object = objects[where % objects.length]
        const name = Object.keys(object)[which % Math.max(1, Object.keys(object).length)] ?? "odd"
        const value = object[name]
        const changed = odd(value)
        let readings = 0
        define(object, name, { get: () => (readings++ === 0 ? value : changed[how % changed.length]) })
        const result = said(() => encoded(event)) as ReturnType<typeof encoded>
        if (typeof result === "string" || !("body" in result)) return
        const { data, meta } = JSON.parse(result.body!)
        const { recordedAt: _recordedAt, ...rest } = meta
        const { tags } = definitionOf(event.type)
        expect(Schema.is(definitionOf(event.type).data as Schema.Codec<any>)(data)).toBe(true)
        expect(Schema.is(catalogue.meta)(rest)).toBe(true)
        expect(result.tags).toEqual([...new Set(tags(data as never, rest))])
      }),
      { numRuns: 2_000 }
    )
  })
})
