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

/** The path at which an answer of a command is read, if there is one. */
const readingOf = ({ resource }: Resource.AnyService, { answer }: Operation.Any): string | undefined => {
  const readings = Object.values<Operation.Any>(resource.operations).filter(({ _tag }) => _tag === "Read")
  const route = readings.find((reading) => answer !== undefined && reading.answer === answer)?.route
  return route === undefined ? undefined : Operation.partsOf(route)[1]
}

/**
 * The URL at which what a command answered is read, under the prefix that the client used itself. `undefined` where it is read nowhere.
 *
 * @category conversions
 */
export const toAnswer = Effect.fnUntraced(function* (
  service: Resource.AnyService,
  operation: Operation.Any,
  ids: ReadonlyArray<string>,
  answered: unknown
) {
  const reading = readingOf(service, operation)
  const { id } = answered as { readonly id?: unknown }
  if (reading === undefined || typeof id !== "string") return undefined
  const { origin, path } = yield* here
  const [own, alias] = prefixes
  const filled = [...ids, id]
  const names = Operation.idNames(reading)
  const target = names.reduce((path, name, at) => path.replace(`:${name}`, filled[at] ?? ""), reading)
  return `${origin}${path.startsWith(`${alias}/`) ? alias : own}${target}`
})
