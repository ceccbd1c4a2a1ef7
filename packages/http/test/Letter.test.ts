/**
 * HTTP to the letter: one spelling of a path, one host, one answer to one request. On raw sockets, because clients correct what they send.
 */
import { Effect, Random } from "effect"
import { connect } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start({ checkingInterval: "50 millis" })
})
afterAll(() => h.close())

/** The statuses of all answers that a socket heard. */
const statusesIn = (heard: string): ReadonlyArray<number> =>
  Array.from(heard.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))

const problemIn = (heard: string) => JSON.parse(heard.slice(heard.indexOf("\r\n\r\n") + 4))

const ask = (line: string, headers = "Host: x\r\n") => H.raw(h.port, `${line}\r\n${headers}Connection: close\r\n\r\n`)

describe("E5 a path has one spelling", () => {
  const investors = "/api/external/v2/investors/"
  const spellings = [
    ["a parameter", ";x"],
    ["an escaped slash", "%2Fx"],
    ["an escaped slash in lower case", "%2fx"],
    ["an escaped backslash", "%5Cx"],
    ["a backslash", "\\x"],
    ["an escaped dot", "%2e%2e/x"],
    ["a dot", "./x"],
    ["two dots", "../x"],
    ["a last dot", "."],
    ["two last dots", ".."],
    ["an empty segment", "/x"],
    ["an escaped letter", "%78"],
    ["an escaped percent sign", "%252Fx"],
    ["a zero byte", "%00"],
    ["half an escape", "%"],
    ["half an escape at the end", "x%2"],
    ["no hexadecimal digits", "%zz"],
    ["letters beyond ASCII, escaped", "%C3%A4"],
    ["letters beyond ASCII", "\u00e4"],
    ["overlong UTF-8", "%c0%af"],
    ["a fragment", "#x"],
    ["a brace", "{id}"],
    ["a quote", '"x'],
    ["a caret", "^x"],
    ["a bar", "|x"],
    ["half an escape in the query", "?limit=%"],
    ["no hexadecimal digits in the query", "?limit=%zz"],
    ["a fragment in the query", "?limit=1#x"]
  ] as const

  it.each(spellings)("%s is refused", async (_, spelled) => {
    const answer = await ask(`GET ${investors}${spelled} HTTP/1.1`)
    expect(statusesIn(answer)).toEqual([400])
    expect(problemIn(answer)).toMatchObject({ code: "invalid_request" })
  })

  it("whatever is put where into a path, it is one that is served as it stands, or refused", async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const path = `${investors}01a20498-e104-7063-9ae9-4e903587f58b/wallets/`
    const choices = Effect.gen(function* () {
      const at = yield* Random.nextIntBetween(1, path.length - 1)
      const [, spelled] = spellings[yield* Random.nextIntBetween(0, spellings.length - 1)]!
      return `${path.slice(0, at)}${spelled}${path.slice(at)}`
    })
    const targets = Effect.runSync(Effect.replicateEffect(choices, 200).pipe(Random.withSeed(seed)))
    for (const target of targets) {
      const [before = "", ...query] = target.split("?")
      const isPath =
        encodeURI(before) === before && new URL(before, "http://x").pathname === before && !/[;#]|\/\//.test(before)
      const isQuery = /^[!-~]*$/.test(query.join("?")) && !/#|%(?![0-9a-f]{2})/i.test(query.join("?"))
      const isOne = isPath && isQuery
      const [status] = statusesIn(await ask(`GET ${target} HTTP/1.1`))
      expect([seed, target, status === 400]).toEqual([seed, target, !isOne])
    }
  })

  it("a target with a host is taken by its own host; one with a user is not", async () => {
    expect(statusesIn(await ask(`GET http://other:80/livez HTTP/1.1`))).toEqual([200])
    expect(statusesIn(await ask(`GET http://x@y/livez HTTP/1.1`))).toEqual([400])
    expect(statusesIn(await ask(`GET http://x/../livez HTTP/1.1`))).toEqual([400])
    expect(statusesIn(await ask(`GET livez HTTP/1.1`))).toEqual([400])
  })
})

describe("E9 hosts and versions", () => {
  it.each([
    ["two hosts", "Host: x\r\nHost: y\r\n"],
    ["one host twice", "Host: x\r\nHost: x\r\n"],
    ["two tokens", "Host: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n"],
    ["no host", ""],
    ["an empty host", "Host:\r\n"],
    ["a host with a path", "Host: x/y\r\n"]
  ])("%s: 400", async (_, headers) => {
    expect(statusesIn(await ask("GET /livez HTTP/1.1", headers))).toEqual([400])
  })

  it("O8 a balancer's plain check needs no host, and nothing else goes without", async () => {
    for (const path of ["/livez", "/readyz"]) {
      expect(statusesIn(await ask(`GET ${path} HTTP/1.0`, ""))).toEqual([200])
      expect(statusesIn(await ask(`HEAD ${path} HTTP/1.0`, ""))).toEqual([200])
    }
    expect(statusesIn(await ask("GET /openapi.json HTTP/1.0", ""))).toEqual([400])
    expect(statusesIn(await ask("GET /openapi.json HTTP/1.0"))).toEqual([200])
  })

  it.each(["HTTP/2.0", "HTTP/0.9"])("%s in the first line: 505", async (version) => {
    expect(statusesIn(await ask(`GET /livez ${version}`))).toEqual([505])
  })
})

describe("E9 what frames a body", () => {
  const post = (headers: string, body = "") =>
    H.raw(h.port, `POST /api/external/v2/redemptions/ HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`, { keepOpen: true })

  it.each([
    ["length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400],
    ["chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n", 400],
    ["two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n", "a", 400],
    ["one length twice", "Content-Length: 1\r\nContent-Length: 1\r\n", "a", 400],
    ["a list of lengths", "Content-Length: 1, 1\r\n", "a", 400],
    ["a sign before the length", "Content-Length: +1\r\n", "a", 400],
    ["chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400],
    ["chunks first", "Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n", 400],
    ["another coding", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", 501],
    ["a coding that looks like chunked", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", 400],
    ["a folded header", "X-A: b\r\n c\r\nContent-Length: 0\r\n", "", 400],
    ["a blank before the colon", "Content-Length : 5\r\n", "hello", 400]
  ])("%s: one answer, and the connection is closed", async (_, headers, body, status) => {
    const hidden = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    const answer = await post(headers, `${body}${hidden}`)
    expect(statusesIn(answer)).toEqual([status])
    expect(answer.toLowerCase()).toContain("connection: close")
  })

  it("chunks in HTTP/1.0: 400", async () => {
    const answer = await H.raw(h.port, "POST /livez HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    expect(statusesIn(answer)).toEqual([400])
  })

  it.each(["application/merge-patch+json", "Application/Merge-Patch+JSON; charset=UTF-8"])(
    "Content-Type %s: a PATCH is read, and nothing else",
    async (type) => {
      const ask = (method: string, path: string, body: unknown) =>
        H.send(method, `${h.url}${path}`, {
          authorization: `Bearer ${h.token}`,
          "x-idempotency-key": `patched-${type}`.replaceAll(/[^\w-]/g, "-"),
          "content-type": type,
          body: JSON.stringify(body)
        })
      const { id } = (await H.post(`${h.url}/v2/investments/`, {
        authorization: `Bearer ${h.token}`,
        "x-idempotency-key": `made-${type}`.replaceAll(/[^\w-]/g, "-"),
        "content-type": "application/json",
        body: JSON.stringify(H.investment)
      }).then(({ json }) => json)) as { readonly id: string }
      expect(id).toEqual(expect.any(String))
      expect((await ask("PATCH", `/v2/investments/${id}/`, { wallet: "another" })).json).toMatchObject({
        id,
        wallet: "another"
      })
      const made = await ask("POST", "/v2/redemptions/", H.redemption)
      expect([made.status, made.json.code]).toEqual([415, "unsupported_media_type"])
    }
  )

  it.each(["gzip", "br", "gzip, identity", "x"])("Content-Encoding %s: 415 with what is accepted", async (coding) => {
    const answer = await H.post(`${h.url}/v2/redemptions/`, {
      authorization: `Bearer ${h.token}`,
      "x-idempotency-key": "coded",
      "content-type": "application/json",
      "content-encoding": coding,
      body: JSON.stringify(H.redemption)
    })
    expect([answer.status, answer.json.code]).toEqual([415, "unsupported_media_type"])
    expect(answer.headers["accept-encoding"]).toBe("identity")
  })

  it("an upgrade that nobody offers is no upgrade: the request is answered", async () => {
    for (const protocol of ["h2c", "websocket"])
      expect(
        statusesIn(
          await H.raw(h.port, `GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
        )
      ).toEqual([200])
  })
})

describe("E9 one answer to one request", () => {
  /** Sends a head, and once it is answered a byte of the body now and then, until the server has closed. */
  const drip = (head: string, bytes: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(h.port, "127.0.0.1", () => socket.write(head))
      let heard = ""
      let next = 0
      const timer = setInterval(() => heard !== "" && socket.write(bytes[next++ % bytes.length]!), 20)
      socket.on("data", (chunk) => {
        heard += chunk.toString("latin1")
      })
      socket.on("error", () => {})
      socket.on("close", () => {
        clearInterval(timer)
        resolve(heard)
      })
    })

  const redemptions = "POST /api/external/v2/redemptions/ HTTP/1.1\r\nHost: x\r\n"
  const authorized = () => `Authorization: Bearer ${h.token}\r\nX-Idempotency-Key: dripping\r\n`
  it.each([
    ["401", () => `${redemptions}Content-Length: 5000\r\n\r\n`, 401],
    ["401 with chunks", () => `${redemptions}Transfer-Encoding: chunked\r\n\r\n`, 401],
    ["404", () => `POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n`, 404],
    ["405", () => `DELETE /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n`, 405],
    ["413", () => `${redemptions}${authorized()}Content-Length: 500000000\r\n\r\n`, 413],
    ["415", () => `${redemptions}Content-Encoding: gzip\r\nContent-Length: 5000\r\n\r\n`, 415],
    ["a GET with a body", () => `GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n`, 200]
  ])("%s while the body drips in", async (_, head, status) => {
    // What drips would be a request of its own, or a chunk that is none.
    const heard = await drip(head(), "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    expect(statusesIn(heard)).toEqual([status])
    expect(heard.toLowerCase()).toContain("connection: close")
  })

  it("a refused body that came with its head costs no connection", async () => {
    const request = (token: string) =>
      `${redemptions}Authorization: Bearer ${token}\r\nX-Idempotency-Key: kept\r\nContent-Length: 2\r\n\r\n{}`
    const last = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    expect(statusesIn(await H.raw(h.port, request("none") + last))).toEqual([401, 200])
  })

  it("what is no HTTP behind a request that is under way is answered after it", async () => {
    const goOn = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    h.memory.before = () =>
      Effect.promise(() => {
        begun.resolve()
        return goOn.promise
      })
    const body = JSON.stringify(H.redemption)
    const heard = H.raw(
      h.port,
      `${redemptions}${authorized()}Content-Length: ${body.length}\r\n\r\n${body}GARBAGE\r\n\r\n`,
      { keepOpen: true }
    )
    await begun.promise
    goOn.resolve()
    h.memory.before = () => Effect.void
    expect(statusesIn(await heard)).toEqual([201, 400])
  })
})

describe("Allow", () => {
  const allowed = async (path: string, method = "OPTIONS") => {
    const answer = await H.send(method, `${h.origin}${path}`)
    return [answer.status, answer.headers["allow"]]
  }

  it("names the methods of a path, under each prefix, and OPTIONS asks for them", async () => {
    for (const prefix of ["/api/external", "/api/external/distributor"]) {
      expect(await allowed(`${prefix}/v2/investors/`)).toEqual([204, "GET, HEAD, OPTIONS, POST"])
      expect(await allowed(`${prefix}/v2/investors`, "PUT")).toEqual([405, "GET, HEAD, OPTIONS, POST"])
      expect(await allowed(`${prefix}/v2/investments/abc/`, "DELETE")).toEqual([405, "GET, HEAD, OPTIONS, PATCH"])
      expect(await allowed(`${prefix}/oauth/token`, "GET")).toEqual([405, "OPTIONS, POST"])
      // A wallet of that name there is not.
      expect(await allowed(`${prefix}/v2/investors/abc/wallets/eth-managed/`)).toEqual([204, "OPTIONS, POST"])
    }
    expect(await allowed("/readyz", "POST")).toEqual([405, "GET, HEAD, OPTIONS"])
  })

  it("is said of no path that a GET could not have", async () => {
    for (const path of ["no.id", "a".repeat(65), "a".repeat(101)])
      for (const method of ["PUT", "DELETE", "OPTIONS", "GET"])
        expect((await allowed(`/api/external/v2/documents/${path}/`, method))[1]).toBeUndefined()
  })

  it("OPTIONS of the server itself", async () => {
    const answer = await ask("OPTIONS * HTTP/1.1")
    expect(statusesIn(answer)).toEqual([204])
    expect(answer.toLowerCase()).toContain("allow: get, head, options, patch, post")
  })

  it("HEAD is GET without its body", async () => {
    const headersOf = async (method: string) => {
      const response = await fetch(`${h.origin}/livez`, { method })
      // The client of these tests closes its connection after a HEAD.
      const {
        connection: _,
        date: __,
        "keep-alive": ___,
        "x-request-id": ____,
        ...headers
      } = Object.fromEntries(response.headers)
      return [headers, (await response.text()).length] as const
    }
    const [got, length] = await headersOf("GET")
    expect(await headersOf("HEAD")).toEqual([got, 0])
    expect(got["content-length"]).toBe(String(length))
  })
})

describe("E2 links", () => {
  const list = (headers: { readonly [name: string]: string } = {}, at = h) =>
    H.get(`${at.url}/v2/investors/?limit=1`, { authorization: `Bearer ${at.token}`, ...headers })
  let made = 0
  const create = (path: string, body: unknown, headers: { readonly [name: string]: string } = {}, at = h) =>
    H.post(`${at.url}${path}`, {
      authorization: `Bearer ${at.token}`,
      "x-idempotency-key": `link-${++made}`,
      "content-type": "application/json",
      body: JSON.stringify(body),
      ...headers
    })

  it("begin with the public origin, whatever a request says", async () => {
    const behind = await H.start({ publicOrigin: "https://register.example.org" })
    for (const headers of [{}, { "x-forwarded-proto": "http", "x-forwarded-host": "elsewhere.example" }]) {
      const first = await create("/v2/investors/", H.investor, headers, behind)
      expect(first.headers["location"]).toBe(`https://register.example.org/api/external/v2/investors/${first.json.id}/`)
    }
    expect((await list({}, behind)).json.next).toMatch(
      /^https:\/\/register\.example\.org\/api\/external\/v2\/investors\/\?limit=1&cursor=/
    )
    await behind.close()
  })

  it("without one begin with the host of the request, and https where a proxy says so; no header names another host", async () => {
    await create("/v2/investors/", H.investor)
    await create("/v2/investors/", H.investor)
    const port = new URL(h.origin).host
    expect((await list()).json.next).toMatch(new RegExp(`^http://${port}/`))
    for (const headers of [
      { "x-forwarded-proto": "https", "x-forwarded-host": "elsewhere.example" },
      { forwarded: "for=192.0.2.1;proto=https;host=elsewhere.example, for=192.0.2.2" }
    ])
      expect((await list(headers)).json.next).toMatch(new RegExp(`^https://${port}/`))
    for (const said of ["javascript", "ftp", "https.example", ""])
      expect((await list({ "x-forwarded-proto": said })).json.next).toMatch(/^https?:\/\/127/)
  })

  it.each([
    "register.example.org",
    "https://a.example/path",
    "https://a.example/",
    "ftp://a.example",
    "https://u@a.example"
  ])("%s is no origin", async (publicOrigin) => {
    await expect(H.start({ publicOrigin })).rejects.toThrow(/no origin/)
  })

  it("Location of what was created is where it is read, under the prefix that was used, on a repeat too", async () => {
    const authorized = { authorization: `Bearer ${h.token}` }
    const expectRead = async (answer: H.Answer) => {
      expect(answer.status).toBe(201)
      const read = await H.get(answer.headers["location"]!, authorized)
      expect([read.status, read.json.id]).toEqual([200, answer.json.id])
    }
    const investor = await create("/v2/investors/", H.investor)
    const id: string = investor.json.id
    const investment = await create("/v2/investments/", H.investment)
    for (const [path, body] of [
      ["/v2/investors/", H.investor],
      [`/v2/investors/${id}/identifications/`, H.identification],
      [`/v2/investors/${id}/wallets/eth-managed/`, {}],
      [`/v2/investors/${id}/wallets/eth-generic/`, { address: "0x52908400098527886E0F7030069857D2E4169EE7" }],
      ["/v2/investments/", H.investment],
      [`/v2/investments/${investment.json.id}/credits/`, {}],
      ["/v2/redemptions/", H.redemption]
    ] as const) {
      await expectRead(await create(path, body))
      const alias = await create(`/distributor${path}`, body)
      expect(alias.headers["location"]).toContain("/api/external/distributor/v2/")
      await expectRead(alias)
    }
    const keyed = { "x-idempotency-key": "link-again" }
    const first = await create("/v2/investors/", H.investor, keyed)
    const again = await create("/v2/investors/", H.investor, keyed)
    expect(again.headers["idempotent-replayed"]).toBe("true")
    expect(again.headers["location"]).toBe(first.headers["location"])
  })
})
