/**
 * Effect once, over the wire: the same key gives the same answer forever, and one effect. For a developer whose client sends a call again.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  connect,
  created,
  identificationBody,
  investmentBody,
  investorBody,
  onboard,
  type Answer,
  type Api
} from "./Api.ts"
import { effekten, startServer, temporaryFolder, type Server } from "./Process.ts"

const temporary = temporaryFolder()
let server: Server
let api: Api
let investor: string
let wallet: string
let protocol: string

beforeAll(async () => {
  server = await startServer(temporary.path)
  api = await connect(server)
  ;({ investor, wallet } = await onboard(api, "owner"))
  protocol = created(await api.upload("protocol.pdf", "nothing in it", "another-protocol")).id
})
afterAll(async () => {
  await server.stop()
  temporary.remove()
})

const replayed = (answer: Answer): boolean => answer.headers.get("idempotent-replayed") === "true"

/** What a client must be able to rely on: status and bytes. */
const essence = ({ bytes, status }: Answer) => ({ status, body: bytes.toString("utf8") })

const investment = async (key: string, units: number): Promise<string> =>
  created(await api.post("/v2/investments/", investmentBody(server, investor, wallet, units), key)).id

const redemption = (units: number) => ({
  investor_id: investor,
  product_id: server.productId,
  wallet_id: wallet,
  units
})

it("R-11: a request whose time is over has no effect, and its key is free", async () => {
  const before = (await api.get("/v2/investors/")).json.count
  const send = (headers: { readonly [name: string]: string }) =>
    api.send("POST", "/v2/investors/", {
      headers: { "x-idempotency-key": "in-time", "content-type": "application/json", ...headers },
      body: JSON.stringify(investorBody())
    })
  for (let attempt = 0; attempt < 20; attempt++) {
    const late = await send({ "request-timeout": "0" })
    expect(late.json).toMatchObject({ status: 503, code: "deadline_exceeded", executed: "no" })
  }
  expect((await api.get("/v2/investors/")).json.count).toBe(before)
  const answered = await send({ "request-timeout": "600000" })
  expect([answered.status, replayed(answered)]).toEqual([201, false])
})

describe("promise 4: the same key", () => {
  /** Every POST of the API: how it is called, and a body that differs. */
  const calls: {
    readonly [operation: string]: () => Promise<(key: string, other?: boolean) => Promise<Answer>>
  } = {
    "an investor": async () => (key, other) =>
      api.post("/v2/investors/", investorBody(other ? "Anders" : "Gleich"), key),
    "a document": async () => (key, other) => api.upload("a.pdf", other ? "other bytes" : "bytes", key),
    "an identification": async () => (key, other) =>
      api.post(
        `/v2/investors/${investor}/identifications/`,
        identificationBody(protocol, other ? "Anders" : "Gleich"),
        key
      ),
    "a managed wallet": async () => {
      const fresh = created(await api.post("/v2/investors/", investorBody(), "managed")).id
      const document = created(await api.upload("p.pdf", "p", "managed-protocol")).id
      created(await api.post(`/v2/investors/${fresh}/identifications/`, identificationBody(document), "managed-id"))
      return (key, other) =>
        api.post(`/v2/investors/${fresh}/wallets/eth-managed/`, other ? { some: "body" } : undefined, key)
    },
    "a generic wallet": async () => (key, other) =>
      api.post(
        `/v2/investors/${investor}/wallets/eth-generic/`,
        { address: `0x00000000000000000000000000000000000000${other ? "a1" : "a2"}` },
        key
      ),
    "an investment": async () => (key, other) =>
      api.post("/v2/investments/", investmentBody(server, investor, wallet, other ? 11 : 10), key),
    "a credit": async () => {
      const id = await investment("for-a-credit", 10)
      return (key, other) => api.post(`/v2/investments/${id}/credits/`, other ? { some: "body" } : undefined, key)
    },
    "a cancellation": async () => {
      const { accepted_at: _, paid_at: __, ...open } = investmentBody(server, investor, wallet, 10)
      const id = created(await api.post("/v2/investments/", open, "for-a-cancellation")).id
      return (key, other) =>
        api.post(`/v2/investments/${id}/cancellations/`, other ? { cancelled_at: "2024-06-01T00:00:00Z" } : {}, key)
    },
    "a redemption": async () => {
      const id = await investment("for-a-redemption", 10)
      created(await api.post(`/v2/investments/${id}/credits/`, undefined, "for-a-redemption-credit"))
      return (key, other) => api.post("/v2/redemptions/", redemption(other ? 2 : 1), key)
    }
  }

  for (const [operation, prepare] of Object.entries(calls)) {
    it(`makes ${operation} once, answers the same bytes, and refuses another body`, async () => {
      const call = await prepare()
      const key = `once ${operation}`.replaceAll(" ", "-")
      const first = await call(key)
      const second = await call(key)
      expect(first.status).toBe(201)
      expect([replayed(first), replayed(second)]).toEqual([false, true])
      expect(essence(second)).toEqual(essence(first))
      const other = await call(key, true)
      expect({ status: other.status, code: other.json.code }).toEqual({ status: 422, code: "idempotency_key_reused" })
      expect(essence(await call(key))).toEqual(essence(first))
    })
  }

  it("I-28 gives a refusal again, byte for byte, even when it would be granted by now", async () => {
    const refused = await api.post("/v2/redemptions/", redemption(5_000), "too-much")
    expect(refused.status).toBe(409)
    const id = await investment("makes-room", 6_000)
    created(await api.post(`/v2/investments/${id}/credits/`, undefined, "makes-room-credit"))
    const again = await api.post("/v2/redemptions/", redemption(5_000), "too-much")
    expect(essence(again)).toEqual(essence(refused))
    expect(replayed(again)).toBe(true)
    expect((await api.post("/v2/redemptions/", redemption(5_000), "enough")).status).toBe(201)
  })

  it("I-29 stays free after a request that was no instruction", async () => {
    expect((await api.post("/v2/investors/", { nothing: true }, "free")).status).toBe(400)
    expect((await api.post("/v2/investors/nobody/wallets/eth-managed/", undefined, "free")).status).toBe(404)
    expect((await api.post("/v2/investors/", investorBody(), "free")).status).toBe(201)
  })

  it("is the same under both prefixes of the API", async () => {
    const first = await api.post("/v2/investors/", investorBody(), "both")
    const other = await connect({ ...server, url: `${server.url}/distributor` })
    const second = await other.post("/v2/investors/", investorBody(), "both")
    expect(essence(second)).toEqual(essence(first))
  })

  it("I-23 sent 64 times at once takes effect once, and all get the same answer", async () => {
    const before = (await api.get("/v2/investors/")).json.count
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => api.post("/v2/investors/", investorBody(), "sixty-four"))
    )
    expect(new Set(answers.map((answer) => JSON.stringify(essence(answer)))).size).toBe(1)
    expect(answers[0]!.status).toBe(201)
    expect(answers.filter((answer) => !replayed(answer))).toHaveLength(1)
    expect((await api.get("/v2/investors/")).json.count).toBe(before + 1)
  })
})

describe("promise 2: at once", () => {
  it("64 redemptions take no more than there is, and are refused only when there is no room", async () => {
    const { investor, wallet } = await onboard(api, "contended")
    const id = created(
      await api.post("/v2/investments/", investmentBody(server, investor, wallet, 100), "contended-investment")
    ).id
    created(await api.post(`/v2/investments/${id}/credits/`, undefined, "contended-credit"))
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        api.post("/v2/redemptions/", { ...redemption(3), investor_id: investor, wallet_id: wallet }, `contended-${i}`)
      )
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(33)
    expect(statuses.filter((status) => status === 409)).toHaveLength(31)
    expect((await api.get(`/v2/investments/${id}/`)).json.remaining_units).toBe(1)
  })

  it("64 credits of one investment deliver it once", async () => {
    const id = await investment("credited-once", 7)
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) => api.post(`/v2/investments/${id}/credits/`, undefined, `credited-once-${i}`))
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(63)
    expect((await api.get(`/v2/investments/${id}/credits/`)).json.count).toBe(1)
  })
})

it("I-17, promise 4: killed between commit and answer, the repeat gets the recorded answer and no second effect", async () => {
  const folder = temporaryFolder()
  let unanswered = 0
  let foundRecorded = 0
  const keys = new Map<string, Answer | undefined>()
  let server = await startServer(folder.path)
  try {
    // Until the kill has hit the moment in question, which it mostly does at the first attempt.
    for (let round = 0; round < 4 || (foundRecorded === 0 && round < 20); round++) {
      const api = await connect(server)
      const sent = Array.from({ length: 48 }, async (_, i) => {
        const key = `r${round}-${i}`
        keys.set(key, undefined)
        keys.set(key, await api.post("/v2/investors/", investorBody(), key).catch(() => undefined))
      })
      // With some answered, others are decided, committed or on the way.
      await Promise.any(sent)
      await server.kill()
      await Promise.all(sent)
      server = await startServer(folder.path)
      const after = await connect(server)
      for (let i = 0; i < 48; i++) {
        const key = `r${round}-${i}`
        const first = keys.get(key)
        const again = await after.post("/v2/investors/", investorBody(), key)
        expect(again.status).toBe(201)
        if (first === undefined) unanswered++
        if (first === undefined && replayed(again)) foundRecorded++
        if (first !== undefined) {
          expect(essence(again)).toEqual(essence(first))
          expect(replayed(again)).toBe(true)
        }
      }
      expect((await after.get("/v2/investors/")).json.count).toBe(keys.size)
    }
    console.log(
      `${keys.size} calls, ${unanswered} lost their answer to a kill, ${foundRecorded} of these were recorded`
    )
    expect(foundRecorded).toBeGreaterThan(0)
  } finally {
    await server.stop()
  }
  const { code } = await effekten(["replay", "--data", folder.path])
  expect(code).toBe(0)
  folder.remove()
})
