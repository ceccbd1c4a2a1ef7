/**
 * A schema of answers made into one function that checks a value and writes it in the wire's form. For the server's answers. Nothing may be
 * refused here: what the function does not take, the schema itself judges, and says what is wrong.
 *
 * An answer is written in a seventh to a tenth of the time that its schema takes: docs/reference/performance.md, "Over HTTP".
 */
import { isWire, Places, snakeCase } from "@effekten/services"
import { Schema, SchemaAST } from "effect"

/** The form on the wire, or `undefined` where the schema has to judge the value. */
type Write = (value: unknown) => unknown

/** The same as the encoding by the schema, member for member and in its order. @category conversions */
export const writerOf = (schema: Schema.Codec<unknown, unknown>): ((answer: unknown) => unknown) => {
  const judge = Schema.encodeUnknownSync(schema)
  const write = writeBy(schema.ast)
  if (write === undefined) return judge
  return (answer) => {
    const written = write(answer)
    return written === undefined ? judge(answer) : written
  }
}

const writeBy = (ast: SchemaAST.AST): Write | undefined => {
  if ("encodingChecks" in ast && ast.encodingChecks !== undefined) return undefined
  if (ast.encoding !== undefined && !isWire(ast)) return undefined
  const write = writeForm(ast)
  return write === undefined || ast.checks === undefined ? write : writeChecked(ast, ast.checks, write)
}

const writeForm = (ast: SchemaAST.AST): Write | undefined => {
  switch (ast._tag) {
    case "String":
      return (value) => (typeof value === "string" ? value : undefined)
    case "Number":
      return (value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined)
    case "Boolean":
      return (value) => (typeof value === "boolean" ? value : undefined)
    case "Null":
      return (value) => (value === null ? null : undefined)
    case "Literal":
      return (value) => (value === ast.literal ? value : undefined)
    case "Union":
      return writeFirst(ast)
    case "Arrays":
      return writeList(ast)
    case "Objects":
      return Places.isClosed(ast) ? writeObject(ast) : undefined
    default:
      return undefined
  }
}

/** How a check is called: by itself it stops at the first thing wrong. */
const first: SchemaAST.ParseOptions = {}

const writeChecked = (ast: SchemaAST.AST, checks: SchemaAST.Checks, write: Write): Write => {
  const filters = filtersOf(checks)
  return (value) => (filters.every((filter) => filter.run(value, ast, first) === undefined) ? write(value) : undefined)
}

const filtersOf = (checks: SchemaAST.Checks): ReadonlyArray<SchemaAST.Filter<unknown>> =>
  checks.flatMap((check) => (check._tag === "Filter" ? [check] : filtersOf(check.checks)))

const allOf = (asts: ReadonlyArray<SchemaAST.AST>): ReadonlyArray<Write> | undefined => {
  const writes = asts.flatMap((ast) => writeBy(ast) ?? [])
  return writes.length === asts.length ? writes : undefined
}

const writeFirst = ({ options, types }: SchemaAST.Union): Write | undefined => {
  const writes = options?.mode === "oneOf" ? undefined : allOf(types)
  if (writes === undefined) return undefined
  return (value) => {
    for (const write of writes) {
      const written = write(value)
      if (written !== undefined) return written
    }
    return undefined
  }
}

const writeList = (ast: SchemaAST.Arrays): Write | undefined => {
  const item = Places.itemOf(ast)
  const write = item === undefined || ast.elements.length > 0 || ast.rest.length > 1 ? undefined : writeBy(item)
  if (write === undefined) return undefined
  return (value) => {
    if (!Array.isArray(value)) return undefined
    const written: Array<unknown> = []
    for (let index = 0; index < value.length; index++) {
      const each = write(value[index])
      if (each === undefined) return undefined
      written.push(each)
    }
    return written
  }
}

const writeObject = (ast: SchemaAST.Objects): Write | undefined => {
  const writes = allOf(ast.propertySignatures.map(({ type }) => type))
  if (writes === undefined) return undefined
  const members = ast.propertySignatures.map(({ name, type }, at) => ({
    name: String(name),
    sent: ast.encoding === undefined ? String(name) : snakeCase(String(name)),
    isOptional: SchemaAST.isOptional(type),
    write: writes[at]!
  }))
  return (value) => {
    if (typeof value !== "object" || value === null) return undefined
    const written: { [name: string]: unknown } = {}
    for (const { isOptional, name, sent, write } of members) {
      if (isOptional && !Object.hasOwn(value, name)) continue
      const member = write((value as { readonly [name: string]: unknown })[name])
      if (member === undefined) return undefined
      written[sent] = member
    }
    return written
  }
}
