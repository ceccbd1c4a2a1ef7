/**
 * The API's own description: compressed, kept by clients, switched off. For the author of the server.
 */
import { get } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { Schema } from "effect"
import { Problem, ProblemTypes } from "../src/index.ts"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start()
})
afterAll(() => h.close())

interface Raw {
  readonly status: number | undefined
  readonly headers: { readonly [name: string]: unknown }
  readonly bytes: Buffer
}

/** Without a client that decompresses by itself. */
const ask = (path: string, headers: { readonly [name: string]: string } = {}, method = "GET"): Promise<Raw> =>
  new Promise((resolve, reject) => {
    get(`${h.origin}${path}`, { headers, method }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks) })
      )
    }).on("error", reject)
  })

const identity = (bytes: Buffer) => bytes
const codings = { br: brotliDecompressSync, gzip: gunzipSync }

describe.each(["/docs", "/openapi.json", "/problems"])("%s", (path) => {
  it("comes in the coding that a client prefers, and says the same in each", async () => {
    const plain = await ask(path)
    expect(plain.headers["content-encoding"]).toBeUndefined()
    for (const [accepted, coding] of [
      ["br, gzip", "br"],
      ["gzip, deflate, br;q=0.5", "gzip"],
      ["*", "br"],
      ["br;q=0, *;q=0.1", "gzip"],
      ["identity, gzip;q=0.5", undefined],
      ["gzip;q=0", undefined],
      ["identity;q=0, zstd", undefined],
      ["x;;q=;, ,", undefined]
    ] as const) {
      const { bytes, headers, status } = await ask(path, { "accept-encoding": accepted })
      expect([accepted, status, headers["content-encoding"]]).toEqual([accepted, 200, coding])
      expect(headers["vary"]).toBe("accept-encoding")
      expect(headers["content-length"]).toBe(String(bytes.length))
      expect((coding === undefined ? identity : codings[coding])(bytes).equals(plain.bytes)).toBe(true)
      if (coding !== undefined) expect(bytes.length).toBeLessThan(plain.bytes.length / 2)
    }
  })

  it("is kept for an hour, and not sent again as long as it is the same", async () => {
    const tags = new Set<string>()
    for (const coding of ["identity", "gzip", "br"]) {
      const first = await ask(path, { "accept-encoding": coding })
      expect(first.headers["cache-control"]).toBe("public, max-age=3600")
      const tag = String(first.headers["etag"])
      expect(tag).toMatch(/^"[\w-]+"$/)
      tags.add(tag)
      for (const named of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
        const { bytes, headers, status } = await ask(path, { "accept-encoding": coding, "if-none-match": named })
        expect([named, status, bytes.length, headers["etag"]]).toEqual([named, 304, 0, tag])
        expect(headers["cache-control"]).toBe("public, max-age=3600")
      }
      for (const named of ['"other"', tag.slice(1, -1), ""])
        expect((await ask(path, { "accept-encoding": coding, "if-none-match": named })).status).toBe(200)
    }
    // A strong tag is that of some bytes.
    expect(tags.size).toBe(3)
  })

  it("has a HEAD", async () => {
    const { bytes, headers, status } = await ask(path, { "accept-encoding": "br" }, "HEAD")
    expect([status, bytes.length, headers["content-encoding"]]).toEqual([200, 0, "br"])
  })

  it("is not there where it is switched off, and no answer names it", async () => {
    const without = await H.start({ docs: false })
    const answer = await H.get(`${without.origin}${path}`)
    expect([answer.status, answer.json.code]).toEqual([404, "not_found"])
    expect((await H.send("OPTIONS", `${without.origin}${path}`)).headers["allow"]).toBeUndefined()
    const keyless = await H.post(`${without.url}/v2/redemptions/`, { authorization: `Bearer ${without.token}` })
    expect([keyless.status, keyless.headers["link"]]).toEqual([400, undefined])
    expect((await H.get(`${without.origin}/readyz`)).status).toBe(200)
    const tooLarge = await H.raw(without.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)
    expect(tooLarge).toMatch(/^HTTP\/1.1 431 /)
    expect(tooLarge).not.toMatch(/^link:/im)
    await without.close()
  })
})

describe("the page of a type of problem", () => {
  it.each(Object.entries(ProblemTypes.problemTypes))(
    "%s says what is in the table, and shows one",
    async (code, told) => {
      const { bytes, headers, status } = await ask(ProblemTypes.pageOf(code))
      expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
      expect(bytes.length).toBeLessThan(4096)
      const text = bytes
        .toString()
        .replace(/<\/?code>/g, "`")
        .replace(/&#(\d+);/g, (_, character: string) => String.fromCharCode(Number(character)))
      for (const sentence of [told.title, told.meaning, told.advice, ProblemTypes.repeatOf(told.status)])
        expect(text).toContain(sentence)
      const example: unknown = JSON.parse(/<pre>(.*?)<\/pre>/s.exec(text)![1]!)
      expect(Schema.decodeUnknownSync(Problem)(example)).toMatchObject({ code, status: told.status, title: told.title })
    }
  )

  it("is named by each problem, also by one of a request that could not be read", async () => {
    const answer = await H.get(`${h.url}/v2/redemptions/`)
    expect(answer.headers["link"]).toBe('</problems/unauthorized>; rel="help"')
    const raw = await H.raw(h.port, "no request\r\n\r\n")
    expect(raw).toMatch(/^link: <\/problems\/invalid_request>; rel="help"\r$/im)
  })

  it("is a 404 for a code that no problem has", async () => {
    const answer = await H.get(`${h.origin}/problems/none`)
    expect([answer.status, answer.json.code]).toEqual([404, "not_found"])
    expect((await H.send("OPTIONS", `${h.origin}/problems/unauthorized`)).headers["allow"]).toBe("GET, HEAD, OPTIONS")
  })
})
