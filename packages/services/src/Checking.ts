/**
 * What is wrong with an input, member by member and in the wire's names. For the embedded services, the server and the client, which refuse
 * in the same words. No message may repeat what was sent.
 */
import { Function, Result, Schema, SchemaAST, SchemaIssue } from "effect"
import { type MemberError, Rejection } from "./Failure.ts"
import { copyOf } from "./InputCopy.ts"
import { isClosed, itemOf, membersOf, withoutAbsent } from "./Places.ts"
import { type Filters, type PageOptions, PageQuery } from "./Page.ts"
import { shape } from "./Shape.ts"
import { snakeCase } from "./Wire.ts"

/** Errors a refusal lists at most. @category values */
export const maximumErrors = 100
/** Ignored members an answer's header lists at most. @category values */
export const maximumIgnoredMembers = 20

const escapePointer = (member: string): string => member.replaceAll("~", "~0").replaceAll("/", "~1")

/** A JSON Pointer (RFC 6901) from the names and indexes on the way. @category conversions */
export const pointerOf = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((segment) => `/${escapePointer(String(segment))}`).join("")

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

/** A name that may be repeated in a header. */
const harmless = /^[\w.~-]{1,64}$/

/** Visits the members that a schema does not know, until `visit` says that it has seen enough. */
const visitUnknown = (
  ast: SchemaAST.AST,
  value: unknown,
  path: ReadonlyArray<string | number>,
  visit: (path: ReadonlyArray<string | number>, name: string) => boolean
): boolean => {
  const item = itemOf(ast)
  if (item !== undefined)
    return Array.isArray(value) && value.some((each, index) => visitUnknown(item, each, [...path, index], visit))
  if (!isClosed(ast) || typeof value !== "object" || value === null) return false
  const members = membersOf(ast)
  for (const name of Object.keys(value)) {
    const type = members.get(name)
    const member = (value as { readonly [name: string]: unknown })[name]
    // A value that is no object has no members: then its path is not even made.
    const enough =
      type === undefined
        ? visit(path, name)
        : typeof member === "object" && member !== null && visitUnknown(type, member, [...path, name], visit)
    if (enough) return true
  }
  return false
}

/** Whether a value has a member that a schema does not know. @category predicates */
export const hasUnknownMembers = (schema: Schema.Constraint, value: unknown): boolean =>
  visitUnknown(SchemaAST.toEncoded(schema.ast), value, [], () => true)

/** Pointers of the members a schema does not know, at most {@link maximumIgnoredMembers}. @category conversions */
export const ignoredMembers = (schema: Schema.Constraint, value: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  visitUnknown(SchemaAST.toEncoded(schema.ast), value, [], (path, name) => {
    if (harmless.test(name)) found.push(pointerOf([...path, name]))
    return found.length === maximumIgnoredMembers
  })
  return found
}

/** An input that was checked in full, and its JSON form: the fingerprint is taken of that form. @category models */
export interface Accepted<A> {
  readonly input: A
  readonly body: Schema.Json
}

/** An input that was refused. @category models */
export interface Refused {
  readonly rejection: Rejection
  /** Its JSON form, where it has one: an earlier list may have accepted it, so that its answer is recorded. */
  readonly body: Schema.Json | undefined
}

/** The refusal of a request of which members are wrong. @category constructors */
export const invalid = (errors: ReadonlyArray<MemberError>): Rejection =>
  new Rejection({ code: "invalid_request", status: 400, message: "The request is not valid.", errors })

const refusal = (issue: SchemaIssue.Issue): Rejection => invalid(memberErrors(issue))

/** The checks of one input. @category models */
export interface Checks<A> {
  /** Of a body as it is sent. */
  readonly decode: (body: unknown) => Result.Result<A, Rejection>
  /**
   * Of an input as a program has it. The result is read from the JSON form, as it would be from the wire. So it holds nothing that the
   * schema does not name, and nothing that the caller can still change. What {@link readOnce} has read is not read again.
   */
  readonly accept: (input: unknown) => Result.Result<Accepted<A>, Refused>
}

/** Inputs that were read from the wire and that no program holds yet, by the schema that they were read with. */
const read = new WeakMap<object, Schema.Constraint>()

/**
 * Vouches for an input that `decode` has just read with this schema: `accept` takes it once as it is. For the server's reading of bodies. Never
 * keep such an input, and never change it.
 *
 * @category computing
 */
export const readOnce = <A>(schema: Schema.Constraint, input: A): A => {
  if (typeof input === "object" && input !== null) read.set(input, schema)
  return input
}

const made = <A, I>(schema: Schema.Codec<A, I>): Checks<A> => {
  // What is copied and fits is taken. Only what may have to be refused is decoded, for all its errors.
  const decodeAll = Schema.decodeUnknownResult(schema, { errors: "all" })
  // Values are checked once, when the JSON form is read.
  const encodeShape = Schema.encodeUnknownResult(shape(schema))
  const encodeAll = Schema.encodeUnknownResult(schema, { errors: "all" })
  const typed = SchemaAST.toType(schema.ast)
  const copy = copyOf(schema.ast)
  const holds = Schema.is(schema)

  const decode = (body: unknown): Result.Result<A, Rejection> => {
    const read = copy?.read(body)
    return read !== undefined && holds(read)
      ? Result.succeed(read)
      : Result.mapError(decodeAll(body), ({ issue }) => refusal(issue))
  }
  /** The JSON form is made only where it is asked for: a request from the wire has one of its own. */
  const acceptedAs = (input: A): Accepted<A> => ({
    input,
    get body() {
      return (copy === undefined ? Result.getOrThrow(encodeShape(input)) : copy.body(input)) as Schema.Json
    }
  })
  return {
    decode,
    accept: (given) => {
      if (typeof given === "object" && given !== null && read.get(given) === schema) {
        read.delete(given)
        return Result.succeed(acceptedAs(given as A))
      }
      const copied = copy?.input(given)
      if (copied !== undefined && holds(copied)) return Result.succeed(acceptedAs(copied))
      // What is wrong is found in the JSON form, which has the wire's names.
      const encoded = Result.orElse(encodeShape(given), () => encodeShape(withoutAbsent(typed, given)))
      if (Result.isFailure(encoded)) {
        const { issue } = Result.getOrElse(Result.flip(encodeAll(given)), () => encoded.failure)
        return Result.fail({ rejection: refusal(issue), body: undefined })
      }
      const body = encoded.success as Schema.Json
      const input = decode(body)
      return Result.isSuccess(input)
        ? Result.succeed({ input: input.success, body })
        : Result.fail({ rejection: input.failure, body })
    }
  }
}

/**
 * All errors are found before an input is refused, so that one answer names them all. Made once for a schema: clients and nodes share them.
 *
 * @category constructors
 */
export const checks = Function.memoize(made)

/** A page that a caller asks for, and what it chooses of the list. @category models */
export type Listed = PageOptions & { readonly [member: string]: unknown }

/**
 * Checks which page a caller of a list asks for, and what it chooses by. Made once for a list.
 *
 * @category constructors
 */
export const pages = ({ filters = {} }: { readonly filters?: Filters }) => {
  const chosen = Object.entries(filters).map(([member, schema]) => [member, Schema.optionalKey(schema)] as const)
  const query: Schema.Codec<Listed, any> = Schema.Struct({
    ...PageQuery.fields,
    ...Object.fromEntries(chosen)
  }) as never
  const { decode } = checks(query)
  return (asked: Listed = {}): Result.Result<Listed, Rejection> =>
    decode(Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)))
}
