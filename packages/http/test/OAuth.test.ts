/**
 * Access tokens over the wire: the client credentials grant and revocation. For the author of the server.
 */
import { Id } from "@effekten/domain"
import { Duration } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { OAuth } from "../src/index.ts"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start({
    clients: [
      { clientId: "reader", scopes: ["investors:read"] },
      { clientId: "odd %:client", scopes: ["investors:read"] },
      { clientId: "stranger", scopes: ["investors:read"], platform: Id.PlatformId.make("platform_b") }
    ]
  })
})
afterAll(() => h.close())

const form = "application/x-www-form-urlencoded"
const credentials = { grant_type: "client_credentials", client_id: "reader", client_secret: H.secret }
const ask = (
  parameters: { readonly [name: string]: string } | string,
  headers: { readonly [name: string]: string } = {},
  url = `${h.url}/oauth/token`
) => H.post(url, { "content-type": form, body: new URLSearchParams(parameters).toString(), ...headers })

const basic = (id: string, secret: string) => {
  const encoded = [id, secret].map((part) => encodeURIComponent(part).replaceAll("%20", "+")).join(":")
  return { authorization: `Basic ${Buffer.from(encoded).toString("base64")}` }
}

describe("O-01 a token", () => {
  it.each(["/api/external/oauth/token", "/api/external/distributor/oauth/token"])("under %s", async (path) => {
    const answer = await ask(credentials, {}, `${h.origin}${path}`)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "content-type": "application/json",
      pragma: "no-cache"
    })
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^effekten_token_[\w-]{43}$/),
      token_type: "Bearer",
      expires_in: 36_000,
      scope: "investors:read"
    })
    const list = await H.get(`${h.url}/v2/investors/`, { authorization: `Bearer ${answer.json.access_token}` })
    expect(list.status).toBe(200)
  })

  it("by HTTP Basic, form-encoded as RFC 6749 asks", async () => {
    const grant = { grant_type: "client_credentials" }
    expect((await ask(grant, basic("reader", H.secret))).status).toBe(200)
    expect((await ask(grant, basic("odd %:client", H.secret))).status).toBe(200)
    expect((await ask({ ...grant, client_id: "reader" }, basic("reader", H.secret))).status).toBe(200)
  })

  it("the guide's own request", async () => {
    const scope = "investors:write investors:read investments:write investments:read documents:write"
    const answer = await ask({ ...credentials, client_id: "all", scope })
    expect(answer.json.scope).toBe(scope)
  })

  it("sees its own platform's objects only", async () => {
    const create = await H.post(`${h.url}/v2/investors/`, {
      authorization: `Bearer ${h.token}`,
      "x-idempotency-key": "mine",
      "content-type": "application/json",
      body: JSON.stringify(H.investor)
    })
    const stranger = { authorization: `Bearer ${await h.tokenFor("stranger")}` }
    const unknown = await H.get(`${h.url}/v2/investors/nobody/`, stranger)
    const foreign = await H.get(`${h.url}/v2/investors/${create.json.id}/`, stranger)
    expect(foreign.status).toBe(404)
    const said = (answer: H.Answer) => ({ ...answer.json, instance: "", request_id: "" })
    expect(said(foreign)).toEqual(said(unknown))
    expect((await H.get(`${h.url}/v2/investors/`, stranger)).json.count).toBe(0)
  })
})

describe("O-01 refusals of RFC 6749 §5.2", () => {
  it.each<[string, { readonly [name: string]: string } | string, { readonly [name: string]: string }, number, string]>([
    ["no grant", { client_id: "reader", client_secret: H.secret }, {}, 400, "invalid_request"],
    ["another grant", { ...credentials, grant_type: "password" }, {}, 400, "unsupported_grant_type"],
    ["no credentials", { grant_type: "client_credentials" }, {}, 401, "invalid_client"],
    ["no secret", { grant_type: "client_credentials", client_id: "reader" }, {}, 401, "invalid_client"],
    ["an empty secret", { ...credentials, client_secret: "" }, {}, 401, "invalid_client"],
    ["an unknown client", { ...credentials, client_id: "nobody" }, {}, 401, "invalid_client"],
    ["a wrong secret", { ...credentials, client_secret: `${H.secret}x` }, {}, 401, "invalid_client"],
    ["a scope it lacks", { ...credentials, scope: "investors:read investors:write" }, {}, 400, "invalid_scope"],
    ["a scope nobody knows", { ...credentials, scope: "everything" }, {}, 400, "invalid_scope"],
    ["a scope of blanks", { ...credentials, scope: " " }, {}, 400, "invalid_scope"],
    ["a repeated parameter", `${new URLSearchParams(credentials)}&scope=a&scope=b`, {}, 400, "invalid_request"],
    ["an unknown parameter twice", `${new URLSearchParams(credentials)}&a=1&a=1`, {}, 400, "invalid_request"],
    ["both ways at once", credentials, basic("reader", H.secret), 400, "invalid_request"],
    [
      "two clients",
      { grant_type: "client_credentials", client_id: "all" },
      basic("reader", H.secret),
      400,
      "invalid_request"
    ],
    ["a Basic that is none", { grant_type: "client_credentials" }, { authorization: "Basic !" }, 401, "invalid_client"],
    ["a Bearer", { grant_type: "client_credentials" }, { authorization: "Bearer x" }, 401, "invalid_client"],
    [
      "JSON",
      credentials,
      { "content-type": "application/json", body: JSON.stringify(credentials) },
      400,
      "invalid_request"
    ],
    ["too much", { ...credentials, padding: "x".repeat(20_000) }, {}, 413, "invalid_request"]
  ])("%s", async (_, parameters, headers, status, error) => {
    const answer = await ask(parameters, headers)
    expect(answer.status).toBe(status)
    expect(answer.json).toEqual({ error, error_description: expect.any(String) })
    // The characters that RFC 6749 allows in a description.
    expect(answer.json.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(answer.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" })
    expect(answer.headers["www-authenticate"]).toBe(status === 401 ? 'Basic realm="effekten"' : undefined)
    expect(answer.text).not.toContain(H.secret)
  })

  it("a form that does not arrive in time closes its connection, so that nothing of it is taken for a request", async () => {
    const slow = await H.start({ limits: { bodyTimeout: Duration.millis(50) } })
    const heard = await H.raw(
      slow.port,
      `POST /api/external/oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${form}\r\nContent-Length: 99\r\n\r\ngrant`
    )
    await slow.close()
    expect(heard).toMatch(/^HTTP\/1\.1 408 /)
    expect(heard.toLowerCase()).toContain("connection: close")
    expect(heard).toContain('"error":"invalid_request"')
  })

  it("credentials in the address are refused, also beside good ones", async () => {
    const query = `${h.url}/oauth/token?client_id=reader`
    expect(await ask(credentials, {}, query)).toMatchObject({ status: 400, json: { error: "invalid_request" } })
  })

  it("O-04 an unknown client and a wrong secret are the same answer", async () => {
    const unknown = await ask({ ...credentials, client_id: "nobody" })
    const wrong = await ask({ ...credentials, client_secret: "wrong" })
    const { date: _1, "x-request-id": _2, ...left } = unknown.headers
    const { date: _3, "x-request-id": _4, ...right } = wrong.headers
    expect([unknown.text, left]).toEqual([wrong.text, right])
  })

  it("a right secret is answered at once, however many wrong ones wait, and these are bounded", async () => {
    const slow = await H.start({ refusalDelay: "3 seconds" })
    try {
      const order: Array<string> = []
      const url = `${slow.url}/oauth/token`
      const wrong = Array.from({ length: OAuth.waitingRefusals + 50 }, () =>
        ask({ ...credentials, client_id: "all", client_secret: "wrong" }, {}, url).then((answer) => {
          if (answer.status === 401) order.push("refused")
          return answer
        })
      )
      // Those beyond the bound are told at once, so the bound is reached when the first of them is.
      const first = await Promise.race(wrong)
      expect(first).toMatchObject({ status: 429, json: { error: "temporarily_unavailable" } })
      expect(first.headers).toMatchObject({ "retry-after": "3", "cache-control": "no-store" })
      const right = await ask({ ...credentials, client_id: "all" }, {}, url)
      order.push("issued")
      expect(right.status).toBe(200)
      const statuses = (await Promise.all(wrong)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 401)).toHaveLength(OAuth.waitingRefusals)
      expect(statuses.filter((status) => status === 429)).toHaveLength(50)
      expect(order[0]).toBe("issued")
    } finally {
      await slow.close()
    }
  })

  it("O-09 a token in the query is no token", async () => {
    expect((await H.get(`${h.url}/v2/investors/?access_token=${h.token}`)).status).toBe(401)
  })
})

describe("revocation (RFC 7009)", () => {
  const revoke = (
    parameters: { readonly [name: string]: string },
    headers: { readonly [name: string]: string } = {},
    url = `${h.url}/oauth/revoke`
  ) => ask(parameters, headers, url)
  const reader = { client_id: "reader", client_secret: H.secret }
  const statusWith = async (token: string) =>
    (await H.get(`${h.url}/v2/investors/`, { authorization: `Bearer ${token}` })).status

  it.each(["/api/external", "/api/external/distributor"])("ends a token at once, under %s", async (prefix) => {
    const [token, other] = [await h.tokenFor("reader"), await h.tokenFor("reader")]
    expect(await statusWith(token)).toBe(200)
    const answer = await revoke({ ...reader, token }, {}, `${h.origin}${prefix}/oauth/revoke`)
    expect(answer).toMatchObject({ status: 200, text: "" })
    expect(answer.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" })
    expect([await statusWith(token), await statusWith(other)]).toEqual([401, 200])
  })

  it("by HTTP Basic, with a hint of another kind", async () => {
    const token = await h.tokenFor("reader")
    expect((await revoke({ token, token_type_hint: "refresh_token" }, basic("reader", H.secret))).status).toBe(200)
    expect(await statusWith(token)).toBe(401)
  })

  it("an unknown token, another client's and one that is revoked already are the same answer", async () => {
    const [own, foreign] = [await h.tokenFor("reader"), await h.tokenFor("stranger")]
    await revoke({ ...reader, token: own })
    for (const token of ["nobody", foreign, own]) {
      expect(await revoke({ ...reader, token })).toMatchObject({ status: 200, text: "" })
    }
    expect(await statusWith(foreign)).toBe(200)
  })

  it.each<[string, { readonly [name: string]: string }, number, string]>([
    ["no token", reader, 400, "invalid_request"],
    ["an empty token", { ...reader, token: "" }, 400, "invalid_request"],
    ["no client", { token: "t" }, 401, "invalid_client"],
    ["a wrong secret", { ...reader, client_secret: "wrong", token: "t" }, 401, "invalid_client"]
  ])("%s is refused", async (_, parameters, status, error) => {
    expect(await revoke(parameters)).toMatchObject({ status, json: { error } })
  })
})
