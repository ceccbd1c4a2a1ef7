/**
 * A schema made into one function that checks a value and copies it in canonical order. For the codec: `JSON.stringify` of such a copy is
 * the canonical text. Nothing may be refused here: what a function does not take, the schema itself judges, and says what is wrong.
 *
 * An event is encoded in 0.7 of the time, and in half of it where no schema compiler runs: docs/reference/performance.md, "What was tried".
 */
import { Schema, SchemaAST } from "effect"
import { hasOwnPlace, isPlain, type Json, sorted } from "../port/Json.ts"

/**
 * A checked copy, or `undefined` where the schema has to judge the value. Each member is read once: what is written is what was checked.
 *
 * @category models
 */
export type Take = (value: unknown) => Json | undefined

/** The function of a schema; `undefined` for a schema of which no such function is made. @category constructors */
export const takeOf = (schema: Schema.Constraint): Take | undefined => takeBy(schema.ast)

const takeBy = (ast: SchemaAST.AST): Take | undefined => {
  if (ast.encoding !== undefined || ("encodingChecks" in ast && ast.encodingChecks !== undefined)) return undefined
  const take = takeForm(ast)
  return take === undefined || ast.checks === undefined ? take : takeChecked(ast, ast.checks, take)
}

/** The form alone. Each is given what JSON returns as it was, so that no text has to be looked through again. */
const takeForm = (ast: SchemaAST.AST): Take | undefined => {
  switch (ast._tag) {
    case "String":
      return takeText
    case "Number":
      return takeNumber
    case "Boolean":
      return (value) => (typeof value === "boolean" ? value : undefined)
    case "Literal":
      return takeListed([ast])
    case "Union":
      return takeListed(ast.types)
    case "Arrays":
      return takeList(ast)
    case "Objects":
      return ast.indexSignatures.length === 0 ? takeObject(ast) : takeRecord(ast)
    case "Declaration":
      return SchemaAST.isDeclaration(Schema.Json.ast) && ast.run === Schema.Json.ast.run ? takeJson : undefined
    default:
      return undefined
  }
}

const takeText: Take = (value) => (typeof value === "string" && value.isWellFormed() ? value : undefined)

const takeNumber: Take = (value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined)

/** How a check is called: by itself it stops at the first thing wrong. */
const first: SchemaAST.ParseOptions = {}

const takeChecked = (ast: SchemaAST.AST, checks: SchemaAST.Checks, take: Take): Take => {
  const filters = filtersOf(checks)
  return (value) => {
    const taken = take(value)
    if (taken === undefined) return undefined
    for (const filter of filters) if (filter.run(taken, ast, first) !== undefined) return undefined
    return taken
  }
}

const filtersOf = (checks: SchemaAST.Checks): ReadonlyArray<SchemaAST.Filter<unknown>> =>
  checks.flatMap((check) => (check._tag === "Filter" ? [check] : filtersOf(check.checks)))

/** A union of texts, numbers or booleans. Of other unions the schema finds out which member a value is. */
const takeListed = (types: ReadonlyArray<SchemaAST.AST>): Take | undefined => {
  const listed = new Set<unknown>()
  for (const type of types) {
    if (!SchemaAST.isLiteral(type) || type.checks !== undefined || type.encoding !== undefined) return undefined
    const { literal } = type
    if (typeof literal === "bigint" || (typeof literal === "string" && !literal.isWellFormed())) return undefined
    listed.add(literal)
  }
  return (value) => (listed.has(value) ? (value as Json) : undefined)
}

const takeList = ({ elements, rest }: SchemaAST.Arrays): Take | undefined => {
  const [type, ...others] = rest
  const take = type === undefined || others.length > 0 || elements.length > 0 ? undefined : takeBy(type)
  return take && ((value) => (isPlainList(value) ? copyList(value, take) : undefined))
}

const copyList = (value: ReadonlyArray<unknown>, take: Take): ReadonlyArray<Json> | undefined => {
  const copy: Array<Json> = []
  for (let index = 0; index < value.length; index++) {
    const item = take(value[index])
    if (item === undefined) return undefined
    copy.push(item)
  }
  return copy
}

/** An object with members of any name. */
const takeRecord = ({ indexSignatures, propertySignatures }: SchemaAST.Objects): Take | undefined => {
  const [signature, ...others] = indexSignatures
  if (signature === undefined || others.length > 0 || propertySignatures.length > 0) return undefined
  const { parameter, type } = signature
  const isAnyName = SchemaAST.isString(parameter) && parameter.checks === undefined && parameter.encoding === undefined
  const take = isAnyName ? takeBy(type) : undefined
  return take && ((value) => (isPlainObject(value) ? copyRecord(value, take) : undefined))
}

const copyRecord = (value: Members<unknown>, take: Take): Members<Json> | undefined => {
  const copy: { [name: string]: Json } = {}
  for (const name of sorted(Object.keys(value))) {
    const member = take(value[name])
    if (member === undefined || !isNameInOrder(name)) return undefined
    copy[name] = member
  }
  return copy
}

/** Any JSON. What holds itself, or goes deeper than the stack, is left to the schema like all that is odd. */
const takeJson: Take = (value) => {
  try {
    return copyJson(value)
  } catch {
    return undefined
  }
}

const copyJson: Take = (value) => {
  switch (typeof value) {
    case "string":
      return takeText(value)
    case "number":
      return takeNumber(value)
    case "boolean":
      return value
    default:
      if (value === null) return value
      if (isPlainList(value)) return copyList(value, copyJson)
      return isPlainObject(value) ? copyRecord(value, copyJson) : undefined
  }
}

interface Members<A> {
  readonly [name: string]: A
}

const isPlainList = (value: unknown): value is ReadonlyArray<unknown> =>
  Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype

const isPlainObject = (value: unknown): value is Members<unknown> =>
  typeof value === "object" && value !== null && isPlain(value)

const isNameInOrder = (name: string): boolean => !hasOwnPlace(name) && name.isWellFormed()

interface Member {
  readonly name: string
  readonly isOptional: boolean
  readonly take: Take
}

const takeObject = ({ propertySignatures }: SchemaAST.Objects): Take | undefined => {
  const types = new Map(propertySignatures.map(({ name, type }) => [name, type]))
  const members: Array<Member> = []
  for (const name of sorted([...types.keys()].filter((name) => typeof name === "string"))) {
    const type = types.get(name)!
    const take = takeBy(type)
    if (take === undefined || !isNameInOrder(name)) return undefined
    members.push({ name, isOptional: SchemaAST.isOptional(type), take })
  }
  // A name that is a symbol or a number.
  if (members.length < types.size) return undefined
  return (value) => (isPlainObject(value) ? copyMembers(value, members) : undefined)
}

const copyMembers = (value: Members<unknown>, members: ReadonlyArray<Member>): Members<Json> | undefined => {
  const copy: { [name: string]: Json } = {}
  let found = 0
  for (const { isOptional, name, take } of members) {
    const given = value[name]
    if (given === undefined && isOptional) continue
    const taken = take(given)
    if (taken === undefined) return undefined
    copy[name] = taken
    found++
  }
  // As many members as there were: none was left out, and none was undefined. To count them in a list would be to make one.
  for (const _ in value) found--
  return found === 0 ? copy : undefined
}
