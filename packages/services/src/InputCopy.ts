/**
 * Copies an input member by member, and names its members as the wire does or as a program does. For the checks; no value is judged here.
 *
 * An input is accepted in a third of the time that encoding and decoding it take: docs/reference/performance.md, "What was tried".
 */
import { SchemaAST } from "effect"
import { isClosed, itemOf } from "./Places.ts"
import { isWire, snakeCase } from "./Wire.ts"

/**
 * Copies with the members that the schema names, each read once. What is undefined is left out. Where an object is not plain there is
 * `undefined`, which no schema of an input takes.
 *
 * @category models
 */
export interface InputCopy {
  /** Of an input. */
  readonly input: (input: unknown) => unknown
  /** Of an input, as its JSON form. */
  readonly body: (input: unknown) => unknown
  /** Of a JSON form, as the input. */
  readonly read: (body: unknown) => unknown
}

/** The copies of a schema's values; `undefined` where its JSON form is more than its members by other names. @category constructors */
export const copyOf = (ast: SchemaAST.AST): InputCopy | undefined => {
  const item = itemOf(ast)
  if (item !== undefined) return ast.encoding === undefined ? copyOfList(item) : undefined
  if (SchemaAST.isObjects(ast)) return isClosed(ast) ? copyOfObject(ast) : undefined
  return ast.encoding === undefined && isSingle(ast) ? asItIs : undefined
}

const itself = (value: unknown): unknown => value
const asItIs: InputCopy = { input: itself, body: itself, read: itself }

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
  return each && { input: listOf(each.input), body: listOf(each.body), read: listOf(each.read) }
}

type Copy = (value: unknown) => unknown

const listOf =
  (copy: Copy): Copy =>
  (value) => {
    if (!Array.isArray(value)) return undefined
    const items: Array<unknown> = []
    for (let index = 0; index < value.length; index++) items.push(copy(value[index]))
    return items
  }

const copyOfObject = (ast: SchemaAST.Objects): InputCopy | undefined => {
  if (ast.encoding !== undefined && !isWire(ast)) return undefined
  const input: Array<Member> = []
  const body: Array<Member> = []
  const read: Array<Member> = []
  for (const { name, type } of ast.propertySignatures) {
    const copy = copyOf(type)
    if (copy === undefined) return undefined
    const inside = String(name)
    const wire = ast.encoding === undefined ? inside : snakeCase(inside)
    input.push({ from: inside, to: inside, copy: copy.input })
    body.push({ from: inside, to: wire, copy: copy.body })
    read.push({ from: wire, to: inside, copy: copy.read })
  }
  return { input: objectOf(input), body: objectOf(body), read: objectOf(read) }
}

interface Member {
  readonly from: string
  readonly to: string
  readonly copy: Copy
}

const objectOf =
  (members: ReadonlyArray<Member>): Copy =>
  (value) => {
    if (!isPlain(value)) return undefined
    const copied: { [name: string]: unknown } = {}
    for (const { copy, from, to } of members) {
      const given = value[from]
      if (given !== undefined) copied[to] = copy(given)
    }
    return copied
  }

const isPlain = (value: unknown): value is { readonly [name: string]: unknown } => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
