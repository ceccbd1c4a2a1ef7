/**
 * Links in answers: where a list goes on, and where the object is read that a command has made. For the handlers.
 *
 * A link is for the client that asked. Never store it, and never let it into a recorded answer.
 */
import { Operation, type Resource } from "@effekten/services"
import { Context, Effect } from "effect"
import { HttpServerRequest } from "effect/http"
import { prefixes } from "../contract/Contract.ts"

/** The origin of links in answers, such as `https://example.org`, if the request's own must not be trusted. @category services */
export const PublicOrigin = Context.Reference<string | undefined>("effekten/http/PublicOrigin", {
  defaultValue: () => undefined
})

/** Whether the description of the API is served, so that an answer may name it. @category services */
export const HasDocs = Context.Reference<boolean>("effekten/http/HasDocs", { defaultValue: () => true })

/** Whether a text is an origin: a scheme, a host, perhaps a port, nothing else. @category predicates */
export const isOrigin = (text: string): boolean =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text

/** That a proxy took the request over TLS: said by a proxy, or by a client that then gets links which do not work. */
const isSecure = (headers: { readonly [name: string]: string | undefined }): boolean =>
  /^https\b/i.test(headers["x-forwarded-proto"] ?? "") || /^[^,]*\bproto="?https\b/i.test(headers["forwarded"] ?? "")

/** Where the request was sent to, as far as it is known here. */
const here = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const url = new URL(request.originalUrl, "http://localhost")
  if (isSecure(request.headers)) url.protocol = "https:"
  return { path: url.pathname, origin: (yield* PublicOrigin) ?? url.origin }
})

/** The URL of another page of the list that is asked for. @category conversions */
export const toPage = (cursor: string, limit: number | undefined) =>
  Effect.map(here, ({ origin, path }) => {
    const url = new URL(path, origin)
    if (limit !== undefined) url.searchParams.set("limit", String(limit))
    url.searchParams.set("cursor", cursor)
    return url.href
  })

/** Where an answer is read: the path, and the names of the ids in it. */
interface Reading {
  readonly path: string
  readonly names: ReadonlyArray<string>
}

/**
 * The URLs at which the answers of a command are read, under the prefix that the client used itself. `undefined` where they are read nowhere.
 *
 * @category conversions
 */
export const toAnswers = ({ resource }: Resource.AnyService, { answer }: Operation.Any) => {
  const readings = Object.values<Operation.Any>(resource.operations).filter(({ _tag }) => _tag === "Read")
  const route = readings.find((reading) => answer !== undefined && reading.answer === answer)?.route
  if (route === undefined) return undefined
  const [, path] = Operation.partsOf(route)
  const reading: Reading = { path, names: Operation.idNames(path) }
  return (ids: ReadonlyArray<string>, answered: unknown) => {
    const { id } = answered as { readonly id?: unknown }
    return typeof id === "string" ? Effect.map(here, urlOf(reading, [...ids, id])) : Effect.undefined
  }
}

const urlOf =
  ({ names, path }: Reading, ids: ReadonlyArray<string>) =>
  (asked: Effect.Success<typeof here>): string => {
    const [own, alias] = prefixes
    const target = names.reduce((filled, name, at) => filled.replace(`:${name}`, ids[at] ?? ""), path)
    return `${asked.origin}${asked.path.startsWith(`${alias}/`) ? alias : own}${target}`
  }
