/**
 * What a developer brings about in a sandbox over HTTP, and that nothing of it is there on any other register. For integrators.
 */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { sandboxRoutes } from "../packages/cli/src/SandboxControl.ts"
import { type Api, connect, created, eventually, investmentBody, investorBody, onboard } from "./Api.ts"
import { bin, effekten, root, type Server, startServer, temporaryFolder } from "./Process.ts"

const temporary = temporaryFolder()
afterAll(() => temporary.remove())

const folderOf = (name: string): string => join(temporary.path, name)

/** A request to what is beside the API. */
const beside = async (
  server: Pick<Server, "url">,
  authorization: string,
  method: string,
  path: string,
  body?: unknown
) => {
  const answer = await fetch(new URL(path, server.url), {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return { status: answer.status, json: (await answer.json()) as any }
}

const authorizationOf = async ({ clientId, clientSecret, url }: Server): Promise<string> => {
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret }
  const token = await fetch(`${url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) })
  return `Bearer ${((await token.json()) as { readonly access_token: string }).access_token}`
}

/** An investment with some of its members left out. */
const subscribed = async (server: Server, api: Api, mark: string, without: ReadonlyArray<string>) => {
  const { investor, wallet } = await onboard(api, mark)
  const body = Object.entries(investmentBody(server, investor, wallet, 10)).filter(([name]) => !without.includes(name))
  return created(await api.post("/v2/investments/", Object.fromEntries(body), `investment-${mark}`)).id as string
}

const statusOf = async (api: Api, investment: string): Promise<string> =>
  (await api.get(`/v2/investments/${investment}/`)).json.status

const isAt = (api: Api, investment: string, status: string) =>
  eventually(async () => ((await statusOf(api, investment)) === status ? true : undefined))

describe("the clock of a sandbox", () => {
  it("lets a payment be missed, keeps tokens, and is as far ahead at the next start", async () => {
    const data = folderOf("clock")
    const server = await startServer(data)
    const api = await connect(server)
    const investment = await subscribed(server, api, "late", ["paid_at"])
    const authorization = await authorizationOf(server)
    const clock = (body?: unknown) =>
      beside(server, authorization, body === undefined ? "GET" : "POST", "/sandbox/clock/", body)

    expect((await clock({ advance: "13d" })).json.ahead_seconds).toBe(13 * 86_400)
    const before = await statusOf(api, investment)
    expect(before).not.toBe("PAYMENT_MISSING")
    const told = await effekten(["clock", "advance", "2d", "--data", data])
    expect(told).toMatchObject({ code: 0, stderr: "" })
    await isAt(api, investment, "PAYMENT_MISSING")
    // The same token, which lives ten hours.
    const now = await clock()
    expect(now).toMatchObject({ status: 200, json: { ahead_seconds: 15 * 86_400 } })
    expect(Date.parse(now.json.now) - Date.now()).toBeGreaterThan(14 * 86_400_000)

    for (const advance of ["-1d", "0d", "1.5d", "two days", 3, "99999d"])
      expect(await clock({ advance })).toMatchObject({ status: 400, json: { code: "invalid_request" } })
    expect((await clock({})).json.errors).toMatchObject([{ pointer: "/advance", code: "required" }])
    await server.stop()

    const again = await startServer(data)
    const time = await effekten(["clock", "now", "--data", data])
    expect(time.stdout).toMatch(/ {2}1296000 s ahead$/m)
    // What is decided from now on is decided at that time, and the log has no step back.
    const later = await connect(again)
    created(await later.post("/v2/investors/", investorBody("later"), "later"))
    expect(again.stderr()).toBe("")
    await again.stop()
    expect((await effekten(["verify", data])).code).toBe(0)
    expect(JSON.parse(readFileSync(join(data, "sandbox.json"), "utf8"))).toMatchObject({ clockAhead: 15 * 86_400_000 })
  })
})

describe("what a developer brings about", () => {
  it("needs a token, and is nowhere on a register that is no sandbox", async () => {
    const sandbox = await startServer(folderOf("open"))
    for (const { method, path } of sandboxRoutes)
      expect({ path, ...(await beside(sandbox, "Bearer nothing", method, path)) }).toMatchObject({ path, status: 401 })
    await sandbox.stop()

    const args = ["serve", "--data", folderOf("earnest"), "--port", "0"]
    const child = spawn(process.execPath, [bin, ...args], { cwd: root, stdio: ["ignore", "pipe", "ignore"] })
    let heard = ""
    child.stdout.on("data", (piece) => (heard += String(piece)))
    const url = await eventually(async () => /^URL=(.*)$/m.exec(heard)?.[1])
    const ended = new Promise((done) => child.once("close", done))
    for (const { method, path } of sandboxRoutes)
      for (const each of new Set([method, "GET", "POST", "OPTIONS"]))
        expect({ path, each, status: (await fetch(new URL(path, url), { method: each })).status }).toEqual({
          path,
          each,
          status: 404
        })
    child.kill("SIGTERM")
    expect(await ended).toBe(0)
  })
})
