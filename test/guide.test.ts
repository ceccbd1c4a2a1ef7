/**
 * An investment against a real server, with the typed client and with the plainest client of another language. For a developer that
 * integrates the API.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connect, created, eventually, investmentBody, onboard } from "./Api.ts"
import { effekten, run, root, startServer, temporaryFolder, type Server } from "./Process.ts"

const temporary = temporaryFolder()
let server: Server

beforeAll(async () => {
  server = await startServer(temporary.path)
})
afterAll(async () => {
  await server.stop()
  temporary.remove()
})

const python = await run("python3", ["-c", "import requests"]).then(
  ({ code }) => code === 0,
  () => false
)

describe("the guide", () => {
  it("runs with the typed client, from the sandbox file alone", async () => {
    const ended = await effekten(["guide", "--data", temporary.path])
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.stdout).toMatch(/\nDELIVERED\nremaining 0\n$/)
  })

  it("runs with the typed client, told by the environment", async () => {
    const env = {
      URL: server.url,
      CLIENT_ID: server.clientId,
      CLIENT_SECRET: server.clientSecret,
      CAMPAIGN_ID: server.campaignId,
      PRODUCT_ID: server.productId
    }
    const ended = await effekten(["guide", "--data", "/nowhere"], { env })
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.stdout).toMatch(/\nDELIVERED\nremaining 0\n$/)
  })

  it("runs under the API's second prefix", async () => {
    const url = server.url.replace("/api/external", "/api/external/distributor")
    const ended = await effekten(["guide", "--data", temporary.path, "--url", url])
    expect(ended).toMatchObject({ code: 0, stderr: "" })
  })

  it.skipIf(!python)(`runs with Python's requests${python ? "" : " (python3 with requests is not here)"}`, async () => {
    const settings = server.stdout().split("\n").slice(0, 5)
    const ended = await run("python3", [`${root}scripts/guide.py`, ...settings])
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.stdout).toMatch(/^status DELIVERED$/m)
    expect(ended.stdout).toMatch(/^remaining_units 0$/m)
    expect(ended.stdout).toMatch(/^409 {2}a further redemption is refused: insufficient_units$/m)
  })

  it.skipIf(!python)("runs with Python's requests, from the sandbox file alone", async () => {
    const ended = await run("python3", [`${root}scripts/guide.py`], { env: { EFFEKTEN_DATA: temporary.path } })
    expect(ended).toMatchObject({ code: 0, stderr: "" })
  })

  it("refuses a wrong secret with a plain word", async () => {
    const ended = await effekten(["guide", "--data", temporary.path, "--client-secret", "not-the-secret-at-all"])
    expect({ code: ended.code, lines: ended.stderr.trimEnd().split("\n").length }).toEqual({ code: 1, lines: 1 })
    expect(ended.stderr).not.toContain("not-the-secret-at-all")
  })
})

it("a slow ledger: a task is seen processing until it has settled", async () => {
  const slow = temporaryFolder()
  const server = await startServer(slow.path, { args: ["--settle-after", "2500"] })
  try {
    const api = await connect(server)
    const { investor, wallet } = await onboard(api, "slow")
    const investment = created(
      await api.post("/v2/investments/", investmentBody(server, investor, wallet, 10), "slow-investment")
    ).id
    const credit = created(await api.post(`/v2/investments/${investment}/credits/`, undefined, "slow-credit"))
    expect(credit.status).toBe("processing")
    expect((await api.get(`/v2/investments/${investment}/credits/${credit.id}/`)).json.status).toBe("processing")
    expect((await api.get(`/v2/investments/${investment}/`)).json.status).toBe("PAID")
    await eventually(async () => {
      const { status } = (await api.get(`/v2/investments/${investment}/`)).json
      return status === "DELIVERED" ? status : undefined
    })
  } finally {
    await server.stop()
    slow.remove()
  }
})
