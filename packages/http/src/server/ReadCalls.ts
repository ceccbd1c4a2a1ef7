/**
 * From a request that reads to a service and back: one object, or a page of them. For the routes of the described operations.
 */
import { Operation, type Page, type ReadFailure, Rejection, Request } from "@effekten/services"
import { Effect, Result } from "effect"
import { HttpServerResponse } from "effect/http"
import { entityTagHeader } from "../contract/Headers.ts"
import { type Call, type Described, ifMatchOf, json, type Method, otherwise, type Query, written } from "./Call.ts"
import * as EntityTag from "./EntityTag.ts"
import type { Refused } from "./Exchange.ts"
import type { Links } from "./Links.ts"
import { prefersText } from "./Preference.ts"

type Answering = Effect.Effect<HttpServerResponse.HttpServerResponse, Refused | ReadFailure>

const plain = (text: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(text, { contentType: "text/plain; charset=utf-8" })

/** One object; or, to a client that has it as it is, that it is so still. @category computing */
export const show =
  (described: Described<Extract<Operation.Any, { readonly _tag: "Read" }>>) =>
  ({ exchange, ids, principal }: Call, method: Method): Answering => {
    const ifMatch = ifMatchOf(exchange, described)
    if (Result.isFailure(ifMatch)) return Effect.fail(ifMatch.failure)
    let tag: string | undefined
    // A reading is recorded with the client that asks.
    const request: Request = {
      client: principal.clientId,
      onEntityTag: (given) => {
        tag = given
      }
    }
    return Effect.flatMap(Effect.provideService(method(...ids), Request, request), (shown: unknown): Answering => {
      if (ifMatch.success?.some((each) => each === tag) === false)
        return Effect.fail(otherwise("The object has another entity tag."))
      const { answer, text } = described.operation
      if (text !== undefined) {
        exchange.responseHeaders["vary"] = "accept"
        if (prefersText(exchange.request.headers["accept"]))
          return Effect.succeed(plain(String((shown as { readonly [name: string]: unknown })[text])))
      }
      const body = written(exchange, described, answer.version, shown)
      if (tag === undefined) return Effect.succeed(json(body, 200))
      exchange.responseHeaders[entityTagHeader] = EntityTag.toHeader(tag)
      return Effect.succeed(
        EntityTag.isKnown(exchange.request.headers["if-none-match"], tag)
          ? HttpServerResponse.empty({ status: 304 })
          : json(body, 200)
      )
    })
  }

/** A cursor that is refused, by the name that it was sent under. */
const named =
  ({ cursor }: Operation.List<Operation.Ids, unknown>) =>
  <E>(failure: E | Rejection): E | Rejection =>
    cursor !== "cursor" && failure instanceof Rejection && failure.errors !== undefined
      ? new Rejection({
          ...failure,
          errors: failure.errors.map((error) =>
            error.pointer === "/cursor" ? { ...error, pointer: `/${cursor}` } : error
          )
        })
      : failure

/** A page: what are cursors in the house are URLs for a client. @category computing */
export const list =
  (described: Described<Extract<Operation.Any, { readonly _tag: "List" }>>, links: Links) =>
  ({ exchange, ids, principal }: Call, method: Method, query: Query): Answering => {
    const link = (cursor: string | undefined) =>
      cursor === undefined
        ? null
        : links.toPage(
            exchange,
            {
              ...Operation.askedOf(described.operation, ids),
              ...Operation.chosenOf(described.operation, query),
              [described.operation.cursor]: cursor
            },
            query.limit
          )
    const asked = Effect.provideService(method(...ids, query), Request, { client: principal.clientId })
    return Effect.map(Effect.mapError(asked, named(described.operation)), (page: Page<unknown>) => {
      const { version } = described.operation.answer
      const results = page.results.map((one) => written(exchange, described, version, one))
      return json({ count: page.count, next: link(page.next), previous: link(page.previous), results }, 200)
    })
  }
