/**
 * The JSON form of the API: the same members in `snake_case`. For the schemas of this package: their encoded side goes over the wire. The
 * fingerprint is taken of it too, embedded and remote alike.
 */
import { Schema, type SchemaAST } from "effect"

/** `investorId` becomes `investor_id`. @category models */
export type SnakeCase<Name extends string> = Name extends `${infer Letter}${infer Rest}`
  ? Letter extends Lowercase<Letter>
    ? `${Letter}${SnakeCase<Rest>}`
    : `_${Lowercase<Letter>}${SnakeCase<Rest>}`
  : Name

/** The wire's name of a member. @category conversions */
export const snakeCase = <const Name extends string>(name: Name): SnakeCase<Name> =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) as SnakeCase<Name>

type WireNames<Fields extends Schema.Struct.Fields> = {
  readonly [Name in keyof Fields]: Name extends string ? SnakeCase<Name> : Name
}

/**
 * A struct whose members are `camelCase` inside and `snake_case` on the wire. Unknown members are ignored.
 *
 * @category constructors
 */
export const wire = <const Fields extends Schema.Struct.Fields>(fields: Fields) => {
  const names = Object.fromEntries(Object.keys(fields).map((name) => [name, snakeCase(name)]))
  const schema = Schema.Struct(fields).pipe(Schema.encodeKeys(names as WireNames<Fields>))
  for (const { transformation } of schema.ast.encoding ?? []) renamings.add(transformation)
  return schema
}

const renamings = new WeakSet<SchemaAST.Link["transformation"]>()

/** Whether the JSON form of an object has nothing but the wire's names for its members. @category predicates */
export const isWire = ({ encoding }: SchemaAST.AST): boolean =>
  encoding?.length === 1 && encoding[0].to.checks === undefined && renamings.has(encoding[0].transformation)

/** What stands in the place of personal data that were erased. @category models */
export const Erased = Schema.Literal("erased")
export type Erased = typeof Erased.Type

/** A personal member of an answer: the value, or `"erased"`. @category constructors */
export const erasable = <S extends Schema.Constraint>(schema: S) => Schema.Union([schema, Erased])
