/**
 * Other ways through the API than the guide's, over real HTTP: separate steps, later payment, a wallet of the investor's own, a
 * cancellation. For a developer of a platform's client.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connect, created, eventually, investmentBody, onboard, type Answer, type Api } from "./Api.ts"
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

const at = "2024-05-02T10:00:00.000000+00:00"

let count = 0
/** A subscription with some of its members. */
const subscribe = async (...members: ReadonlyArray<"accepted_at" | "paid_at" | "wallet">) => {
  const { investor, wallet } = await onboard(api, `investor-${++count}`)
  const { accepted_at, paid_at, wallet: _, ...body } = investmentBody(server, investor, wallet, 10)
  const given = Object.fromEntries(
    Object.entries({ accepted_at, paid_at, wallet }).filter(([name]) => members.includes(name as "wallet"))
  )
  const made = created(await api.post("/v2/investments/", { ...body, ...given }, `investment-${count}`))
  return { investor, wallet, status: made.status as string, path: `/v2/investments/${made.id}/` }
}

const patch = async (path: string, body: unknown): Promise<any> => {
  const answer = await api.send("PATCH", path, {
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  return answer.json
}

const delivered = async (path: string): Promise<any> => {
  created(await api.post(`${path}credits/`, undefined, `credit-${path}`))
  return eventually(async () => {
    const { json } = await api.get(path)
    return json.status === "DELIVERED" ? json : undefined
  })
}

const said = ({ json, status }: Answer) => [status, json?.code]

describe("what a platform may sell", () => {
  it("is the products that are listed for it, with their terms, and its campaigns, with what is free", async () => {
    const products = (await api.get("/v2/products/")).json
    expect(products.results.map(({ id }: { id: string }) => id)).toEqual([server.productId])
    const product = await api.get(`/v2/products/${server.productId}/`)
    expect(product.json).toMatchObject({ ...products.results[0], listed: true, paused: false })
    const path = `/v2/campaigns/${server.campaignId}/`
    const before = await api.get(path)
    expect(before.json).toMatchObject({ product_id: server.productId, open: true, closes_at: null })
    expect((await api.get("/v2/campaigns/")).json.results).toEqual([before.json])

    const { path: investment } = await subscribe()
    const after = await api.get(path)
    expect(after.json.free_units).toBe(before.json.free_units - 10)
    expect(after.headers.get("etag")).not.toBe(before.headers.get("etag"))
    expect((await api.post(`${investment}cancellations/`, {}, "free-again")).json.status).toBe("ABORTION")
    expect((await api.get(path)).json.free_units).toBe(before.json.free_units)
  })

  it("says nothing of what there is not", async () => {
    const nobody = "0198c0de-0000-7000-8000-000000000000"
    expect(said(await api.get(`/v2/products/${nobody}/`))).toEqual([404, "product_not_found"])
    expect(said(await api.get(`/v2/campaigns/${nobody}/`))).toEqual([404, "campaign_not_found"])
  })
})

describe("variants of the guide", () => {
  it("acceptance, payment and wallet in steps of their own", async () => {
    const { path, status, wallet } = await subscribe()
    expect(status).toBe("WAITING_FOR_ACCEPTANCE")
    expect((await patch(path, { accepted_at: at })).status).toBe("ACCEPTED")
    expect((await patch(path, { paid_at: at })).status).toBe("PAID")
    expect(said(await api.post(`${path}credits/`, undefined, "no-wallet"))).toEqual([409, "wallet_missing"])
    expect((await patch(path, { wallet })).wallet).toBe(wallet)
    expect(await delivered(path)).toMatchObject({ remaining_units: 10, wallet })
  })

  it("payment before acceptance, and later than it", async () => {
    const early = await subscribe("paid_at", "wallet")
    expect(early.status).toBe("WAITING_FOR_ACCEPTANCE")
    expect((await patch(early.path, { accepted_at: at })).status).toBe("PAID")
    const later = await subscribe("accepted_at", "wallet")
    expect(later.status).toBe("ACCEPTED")
    expect(said(await api.post(`${later.path}credits/`, undefined, "unpaid"))).toEqual([409, "investment_not_paid"])
    expect((await patch(later.path, { paid_at: at })).status).toBe("PAID")
    await delivered(later.path)
  })

  it("an address of the investor's own", async () => {
    const { investor, path } = await subscribe("accepted_at", "paid_at")
    const address = `0x${"0".repeat(38)}a1`
    const own = created(await api.post(`/v2/investors/${investor}/wallets/eth-generic/`, { address }, "own-wallet"))
    expect((await patch(path, { wallet: own.id })).status).toBe("PAID")
    expect(await delivered(path)).toMatchObject({ wallet: own.id })
    const body = { investor_id: investor, product_id: server.productId, wallet_id: own.id, units: 4 }
    const redemption = created(await api.post("/v2/redemptions/", body, "own-redemption"))
    const outcome = await eventually(async () => {
      const { json } = await api.get(`/v2/redemptions/${redemption.id}/`)
      return json.status === "processing" ? undefined : json.status
    })
    expect(outcome).toBe("success")
    expect((await api.get(path)).json).toMatchObject({ status: "DELIVERED", units: 10, remaining_units: 6 })
  })

  it("a cancellation before acceptance; after it the period counts", async () => {
    const open = await subscribe()
    const cancelled = await api.post(`${open.path}cancellations/`, { cancelled_at: at }, "cancelled")
    expect([cancelled.status, cancelled.json.status, cancelled.json.remaining_units]).toEqual([201, "ABORTION", 0])
    expect(said(await api.post(`${open.path}cancellations/`, {}, "again"))).toEqual([409, "investment_ended"])
    const accepted = await subscribe("accepted_at")
    expect(said(await api.post(`${accepted.path}cancellations/`, {}, "late"))).toEqual([
      409,
      "cancellation_period_over"
    ])
  })

  it("documents that are signed later", async () => {
    const { path } = await subscribe()
    const document = created(await api.upload("supplement.pdf", "nothing in it", "supplement")).id
    const body = { document_id: document, category: "contract", subject: "supplement" }
    const added = await api.post(`${path}signed-documents/`, body, "added")
    expect([added.status, added.json]).toMatchObject([201, { id: document, ...body }])
    const repeated = await api.post(`${path}signed-documents/`, body, "added")
    expect([repeated.bytes, repeated.headers.get("idempotent-replayed")]).toEqual([added.bytes, "true"])
    expect((await api.get(`${path}signed-documents/`)).json).toMatchObject({ count: 1, results: [added.json] })
    expect((await api.get(path)).json.signed_documents).toEqual([body])
    expect(said(await api.post(`${path}signed-documents/`, body, "twice"))).toEqual([409, "document_already_attached"])
  })
})
