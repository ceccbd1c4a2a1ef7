/**
 * One call of an operation: what is known of the operation, and what the request says. For the handlers of commands and of reads.
 */
import { type Checking, type CommandFailure, Body, type Operation, type Resource } from "@effekten/services"
import { type Effect, Result } from "effect"
import { HttpServerResponse } from "effect/http"
import { successStatus } from "../contract/Contract.ts"
import { answerVersionHeader, ifMatchHeader } from "../contract/Headers.ts"
import type { Principal } from "../contract/Scope.ts"
import { writerOf } from "./AnswerForm.ts"
import * as EntityTag from "./EntityTag.ts"
import { type Exchange, Refused } from "./Exchange.ts"
import type { Links } from "./Links.ts"

/** The query of a list: which page, and what is chosen of it. @category models */
export type Query = Checking.Listed

/** What is made of the description of an operation once, and used by every call of it. @category models */
export interface Described<O extends Operation.Any = Operation.Any> {
  readonly service: Resource.AnyService
  readonly name: string
  readonly operation: O
  /** Where it has a body. */
  readonly read: ReturnType<typeof Body.reader>
  /** Writes an answer, by version. */
  readonly writers: ReadonlyMap<number, (answer: unknown) => unknown>
  /** Where what it makes is read. */
  readonly location: ReturnType<Links["toAnswers"]>
  readonly status: 200 | 201
  /** Whether its object can be named by entity tags. */
  readonly takesIfMatch: boolean
}

/** One call: on what, and for which platform. @category models */
export interface Call {
  readonly exchange: Exchange
  readonly principal: Principal["Service"]
  readonly ids: ReadonlyArray<string>
}

/** The method of a service. @category models */
export type Method = (...args: ReadonlyArray<unknown>) => Effect.Effect<any, CommandFailure>

const nothingToRead: Described["read"] = (body) => Result.succeed({ input: body, ignored: [] })

/** @category constructors */
export const describe = <O extends Operation.Any>(
  service: Resource.AnyService,
  name: string,
  operation: O,
  links: Links
): Described<O> => ({
  service,
  name,
  operation,
  read: operation._tag === "Command" ? Body.reader(operation) : nothingToRead,
  writers: new Map(Array.from(operation.answer?.schemas ?? [], ([version, schema]) => [version, writerOf(schema)])),
  location: successStatus(operation) === 201 ? links.toAnswers(service, operation) : undefined,
  status: successStatus(operation),
  takesIfMatch: operation._tag === "Read" || operation.route?.startsWith("PATCH") === true
})

/** @category errors */
export const otherwise = (detail: string): Refused => new Refused({ code: "precondition_failed", detail })

type Condition = Result.Result<ReadonlyArray<string> | undefined, Refused>

const unconditional: Condition = Result.succeed(undefined)

/** The entity tags that the object may have, if the request names some. What is made has none yet. @category conversions */
export const ifMatchOf = ({ request }: Exchange, { takesIfMatch }: Described): Condition => {
  const header = request.headers[ifMatchHeader]
  if (header === undefined) return unconditional
  const tags = EntityTag.ofIfMatch(header)
  if (Result.isFailure(tags)) return Result.fail(new Refused({ code: "invalid_request", detail: tags.failure }))
  return tags.success === undefined || takesIfMatch
    ? Result.succeed(tags.success)
    : Result.fail(otherwise("Only GET and PATCH of one object take If-Match."))
}

/** An answer in one of its versions. A value the schema cannot write is a defect of the server. @category conversions */
export const written = (
  { responseHeaders }: Exchange,
  { name, writers }: Described,
  version: number,
  value: unknown
): unknown => {
  const write = writers.get(version)
  if (write === undefined) throw new Error(`there is no version ${version} of what ${name} answers`)
  if (version !== 1) responseHeaders[answerVersionHeader] = String(version)
  return write(value)
}

/** @category constructors */
export const json = (body: unknown, status: number): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(body), { status, contentType: "application/json" })
