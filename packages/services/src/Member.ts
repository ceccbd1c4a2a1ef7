/**
 * The members of the API's objects, each described once for inputs and answers. For the descriptions of operations.
 *
 * An input is checked in full: values, formats, lists. An answer is checked for its shape only. Make both from one table, so that a member
 * added to it is in both.
 */
import { Schema } from "effect"
import { shape } from "./Shape.ts"
import { erasable, type Erased, type SnakeCase, wire } from "./Wire.ts"

/** One member: the schema of an input, and that of an answer. @category models */
export interface Member<In extends Schema.Constraint, Out extends Schema.Constraint> {
  readonly input: In
  readonly answer: Out
}

type Shown<S extends Schema.Constraint> = Schema.Codec<S["Type"], S["Encoded"]>
type ShownOrErased<S extends Schema.Constraint> = Schema.Codec<S["Type"] | Erased, S["Encoded"] | Erased>

/** A member that says nothing about a person. @category constructors */
export const plain = <S extends Schema.Codec<any, any>>(schema: S): Member<S, Shown<S>> => ({
  input: schema,
  answer: shape(schema)
})

/** A member about a person: an answer shows `"erased"` once the person is forgotten. @category constructors */
export const personal = <S extends Schema.Codec<any, any>>(schema: S): Member<S, ShownOrErased<S>> => ({
  input: schema,
  answer: erasable(shape(schema))
})

/** A member that may be left out; an answer shows null then. @category constructors */
export const optional = <In extends Schema.Constraint, Out extends Schema.Constraint>(
  member: Member<In, Out>
): Member<Schema.optionalKey<In>, Schema.NullOr<Out>> => ({
  input: Schema.optionalKey(member.input),
  answer: Schema.NullOr(member.answer)
})

/** A member that may be left out, because the register has a default for it; an answer always shows it. @category constructors */
export const withDefault = <In extends Schema.Constraint, Out extends Schema.Constraint>(
  member: Member<In, Out>
): Member<Schema.optionalKey<In>, Out> => ({ input: Schema.optionalKey(member.input), answer: member.answer })

type AnyMember = Member<Schema.Constraint, Schema.Constraint>
type InputTable = { readonly [name: string]: AnyMember }
type InputFields<T extends InputTable> = { readonly [Name in keyof T]: T[Name]["input"] }

/** What an answer consists of: members, and schemas of what the register itself says. */
type AnswerTable = { readonly [name: string]: AnyMember | Schema.Codec<any, any> }
type AnswerFields<T extends AnswerTable> = {
  readonly [Name in keyof T]: T[Name] extends Member<any, infer Out>
    ? Out
    : T[Name] extends Schema.Codec<any, any>
      ? Shown<T[Name]>
      : never
}

/** Members in `camelCase` inside, in `snake_case` on the wire. @category models */
export type WireObject<Fields extends Schema.Struct.Fields> = Schema.Codec<
  Schema.Struct.Type<Fields>,
  {
    readonly [
      Name in keyof Schema.Struct.Encoded<Fields> as SnakeCase<Name & string>
    ]: Schema.Struct.Encoded<Fields>[Name]
  }
>

/** An object under the name it has in the OpenAPI document. @category constructors */
export const named = <Fields extends Schema.Struct.Fields>(
  name: string,
  fields: { readonly [member: string]: Schema.Constraint }
): WireObject<Fields> => wire(fields).annotate({ identifier: name }) as unknown as WireObject<Fields>

/** What comes in, under the name it has in the OpenAPI document. Members that no page names are ignored. @category constructors */
export const input = <const T extends InputTable>(name: string, table: T): WireObject<InputFields<T>> =>
  named(name, Object.fromEntries(Object.entries(table).map(([member, { input }]) => [member, input])))

/** What is shown, under the name it has in the OpenAPI document. @category constructors */
export const answer = <const T extends AnswerTable>(name: string, table: T): WireObject<AnswerFields<T>> =>
  named(
    name,
    Object.fromEntries(
      Object.entries(table).map(([member, told]) => [member, "answer" in told ? told.answer : shape(told)])
    )
  )
