/**
 * The table that answers, held to the contract: every endpoint, and nothing else. Random methods, paths and tokens get what the contract
 * says of them. For the author of the server.
 */
import { scopes } from "@effekten/services"
import { Context, Option, Schema } from "effect"
import { HttpApi } from "effect/http-api"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DistributionApi, prefixes, RequiredScope } from "../src/index.ts"
import * as H from "./Harness.ts"

interface Endpoint {
  readonly method: string
  readonly path: string
  readonly pattern: RegExp
  readonly isId: (ids: { readonly [name: string]: string }) => boolean
  readonly ids: number
  /** Absent where no token is asked for. */
  readonly scope: string | undefined
  readonly statuses: ReadonlySet<number>
  readonly takesQuery: boolean
}

const endpoints: Array<Endpoint> = []
HttpApi.reflect(DistributionApi, {
  onGroup: () => {},
  onEndpoint: ({ endpoint, errors, successes }) => {
    const { method, params, path } = endpoint
    // What is for issuers is held in `test/issuers.test.ts` of the repository.
    if (path.startsWith("/issuer/")) return
    const decode = params === undefined ? undefined : Schema.decodeUnknownOption(params as Schema.Codec<unknown>)
    endpoints.push({
      method,
      path,
      pattern: new RegExp(`^${path.replace(/\/$/, "").replace(/:(\w+)/g, "(?<$1>[^/]+)")}/?$`),
      isId: (ids) => decode === undefined || Option.isSome(decode(ids)),
      ids: path.split(":").length - 1,
      scope: Option.getOrUndefined(Context.getOption(endpoint.annotations, RequiredScope)),
      statuses: new Set([...successes.keys(), ...errors.keys()]),
      takesQuery: endpoint.query !== undefined
    })
  }
})

/** What the contract says of a path: the endpoints there, by method, and whether the texts in it can be ids. */
const meant = (path: string) => {
  const found = endpoints.flatMap((endpoint) => {
    const fitting = endpoint.pattern.exec(path)
    return fitting === null ? [] : [{ endpoint, isId: endpoint.isId({ ...fitting.groups }) }]
  })
  const fewest = Math.min(...found.map(({ endpoint }) => endpoint.ids))
  return found.filter(({ endpoint }) => endpoint.ids === fewest)
}

const allowOf = (path: string): ReadonlyArray<string> => {
  const methods = new Set(meant(path).flatMap(({ endpoint, isId }) => (isId ? [endpoint.method] : [])))
  if (methods.has("GET")) methods.add("HEAD")
  return methods.size === 0 ? [] : [...methods, "OPTIONS"].sort()
}

let h: H.Harness
let tokens: { readonly [scope: string]: string }
beforeAll(async () => {
  h = await H.start({
    clients: scopes.map((scope) => ({ clientId: `only ${scope}`, scopes: [scope] }))
  })
  tokens = Object.fromEntries(
    await Promise.all(scopes.map(async (scope) => [scope, await h.tokenFor(`only ${scope}`)] as const))
  )
})
afterAll(() => h.close())

/** A list takes a cursor, and this is none. */
const noCursor = "?cursor="

/** What the contract says that a request gets, as far as nothing of it but method, path, query and token is looked at. */
const expectAsTold = (method: string, path: string, query: string, scope: string | undefined, answer: H.Answer) => {
  const { headers, json, status } = answer
  const there = meant(path).find(({ endpoint }) => endpoint.method === (method === "HEAD" ? "GET" : method))
  if (there === undefined) {
    const allow = allowOf(path)
    expect(status).toBe(allow.length === 0 ? 404 : method === "OPTIONS" ? 204 : 405)
    expect(headers["allow"]).toBe(allow.length === 0 ? undefined : allow.join(", "))
    return
  }
  const { endpoint, isId } = there
  expect([200, 304, ...endpoint.statuses]).toContain(status)
  expect(headers["allow"]).toBeUndefined()
  if (endpoint.scope === undefined) return
  if (scope === undefined) {
    expect(status).toBe(401)
    expect(headers["www-authenticate"]).toBe('Bearer realm="effekten"')
  } else if (scope !== endpoint.scope) {
    expect(status).toBe(403)
    expect(headers["www-authenticate"]).toContain(`scope="${endpoint.scope}"`)
  } else {
    expect([401, 403, 405]).not.toContain(status)
    if (!isId) expect(status).toBe(404)
    else if (query === noCursor || (query !== "" && !endpoint.takesQuery)) expect(status).toBe(400)
    // The store is empty: there is no object, but there are the lists.
    else if (method === "GET" && endpoint.takesQuery) expect([200, 404]).toContain(status)
    if (!isId && method !== "HEAD") expect(json.detail).toBe("There is no such object.")
  }
}

const methods = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "QUERY"]
const words = [...new Set(endpoints.flatMap(({ path }) => path.split("/").filter((word) => /^[a-z]/.test(word))))]
const text = fc.constantFrom("unknown", "a", "0", "A-_9", "no.id", "x".repeat(64), "x".repeat(65), "x".repeat(200), "~")
const segment = fc.oneof(fc.constantFrom(...words, "V2", "docs"), text)

const told = fc
  .tuple(fc.constantFrom(...endpoints), fc.array(text, { minLength: 2, maxLength: 2 }))
  .map(([{ path }, ids]) => ids.reduce((path, id) => path.replace(/:\w+/, id), path))
/** A path of the contract, perhaps with a segment that is left out, added or replaced. */
const path = fc
  .tuple(told, fc.option(fc.tuple(fc.nat(6), fc.nat(1), fc.option(segment))), fc.boolean())
  .map(([path, change, slash]) => {
    const segments = path.split("/").filter((segment) => segment !== "")
    if (change !== null) segments.splice(change[0], change[1], ...(change[2] === null ? [] : [change[2]]))
    return `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`
  })

const request = fc.record({
  // Most are of the methods that exist.
  method: fc.oneof(fc.constantFrom("GET", "POST", "PATCH"), fc.constantFrom(...methods)),
  path,
  prefix: fc.constantFrom(...prefixes),
  query: fc.constantFrom("", "", "", "?limit=1", noCursor),
  scope: fc.option(fc.constantFrom(...scopes), { nil: undefined })
})

const seed = Number(process.env["FC_SEED"] ?? Date.now() % 2 ** 31)

const ask = async (method: string, path: string, query: string, scope: string | undefined, prefix: string) =>
  H.send(
    method,
    `${h.origin}${prefix}${path}${query}`,
    scope === undefined ? {} : { authorization: `Bearer ${tokens[scope]}` }
  )

describe("the table answers what the contract says, and nothing else", () => {
  it(`random requests (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, prefix, query, scope }) => {
        expectAsTold(method, path, query, scope, await ask(method, path, query, scope, prefix))
      }),
      { seed, numRuns: 1_500 }
    )
  }, 120_000)

  it.each(endpoints.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
    "%s, by every method, with each scope",
    async (_, endpoint) => {
      const path = endpoint.path.replace(/:\w+/g, "unknown")
      for (const prefix of prefixes)
        for (const method of methods)
          for (const scope of [undefined, ...scopes])
            expectAsTold(method, path, "", scope, await ask(method, path, "", scope, prefix))
    }
  )

  it("nothing answers where the contract has nothing, under the prefixes or beside them", async () => {
    for (const path of ["/", ...endpoints.map(({ path }) => path.replace(/:\w+/g, "unknown"))]) {
      expect((await H.get(`${h.origin}${path}`)).status).toBe(404)
      expect((await H.get(`${h.url}/distributor/distributor${path}`)).status).toBe(404)
    }
  })
})
