/**
 * Every route is held to every wrong call: routes are those that are described, and each has one right answer to each. For a developer that adds an
 * operation: it is here by its description, and a cell without a rule fails.
 */
import { Operation, type Scope, servedResources } from "@effekten/services"
import { Agent, request } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fill, outerOf, start, type Caller, type Tenants } from "./Tenants.ts"

interface Route {
  readonly method: string
  readonly bare: string
  readonly path: string
  readonly scope: Scope
  readonly operation: Operation.Any
}

const routes: ReadonlyArray<Route> = servedResources.flatMap(({ resource }) =>
  Object.values<Operation.Any>(resource.operations).map((operation) => {
    const [method, bare] = Operation.partsOf(operation.route!)
    // What a list asks for in its query stands behind its path, as the ids in it do.
    const asks = operation._tag === "List" ? operation.asks : []
    const query = asks.map((name) => `${name}=:${name.replace(/_id$/, "")}`).join("&")
    const path = query === "" ? bare : `${bare}?${query}`
    return { method, bare, path, scope: operation.scope!, operation }
  })
)

interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  readonly json: any
}

interface Sent {
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string
}

const agent = new Agent({ keepAlive: true })

/** Any method with any body, which `fetch` does not send. */
const send = (method: string, url: string, { body, headers = {} }: Sent = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
    const asked = request(url, { method, agent, headers: { ...length, ...headers } }, (answer) => {
      const pieces: Array<Buffer> = []
      answer.on("data", (piece: Buffer) => pieces.push(piece))
      answer.on("end", () => {
        const text = Buffer.concat(pieces).toString("utf8")
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          json: text === "" ? undefined : JSON.parse(text)
        })
      })
      answer.on("error", reject)
    })
    asked.on("error", reject)
    asked.end(body)
  })

let tenants: Tenants

/** A party whose calls these are. */
interface Side {
  readonly own: Caller
  readonly stranger: Caller
  readonly token: string
  /** Tokens that lack a scope. */
  readonly without: { readonly [scope: string]: string }
}
let platform: Side
let issuer: Side
const sideOf = ({ path }: Pick<Route, "path">): Side => (path.startsWith("/issuer/") ? issuer : platform)

/** Of a server that is not this one. */
let strange: string

const calling = async (own: Caller, stranger: Caller): Promise<Side> => {
  const clients = Object.entries(own.credentials.without)
  const without = await Promise.all(
    clients.map(async ([scope, client]) => [scope, await tenants.token(client)] as const)
  )
  return { own, stranger, token: await tenants.token(own.credentials), without: Object.fromEntries(without) }
}

beforeAll(async () => {
  const limits = { jsonBytes: 4096, uploadBytes: 4096 }
  tenants = await start({ rateLimit: "none", limits })
  const elsewhere = await start({ rateLimit: "none" })
  strange = await elsewhere.token(elsewhere.second.credentials)
  const [firstIssuer, secondIssuer] = tenants.issuers
  platform = await calling(tenants.second, tenants.first)
  issuer = await calling(secondIssuer, firstIssuer)
  await elsewhere.close()
})
afterAll(async () => {
  agent.destroy()
  await tenants.close()
})

let keys = 0
const bearer = (given: string) => ({ authorization: `Bearer ${given}`, "x-idempotency-key": `key-${++keys}` })

const boundary = "----boundary"
const fileOf = (content: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n${content}\r\n--${boundary}--\r\n`

const json = (body: string) => ({ body, headers: { "content-type": "application/json" } })
const multipart = (body: string) => ({ body, headers: { "content-type": `multipart/form-data; boundary=${boundary}` } })

type Body = "read" | "none" | "json" | "optional" | "file"
const bodyKind = ({ operation }: Route): Body => (operation._tag === "Command" ? operation.body : "read")

/** A body as its description shows it. What it names is there for nobody. */
const sample = ({ operation }: Route): Sent => {
  if (operation._tag !== "Command") return {}
  if (operation.body === "file") return multipart(fileOf("nothing in it"))
  return operation.example === undefined ? {} : json(JSON.stringify(operation.example))
}

interface Cell {
  /** Which of several calls of a column. */
  readonly what?: string
  readonly method?: string
  readonly path?: string
  readonly sent: Sent
  readonly status: number
  /** None where nothing is wrong. */
  readonly code?: string | ((route: Route) => ReadonlyArray<string>)
  readonly headers?: { readonly [name: string]: string }
  /** A path of which the same is said. */
  readonly like?: string
}

/** The calls of a cell, or why there is none. */
type Rule = (route: Route) => ReadonlyArray<Cell> | string

const withBearer = (route: Route, { headers, ...sent }: Sent, given = sideOf(route).token): Sent => ({
  ...sent,
  headers: { ...bearer(given), ...headers }
})

const challenge = 'Bearer realm="effekten"'
const absent = "01900000-0000-7000-8000-000000000000"

/** A path for the caller, each of whose ids is its own but for those that `strangers` names. */
const pathWith = (path: string, strangers: ReadonlyArray<string>, ids: Caller["ids"] | string): string => {
  const kindOf = (name: string): string => (name === "id" ? outerOf(path) : name)
  const named = Object.fromEntries(
    strangers.map((name) => [kindOf(name), typeof ids === "string" ? ids : ids[kindOf(name)]!])
  )
  return fill(path, { ...sideOf({ path }).own.ids, ...named })
}

/** Every way in which some ids of a path can be another's. */
const byId =
  (ids: (side: Side) => Caller["ids"] | string, code: NonNullable<Cell["code"]>, isLikeNothing = false): Rule =>
  (route) => {
    const names = Operation.idNames(route.path)
    if (names.length === 0) return "its path names nothing"
    const some = names.length === 1 ? [names] : [names, ...names.map((name) => [name])]
    return some.map((strangers) => ({
      what: strangers.join(" and "),
      path: pathWith(route.path, strangers, ids(sideOf(route))),
      sent: withBearer(route, sample(route)),
      status: 404,
      code,
      ...(isLikeNothing ? { like: pathWith(route.path, strangers, absent) } : {})
    }))
  }

/** Platforms are no issuer's: each may list its products on any of them. */
const isShared = ({ bare }: Route): boolean => bare.startsWith("/issuer/v2/distribution-platforms/:id/")

const notFound = ({ operation }: Route): ReadonlyArray<string> =>
  operation.refusals.filter((code) => code.endsWith("_not_found"))

/** What all methods of a path are. */
const methodsAt = (path: string): ReadonlyArray<string> => {
  const methods = routes.filter((route) => route.bare === path).map(({ method }) => method)
  return [...new Set([...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"])].sort()
}

const onBody =
  (cells: { readonly [K in Body]: ((route: Route) => ReadonlyArray<Cell>) | string }): Rule =>
  (route) => {
    const rule = cells[bodyKind(route)]
    return typeof rule === "string" ? rule : rule(route)
  }

const refusing =
  (sent: Sent, status: number, code: string): ((route: Route) => ReadonlyArray<Cell>) =>
  (route) => [{ sent: withBearer(route, sent), status, code }]

/** What a read says of anything that is sent with it: nothing. */
const ignoring =
  (sent: Sent): ((route: Route) => ReadonlyArray<Cell>) =>
  (route) => [{ sent: withBearer(route, sent), status: 200 }]

const large = "x".repeat(8_000)
const half = json('{"a":')
const long = json(JSON.stringify({ text: large }))
const plain = { body: "{}", headers: { "content-type": "text/plain" } }
const malformed = refusing(half, 400, "malformed_json")
const oversized = refusing(long, 413, "payload_too_large")
const mistyped = refusing(plain, 415, "unsupported_media_type")
const misshapen = refusing(json("[]"), 400, "invalid_request")

const columns: { readonly [name: string]: Rule } = {
  "no token": (route) => [
    { sent: sample(route), status: 401, code: "unauthorized", headers: { "www-authenticate": challenge } },
    // Nothing of it is looked at.
    ...(route.method === "GET"
      ? []
      : [
          {
            what: "malformed",
            sent: json("{"),
            status: 401,
            code: "unauthorized",
            headers: { "www-authenticate": challenge }
          }
        ])
  ],
  "a token of another server": (route) => [
    {
      sent: withBearer(route, sample(route), strange),
      status: 401,
      code: "unauthorized",
      headers: { "www-authenticate": `${challenge}, error="invalid_token"` }
    }
  ],
  "a token without the scope": (route) => [
    {
      sent: withBearer(route, sample(route), sideOf(route).without[route.scope]),
      status: 403,
      code: "insufficient_scope",
      headers: { "www-authenticate": `${challenge}, error="insufficient_scope", scope="${route.scope}"` }
    }
  ],
  "an id of another party": (route) =>
    isShared(route) ? "all see it" : byId(({ stranger }) => stranger.ids, notFound, true)(route),
  "an id that nothing has": byId(() => absent, notFound),
  "an id that can be none": (route) => byId(() => "no.id", "not_found")({ ...route, path: route.bare }),
  "another method": (route) => {
    const allowed = methodsAt(route.bare)
    return ["GET", "POST", "PUT", "PATCH", "DELETE"]
      .filter((method) => !allowed.includes(method))
      .map((method) => ({
        what: method,
        method,
        sent: withBearer(route, method === "GET" ? {} : json("{}")),
        status: 405,
        code: "method_not_allowed",
        headers: { allow: allowed.join(", ") }
      }))
  },
  "a malformed body": onBody({
    read: ignoring(half),
    none: malformed,
    json: malformed,
    optional: malformed,
    file: refusing(multipart("--no part of it"), 400, "malformed_upload")
  }),
  "a body of another shape": onBody({
    read: ignoring(json("[]")),
    none: "it has no body",
    json: misshapen,
    optional: misshapen,
    file: refusing(multipart(fileOf("").replace('"file"', '"other"')), 400, "malformed_upload")
  }),
  "no body": onBody({
    read: "it has no body",
    none: "it has no body",
    optional: "it needs no body",
    json: refusing({}, 400, "invalid_request"),
    file: refusing({}, 415, "unsupported_media_type")
  }),
  "a body too large": onBody({
    read: ignoring(long),
    none: oversized,
    json: oversized,
    optional: oversized,
    file: refusing(multipart(fileOf("A".repeat(80_000))), 413, "payload_too_large")
  }),
  "another media type": onBody({
    read: ignoring(plain),
    none: mistyped,
    json: mistyped,
    optional: mistyped,
    file: mistyped
  }),
  "no idempotency key": (route) => {
    const { operation } = route
    if (operation._tag !== "Command") return "a read takes no key"
    if (operation.key === "optional") return "its key is optional"
    const { headers, ...sent } = sample(route)
    return [
      {
        sent: { ...sent, headers: { authorization: `Bearer ${sideOf(route).token}`, ...headers } },
        status: 400,
        code: "idempotency_key_missing"
      }
    ]
  }
}

const expectAnswer = (answer: Answer, cell: Cell, route: Route) => {
  if (cell.code !== undefined) return expectProblem(answer, cell, route)
  expect([answer.status, answer.headers["content-type"]]).toEqual([cell.status, "application/json"])
}

/** What every problem has, whatever it is of. */
const expectProblem = ({ headers, json: said, status }: Answer, cell: Cell, route: Route) => {
  expect({ status, code: said?.code }).toEqual({
    status: cell.status,
    code: typeof cell.code === "function" ? expect.toBeOneOf([...cell.code(route)]) : cell.code
  })
  expect(headers).toMatchObject({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": said.request_id,
    link: `</problems/${said.code}>; rel="help"`,
    ...cell.headers
  })
  expect(headers["access-control-allow-origin"]).toBeUndefined()
  expect(said).toMatchObject({ status, type: `urn:effekten:problem:${said.code}` })
  expect([typeof said.title, typeof said.detail, typeof said.retryable]).toEqual(["string", "string", "boolean"])
}

/** What a problem says, but for what names the request. */
const saidOf = ({ json: { instance: _instance, request_id: _id, ...said } }: Answer): object => said

const ask = (route: Route, { method = route.method, path, sent }: Cell): Promise<Answer> =>
  send(method, `${tenants.url}${path ?? fill(route.path, sideOf(route).own.ids)}`, sent)

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))("%s", (_, route) => {
  it.each(Object.entries(columns))("%s", async (_name, rule) => {
    const cells = rule(route)
    if (typeof cells === "string") return
    expect(cells.length).toBeGreaterThan(0)
    const before = await tenants.recorded()
    for (const cell of cells) {
      const answer = await ask(route, cell)
      try {
        expectAnswer(answer, cell, route)
        if (cell.like !== undefined)
          expect(saidOf(answer)).toEqual(saidOf(await ask(route, { ...cell, path: cell.like })))
      } catch (error) {
        throw new Error(`${cell.what ?? ""} ${JSON.stringify(cell)}\n${JSON.stringify(answer.json)}`, { cause: error })
      }
    }
    expect(await tenants.recorded()).toBe(before)
  })
})
