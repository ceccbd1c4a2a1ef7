/**
 * The guide's variant of a transfer, over bare HTTP: an investor sells units on, and the buyer redeems some. For a developer that integrates
 * the API.
 */
import { describe, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { type Api, connect, created, eventually, investmentBody, onboard } from "./Api.ts"
import { effekten, startServer, temporaryFolder, type Server } from "./Process.ts"

/** A server over a folder, and one over PostgreSQL. */
const stores = ["SQLite", "PostgreSQL"] as const

const serving = async (store: (typeof stores)[number], test: (server: Server, folder: string) => Promise<void>) => {
  const folder = temporaryFolder()
  const postgres = store === "PostgreSQL" ? await startPostgres() : undefined
  const server = await startServer(folder.path, postgres === undefined ? {} : { args: ["--store", postgres.url()] })
  try {
    await test(server, folder.path)
  } finally {
    await server.stop()
    await postgres?.stop()
    folder.remove()
  }
}

const patch = (api: Api, path: string, body: unknown) =>
  api.send("PATCH", path, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) })

const settled = (api: Api, path: string) =>
  eventually(async () => {
    const { status } = (await api.get(path)).json
    return status === "processing" ? undefined : (status as string)
  })

describe.each(stores)("a transfer, over %s", (store) => {
  it("moves units to a wallet that receives, where they are an investment of the buyer's", () =>
    serving(store, async (server) => {
      const api = await connect(server)
      const [seller, buyer] = [await onboard(api, "seller"), await onboard(api, "buyer")]
      const sold = created(
        await api.post("/v2/investments/", investmentBody(server, seller.investor, seller.wallet, 10), "order")
      ).id
      const credit = created(await api.post(`/v2/investments/${sold}/credits/`, undefined, "credit"))
      await settled(api, `/v2/investments/${sold}/credits/${credit.id}/`)

      const wallet = `/v2/investors/${buyer.investor}/wallets/${buyer.wallet}/`
      const { address } = (await api.get(wallet)).json
      const body = { product: server.productId, source_wallet: seller.wallet, target_address: address, amount: 4 }
      const refused = await api.post("/v2/transfers/", body, "too-early")
      expect([refused.status, refused.json.code]).toEqual([409, "target_cannot_receive"])
      const strange = `/v2/investors/${seller.investor}/wallets/${buyer.wallet}/`
      expect((await patch(api, strange, { receiving_enabled: true })).json.code).toBe("wallet_not_found")
      expect((await patch(api, wallet, { receiving_enabled: true })).json).toMatchObject({ receiving_enabled: true })

      const answer = await api.post("/v2/transfers/", body, "transfer")
      const transfer = created(answer)
      expect(transfer).toMatchObject({ ...body, status: "processing" })
      expect(answer.headers.get("location")).toContain(`/v2/transfers/${transfer.id}/`)
      expect(await settled(api, `/v2/transfers/${transfer.id}/`)).toBe("succeeded")
      const again = await api.post("/v2/transfers/", body, "transfer")
      expect([again.bytes.equals(answer.bytes), again.headers.get("idempotent-replayed")]).toEqual([true, "true"])
      expect((await api.get("/v2/transfers/")).json).toMatchObject({ count: 1, results: [{ id: transfer.id }] })

      expect((await api.get(`/v2/investments/${sold}/`)).json).toMatchObject({ units: 10, remaining_units: 6 })
      const [, bought] = (await api.get("/v2/investments/")).json.results
      expect(bought).toMatchObject({
        status: "DELIVERED",
        investor_id: buyer.investor,
        wallet: buyer.wallet,
        units: 4,
        remaining_units: 4,
        campaign_id: null,
        signed_at: null,
        accepted_at: null,
        paid_at: null,
        signed_documents: []
      })
      expect(bought.created_at).toBe(bought.delivered_at)

      const path = `/v2/investments/${bought.id}/cancellations/`
      expect((await api.post(path, undefined, "cancellation")).json.code).toBe("not_cancellable")
      const held = { investor_id: buyer.investor, product_id: server.productId, wallet_id: buyer.wallet }
      const redemption = created(await api.post("/v2/redemptions/", { ...held, units: 3 }, "redemption"))
      expect(await settled(api, `/v2/redemptions/${redemption.id}/`)).toBe("success")
      expect((await api.get(`/v2/investments/${bought.id}/`)).json.remaining_units).toBe(1)
    }))
})

it("a transfer leaves a log that an audit decides again, and in which no unit is lost", () =>
  serving("SQLite", async (server, folder) => {
    const api = await connect(server)
    const { investor, wallet } = await onboard(api, "holder")
    const order = investmentBody(server, investor, wallet, 5)
    const investment = created(await api.post("/v2/investments/", order, "order")).id
    const credit = created(await api.post(`/v2/investments/${investment}/credits/`, undefined, "credit"))
    await settled(api, `/v2/investments/${investment}/credits/${credit.id}/`)
    const address = `0x${"a".repeat(40)}`
    const generic = { address, receiving_enabled: true }
    created(await api.post(`/v2/investors/${investor}/wallets/eth-generic/`, generic, "generic"))
    const body = { product_id: server.productId, wallet_id: wallet, target_address: address, units: 5 }
    const transfer = created(await api.post("/v2/transfers/", body, "transfer"))
    expect(await settled(api, `/v2/transfers/${transfer.id}/`)).toBe("succeeded")
    expect((await api.post("/v2/transfers/", body, "more")).json.code).toBe("insufficient_units")
    await server.stop()
    const replayed = await effekten(["replay", "--data", folder])
    expect(replayed).toMatchObject({ code: 0 })
    expect(await effekten(["audit", "--data", folder])).toMatchObject({ code: 0 })
  }))
