/**
 * The idempotency key as the server reads it, and how it sends an answer again. For the author of the server.
 */
import { NotFound, Rejection, Unavailable } from "@effekten/services"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { IdempotencyKey } from "../src/index.ts"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start()
})
afterAll(() => h.close())
beforeEach(() => {
  h.memory.before = () => Effect.void
  h.memory.seen.length = 0
})

const redeem = (headers: { readonly [name: string]: string }, body: unknown = H.redemption) =>
  H.post(`${h.url}/v2/redemptions/`, {
    authorization: `Bearer ${h.token}`,
    "content-type": "application/json",
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...headers
  })

const own = "x-idempotency-key"
const draft = "idempotency-key"

describe("I-01 both headers", () => {
  it.each([
    ["the API's own", { [own]: "k1" }, "k1"],
    ["the draft's, raw", { [draft]: "k2" }, "k2"],
    ["the draft's, quoted", { [draft]: '"k3"' }, "k3"],
    ["both, equal", { [own]: "k4", [draft]: '"k4"' }, "k4"],
    ["quotes are part of a raw key", { [own]: '"k5"' }, '"k5"'],
    ["I-03 nothing is trimmed or folded inside quotes", { [draft]: '"A\\"b\\\\c,d"' }, 'A"b\\c,d'],
    ["255 characters", { [own]: "k".repeat(255) }, "k".repeat(255)]
  ])("%s", async (_, headers, key) => {
    expect((await redeem(headers)).status).toBe(201)
    expect(h.memory.seen.map((seen) => seen.key)).toEqual([key])
  })

  it.each([
    ["both, unequal", { [own]: "k1", [draft]: "k2" }],
    ["both, one of them invalid", { [own]: "k1", [draft]: '"k1' }],
    ["I-02 empty", { [own]: "" }],
    ["I-02 too long", { [own]: "k".repeat(256) }],
    ["I-02 a blank", { [own]: "k 1" }],
    ["I-02 not ASCII", { [own]: "k\u00e4" }],
    ["I-02 joined by a comma", { [own]: "k1,k2" }],
    ["I-02 quoted, empty", { [draft]: '""' }],
    ["I-02 quoted, with a blank", { [draft]: '"k 1"' }],
    ["I-02 quoted, not closed", { [draft]: '"k1' }],
    ["I-02 quoted, twice", { [draft]: '"k1", "k1"' }],
    ["I-02 quoted, a lone backslash", { [draft]: '"k\\1"' }]
  ])("%s is refused before anything is looked up", async (_, headers) => {
    const answer = await redeem(headers)
    expect(answer.status).toBe(400)
    expect(answer.json).toMatchObject({ code: "idempotency_key_invalid", retryable: false })
    expect(h.memory.seen).toEqual([])
  })

  it("I-02 a repeated header line is refused, even with the same key", async () => {
    const body = JSON.stringify(H.redemption)
    const answer = await H.raw(
      h.port,
      [
        "POST /api/external/v2/redemptions/ HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        `Authorization: Bearer ${h.token}`,
        "X-Idempotency-Key: k1",
        "X-Idempotency-Key: k1",
        `Content-Length: ${body.length}`,
        "",
        body
      ].join("\r\n")
    )
    expect(answer).toContain("HTTP/1.1 400")
    expect(answer).toContain("idempotency_key_invalid")
    expect(h.memory.seen).toEqual([])
  })
})

it("I-02 a header is a key exactly if it has 1 to 255 visible ASCII characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const read = IdempotencyKey.fromHeaders({ [own]: text })
      const valid = /^[!-~]{1,255}$/.test(text) && !text.includes(",")
      expect(Result.isSuccess(read)).toBe(valid)
      if (Result.isSuccess(read)) expect(read.success).toBe(text)
    })
  )
})

it("I-03 what the client writes, the server reads: every key, byte for byte", () => {
  const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
  fc.assert(
    fc.property(fc.string({ unit: visible, minLength: 1, maxLength: 255 }), (key) => {
      const [name, value] = IdempotencyKey.toHeader(key)
      expect(IdempotencyKey.fromHeaders({ [name]: value })).toEqual(Result.succeed(key))
    })
  )
})

it("I-03 keys that differ in case are two keys", async () => {
  const [lower, upper] = [await redeem({ [own]: "case" }), await redeem({ [own]: "CASE" })]
  expect(lower.json.id).not.toBe(upper.json.id)
})

it("I-31 a replay has the same status and bytes, and says that it is one", async () => {
  const first = await redeem({ [own]: "replayed" })
  const second = await redeem({ [own]: "replayed", "x-request-id": "another" })
  expect(second.status).toBe(201)
  expect(second.text).toBe(first.text)
  expect(first.headers["idempotent-replayed"]).toBeUndefined()
  expect(second.headers["idempotent-replayed"]).toBe("true")
})

it("I-31 a recorded refusal is the same bytes again: no request id, no host, no path, no clock", async () => {
  h.memory.before = () =>
    Effect.fail(
      new Rejection({
        code: "insufficient_units",
        status: 409,
        message: "The wallet has fewer free units than asked for.",
        details: { free: 3, walletId: "wallet" }
      })
    )
  const first = await redeem({ [own]: "refused" })
  const second = await H.post(`${h.origin.replace("127.0.0.1", "localhost")}/api/external/distributor/v2/redemptions`, {
    authorization: `Bearer ${h.token}`,
    "content-type": "application/json",
    body: JSON.stringify(H.redemption),
    [own]: "refused"
  })
  expect(first.status).toBe(409)
  expect(second.status).toBe(409)
  expect(second.text).toBe(first.text)
  expect(second.headers["idempotent-replayed"]).toBe("true")
  expect(first.headers["x-request-id"]).not.toBe(second.headers["x-request-id"])
  expect(first.json).toEqual({
    type: "urn:effekten:problem:insufficient_units",
    title: "Insufficient units",
    status: 409,
    detail: "The wallet has fewer free units than asked for.",
    code: "insufficient_units",
    retryable: false,
    details: { free: 3, wallet_id: "wallet" }
  })
})

it("I-08 the key goes to the service as it is, with the body as received", async () => {
  await redeem({ [own]: "as received".replace(" ", "-") }, { ...H.redemption, unknown: { member: [1, null] } })
  expect(h.memory.seen[0]).toMatchObject({
    key: "as-received",
    body: { ...H.redemption, unknown: { member: [1, null] } }
  })
})

it("I-12 an upload's fingerprint is taken of metadata and bytes, whatever the boundary", async () => {
  const upload = (boundary: string, bytes: string, key: string) =>
    H.post(`${h.url}/v2/documents/`, {
      authorization: `Bearer ${h.token}`,
      [own]: key,
      "content-type": `multipart/form-data; boundary=${boundary}`,
      body: `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="protocol.pdf"\r\nContent-Type: application/pdf\r\n\r\n${bytes}\r\n--${boundary}--\r\n`
    })
  const first = await upload("one", "ASD", "upload")
  const second = await upload("two", "ASD", "upload")
  const third = await upload("two", "ASE", "upload")
  expect(h.memory.seen[0]?.body).toEqual({
    file_name: "protocol.pdf",
    media_type: "application/pdf",
    sha256: "c38777d1619a83b0ee9e6e23868bb47b29f81875090a0b5d4e607263df35fec1"
  })
  expect(first.status).toBe(201)
  expect(first.json).toMatchObject({ file_name: "protocol.pdf", media_type: "application/pdf", size: 3 })
  expect(second.text).toBe(first.text)
  expect(third.status).toBe(422)
  expect(third.json).toMatchObject({ code: "idempotency_key_reused", retryable: false })
})

describe("I-29 what ran nothing leaves the key free", () => {
  it.each([
    ["400, by the schema", {}, { ...H.redemption, units: 0 }, 400],
    ["400, no JSON", {}, "{", 400],
    ["401", { authorization: "Bearer nobody" }, H.redemption, 401],
    ["415", { "content-type": "text/plain" }, H.redemption, 415]
  ])("%s", async (_, headers, body, status) => {
    const key = { [own]: `free-${status}-${typeof body}` }
    expect((await redeem({ ...key, ...headers }, body)).status).toBe(status)
    expect(h.memory.seen).toEqual([])
    expect((await redeem(key)).status).toBe(201)
  })

  it("I-30 a defect is a 500 without detail, and a repeat executes", async () => {
    h.memory.before = () => Effect.die(new Error("the secret inner life"))
    const failed = await redeem({ [own]: "defect" })
    expect(failed.status).toBe(500)
    expect(failed.json).toMatchObject({ code: "internal_error", retryable: true })
    expect(failed.text).not.toContain("secret inner life")
    h.memory.before = () => Effect.void
    const repeated = await redeem({ [own]: "defect" })
    expect(repeated.status).toBe(201)
    expect(repeated.headers["idempotent-replayed"]).toBeUndefined()
  })
})

describe("failures of services", () => {
  it.each([
    [
      "NotFound",
      new NotFound({ code: "wallet_not_found", message: "No wallet." }),
      404,
      { code: "wallet_not_found" },
      undefined
    ],
    [
      "Unavailable",
      new Unavailable({ executed: "no", message: "full disk" }),
      503,
      { executed: "no", retryable: true },
      "1"
    ],
    [
      "Unavailable, with a time",
      new Unavailable({ executed: "unknown", message: "", retryAfter: 2.5, cause: "hidden" }),
      503,
      { executed: "unknown" },
      "3"
    ],
    [
      "Rejection 400",
      new Rejection({
        code: "units_invalid",
        status: 400,
        message: "Units!",
        errors: [{ pointer: "/units", code: "units_invalid", message: "Units!" }]
      }),
      400,
      { code: "units_invalid", errors: [{ pointer: "/units" }], instance: "/api/external/v2/redemptions/" },
      undefined
    ],
    [
      "a request still in progress elsewhere",
      new Rejection({ code: "idempotency_in_progress", status: 409, message: "Wait." }),
      409,
      { retryable: true },
      "1"
    ]
  ])("%s", async (name, failure, status, members, retryAfter) => {
    h.memory.before = () => Effect.fail(failure)
    const answer = await redeem({ [own]: name.replaceAll(/\W/g, "-") })
    expect(answer.status).toBe(status)
    expect(answer.headers["content-type"]).toBe("application/problem+json")
    expect(answer.json).toMatchObject(members)
    expect(answer.headers["retry-after"]).toBe(retryAfter)
    expect(answer.text).not.toContain("hidden")
    expect(answer.text).not.toContain("full disk")
  })
})
