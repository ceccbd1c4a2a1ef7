/**
 * The shape of a schema: its members and their types, without a single rule about values. For answers.
 *
 * What was accepted once is shown forever, whatever a list of countries or a rule of banks says later. So nothing here may look at a value.
 */
import { Schema, SchemaAST } from "effect"

/** A text beside the listed texts: a server of another version may send it. @category models */
export type Unlisted = string & {}

/** What a member shows: later versions may list more texts, which today's list cannot know. @category models */
export type Listed<S extends Schema.Constraint> = Schema.Codec<S["Type"] | Unlisted, string>

/**
 * A member with listed texts, `KycStatus` for example, as an answer shows it: its type says that there may be other texts.
 *
 * @category constructors
 */
export const listed = <S extends Schema.Codec<string, string>>(schema: S): Listed<S> => shape(schema)

const isText = (ast: SchemaAST.AST): boolean => SchemaAST.isLiteral(ast) && typeof ast.literal === "string"

/**
 * What a rule says of the texts that it takes: `{ format: "date" }`. A document repeats it, and nothing is checked by it. A timestamp is left
 * out: it is shown as it was sent, and may be in a form that is not of RFC 3339.
 */
const formatOf = (ast: SchemaAST.AST): { readonly format?: string } => {
  for (const { annotations } of ast.checks ?? []) {
    const told = annotations?.toJsonSchema as undefined | ((told: object) => { readonly format?: unknown })
    const format = told?.({ type: "string", schemas: [] }).format
    if (format === "date") return { format }
  }
  return {}
}

/** Whole numbers: the API has no others. JSON has none that are not finite. */
const whole = Schema.isFinite({ toJsonSchema: () => ({ type: "integer" }) })

const withoutRules = (ast: SchemaAST.AST): SchemaAST.AST => {
  const [first, ...others] = (ast.encoding ?? []).map(
    (link) => new SchemaAST.Link(withoutRules(link.to), link.transformation)
  )
  const encoding: SchemaAST.Encoding | undefined = first === undefined ? undefined : [first, ...others]
  const rest = [undefined, encoding, ast.context] as const
  switch (ast._tag) {
    case "String":
      return new SchemaAST.String(formatOf(ast), ...rest)
    case "Number":
      return new SchemaAST.Number(undefined, [whole], encoding, ast.context)
    case "Arrays":
      return new SchemaAST.Arrays(
        ast.isMutable,
        ast.elements.map(withoutRules),
        ast.rest.map(withoutRules),
        ast.annotations,
        ...rest
      )
    case "Objects":
      return new SchemaAST.Objects(
        ast.propertySignatures.map(({ name, type }) => new SchemaAST.PropertySignature(name, withoutRules(type))),
        ast.indexSignatures,
        ast.annotations,
        ...rest
      )
    case "Union":
      return new SchemaAST.Union(
        // A list of texts is a rule about a value: any other text has the same shape.
        ast.types.every(isText) ? [...ast.types, SchemaAST.string] : ast.types.map(withoutRules),
        ast.options,
        ast.annotations,
        ...rest
      )
    default:
      return ast
  }
}

/** The same members and types; every value of them passes. @category constructors */
export const shape = <A, I>(schema: Schema.Codec<A, I>): Schema.Codec<A, I> => Schema.make(withoutRules(schema.ast))

const nullable = (ast: SchemaAST.AST): SchemaAST.AST =>
  SchemaAST.isUnion(ast) && ast.types.some(SchemaAST.isNull)
    ? ast
    : new SchemaAST.Union([ast, SchemaAST.null], undefined, undefined, undefined, undefined, ast.context)

const withNulls = (ast: SchemaAST.AST, except: string): SchemaAST.AST => {
  const inner = (ast: SchemaAST.AST) => withNulls(ast, except)
  const [first, ...others] = (ast.encoding ?? []).map((link) => new SchemaAST.Link(inner(link.to), link.transformation))
  const encoding: SchemaAST.Encoding | undefined = first === undefined ? undefined : [first, ...others]
  const rest = [ast.annotations, ast.checks, encoding, ast.context] as const
  switch (ast._tag) {
    case "Arrays":
      return new SchemaAST.Arrays(ast.isMutable, ast.elements.map(inner), ast.rest.map(inner), ...rest)
    case "Objects":
      return new SchemaAST.Objects(
        ast.propertySignatures.map(
          ({ name, type }) => new SchemaAST.PropertySignature(name, name === except ? type : nullable(inner(type)))
        ),
        ast.indexSignatures,
        ...rest
      )
    case "Union":
      return new SchemaAST.Union(ast.types.map(inner), ast.options, ...rest)
    default:
      return ast
  }
}

/** The same members, at every depth, each of which may be null but those of one name. @category constructors */
export const nullableBut = <A, I, Seen = A>(schema: Schema.Codec<A, I>, except: string): Schema.Codec<Seen, any> =>
  Schema.make(withNulls(schema.ast, except))
