/**
 * Requests of an attacker, and requests that a client never finishes. On real sockets. For the author of the server.
 */
import { Duration, Effect } from "effect"
import { connect, type Socket } from "node:net"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start({ limits: { headers: 20 } })
})
afterAll(() => h.close())
beforeEach(() => {
  h.memory.before = () => Effect.void
  h.memory.seen.length = 0
})

let count = 0
const authorized = () => ({
  authorization: `Bearer ${h.token}`,
  "x-idempotency-key": `key-${++count}`,
  "content-type": "application/json"
})
const create = (body: string, headers: { readonly [name: string]: string } = {}) =>
  H.post(`${h.url}/v2/redemptions/`, { ...authorized(), ...headers, body })
const redemption = JSON.stringify(H.redemption)
const withMember = (member: string) => `${redemption.slice(0, -1)},${member}}`

describe("H-06 JSON", () => {
  it.each([
    ["nothing but blanks", "   ", "malformed_json"],
    ["a trailing comma", `${redemption.slice(0, -1)},}`, "malformed_json"],
    ["NaN", withMember('"a":NaN'), "malformed_json"],
    ["two values", `${redemption}{}`, "malformed_json"],
    ["__proto__", withMember('"__proto__":{"units":1}'), "member_forbidden"],
    ["__proto__, escaped and deep", withMember('"a":[{"\\u005f_proto__":1}]'), "member_forbidden"],
    ["a member twice", withMember('"units":1'), "member_repeated"],
    ["a member twice, once escaped", withMember('"\\u0075nits":1'), "member_repeated"],
    ["a lone surrogate", withMember('"a":["\\ud800"]'), "invalid_text"],
    ["a lone surrogate in a name", withMember('"\\udc00":1'), "invalid_text"],
    ["33 levels", withMember(`"a":${"[".repeat(32)}${"]".repeat(32)}`), "too_deep"],
    ["100,000 levels", "[".repeat(100_000) + "]".repeat(100_000), "too_deep"],
    ["an integer beyond 2^53", withMember('"a":{"b":9007199254740993}'), "number_out_of_range"],
    ["a number beyond all", withMember('"a":1e999'), "number_out_of_range"]
  ])("%s is refused", async (_, body, code) => {
    const answer = await create(body)
    expect(answer.status).toBe(400)
    expect(answer.json.errors?.[0].code ?? answer.json.code).toBe(code)
    expect(h.memory.seen).toEqual([])
  })

  it.each([
    ["32 levels", withMember(`"a":${"[".repeat(31)}${"]".repeat(31)}`)],
    ["quotes, brackets and commas in text", withMember('"a":"\\"}],{[:\\\\","b":"\\\\"')],
    ["the same name in two objects", withMember('"a":{"units":1},"b":[{"units":1},{"units":1}]')],
    ["a pair of surrogates", withMember('"a":"\\ud83d\\ude00"')],
    ["constructor as a name", withMember('"constructor":{"prototype":1}')],
    ["1.0 and 3e2 as whole numbers", redemption.replace("300", "3e2")],
    ["a byte order mark", `\ufeff${redemption}`]
  ])("%s is taken", async (_, body) => {
    expect((await create(body)).status).toBe(201)
  })

  it.each(["0", "-1", "1.5", "9007199254740992", '"300"', "null", "true", "[]"])("units: %s", async (units) => {
    const answer = await create(redemption.replace("300", units))
    expect(answer.status).toBe(400)
    expect(answer.json.errors[0].pointer).toBe("/units")
  })

  it("invalid UTF-8 is refused", async () => {
    const response = await fetch(`${h.url}/v2/redemptions/`, {
      method: "POST",
      headers: authorized(),
      body: new Uint8Array([0x22, 0xff, 0x22])
    })
    expect(await response.json()).toMatchObject({ status: 400, code: "malformed_json" })
  })

  it("API3 members nobody asked for are ignored, and named in a header", async () => {
    const answer = await H.post(`${h.url}/v2/investors/`, {
      ...authorized(),
      body: JSON.stringify({
        ...H.investor,
        id: "mine",
        kyc_status: "SUCCESS",
        natural_person: { ...H.investor.natural_person, verified: true, "not harmless\n": 1 }
      })
    })
    expect(answer.status).toBe(201)
    expect(answer.json.kyc_status).toBe("PENDING")
    expect(answer.headers["x-ignored-members"]).toBe("/natural_person/verified, /id, /kyc_status")
  })

  it("all errors at once, in the wire's names, without a word of what was sent", async () => {
    const canary = "canary-value"
    const answer = await H.post(`${h.url}/v2/investors/`, {
      ...authorized(),
      body: JSON.stringify({
        ...H.investor,
        natural_person: { ...H.investor.natural_person, birth_date: canary, is_pep: canary, surname: undefined },
        bank_account: { ...H.investor.bank_account, iban: canary },
        is_beneficiary: canary
      })
    })
    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain(canary)
    expect(answer.json.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: "/natural_person/birth_date", code: "invalid_value" }),
        expect.objectContaining({ pointer: "/natural_person/is_pep", code: "invalid_type" }),
        expect.objectContaining({ pointer: "/natural_person/surname", code: "required" }),
        expect.objectContaining({ pointer: "/bank_account/iban", code: "invalid_value" }),
        expect.objectContaining({ pointer: "/is_beneficiary", code: "invalid_type" })
      ])
    )
    expect(answer.json.errors).toHaveLength(5)
  })
})

describe("uploads", () => {
  const part = (head: string, content: string) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`
  const upload = (body: string, contentType = "multipart/form-data; boundary=b") =>
    H.post(`${h.url}/v2/documents/`, { ...authorized(), "content-type": contentType, body })

  it.each([
    ["no file", `${part('name="other"', "x")}--b--\r\n`, "invalid_request"],
    ["file is no file", `${part('name="file"', "x")}--b--\r\n`, "invalid_request"],
    ["two files", `${part('name="file"; filename="a"', "x").repeat(2)}--b--\r\n`, "malformed_upload"],
    ["a file elsewhere", `${part('name="other"; filename="a"', "x")}--b--\r\n`, "malformed_upload"],
    ["cut off", part('name="file"; filename="a"', "x"), "malformed_upload"],
    ["no multipart at all", "hello", "malformed_upload"],
    ["nothing", "", "malformed_upload"]
  ])("%s: 400", async (_, body, code) => {
    const answer = await upload(body)
    expect([answer.status, answer.json.code]).toEqual([400, code])
    expect(h.memory.seen).toEqual([])
  })

  it("API4 as large as allowed, and one byte more", async () => {
    const bounded = await H.start({ limits: { uploadBytes: 1000, jsonBytes: 1000 } })
    const headers = () => ({ authorization: `Bearer ${bounded.token}`, "x-idempotency-key": `key-${++count}` })
    for (const [size, status] of [
      [1000, 201],
      [1001, 413]
    ] as const) {
      const document = await H.post(`${bounded.url}/v2/documents/`, {
        ...headers(),
        "content-type": "multipart/form-data; boundary=b",
        body: `${part('name="file"; filename="a"', "x".repeat(size))}--b--\r\n`
      })
      expect(document.status).toBe(status)
      const json = await H.post(`${bounded.url}/v2/redemptions/`, {
        ...headers(),
        "content-type": "application/json",
        body: redemption + " ".repeat(size - redemption.length)
      })
      expect(json.status).toBe(status)
    }
    await bounded.close()
  })

  it("a missing boundary: 400", async () => {
    const answer = await upload(`${part('name="file"; filename="a"', "x")}--b--\r\n`, "multipart/form-data")
    expect([answer.status, answer.json.code]).toEqual([400, "malformed_upload"])
  })

  it("text fields beside the file are ignored; the media type may be missing; a name may be any text", async () => {
    const answer = await upload(
      `${part('name="note"', "x")}${part('name="file"; filename="prüf 1.pdf"', "x")}--b--\r\n`
    )
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({ file_name: "prüf 1.pdf", size: 1 })
  })
})

describe("H-01 what Node itself refuses is a problem too", () => {
  const problemIn = (answer: string) => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4))
  const head = `POST /api/external/v2/redemptions/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`
  it.each([
    ["no HTTP", "GARBAGE\r\n\r\n", 400, "invalid_request"],
    ["an unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_request"],
    [
      "length and chunks at once",
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      "invalid_request"
    ],
    ["headers too large", `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`, 431, "headers_too_large"],
    [
      "too many headers",
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${Array.from({ length: 30 }, (_, i) => `X-${i}: 1\r\n`).join("")}\r\n`,
      431,
      "headers_too_large"
    ],
    ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "invalid_request"],
    ["a host that is none", "GET / HTTP/1.1\r\nHost: a b<c>\r\nConnection: close\r\n\r\n", 400, "invalid_request"],
    [
      "an expectation",
      "GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n",
      417,
      "expectation_failed"
    ]
  ])("%s", async (_, request, status, code) => {
    const answer = await H.raw(h.port, request)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer.toLowerCase()).toContain("content-type: application/problem+json")
    expect(answer.toLowerCase()).toContain("cache-control: no-store")
    expect(problemIn(answer)).toMatchObject({ status, code })
  })

  it("a socket that sends its headers slowly is closed with 408", async () => {
    const slow = await H.start({ headersTimeout: "1 second", checkingInterval: "50 millis" })
    const answer = await H.raw(slow.port, "GET / HTTP/1.1\r\nHost: x\r\n", { keepOpen: true })
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(problemIn(answer)).toMatchObject({ code: "request_timeout", retryable: true })
    await slow.close()
  })

  it("413 comes before the body is read", async () => {
    const answer = await H.raw(
      h.port,
      `${head}Authorization: Bearer ${h.token}\r\nX-Idempotency-Key: large\r\nContent-Length: 999999999\r\n\r\nsome`,
      { keepOpen: true }
    )
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer.toLowerCase()).toContain("connection: close")
  })

  it("413 for a body in chunks that grows too large", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`
    const answer = await H.raw(
      h.port,
      `${head}Authorization: Bearer ${h.token}\r\nX-Idempotency-Key: chunks\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
      { keepOpen: true }
    )
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
  })
})

describe("time", () => {
  it("a body that comes slowly is given up with 408, and its socket is closed", async () => {
    const slow = await H.start({ limits: { bodyTimeout: Duration.seconds(1) } })
    const answer = await H.raw(
      slow.port,
      `POST /api/external/v2/redemptions/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${slow.token}\r\nX-Idempotency-Key: slow\r\nContent-Length: 10\r\n\r\n{`,
      { keepOpen: true }
    )
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(answer.toLowerCase()).toContain("connection: close")
    expect(slow.memory.seen).toEqual([])
    await slow.close()
  })

  it("connections are bounded: one too many is closed as it comes", async () => {
    const full = await H.start({ maxConnections: 2 })
    // The harness keeps one connection from fetching its token.
    const second = connect(full.port, "127.0.0.1")
    await new Promise((resolve) => second.once("connect", resolve))
    const request = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    expect(await H.raw(full.port, request).catch(() => "")).toBe("")
    second.destroy()
    await expect.poll(() => H.raw(full.port, request).catch(() => "")).toMatch(/^HTTP\/1.1 200 /)
    await full.close()
  })

  it("I-19 a client that goes away does not interrupt a command", async () => {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    let done = false
    h.memory.before = () =>
      Effect.promise(() => {
        begun.resolve()
        return goOn.promise
      }).pipe(Effect.andThen(Effect.sync(() => void (done = true))))
    const socket: Socket = connect(h.port, "127.0.0.1")
    socket.write(
      `POST /api/external/v2/redemptions/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${h.token}\r\nX-Idempotency-Key: gone\r\nContent-Length: ${redemption.length}\r\n\r\n${redemption}`
    )
    await begun.promise
    socket.destroy()
    await new Promise((resolve) => socket.once("close", resolve))
    await H.get(`${h.origin}/livez`)
    goOn.resolve()
    h.memory.before = () => Effect.void
    await expect.poll(() => done).toBe(true)
    const repeated = await create(redemption, { "x-idempotency-key": "gone" })
    expect(repeated.status).toBe(201)
    expect(repeated.headers["idempotent-replayed"]).toBe("true")
  })

  it("going away: not ready first, requests in flight are finished, idle connections closed", async () => {
    const going = await H.start({ drainDelay: "2 seconds" })
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    going.memory.before = () =>
      Effect.promise(() => {
        begun.resolve()
        return goOn.promise
      })
    const inFlight = H.post(`${going.url}/v2/redemptions/`, {
      ...authorized(),
      authorization: `Bearer ${going.token}`,
      body: redemption
    })
    await begun.promise
    const closed = going.close()
    await expect.poll(async () => (await H.get(`${going.origin}/readyz`)).status).toBe(503)
    expect((await H.get(`${going.origin}/livez`)).status).toBe(200)
    await expect
      .poll(() =>
        H.get(`${going.origin}/livez`).then(
          () => "open",
          () => "closed"
        )
      )
      .toBe("closed")
    goOn.resolve()
    const answer = await inFlight
    expect(answer.status).toBe(201)
    expect(answer.headers["connection"]).toBe("close")
    await closed
  })

  it("/readyz follows Readiness; health needs no token", async () => {
    let ready = false
    const server = await H.start({ ready: () => ready })
    const answer = await H.get(`${server.origin}/readyz`)
    expect([answer.status, answer.json.code, answer.headers["retry-after"]]).toEqual([503, "unavailable", "1"])
    ready = true
    expect((await H.get(`${server.origin}/readyz`)).json).toEqual({ status: "ready" })
    await server.close()
  })

  it("O6 /readyz does not wait for a look that hangs, and looks once however many ask; one line says that it changed", async () => {
    const hanging = Promise.withResolvers<boolean>()
    let looks = 0
    const server = await H.start({
      readiness: Effect.uninterruptible(
        Effect.promise(() => {
          looks++
          return looks === 1 ? Promise.resolve(true) : hanging.promise
        })
      )
    })
    const statusOf = async (path: string) => (await H.get(`${server.origin}${path}`)).status
    expect(await statusOf("/readyz")).toBe(200)
    const begun = performance.now()
    const asked = Array.from({ length: 20 }, () => statusOf("/readyz"))
    expect(await statusOf("/livez")).toBe(200)
    expect(new Set(await Promise.all(asked))).toEqual(new Set([503]))
    expect(await statusOf("/readyz")).toBe(503)
    // Two waits of two seconds, on a machine that may be busy; what hangs here would hang forever.
    expect(performance.now() - begun).toBeGreaterThan(3_500)
    expect(looks).toBe(2)
    hanging.resolve(true)
    await expect.poll(() => statusOf("/readyz")).toBe(200)
    expect(server.log.map(({ message }) => String(message)).filter((line) => /ready/.test(line))).toEqual([
      "not ready: no answer after 2 seconds",
      "ready again"
    ])
    await server.close()
  })

  it("/readyz says in its detail what is not right while requests are served all the same", async () => {
    const server = await H.start({ detail: ["the list of wallets (version 1) stopped before position 17"] })
    const { json, status } = await H.get(`${server.origin}/readyz`)
    expect([status, json]).toEqual([
      200,
      { status: "ready", detail: ["the list of wallets (version 1) stopped before position 17"] }
    ])
    await server.close()
  })
})

it("API8 the headers of an answer", async () => {
  const {
    date: _,
    "x-request-id": id,
    location,
    "content-length": _length,
    ...headers
  } = (await create(redemption)).headers
  expect(location).toMatch(/\/v2\/redemptions\/redemption_\d+\/$/)
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(headers).toMatchInlineSnapshot(`
    {
      "cache-control": "no-store",
      "connection": "keep-alive",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "content-type": "application/json",
      "cross-origin-resource-policy": "same-origin",
      "keep-alive": "timeout=65, max=10000",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    }
  `)
})

describe("API9 the contract, served", () => {
  it("as OpenAPI 3.1 with the client credentials flow", async () => {
    const { json } = await H.get(`${h.origin}/openapi.json`)
    expect(json.openapi).toBe("3.1.0")
    expect(json.servers).toEqual([{ url: "/api/external" }, { url: "/api/external/distributor" }])
    expect(json.components.securitySchemes.oauth2.flows.clientCredentials.tokenUrl).toBe("/api/external/oauth/token")
    expect(Object.keys(json.components.schemas)).toEqual(
      expect.arrayContaining(["Problem", "Investor", "CreateInvestor", "Token"])
    )
    expect(Object.keys(json.components.schemas).filter((name) => /Encoded|_\d/.test(name))).toEqual([])
    const named = [...JSON.stringify(json).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1])
    expect(named.filter((name) => name === undefined || json.components.schemas[name] === undefined)).toEqual([])
    const create = json.paths["/v2/redemptions/"].post
    expect(create.security).toEqual([{ oauth2: ["investments:write"] }])
    expect(create.responses["409"].content["application/problem+json"].schema).toEqual({
      $ref: "#/components/schemas/Problem"
    })
    expect(json.paths["/oauth/token"].post.security).toEqual([])
  })

  it("as a page that needs no other host", async () => {
    const { headers, status, text } = await H.get(`${h.origin}/docs`)
    expect(status).toBe(200)
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'")
    expect(text).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)="https?:/)
  })
})
