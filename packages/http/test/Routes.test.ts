/**
 * What must hold on every route, taken from the contract itself so that no route is forgotten. For the author of the server. What becomes of
 * wrong calls, `test/matrix.test.ts` says, over the register.
 */
import { Context, Option } from "effect"
import { HttpApi } from "effect/http-api"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Scope, scopes } from "@effekten/services"
import { DistributionApi, RequiredScope, TakesIdempotencyKey } from "../src/index.ts"
import * as H from "./Harness.ts"

interface Route {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly scope: Scope
  readonly key: "required" | "optional" | undefined
  readonly multipart: boolean
  readonly status: number
}

const routes: Array<Route> = []
HttpApi.reflect(DistributionApi, {
  onGroup: () => {},
  onEndpoint: ({ endpoint, group, successes }) => {
    // What is for issuers is held in `test/issuers.test.ts` of the repository.
    if (group.identifier === "oauth" || endpoint.path.startsWith("/issuer/")) return
    routes.push({
      name: `${group.identifier}.${endpoint.identifier}`,
      method: endpoint.method,
      path: endpoint.path,
      scope: Option.getOrThrow(Context.getOption(endpoint.annotations, RequiredScope)),
      key: Option.getOrUndefined(Context.getOption(endpoint.annotations, TakesIdempotencyKey)),
      multipart: endpoint.payload.has("multipart/form-data"),
      status: [...successes.keys()][0] ?? 0
    })
  }
})

const bodies: { readonly [name: string]: unknown } = {
  "investors.create": H.investor,
  "investors.amend": { communication: { email: "somebody@example.org", email_confirmed: true } },
  "investors.addBenefitingPerson": { natural_person: { forename: "Wilma", surname: "Beispiel", is_pep: false } },
  "investors.identify": H.identification,
  "wallets.createGeneric": { address: "0x52908400098527886E0F7030069857D2E4169EE7" },
  "investments.create": H.investment,
  "investments.amend": { wallet: "wallet" },
  "investments.cancel": {},
  "investments.addDocument": { document_id: "document", category: "contract", subject: "supplement" },
  "wallets.amend": { receiving_enabled: true },
  "wallets.prove": { signature: `0x${"11".repeat(65)}` },
  "redemptions.create": H.redemption,
  "transfers.create": H.transfer
}

const writing = routes.filter(({ method }) => method !== "GET")
const reading = routes.filter(({ method }) => method === "GET")
const withJson = writing.filter(({ multipart }) => !multipart)
const table = (routes: ReadonlyArray<Route>) => routes.map((route) => [`${route.method} ${route.path}`, route] as const)

let h: H.Harness
let tokens: { readonly [scope: string]: string }
const ids: { [name: string]: string } = {}

const boundary = "----boundary"
const multipart = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\nASD\r\n--${boundary}--\r\n`

const pathOf = (route: Route): string =>
  route.path.replace(/:(\w+)/g, (_, name: string) => ids[`${route.path.split("/")[2]}.${name}`] ?? "unknown")

const bodyOf = (route: Route): { readonly [header: string]: string } =>
  route.multipart
    ? { "content-type": `multipart/form-data; boundary=${boundary}`, body: multipart }
    : bodies[route.name] === undefined
      ? {}
      : { "content-type": "application/json", body: JSON.stringify(bodies[route.name]) }

let count = 0
const freshKey = () => `key-${++count}`

const call = (route: Route, headers: { readonly [header: string]: string } = {}, url = h.url) =>
  H.send(route.method, `${url}${pathOf(route)}`, { ...bodyOf(route), ...headers })

const authorized = () => ({ authorization: `Bearer ${h.token}`, "x-idempotency-key": freshKey() })

const expectProblem = (answer: H.Answer, status: number, code?: string) => {
  expect(answer.status).toBe(status)
  expect(answer.headers["content-type"]).toBe("application/problem+json")
  expect(answer.headers["cache-control"]).toBe("no-store")
  expect(answer.headers["x-content-type-options"]).toBe("nosniff")
  expect(answer.headers["access-control-allow-origin"]).toBeUndefined()
  expect(answer.json).toMatchObject({ status, type: `urn:effekten:problem:${answer.json.code}` })
  expect(answer.json.title).toBeTypeOf("string")
  expect(answer.json.detail).toBeTypeOf("string")
  expect(answer.json.retryable).toBeTypeOf("boolean")
  expect(answer.json.request_id).toBe(answer.headers["x-request-id"])
  expect(answer.headers["link"]).toBe(`</problems/${answer.json.code}>; rel="help"`)
  if (code !== undefined) expect(answer.json.code).toBe(code)
}

beforeAll(async () => {
  h = await H.start({
    limits: { jsonBytes: 4096, uploadBytes: 4096 },
    clients: scopes.map((left) => ({ clientId: `without ${left}`, scopes: scopes.filter((scope) => scope !== left) }))
  })
  tokens = Object.fromEntries(
    await Promise.all(scopes.map(async (scope) => [scope, await h.tokenFor(`without ${scope}`)] as const))
  )
  const made = async (name: string) => {
    const route = routes.find((route) => route.name === name)!
    const answer = await call(route, authorized())
    expect(answer.status).toBe(201)
    return answer.json.id as string
  }
  ids["products.id"] = "product"
  ids["campaigns.id"] = "campaign"
  ids["investors.id"] = await made("investors.create")
  ids["investors.person"] = await made("investors.addBenefitingPerson")
  ids["investors.identification"] = await made("investors.identify")
  ids["investors.wallet"] = await made("wallets.createManaged")
  ids["documents.id"] = await made("documents.upload")
  ids["investments.id"] = await made("investments.create")
  ids["investments.credit"] = await made("credits.create")
  ids["investments.statement"] = await made("registry-statements.create")
  ids["redemptions.id"] = await made("redemptions.create")
  ids["transfers.id"] = await made("transfers.create")
})
afterAll(() => h.close())

it("the contract has the routes of the paper", () => {
  expect(routes.map(({ method, path }) => `${method} ${path}`)).toMatchSnapshot()
})

describe.each(table(routes))("%s", (_, route) => {
  it("answers as the contract says, under both prefixes, with and without its last slash", async () => {
    for (const prefix of ["/api/external", "/api/external/distributor"]) {
      for (const slash of ["/", ""]) {
        const answer = await H.send(route.method, `${h.origin}${prefix}${pathOf(route).replace(/\/$/, slash)}`, {
          ...bodyOf(route),
          ...authorized()
        })
        expect(answer.status).toBe(route.status)
        expect(answer.headers["content-type"]).toBe("application/json")
      }
    }
  })

  it("I-32 without the scope: 403 insufficient_scope, before the payload and before a replay", async () => {
    const key = freshKey()
    await call(route, { ...authorized(), "x-idempotency-key": key })
    const calls = h.memory.seen.length
    const answer = await call(route, { authorization: `Bearer ${tokens[route.scope]}`, "x-idempotency-key": key })
    expectProblem(answer, 403, "insufficient_scope")
    expect(answer.headers["www-authenticate"]).toBe(
      `Bearer realm="effekten", error="insufficient_scope", scope="${route.scope}"`
    )
    expect(h.memory.seen.length).toBe(calls)
  })

  it("OPTIONS names the methods of the path", async () => {
    const { headers, status } = await H.send("OPTIONS", `${h.url}${pathOf(route)}`)
    expect([status, headers["allow"]?.includes(route.method), headers["allow"]?.includes("DELETE")]).toEqual([
      204,
      true,
      false
    ])
  })
})

describe.each(table(reading))("%s", (_, route) => {
  it("I-06 ignores an idempotency key", async () => {
    const answer = await call(route, {
      authorization: `Bearer ${h.token}`,
      "x-idempotency-key": "not a key, not at all"
    })
    expect(answer.status).toBe(200)
  })
})

describe.each(table(writing))("%s", (_, route) => {
  it("I-05 needs a key where the paper says so, and I-06 takes one elsewhere", async () => {
    const calls = h.memory.seen.length
    const answer = await call(route, { authorization: `Bearer ${h.token}` })
    if (route.key === "required") {
      expectProblem(answer, 400, "idempotency_key_missing")
      expect(h.memory.seen.length).toBe(calls)
    } else {
      expect(answer.status).toBe(route.status)
    }
    const key = freshKey()
    await call(route, { authorization: `Bearer ${h.token}`, "x-idempotency-key": key })
    expect(h.memory.seen.at(-1)).toMatchObject({ key, platform: H.platform })
  })
})

describe.each(table(withJson.filter(({ name }) => bodies[name] !== undefined && name !== "investments.cancel")))(
  "%s",
  (_, route) => {
    it("no body at all: 400, and the key stays free", async () => {
      const headers = authorized()
      const empty = await H.send(route.method, `${h.url}${pathOf(route)}`, headers)
      expectProblem(empty, 400, "invalid_request")
      expect((await call(route, headers)).status).toBe(route.status)
    })
  }
)

it("a statement of the register is text for a client that prefers it, and JSON for any other", async () => {
  const url = `${h.url}/v2/investments/${ids["investments.id"]}/registry-statements/${ids["investments.statement"]}/`
  const get = (accept?: string) =>
    H.get(url, { authorization: `Bearer ${h.token}`, ...(accept === undefined ? {} : { accept }) })
  for (const accept of ["text/plain", "text/plain, application/json;q=0.5", "TEXT/PLAIN;q=0.1, */*;q=0.1"]) {
    const answer = await get(accept)
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "text/plain; charset=utf-8"])
    expect(answer.headers["vary"]).toBe("accept")
    expect(answer.text).toBe("Statement of the register\n")
  }
  for (const accept of [undefined, "*/*", "text/html", "application/json, text/plain", "text/plain;q=0"]) {
    const answer = await get(accept)
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"])
    expect(answer.json.text).toBe("Statement of the register\n")
  }
  const missing = await H.get(url.replace(/[^/]+\/$/, "none/"), {
    authorization: `Bearer ${h.token}`,
    accept: "text/plain"
  })
  expectProblem(missing, 404)
})

it("H-01 an unknown path: 404; no path is case-insensitive", async () => {
  for (const path of ["/", "/nothing", "/api/external/v2/nothing/", "/API/external/v2/investors/"]) {
    expectProblem(await H.get(`${h.origin}${path}`, authorized()), 404, "not_found")
  }
})

it("H-02 a client's request id is told to that client alone, if it is harmless; everything else has ours", async () => {
  const ask = (id: string) => H.get(`${h.url}/nothing`, { "x-request-id": id })
  for (const id of ["my-Request_1.0", "a".repeat(64)]) {
    const { headers, json } = await ask(id)
    expect(headers["x-request-id"]).toBe(id)
    expect(headers["x-correlation-id"]).toMatch(/^[0-9a-f]{32}$/)
    expect(json.request_id).toBe(headers["x-correlation-id"])
  }
  for (const id of ["with blank", "a".repeat(65), "ä"]) {
    const { headers } = await ask(id)
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f]{32}$/)
    expect(headers["x-correlation-id"]).toBeUndefined()
  }
  const { headers } = await call(writing[0]!, { ...authorized(), "x-request-id": "correlated" })
  expect(headers["x-request-id"]).toBe("correlated")
  expect(h.memory.seen.at(-1)?.correlation).toBe(headers["x-correlation-id"])
})

it("lists: limit and cursor; links under the host and prefix that were used", async () => {
  const bearer = { authorization: `Bearer ${h.token}` }
  for (let index = 0; index < 3; index++)
    await call(
      routes.find(({ name }) => name === "investors.create")!,
      authorized()
    )
  const first = await H.get(`${h.url}/distributor/v2/investors/?limit=2`, bearer)
  expect(first.json.results).toHaveLength(2)
  expect(first.json.previous).toBeNull()
  expect(first.json.next).toBe(`${h.url}/distributor/v2/investors/?limit=2&cursor=2`)
  const second = await H.get(first.json.next, bearer)
  expect(second.json.previous).toBe(`${h.url}/distributor/v2/investors/?limit=2&cursor=0`)
  for (const query of ["limit=0", "limit=501", "limit=x", "limit=1.5", "cursor=", "limit=1&limit=2"]) {
    const answer = await H.get(`${h.url}/v2/investors/?${query}`, bearer)
    expectProblem(answer, 400, "invalid_request")
    expect(answer.json.errors[0].pointer).toBe(`/${query.split("=")[0]}`)
  }
})
