/**
 * Reading an answer: by the version it was given in, leniently, in today's form. For the client.
 *
 * Any success will do, members that are unknown are passed over, and a member that is absent is null where it may be. An answer of an
 * unknown version is read as an answer of today's.
 */
import { Answer } from "@effekten/services"
import { Result, Schema, SchemaAST } from "effect"
import type { HttpClientResponse } from "effect/http"
import { answerVersionHeader } from "../contract/Headers.ts"

const allowsNull = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isNull(ast) || (SchemaAST.isUnion(ast) && ast.types.some(allowsNull))

/** The same value, with null where a member is absent that may be null. */
const withNulls = (ast: SchemaAST.AST, value: unknown): unknown => {
  if (SchemaAST.isUnion(ast)) {
    const nested = ast.types.find((type) =>
      Array.isArray(value) ? SchemaAST.isArrays(type) : SchemaAST.isObjects(type)
    )
    return nested === undefined ? value : withNulls(nested, value)
  }
  if (Array.isArray(value)) {
    const item = SchemaAST.isArrays(ast) ? ast.rest[0] : undefined
    return item === undefined ? value : value.map((member) => withNulls(item, member))
  }
  if (!SchemaAST.isObjects(ast) || typeof value !== "object" || value === null) return value
  const whole: { [name: PropertyKey]: unknown } = { ...value }
  for (const { name, type } of ast.propertySignatures) {
    if (whole[name] === undefined && allowsNull(type)) whole[name] = null
    else if (whole[name] !== undefined) whole[name] = withNulls(type, whole[name])
  }
  return whole
}

type Reading<A> = (body: unknown) => Result.Result<A, unknown>

const reading = <A>(schema: Schema.Codec<A, any>): Reading<A> => {
  const decode = Schema.decodeUnknownResult(schema)
  const encoded = SchemaAST.toEncoded(schema.ast)
  return (body) => decode(withNulls(encoded, body))
}

/** The readings of an answer, by the version it was given in. @category constructors */
export const reader = <A>(answer: Answer.Answer<A>): ((version: number) => Reading<A>) => {
  const known = new Map(
    Array.from(answer.schemas, ([version, schema]) => {
      const read = reading(schema)
      return [version, (body: unknown) => Result.map(read(body), (shown) => answer.lift(shown, version))] as const
    })
  )
  const today = reading(Answer.schemaOf(answer))
  return (version) => known.get(version) ?? today
}

/** The version of an answer: the first, unless a header says another. @category computing */
export const versionOf = (response: HttpClientResponse.HttpClientResponse): number => {
  const said = response.headers[answerVersionHeader]
  return said !== undefined && /^[1-9]\d{0,8}$/.test(said) ? Number(said) : 1
}
