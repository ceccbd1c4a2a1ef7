/**
 * Effect's `Arbitrary` makes every value, input, event and answer of the register. For the author of a schema: a filter says what it
 * accepts, or nothing can be sampled.
 *
 * What is exported is walked. So a new schema is here as soon as it is there.
 */
import * as Domain from "@effekten/domain"
import * as EventStore from "@effekten/event-store"
import * as Services from "@effekten/services"
import { Arbitrary, Effect, Equal, Schema, SchemaAST } from "effect"
import { describe, expect, it } from "vitest"

/** Replace it to see other values. */
const seed = "effekten"

/** Everything reachable from an export without a call that is a schema, by its path. */
const schemasIn = (root: object, name: string): ReadonlyMap<string, Schema.Codec<any, any>> => {
  const seen = new Set<unknown>()
  const found = new Map<string, Schema.Codec<any, any>>()
  const walk = (value: unknown, path: string): void => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return
    seen.add(value)
    if (Schema.isSchema(value)) found.set(path, value as Schema.Codec<any, any>)
    else if (value instanceof Map) for (const [key, each] of value) walk(each, `${path}.${String(key)}`)
    else for (const key of Object.keys(value)) walk((value as Record<string, unknown>)[key], `${path}.${key}`)
  }
  walk(root, name)
  return found
}

const schemas = new Map([
  ...schemasIn(Domain, "domain"),
  ...schemasIn(Services, "services"),
  ...schemasIn(EventStore, "event-store")
])

/** A schema and all it consists of, as seen from inside. */
const nodesOf = (ast: SchemaAST.AST): ReadonlySet<SchemaAST.AST> => {
  const nodes = new Set<SchemaAST.AST>()
  const walk = (node: SchemaAST.AST): void => {
    if (nodes.has(node)) return
    nodes.add(node)
    if (SchemaAST.isObjects(node)) {
      for (const { type } of node.propertySignatures) walk(type)
      for (const { parameter, type } of node.indexSignatures) [parameter, type].forEach(walk)
    } else if (SchemaAST.isArrays(node)) [...node.elements, ...node.rest].forEach(walk)
    else if (SchemaAST.isUnion(node)) node.types.forEach(walk)
    else if (SchemaAST.isDeclaration(node)) node.typeParameters.forEach(walk)
  }
  walk(SchemaAST.toType(ast))
  return nodes
}

const filtersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.Check<any>> =>
  (ast.checks ?? []).flatMap(function each(check): ReadonlyArray<SchemaAST.Check<any>> {
    return check._tag === "FilterGroup" ? check.checks.flatMap(each) : [check]
  })

type Constraint = Schema.Annotations.ToArbitrary.GenerationConstraint<any>

const constraintsOf = (ast: SchemaAST.AST): ReadonlyArray<Constraint> =>
  filtersOf(ast).flatMap((filter) => filter.annotations?.arbitraryConstraint ?? [])

/** The tightest of some bounds; none is `undefined`. */
const tightest = (tighter: (...bounds: Array<number>) => number, bounds: ReadonlyArray<number | undefined>) => {
  const set = bounds.filter((bound) => bound !== undefined)
  return set.length === 0 ? undefined : tighter(...set)
}

/** What the samples of a node must have among them: by name, the test for it. */
type Edges = ReadonlyArray<readonly [name: string, met: (value: any) => boolean]>

const edgesOf = (ast: SchemaAST.AST): Edges => {
  const constraints = constraintsOf(ast)
  const bound = (name: "minimum" | "maximum" | "minLength" | "maxLength") =>
    tightest(
      name.startsWith("min") ? Math.max : Math.min,
      constraints.map((constraint) => constraint[name])
    )
  const [shortest, longest] = [bound("minLength"), bound("maxLength")]
  const lengths: Edges = [shortest, longest].flatMap((length) =>
    length === undefined ? [] : [[`length ${length}`, (value: { length: number }) => value.length === length] as const]
  )
  if (SchemaAST.isString(ast)) {
    const listed = constraints.flatMap(({ patterns = [] }) =>
      patterns.flatMap(({ source }) => {
        const texts = /^\^\(\?:([0-9A-Za-z|]+)\)\$$/.exec(source)?.[1]?.split("|") ?? []
        return texts.length === 0 ? [] : [texts[0], texts.at(-1)]
      })
    )
    // A list has its own shortest and longest text.
    return listed.length === 0 ? lengths : listed.map((text) => [`${text}`, (value: string) => value === text] as const)
  }
  if (SchemaAST.isNumber(ast))
    return [bound("minimum"), bound("maximum")].flatMap((number) =>
      number === undefined ? [] : [[`${number}`, (value: number) => value === number] as const]
    )
  if (SchemaAST.isArrays(ast)) return lengths
  if (SchemaAST.isObjects(ast))
    return ast.propertySignatures
      .filter(({ type }) => SchemaAST.isOptional(type))
      .flatMap(({ name }) => [
        [`${String(name)} present`, (value: object) => name in value] as const,
        [`${String(name)} absent`, (value: object) => !(name in value)] as const
      ])
  if (SchemaAST.isUnion(ast))
    return ast.types.map((type, index) => [`member ${index}`, Schema.is(Schema.make(type))] as const)
  return SchemaAST.isBoolean(ast) ? [true, false].map((each) => [`${each}`, (value: boolean) => value === each]) : []
}

/** Every node of every schema that has an edge, once: two nodes with the same filters are alike. */
const edged = (): ReadonlyMap<string, SchemaAST.AST> => {
  const numbers = new Map<unknown, number>()
  const numberOf = (thing: unknown) => numbers.get(thing) ?? numbers.set(thing, numbers.size).size - 1
  const nodes = new Map<string, SchemaAST.AST>()
  for (const schema of schemas.values())
    for (const node of nodesOf(schema.ast)) {
      if (edgesOf(node).length === 0) continue
      const scalar = SchemaAST.isString(node) || SchemaAST.isNumber(node)
      nodes.set(scalar ? `${node._tag} ${filtersOf(node).map(numberOf)}` : `${numberOf(node)}`, node)
    }
  return nodes
}

const sample = (ast: SchemaAST.AST, options: Arbitrary.SampleOptions): ReadonlyArray<unknown> =>
  Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(Schema.make(ast)), { seed, ...options }))

/** Whether a value that was written and read is written in the same way again. Some schemas leave out on purpose what others may not see. */
const survives = (schema: Schema.Codec<any, any>, value: unknown): boolean => {
  const write = Schema.encodeUnknownSync(schema)
  const written = write(value)
  return Equal.equals(write(Schema.decodeUnknownSync(schema)(written)), written)
}

describe("what is exported", () => {
  it("has schemas: values, commands, events, operations, failures", () => {
    const paths = [...schemas.keys()]
    const parts = [/^domain\.Units/, /^domain\.Commands\.all/, /catalogue\.events/, /^services\./, /^event-store\./]
    expect(parts.filter((part) => !paths.some((path) => part.test(path)))).toEqual([])
    expect(paths.length).toBeGreaterThan(200)
  })

  it("has no filter that does not say what it accepts", () => {
    const silent = [...schemas].flatMap(([path, { ast }]) =>
      [...nodesOf(ast)].flatMap((node) =>
        // A declaration may make its values itself.
        (node.annotations?.["toCodecArbitrary"] === undefined ? filtersOf(node) : [])
          .filter(({ annotations }) => annotations?.arbitraryConstraint === undefined)
          .map(({ annotations }) => `${path}: ${annotations?.expected ?? "a filter"}`)
      )
    )
    expect(silent).toEqual([])
  })
})

it.each([...schemas])(
  "%s is sampled, nearly nothing is thrown away, and a sample survives being written",
  (_, schema) => {
    const accepts = Schema.is(schema)
    const result = Effect.runSync(
      Arbitrary.checkEffect(Arbitrary.schema(schema), (value) => accepts(value) && survives(schema, value), {
        runs: 50,
        seed
      })
    )
    expect(Arbitrary.formatCheckFailure(result)).toBeUndefined()
    expect(result._tag === "Passed" && result.discards).toBeLessThanOrEqual(5)
  }
)

it("samples reach every edge", () => {
  const missed = [...edged().values()].flatMap((node) => {
    const bounds = constraintsOf(node).map(({ maxLength }) => maxLength ?? 0)
    const size = Math.max(20, ...bounds)
    // Most nodes show all their edges soon, and a sample of long lists takes long.
    const counts = size > 100 ? [10, 60] : [40, 2500]
    const missedOf = (count: number) => {
      const samples = sample(node, { size, count })
      return edgesOf(node).filter(([, met]) => !samples.some(met))
    }
    const rest = counts.reduce((missed, count) => (missed.length === 0 ? missed : missedOf(count)), edgesOf(node))
    return rest.map(([name]) => `${node._tag}: ${name}`)
  })
  expect(missed).toEqual([])
})
