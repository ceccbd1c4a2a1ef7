/**
 * Which methods a path has, told by the contract: for `Allow`. For the edge.
 */
import { Option, Schema } from "effect"
import { HttpApi } from "effect/http-api"
import { type DistributionApi, prefixes } from "../contract/Contract.ts"

interface Route {
  readonly pattern: RegExp
  /** Ids in the path: of two routes that fit, the one with fewer is meant. */
  readonly ids: number
  readonly isId: (ids: { readonly [name: string]: string }) => boolean
  readonly method: string
}

const patternOf = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replace(/[.]/g, "\\.")
      .replace(/\/$/, "")
      .replace(/:(\w+)/g, "(?<$1>[^/]+)")}/?$`
  )

const isIdOf = (params: Schema.Top | undefined): Route["isId"] => {
  if (params === undefined) return () => true
  const decode = Schema.decodeUnknownOption(params as Schema.Codec<unknown>)
  return (ids) => Option.isSome(decode(ids))
}

const routesOf = (api: typeof DistributionApi, others: ReadonlyArray<string>): ReadonlyArray<Route> => {
  const routes = others.map((path): Route => ({ pattern: patternOf(path), ids: 0, isId: () => true, method: "GET" }))
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint: { method, params, path } }) => {
      const isId = isIdOf(params)
      const ids = path.split(":").length - 1
      for (const prefix of prefixes) routes.push({ pattern: patternOf(`${prefix}${path}`), ids, isId, method })
    }
  })
  return routes
}

/**
 * The methods of a path: those of the route that it means. None where no route could ever answer it, because a text in it can be no id.
 *
 * @category constructors
 */
export const make = (api: typeof DistributionApi, others: ReadonlyArray<string>) => {
  const routes = routesOf(api, others)
  const every = methodsOf(routes)
  return (path: string): ReadonlyArray<string> => {
    if (path === "*") return every
    const fitting = routes.filter(({ isId, pattern }) => {
      const found = pattern.exec(path)
      return found !== null && isId({ ...found.groups })
    })
    const fewest = Math.min(...fitting.map(({ ids }) => ids))
    return methodsOf(fitting.filter(({ ids }) => ids === fewest))
  }
}

const methodsOf = (routes: ReadonlyArray<Route>): ReadonlyArray<string> => {
  const methods = new Set(routes.map(({ method }) => method))
  if (methods.has("GET")) methods.add("HEAD")
  return methods.size === 0 ? [] : [...methods, "OPTIONS"].sort()
}
