/**
 * What is wrong with a request, member by member and in the wire's names, without a word of what was sent. For the server.
 */
import { type MemberError, snakeCase } from "@effekten/services"
import { Schema, SchemaAST, SchemaIssue } from "effect"
import { pointerOf } from "./JsonBody.ts"

/** Errors an answer lists at the most. @category limits */
export const maximumErrors = 100
/** Ignored members an answer's header lists at the most. @category limits */
export const maximumIgnoredMembers = 20

const codeOf = (issue: SchemaIssue.Leaf): string => {
  switch (issue._tag) {
    case "MissingKey":
      return "required"
    case "InvalidType":
      return "invalid_type"
    case "UnexpectedKey":
      return "unexpected"
    default:
      return "invalid_value"
  }
}

/** Every leaf becomes one error; a code travels in front of the message and is split off again. */
const separator = "\u0000"

// Issues hold no input unless asked to (`reportInput`), so no message can repeat a value of the request.
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => `${codeOf(issue)}${separator}${messageOf(issue)}`,
  checkHook: (issue) => {
    const message = SchemaIssue.defaultCheckHook(issue)
    return message === undefined ? undefined : `invalid_value${separator}${message}`
  }
})

const messageOf = (issue: SchemaIssue.Leaf): string =>
  issue._tag === "MissingKey" ? "This member is required." : SchemaIssue.defaultLeafHook(issue)

/** @category conversions */
export const memberErrors = (issue: SchemaIssue.Issue): ReadonlyArray<MemberError> => {
  const errors = new Map<string, MemberError>()
  for (const { message, path } of format(issue).issues) {
    const [code = "", text] = message.split(separator)
    const segments = (path ?? []).map((segment) => (typeof segment === "object" ? segment.key : segment))
    const pointer = pointerOf(segments.map((segment) => (typeof segment === "string" ? snakeCase(segment) : segment)))
    const error: MemberError =
      text === undefined ? { pointer, code: "invalid_value", message: code } : { pointer, code, message: text }
    errors.set(JSON.stringify(error), error)
    if (errors.size === maximumErrors) break
  }
  return [...errors.values()]
}

/** Decodes all members before it fails, so that one answer names all errors. @category decoding */
export const decodeMembers = <A, I>(schema: Schema.Codec<A, I>) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  return (input: unknown) => decode(input)
}

/** A name that may be repeated in a header. */
const harmless = /^[\w.~-]{1,64}$/

const collect = (ast: SchemaAST.AST, value: unknown, path: ReadonlyArray<PropertyKey>, found: Array<string>): void => {
  if (SchemaAST.isArrays(ast) && Array.isArray(value)) {
    const [item] = ast.rest
    if (item !== undefined)
      for (const [index, member] of value.entries()) collect(item, member, [...path, index], found)
  }
  if (!SchemaAST.isObjects(ast) || typeof value !== "object" || value === null || ast.indexSignatures.length > 0) return
  const known = new Map(ast.propertySignatures.map((property) => [property.name, property.type]))
  for (const [name, member] of Object.entries(value)) {
    if (found.length === maximumIgnoredMembers) return
    const type = known.get(name)
    if (type !== undefined) collect(type, member, [...path, name], found)
    else if (harmless.test(name)) found.push(pointerOf([...path, name]))
  }
}

/** Pointers of the members a schema does not know, at most {@link maximumIgnoredMembers}. @category conversions */
export const ignoredMembers = (schema: Schema.Constraint, value: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  collect(SchemaAST.toEncoded(schema.ast), value, [], found)
  return found
}
