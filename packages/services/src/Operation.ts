/**
 * An operation of the API, described once: route, scope, key, input, answer, refusals. For everything that is derived from it: contract,
 * handlers, the client's methods, the types of the embedded services, the documents.
 *
 * Arguments follow one rule: the ids of the path in order, then the input or the page, then the options.
 */
import type { Commands, Refusal } from "@effekten/domain"
import { type Effect, Schema } from "effect"
import type { Answer, Seen } from "./Answer.ts"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import type { Chosen, Filters, Page, PageOptions, SeenPage } from "./Page.ts"
import type { Scope } from "./Scope.ts"
import type { Spellings } from "./Spellings.ts"
import { snakeCase } from "./Wire.ts"

/** A method and a path below the API's prefixes; `:name` is an id. What issuers use stands below `/issuer`. @category models */
export type Route = `${"GET" | "POST" | "PATCH"} ${"" | "/issuer"}/v2/${string}/`

/** The schemas of the ids in a path, in order. @category models */
export type Ids = ReadonlyArray<Schema.Codec<any, string>>

type ValuesOf<I extends Ids> = { readonly [At in keyof I]: I[At]["Type"] }

/** What is described of every operation. @category models */
export interface Told<I extends Ids> {
  /** Where it answers over HTTP. Operations of the register's own side have no route. */
  readonly route?: Route
  /** The scope that a token needs. Every operation with a route has a scope. */
  readonly scope?: Scope
  readonly ids: I
  /** One sentence. */
  readonly summary: string
  readonly description?: string
  /** The codes it can be refused with, beside those that any request can. */
  readonly refusals: ReadonlyArray<Refusal.Code>
}

/** An operation that changes the register. @category models */
export interface Command<I extends Ids, In, A, Op extends Commands.Operation = Commands.Operation> extends Told<I> {
  readonly _tag: "Command"
  /** Its name in the log. */
  readonly operation: Op
  readonly key: "required" | "optional"
  /** Absent where there is none. */
  readonly input: Schema.Codec<In, any> | undefined
  /** What comes in: JSON, perhaps nothing at all, or one file as `multipart/form-data`. */
  readonly body: "json" | "optional" | "none" | "file"
  /** How programs of other generations of the API write its body. */
  readonly reads: Spellings | undefined
  /** An input as it is sent. */
  readonly example: unknown
  /** Absent where nothing is answered. */
  readonly answer: Answer<A> | undefined
}

/** An operation that shows one object. @category models */
export interface Read<I extends Ids, A, R extends string = string> extends Told<I> {
  readonly _tag: "Read"
  /** Its name in the record of openings of personal data. */
  readonly reading: R
  readonly answer: Answer<A>
  /** The member that a client gets alone, as `text/plain`, if it prefers that. Absent where there is none. */
  readonly text?: keyof A & string
}

/** What a list calls its cursors in a query. In a feed the id of an entry is the cursor behind it. @category models */
export type CursorName = "cursor" | "after"

/** An operation that shows a page of objects. @category models */
export interface List<I extends Ids, A, R extends string = string, F extends Filters = Filters> extends Told<I> {
  readonly _tag: "List"
  readonly cursor: CursorName
  /** The names of ids that stand in the query. They come behind those of the path. */
  readonly asks: ReadonlyArray<string>
  /** What its objects can be chosen by, in the query. Absent where all are listed. */
  readonly filters?: F
  /** Its name in the record of openings of personal data. */
  readonly reading: R
  readonly answer: Answer<A>
}

/** @category models */
export type Any = Command<Ids, any, any> | Read<Ids, any> | List<Ids, any>

/** The function an operation is, embedded and remote alike. @category models */
export type Method<O> =
  O extends Command<infer I, infer In, infer A>
    ? [In] extends [never]
      ? (...args: [...ids: ValuesOf<I>, options?: CommandOptions]) => Effect.Effect<A, CommandFailure>
      : (...args: [...ids: ValuesOf<I>, input: In, options?: CommandOptions]) => Effect.Effect<A, CommandFailure>
    : O extends Read<infer I, infer A>
      ? (...ids: ValuesOf<I>) => Effect.Effect<A, ReadFailure>
      : O extends List<infer I, infer A, string, infer F>
        ? (...args: [...ids: ValuesOf<I>, page?: PageOptions & Chosen<F>]) => Effect.Effect<Page<A>, ReadFailure>
        : never

/** The functions of a resource. @category models */
export type Methods<Operations> = { readonly [Name in keyof Operations]: Method<Operations[Name]> }

/**
 * The function an operation is for a caller that does not know which server answers: members of its answer may be null.
 *
 * @category models
 */
export type SeenMethod<O> =
  Method<O> extends (...args: infer Args) => Effect.Effect<infer A, infer E>
    ? (...args: Args) => Effect.Effect<A extends Page<infer Item> ? SeenPage<Seen<Item>> : Seen<A>, E>
    : never

/** The functions of a resource that other servers may serve as well. @category models */
export type SeenMethods<Operations> = { readonly [Name in keyof Operations]: SeenMethod<Operations[Name]> }

interface CommandTold<I extends Ids, Op extends Commands.Operation> extends Told<I> {
  readonly operation: Op
  readonly key?: "required" | "optional"
  readonly reads?: Spellings
}

/** What an operation answers: nothing where no answer is described. Inferred from the description alone, whatever is done with it. */
type AnswerOf<D> = D extends Answer<infer A> ? A : void

/** A command with an input. @category constructors */
export const command = <
  In,
  Encoded,
  const Op extends Commands.Operation,
  const I extends Ids,
  D extends Answer<unknown> | undefined = undefined
>(
  told: CommandTold<I, Op> & {
    readonly input: Schema.Codec<In, Encoded>
    readonly body?: "optional" | "file"
    readonly example: Encoded
    readonly answer?: D
  }
): Command<I, In, AnswerOf<D>, Op> => ({
  _tag: "Command",
  key: "required",
  body: "json",
  ...told,
  reads: told.reads,
  answer: told.answer as Answer<AnswerOf<D>> | undefined
})

/** A command that needs no more than the ids in its path. @category constructors */
export const bare = <
  const Op extends Commands.Operation,
  const I extends Ids,
  D extends Answer<unknown> | undefined = undefined
>(
  told: CommandTold<I, Op> & { readonly answer?: D }
): Command<I, never, AnswerOf<D>, Op> => ({
  _tag: "Command",
  key: "required",
  body: "none",
  example: undefined,
  input: undefined,
  ...told,
  reads: told.reads,
  answer: told.answer as Answer<AnswerOf<D>> | undefined
})

interface ReadTold<I extends Ids, A, R extends string> extends Told<I> {
  readonly reading: R
  readonly answer: Answer<A>
}

/** @category constructors */
export const read = <A, const R extends string, const I extends Ids>(
  told: ReadTold<I, A, R> & Pick<Read<I, A, R>, "text">
): Read<I, A, R> => ({
  _tag: "Read",
  ...told
})

/** @category constructors */
export const list = <A, const R extends string, const I extends Ids, const F extends Filters = {}>(
  told: ReadTold<I, A, R> & {
    readonly cursor?: CursorName
    readonly asks?: ReadonlyArray<string>
    readonly filters?: F
  }
): List<I, A, R, F> => ({ _tag: "List", cursor: "cursor", asks: [], ...told })

/** What the readings among some operations are called. @category models */
export type ReadingOf<Operations> = Operations extends unknown
  ? {
      [Name in keyof Operations]: Operations[Name] extends { readonly reading: infer R } ? R : never
    }[keyof Operations]
  : never

/** The method of a route, and its path with `:names`. @category computing */
export const partsOf = (route: Route): readonly [method: "GET" | "POST" | "PATCH", path: `/${string}`] => {
  const [method, path] = route.split(" ") as ["GET", `/${string}`]
  return [method, path]
}

/** What a list asks for in its query, by name. @category computing */
export const askedOf = <A>({ asks }: List<Ids, any>, ids: ReadonlyArray<A>): { readonly [name: string]: A } =>
  Object.fromEntries(asks.map((name, at) => [name, ids[ids.length - asks.length + at]!]))

/** What the objects of a list can be chosen by, in the wire's names: each may be missing. @category computing */
export const filterFields = ({ filters = {} }: List<Ids, any>): { readonly [name: string]: Schema.Codec<any, any> } =>
  Object.fromEntries(
    Object.entries(filters).map(([member, schema]) => [snakeCase(member), Schema.optionalKey(schema)])
  ) as never

/** What is chosen of a list, by what its query says. @category computing */
export const chosenIn = <A>(
  { filters = {} }: List<Ids, any>,
  query: { readonly [name: string]: A }
): { readonly [member: string]: A } =>
  Object.fromEntries(
    Object.keys(filters).flatMap((member) => {
      const value = query[snakeCase(member)]
      return value === undefined ? [] : [[member, value] as const]
    })
  )

/** What the query of a list says of what is chosen. @category computing */
export const chosenOf = (
  { filters = {} }: List<Ids, any>,
  asked: { readonly [member: string]: unknown }
): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.keys(filters).flatMap((member) => {
      const value = asked[member]
      return value === undefined ? [] : [[snakeCase(member), String(value)] as const]
    })
  )

/** The names of the ids in a path, in order. @category computing */
export const idNames = (path: string): ReadonlyArray<string> =>
  Array.from(path.matchAll(/:(\w+)/g), ([, name]) => name!)
