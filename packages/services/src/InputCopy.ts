/**
 * Copies an input member by member, and names its members as the wire does. For the checks of what a program gives; no value is judged here.
 *
 * An input is accepted in a third of the time that encoding and decoding it take: docs/reference/performance.md, "What was tried".
 */
import { SchemaAST } from "effect"
import { isClosed, itemOf } from "./Places.ts"
import { isWire, snakeCase } from "./Wire.ts"

/** @category models */
export interface InputCopy {
  /**
   * A copy with the members that the schema names, each read once. What is undefined is left out. Where an object is not plain there is
   * `undefined`, which no schema of an input takes.
   */
  readonly input: (value: unknown) => unknown
  /** The JSON form of such a copy. */
  readonly body: (input: unknown) => unknown
}

/** The copies of a schema's values; `undefined` where its JSON form is more than its members by other names. @category constructors */
export const copyOf = (ast: SchemaAST.AST): InputCopy | undefined => {
  const item = itemOf(ast)
  if (item !== undefined) return ast.encoding === undefined ? copyOfList(item) : undefined
  if (SchemaAST.isObjects(ast)) return isClosed(ast) && isWire(ast) ? copyOfObject(ast) : undefined
  return ast.encoding === undefined && isSingle(ast) ? asItIs : undefined
}

const asItIs: InputCopy = { input: (value) => value, body: (value) => value }

/** Texts, numbers and the like: a copy of them is themselves. */
const isSingle = (ast: SchemaAST.AST): boolean => {
  switch (ast._tag) {
    case "String":
    case "Number":
    case "Boolean":
    case "Literal":
    case "Null":
      return true
    case "Union":
      return ast.types.every((type) => type.encoding === undefined && isSingle(type))
    default:
      return false
  }
}

const copyOfList = (item: SchemaAST.AST): InputCopy | undefined => {
  const each = copyOf(item)
  return each && { input: (value) => copied(value, each.input), body: (value) => copied(value, each.body) }
}

const copied = (value: unknown, copy: (item: unknown) => unknown): unknown => {
  if (!Array.isArray(value)) return undefined
  const items: Array<unknown> = []
  for (let index = 0; index < value.length; index++) items.push(copy(value[index]))
  return items
}

interface Member extends InputCopy {
  readonly name: string
  readonly wireName: string
}

const copyOfObject = ({ propertySignatures }: SchemaAST.Objects): InputCopy | undefined => {
  const members: Array<Member> = []
  for (const { name, type } of propertySignatures) {
    const copy = copyOf(type)
    if (copy === undefined) return undefined
    members.push({ ...copy, name: String(name), wireName: snakeCase(String(name)) })
  }
  return {
    input: (value) => {
      if (!isPlain(value)) return undefined
      const copy: { [name: string]: unknown } = {}
      for (const { input, name } of members) {
        const given = value[name]
        if (given !== undefined) copy[name] = input(given)
      }
      return copy
    },
    body: (input) => {
      const copy: { [name: string]: unknown } = {}
      for (const { body, name, wireName } of members) {
        const given = (input as { readonly [name: string]: unknown })[name]
        if (given !== undefined) copy[wireName] = body(given)
      }
      return copy
    }
  }
}

const isPlain = (value: unknown): value is { readonly [name: string]: unknown } => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
