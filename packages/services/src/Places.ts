/**
 * Where the members of an input stand in its JSON form. For the checks, the reader of bodies and the documents.
 */
import { type Schema, SchemaAST } from "effect"

/** A member of an input's JSON form. @category models */
export interface Place {
  readonly path: ReadonlyArray<string>
  /** As a JSON Pointer; `/-` stands for any item of a list. */
  readonly pointer: string
  readonly optional: boolean
  /** Inside the items of a list. */
  readonly inList: boolean
  readonly ast: SchemaAST.AST
}

const none: ReadonlyMap<string, SchemaAST.AST> = new Map()
const known = new WeakMap<SchemaAST.AST, ReadonlyMap<string, SchemaAST.AST>>()

/** Whether null is a value of its own. @category predicates */
export const takesNull = (ast: SchemaAST.AST): boolean => SchemaAST.isUnion(ast) && ast.types.some(SchemaAST.isNull)

/** What a value is besides null. */
const withoutNull = (ast: SchemaAST.AST): SchemaAST.AST => {
  if (!SchemaAST.isUnion(ast)) return ast
  const [type, ...others] = ast.types.filter((type) => !SchemaAST.isNull(type))
  return type !== undefined && others.length === 0 ? type : ast
}

/** The members of an object, by name; none where it is no object. @category computing */
export const membersOf = (given: SchemaAST.AST): ReadonlyMap<string, SchemaAST.AST> => {
  const ast = withoutNull(given)
  if (!SchemaAST.isObjects(ast)) return none
  const members = known.get(ast) ?? new Map(ast.propertySignatures.map(({ name, type }) => [String(name), type]))
  known.set(ast, members)
  return members
}

/** Whether an object has no members but those its schema names. @category predicates */
export const isClosed = (given: SchemaAST.AST): boolean => {
  const ast = withoutNull(given)
  return SchemaAST.isObjects(ast) && ast.indexSignatures.length === 0
}

/** The item of a list, if the schema is one. @category computing */
export const itemOf = (ast: SchemaAST.AST): SchemaAST.AST | undefined =>
  SchemaAST.isArrays(ast) ? ast.rest[0] : undefined

const collect = (ast: SchemaAST.AST, path: ReadonlyArray<string>, inList: boolean): ReadonlyArray<Place> => {
  const item = itemOf(ast)
  if (item !== undefined) return collect(item, [...path, "-"], true)
  return Array.from(membersOf(ast)).flatMap(([name, type]) => {
    const here = [...path, name]
    const place = { path: here, pointer: `/${here.join("/")}`, optional: SchemaAST.isOptional(type), inList, ast: type }
    return [place, ...collect(type, here, inList)]
  })
}

/** All members of an input's JSON form, parents before their members. @category computing */
export const placesOf = (schema: Schema.Constraint): ReadonlyArray<Place> =>
  collect(SchemaAST.toEncoded(schema.ast), [], false)

/**
 * A copy in which an optional member is absent where it was null or undefined: both mean that it was not given. Null stays where it is a
 * value of its own, and everywhere in a merge patch.
 *
 * @category conversions
 */
export const withoutAbsent = (ast: SchemaAST.AST, value: unknown, merges = false): unknown => {
  const item = itemOf(ast)
  if (item !== undefined) return Array.isArray(value) ? value.map((each) => withoutAbsent(item, each, merges)) : value
  if (!isClosed(ast) || typeof value !== "object" || value === null || Array.isArray(value)) return value
  const members = membersOf(ast)
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const type = members.get(name)
      if (type === undefined) return [[name, member]]
      const isAbsent = member === undefined || (member === null && !merges && !takesNull(type))
      return isAbsent && SchemaAST.isOptional(type) ? [] : [[name, withoutAbsent(type, member, merges)]]
    })
  )
}
