/**
 * Every route is held to every wrong call: routes are those that are described, and each has one right answer to each. For a developer that adds an
 * operation: it is here by its description, and a cell without a rule fails.
 */
import { Operation, platformResources, type Scope } from "@effekten/services"
import { Agent, request } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fill, outerOf, start, type Tenant, type Tenants } from "./Tenants.ts"

interface Route {
  readonly method: string
  readonly path: string
  readonly scope: Scope
  readonly operation: Operation.Any
}

const routes: ReadonlyArray<Route> = platformResources.flatMap(({ resource }) =>
  Object.values<Operation.Any>(resource.operations).map((operation) => {
    const [method, path] = Operation.partsOf(operation.route!)
    return { method, path, scope: operation.scope!, operation }
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
let first: Tenant
let second: Tenant
/** Of the second platform, whose calls these are. */
let token: string
/** Of a server that is not this one. */
let strange: string
let without: { readonly [scope: string]: string }

beforeAll(async () => {
  const limits = { jsonBytes: 4096, uploadBytes: 4096 }
  tenants = await start({ rateLimit: "none", limits })
  const elsewhere = await start({ rateLimit: "none" })
  ;({ first, second } = tenants)
  token = await tenants.token(second.credentials)
  strange = await elsewhere.token(elsewhere.second.credentials)
  const clients = Object.entries(second.credentials.without)
  without = Object.fromEntries(
    await Promise.all(clients.map(async ([scope, client]) => [scope, await tenants.token(client)] as const))
  )
  await elsewhere.close()
})
afterAll(async () => {
  agent.destroy()
  await tenants.close()
})

let keys = 0
const bearer = (given = token) => ({ authorization: `Bearer ${given}`, "x-idempotency-key": `key-${++keys}` })

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

const withBearer = ({ headers, ...sent }: Sent, given?: string): Sent => ({
  ...sent,
  headers: { ...bearer(given), ...headers }
})

const challenge = 'Bearer realm="effekten"'
const absent = "01900000-0000-7000-8000-000000000000"

/** A path for the caller, each of whose ids is its own but for those that `strangers` names. */
const pathWith = (path: string, strangers: ReadonlyArray<string>, ids: Tenant["ids"] | string): string => {
  const kindOf = (name: string): string => (name === "id" ? outerOf(path) : name)
  const named = Object.fromEntries(
    strangers.map((name) => [kindOf(name), typeof ids === "string" ? ids : ids[kindOf(name)]!])
  )
  return fill(path, { ...second.ids, ...named })
}

/** Every way in which some ids of a path can be another's. */
const byId =
  (ids: () => Tenant["ids"] | string, code: NonNullable<Cell["code"]>, isLikeNothing = false): Rule =>
  (route) => {
    const names = Operation.idNames(route.path)
    if (names.length === 0) return "its path names nothing"
    const some = names.length === 1 ? [names] : [names, ...names.map((name) => [name])]
    return some.map((strangers) => ({
      what: strangers.join(" and "),
      path: pathWith(route.path, strangers, ids()),
      sent: withBearer(sample(route)),
      status: 404,
      code,
      ...(isLikeNothing ? { like: pathWith(route.path, strangers, absent) } : {})
    }))
  }

const notFound = ({ operation }: Route): ReadonlyArray<string> =>
  operation.refusals.filter((code) => code.endsWith("_not_found"))

/** What all methods of a path are. */
const methodsAt = (path: string): ReadonlyArray<string> => {
  const methods = routes.filter((route) => route.path === path).map(({ method }) => method)
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
  () => [{ sent: withBearer(sent), status, code }]

/** What a read says of anything that is sent with it: nothing. */
const ignoring =
  (sent: Sent): ((route: Route) => ReadonlyArray<Cell>) =>
  () => [{ sent: withBearer(sent), status: 200 }]

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
      sent: withBearer(sample(route), strange),
      status: 401,
      code: "unauthorized",
      headers: { "www-authenticate": `${challenge}, error="invalid_token"` }
    }
  ],
  "a token without the scope": (route) => [
    {
      sent: withBearer(sample(route), without[route.scope]),
      status: 403,
      code: "insufficient_scope",
      headers: { "www-authenticate": `${challenge}, error="insufficient_scope", scope="${route.scope}"` }
    }
  ],
  "an id of another platform": byId(() => first.ids, notFound, true),
  "an id that nothing has": byId(() => absent, notFound),
  "an id that can be none": byId(() => "no.id", "not_found"),
  "another method": (route) => {
    const allowed = methodsAt(route.path)
    return ["GET", "POST", "PUT", "PATCH", "DELETE"]
      .filter((method) => !allowed.includes(method))
      .map((method) => ({
        what: method,
        method,
        sent: withBearer(method === "GET" ? {} : json("{}")),
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
  "no idempotency key": ({ method, operation, ...route }) => {
    if (operation._tag !== "Command") return "a read takes no key"
    if (operation.key === "optional") return "its key is optional"
    const { headers, ...sent } = sample({ method, operation, ...route })
    return [
      {
        sent: { ...sent, headers: { authorization: `Bearer ${token}`, ...headers } },
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
  send(method, `${tenants.url}${path ?? fill(route.path, second.ids)}`, sent)

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
