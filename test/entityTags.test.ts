/**
 * Entity tags over HTTP (RFC 9110 §8.8.3 and §13): what is unchanged is not sent again, and what was not seen is not changed. For a
 * developer of a platform's client.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connect, created, investmentBody, onboard, type Answer, type Api } from "./Api.ts"
import { startServer, temporaryFolder, type Server } from "./Process.ts"

const folder = temporaryFolder()
let server: Server
let api: Api
beforeAll(async () => {
  server = await startServer(folder.path)
  api = await connect(server)
})
afterAll(async () => {
  await server.stop()
  folder.remove()
})

const signedAt = "2024-05-02T10:00:00.000000+00:00"
const accepted = { accepted_at: signedAt }
const paid = { paid_at: signedAt }

let count = 0
/** A subscription that is neither accepted nor paid, and the tag it was made with. */
const subscribe = async () => {
  const { investor, wallet } = await onboard(api, `subscriber-${++count}`)
  const { accepted_at: _, paid_at: __, ...body } = investmentBody(server, investor, wallet, 10)
  const made = await api.post("/v2/investments/", body, `subscription-${count}`)
  const tag = made.headers.get("etag")
  expect(tag).toMatch(/^"[0-9a-f]{32}"$/)
  return { path: `/v2/investments/${created(made).id}/`, tag: tag! }
}

const patch = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  api.send("PATCH", path, { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) })

const said = ({ json, status }: Answer) => [status, json?.code]

describe("GET", () => {
  it("names the tag of one object, and is 304 to a client that has it", async () => {
    const { path, tag } = await subscribe()
    const first = await api.get(path)
    expect(first.headers.get("etag")).toBe(tag)
    for (const named of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const answer = await api.send("GET", path, { headers: { "if-none-match": named } })
      expect([named, answer.status, answer.bytes.length]).toEqual([named, 304, 0])
      expect(answer.headers.get("etag")).toBe(tag)
    }
    for (const named of ['"other"', tag.slice(1, -1), "", '"', `${tag} ${tag}`]) {
      const answer = await api.send("GET", path, { headers: { "if-none-match": named } })
      expect([named, answer.status]).toEqual([named, 200])
      expect(answer.bytes).toEqual(first.bytes)
    }
    const head = await api.send("HEAD", path)
    expect([head.status, head.headers.get("etag")]).toEqual([200, tag])
    expect((await api.get("/v2/investments/")).headers.get("etag")).toBeNull()
  })

  it("is 412 where it must be another object", async () => {
    const { path, tag } = await subscribe()
    expect((await api.send("GET", path, { headers: { "if-match": tag } })).status).toBe(200)
    expect(said(await api.send("GET", path, { headers: { "if-match": '"other"' } }))).toEqual([
      412,
      "precondition_failed"
    ])
  })
})

describe("PATCH", () => {
  it("changes an object that is as it was seen, and tells its next tag", async () => {
    const { path, tag } = await subscribe()
    const first = await patch(path, accepted, { "if-match": `"other", ${tag}` })
    const next = first.headers.get("etag")!
    expect(first.status).toBe(200)
    expect(next).not.toBe(tag)
    expect((await api.get(path)).headers.get("etag")).toBe(next)
    expect((await api.send("GET", path, { headers: { "if-none-match": tag } })).status).toBe(200)
    expect(said(await patch(path, paid, { "if-match": tag }))).toEqual([412, "precondition_failed"])
    expect((await patch(path, paid, { "if-match": next })).status).toBe(200)
  })

  it("a 412 is not recorded: the key is free, and the same request with the right tag has its effect", async () => {
    const { path, tag } = await subscribe()
    const key = { "x-idempotency-key": "guarded" }
    for (const stale of ['"stale"', `W/${tag}`, '"a", W/"b"']) {
      const refused = await patch(path, accepted, { ...key, "if-match": stale })
      expect([refused.status, refused.json]).toEqual([
        412,
        expect.objectContaining({ code: "precondition_failed", retryable: false, request_id: expect.any(String) })
      ])
    }
    const done = await patch(path, accepted, { ...key, "if-match": tag })
    expect([done.status, done.headers.get("idempotent-replayed")]).toEqual([200, null])
    // I-31: the key comes before the tag, which is no part of the request's fingerprint.
    for (const later of [{ "if-match": tag }, { "if-match": '"stale"' }, {}]) {
      const again = await patch(path, accepted, { ...key, ...later })
      expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([200, "true"])
      expect(again.bytes).toEqual(done.bytes)
      expect(again.headers.get("etag")).toBe(done.headers.get("etag"))
    }
    expect(said(await patch(path, paid, { ...key, "if-match": '"stale"' }))).toEqual([422, "idempotency_key_reused"])
  })

  it("any object will do for *, and what is no list of tags is 400", async () => {
    const { path } = await subscribe()
    expect((await patch(path, accepted, { "if-match": "*" })).status).toBe(200)
    for (const broken of ["abc", "", '"', '"a" "b"', "*, *", '"a",', 'w/"a"'])
      expect([broken, ...said(await patch(path, paid, { "if-match": broken }))]).toEqual([
        broken,
        400,
        "invalid_request"
      ])
    expect((await api.get(path)).json.paid_at).toBeNull()
  })

  it("of many that saw the same, one is made", async () => {
    const { path, tag } = await subscribe()
    const bodies = Array.from({ length: 16 }, (_, n) => (n % 2 === 0 ? accepted : paid))
    const answers = await Promise.all(bodies.map((body) => patch(path, body, { "if-match": tag })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(15).fill(412)])
  })

  it("what makes something takes no tag", async () => {
    const { path, tag } = await subscribe()
    const answer = await api.send("POST", `${path}credits/`, {
      headers: { "x-idempotency-key": "tagged-credit", "if-match": tag }
    })
    expect(said(answer)).toEqual([412, "precondition_failed"])
  })

  it("an object that is not there is 404, whatever is named", async () => {
    expect((await patch("/v2/investments/nothing/", accepted, { "if-match": '"a"' })).status).toBe(404)
  })
})
