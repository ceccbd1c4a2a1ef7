/**
 * Links in answers: where a list goes on, and where the object is read that a command has made. For the handlers.
 *
 * A link is for the client that asked. Never store it, and never let it into a recorded answer.
 */
import { Operation, type Resource } from "@effekten/services"
import type { HttpServerRequest } from "effect/http"
import { prefixes } from "../contract/Contract.ts"
import type { Exchange } from "./Exchange.ts"

/** Whether a text is an origin: a scheme, a host, perhaps a port, nothing else. @category predicates */
export const isOrigin = (text: string): boolean =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text

/** That a proxy took the request over TLS: said by a proxy, or by a client that then gets links which do not work. */
const isSecure = (headers: { readonly [name: string]: string | undefined }): boolean =>
  /^https\b/i.test(headers["x-forwarded-proto"] ?? "") || /^[^,]*\bproto="?https\b/i.test(headers["forwarded"] ?? "")

/** A scheme and an authority, and the path behind it. Without a `Host` there are neither. */
const target = /^(?:(https?:\/\/[^/?#]*))?([^?#]*)/i

/** Where a request was sent to, as far as it is known here. */
interface Here {
  readonly origin: string
  readonly path: string
}

/** Finds where requests were sent to. The origin is that of links, `https://example.org`, if the requests' own must not be trusted. */
const finding = (publicOrigin: string | undefined) => {
  // Most requests are sent to the same origin as the one before.
  let known = { sent: "", isSecure: false, origin: "" }
  const originOf = (sent: string, isSecure: boolean): string => {
    if (known.sent !== sent || known.isSecure !== isSecure) {
      const url = new URL(sent)
      if (isSecure) url.protocol = "https:"
      known = { sent, isSecure, origin: url.origin }
    }
    return known.origin
  }
  return ({ headers, originalUrl }: HttpServerRequest.HttpServerRequest): Here => {
    const [, sent = "http://localhost", path = "/"] = target.exec(originalUrl) ?? []
    return { path, origin: publicOrigin ?? originOf(sent, isSecure(headers)) }
  }
}

/** @category models */
export interface Links {
  /** The URL of another page of the list that is asked for, by its cursor and what else its query says. */
  readonly toPage: (exchange: Exchange, asked: { readonly [name: string]: string }, limit: number | undefined) => string
  /**
   * The URLs at which the answers of a command are read, under the prefix that the client used itself. `undefined` where they are read
   * nowhere.
   */
  readonly toAnswers: (
    service: Resource.AnyService,
    operation: Operation.Any
  ) => undefined | ((exchange: Exchange, ids: ReadonlyArray<string>, answered: unknown) => string | undefined)
}

/** @category constructors */
export const make = (publicOrigin: string | undefined): Links => {
  const here = finding(publicOrigin)
  return {
    toPage: ({ request }, asked, limit) => {
      const { origin, path } = here(request)
      const url = new URL(path, origin)
      if (limit !== undefined) url.searchParams.set("limit", String(limit))
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
      return url.href
    },
    toAnswers: (service, operation) => {
      const reading = readingOf(service, operation)
      if (reading === undefined) return undefined
      return ({ mount, request }, ids, answered) => {
        const { id } = answered as { readonly id?: unknown }
        return typeof id === "string" ? urlOf(reading, [...ids, id], here(request), mount) : undefined
      }
    }
  }
}

/** Where an answer is read: the path, and the names of the ids in it. */
interface Reading {
  readonly path: string
  readonly names: ReadonlyArray<string>
}

const readingOf = ({ resource }: Resource.AnyService, { answer }: Operation.Any): Reading | undefined => {
  const readings = Object.values<Operation.Any>(resource.operations).filter(({ _tag }) => _tag === "Read")
  const route = readings.find((reading) => answer !== undefined && reading.answer === answer)?.route
  if (route === undefined) return undefined
  const [, path] = Operation.partsOf(route)
  return { path, names: Operation.idNames(path) }
}

const urlOf = ({ names, path }: Reading, ids: ReadonlyArray<string>, asked: Here, mount: string): string => {
  const [own, alias] = prefixes
  const target = names.reduce((filled, name, at) => filled.replace(`:${name}`, ids[at] ?? ""), path)
  return `${asked.origin}${mount}${asked.path.startsWith(`${mount}${alias}/`) ? alias : own}${target}`
}
