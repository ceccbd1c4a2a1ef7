/**
 * What a transfer leaves in the log. How a platform asks for one, `variants.test.ts` shows over each store. For a developer of the register.
 */
import { expect, it } from "vitest"
import { type Api, connect, created, eventually, investmentBody, onboard } from "./Api.ts"
import { effekten, startServer, temporaryFolder, type Server } from "./Process.ts"

const serving = async (test: (server: Server, folder: string) => Promise<void>) => {
  const folder = temporaryFolder()
  const server = await startServer(folder.path)
  try {
    await test(server, folder.path)
  } finally {
    await server.stop()
    folder.remove()
  }
}

const settled = (api: Api, path: string) =>
  eventually(async () => {
    const { status } = (await api.get(path)).json
    return status === "processing" ? undefined : (status as string)
  })

it("a transfer leaves a log that an audit decides again, and in which no unit is lost", () =>
  serving(async (server, folder) => {
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
