/**
 * Uploads on real sockets: how many at a time, and what is left of those that do not end. For the author of the server.
 */
import { Id } from "@effekten/domain"
import { Duration } from "effect"
import { connect, type Socket } from "node:net"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import * as H from "./Harness.ts"

const part = (content: string, name = "a.pdf") =>
  `--b\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: application/pdf\r\n\r\n${content}`
const end = "\r\n--b--\r\n"

let h: H.Harness
beforeAll(async () => {
  h = await H.start({
    limits: { uploads: 2, uploadBytes: 100_000 },
    clients: [{ clientId: "other", platform: Id.PlatformId.make("platform_b"), scopes: ["documents:write"] }]
  })
})
afterAll(() => h.close())
beforeEach(() => {
  h.memory.seen.length = 0
})

let count = 0
const headOf = (length: number, headers: ReadonlyArray<string> = [], token = h.token) =>
  [
    "POST /api/external/v2/documents/ HTTP/1.1",
    "Host: x",
    `Authorization: Bearer ${token}`,
    `X-Idempotency-Key: key-${++count}`,
    "Content-Type: multipart/form-data; boundary=b",
    `Content-Length: ${length}`,
    ...headers,
    "\r\n"
  ].join("\r\n")

const upload = (content: string, name?: string, at = h, token = at.token) =>
  H.post(`${at.url}/v2/documents/`, {
    authorization: `Bearer ${token}`,
    "x-idempotency-key": `key-${++count}`,
    "content-type": "multipart/form-data; boundary=b",
    body: part(content, name) + end
  })

/** A connection, and what was heard on it until now. */
const opened = async (write: string, port = h.port) => {
  const socket: Socket = connect(port, "127.0.0.1")
  let heard = ""
  socket.on("data", (chunk) => (heard += chunk.toString("latin1")))
  socket.on("error", () => undefined)
  await new Promise((resolve) => socket.once("connect", resolve))
  socket.write(write)
  return { socket, heard: () => heard }
}

const goOn = "HTTP/1.1 100 Continue"

/** An upload that the server reads: it was told to go on, and does not. */
const begun = async (port = h.port, token = h.token) => {
  const body = part("x".repeat(1_000))
  const connection = await opened(headOf(50_000, ["Expect: 100-continue"], token), port)
  await expect.poll(connection.heard).toContain(goOn)
  connection.socket.write(body)
  return connection
}

describe("places", () => {
  it("API4 one platform has half of them: its next upload is 503 before its body is read, another platform's is taken", async () => {
    const first = await begun()
    const refused = await opened(headOf(90_000, ["Expect: 100-continue"]))
    await expect.poll(refused.heard).toMatch(/\}$/)
    const [head, body] = refused.heard().split("\r\n\r\n") as [string, string]
    expect(head).toMatch(/^HTTP\/1.1 503 /)
    expect(head.toLowerCase()).toContain("retry-after: 5")
    expect(head.toLowerCase()).toContain("connection: close")
    expect(JSON.parse(body)).toMatchObject({ code: "unavailable", retryable: true, executed: "no" })
    const other = await h.tokenFor("other")
    expect((await upload("x", "a", h, other)).status).toBe(201)

    first.socket.destroy()
    refused.socket.destroy()
    await expect.poll(async () => (await upload("x")).status).toBe(201)
    expect(h.memory.seen.map(({ platform }) => platform)).toEqual(["platform_b", "platform_a"])
  })

  it("all are taken again, however an upload ended", async () => {
    for (let round = 0; round < 6; round++) {
      const { socket } = await begun()
      if (round % 2 === 0) socket.destroy()
      else socket.end()
      await new Promise((resolve) => socket.once("close", resolve))
      await expect.poll(async () => (await upload("x")).status).toBe(201)
      expect((await upload("x".repeat(100_001))).status).toBe(413)
      expect((await upload("x", "n".repeat(1_001))).json.errors).toMatchObject([{ pointer: "/file" }])
    }
    expect(h.memory.seen).toHaveLength(6)
  })
})

describe("a client that waits for 100 Continue", () => {
  it("is told to go on once its upload is taken, and then answered", async () => {
    const body = part("x".repeat(1_000)) + end
    const { heard, socket } = await opened(headOf(body.length, ["Expect: 100-continue", "Connection: close"]))
    await expect.poll(heard).toContain(goOn)
    socket.write(body)
    await expect.poll(heard).toMatch(/HTTP\/1.1 201 /)
    socket.destroy()
  })

  it.each([
    ["too long", "Content-Length: 999999999", 413],
    ["is no upload", "Content-Type: text/plain", 415],
    ["has no token", "Authorization: Bearer none", 401]
  ])("%s: it hears the answer alone", async (_, wrong, status) => {
    const [name] = wrong.split(":")
    const right = headOf(1_000, ["Expect: 100-continue"]).split("\r\n")
    const lines = right.map((line) => (line.startsWith(`${name}:`) ? wrong : line))
    const { heard, socket } = await opened(lines.join("\r\n"))
    await expect.poll(heard).toMatch(RegExp(`^HTTP/1.1 ${status} [^]*}$`))
    socket.destroy()
  })
})

describe("an upload that does not end", () => {
  it("comes too slowly: 408, its socket is closed, no service has seen it, and its place is free", async () => {
    const slow = await H.start({ limits: { uploads: 1, uploadTimeout: Duration.seconds(1) } })
    const { heard, socket } = await begun(slow.port, slow.token)
    const closed = new Promise((resolve) => socket.once("close", resolve))
    await expect.poll(heard).toMatch(/HTTP\/1.1 408 [^]*\}$/)
    expect(heard().toLowerCase()).toContain("connection: close")
    await closed
    expect(slow.memory.seen).toEqual([])
    expect((await upload("x", "a", slow)).status).toBe(201)
    await slow.close()
  })

  it("has another file after the first: no service has seen it", async () => {
    const answer = await H.post(`${h.url}/v2/documents/`, {
      authorization: `Bearer ${h.token}`,
      "x-idempotency-key": `key-${++count}`,
      "content-type": "multipart/form-data; boundary=b",
      body: `${part("x".repeat(90_000))}\r\n${part("y")}${end}`
    })
    expect([answer.status, answer.json.code]).toEqual([400, "malformed_upload"])
    expect(h.memory.seen).toEqual([])
  })
})
