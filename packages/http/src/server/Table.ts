/**
 * What a server answers, as one table: a method and a path lead to what answers there, and a path alone to its methods. For the server.
 *
 * Paths have no escapes here (see {@link unacceptable}), so a segment is its own name. A slash at the end of a path makes no difference.
 */
import type { Effect } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { Exchange } from "./Exchange.ts"

/** @category models */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH"
  /** `/investors/:id/`: a segment with a colon is any text. */
  readonly path: string
  /** Whether texts can stand where the path has colons: where one of them cannot, there is nothing. */
  readonly isId: (ids: ReadonlyArray<string>) => boolean
  /** Every failure that a client can do something about is a problem already. */
  readonly answer: (
    exchange: Exchange,
    ids: ReadonlyArray<string>
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse>
}

/** @category models */
export interface Found {
  readonly route: Route
  readonly ids: ReadonlyArray<string>
}

/** @category models */
export interface Table {
  /** What answers a method at a path. HEAD is answered as GET is. */
  readonly find: (method: string, path: string) => Found | undefined
  /** The methods of a path; of `*`, those of the server. None where nothing is, or a text in the path can be no id. */
  readonly methods: (path: string) => ReadonlyArray<string>
}

interface Place {
  readonly named: Map<string, Place>
  any: Place | undefined
  readonly routes: Map<string, Route>
}

const emptyPlace = (): Place => ({ named: new Map(), any: undefined, routes: new Map() })

/** A path without its first and its last slash, cut at the slashes. */
const segmentsOf = (path: string): ReadonlyArray<string> =>
  path.slice(1, path.length > 1 && path.endsWith("/") ? -1 : path.length).split("/")

const enter = (root: Place, route: Route): void => {
  let place = root
  for (const segment of segmentsOf(route.path)) {
    if (segment.startsWith(":")) place = place.any ??= emptyPlace()
    else {
      const next = place.named.get(segment) ?? emptyPlace()
      place.named.set(segment, next)
      place = next
    }
  }
  if (place.routes.has(route.method)) throw new TypeError(`${route.method} ${route.path} is described twice`)
  place.routes.set(route.method, route)
}

/** The place that a path means: that with a name before that with any text. Notes the texts on the way. */
const placeAt = (place: Place, segments: ReadonlyArray<string>, at: number, ids: Array<string>): Place | undefined => {
  const segment = segments[at]
  if (segment === undefined) return place.routes.size > 0 ? place : undefined
  const named = place.named.get(segment)
  const found = named === undefined ? undefined : placeAt(named, segments, at + 1, ids)
  if (found !== undefined || place.any === undefined || segment === "") return found
  ids.push(segment)
  const other = placeAt(place.any, segments, at + 1, ids)
  if (other === undefined) ids.pop()
  return other
}

const withHead = (methods: Iterable<string>): ReadonlyArray<string> => {
  const all = new Set(methods)
  if (all.has("GET")) all.add("HEAD")
  return all.size === 0 ? [] : [...all, "OPTIONS"].sort()
}

/** @category constructors */
export const make = (routes: ReadonlyArray<Route>): Table => {
  const root = emptyPlace()
  for (const route of routes) enter(root, route)
  const every = withHead(routes.map(({ method }) => method))
  return {
    find: (method, path) => {
      const ids: Array<string> = []
      const place = placeAt(root, segmentsOf(path), 0, ids)
      const route = place?.routes.get(method === "HEAD" ? "GET" : method)
      return route === undefined ? undefined : { route, ids }
    },
    methods: (path) => {
      if (path === "*") return every
      const ids: Array<string> = []
      const place = placeAt(root, segmentsOf(path), 0, ids)
      const fitting = Array.from(place?.routes.values() ?? []).filter(({ isId }) => isId(ids))
      return withHead(fitting.map(({ method }) => method))
    }
  }
}
