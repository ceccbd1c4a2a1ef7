/**
 * What a developer brings about in a sandbox over HTTP, and that nothing of it is there on any other register. For integrators.
 */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ProblemTypes } from "@effekten/http"
import { type Operation, platformResources } from "@effekten/services"
import { sandboxRoutes } from "../packages/cli/src/SandboxControl.ts"
import { magicUnits } from "../packages/cli/src/SandboxLedger.ts"
import * as SandboxRefusals from "../packages/http/src/server/SandboxRefusals.ts"
import { type Api, connect, created, eventually, investmentBody, investorBody, onboard } from "./Api.ts"
import { bin, effekten, root, type Server, startServer, temporaryFolder } from "./Process.ts"
import { serve } from "./Stores.ts"

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
  let server: Server
  let api: Api
  let authorization: string
  beforeAll(async () => {
    server = await startServer(folderOf("triggers"))
    api = await connect(server)
    authorization = await authorizationOf(server)
  })
  afterAll(() => server?.stop())

  const trigger = (event: string, body: unknown) =>
    beside(server, authorization, "POST", `/sandbox/triggers/${event}/`, body)
  const brings = async (event: string, body: unknown, answer: unknown) =>
    expect(await trigger(event, body)).toMatchObject({ status: 200, json: answer })

  it("an investor is identified, and a person decides", async () => {
    const investor = created(await api.post("/v2/investors/", investorBody("outside"), "outside")).id
    await brings("identification", { investor, outcome: "verified" }, { id: investor, kyc_status: "SUCCESS" })
    await brings("identification", { investor, outcome: "refused" }, { kyc_status: "INSUFFICIENT" })
    expect((await trigger("identification", { investor, outcome: "approved" })).json.code).toBe("review_not_open")
    const exposed = investorBody("exposed")
    const body = { ...exposed, natural_person: { ...exposed.natural_person, is_pep: true } }
    const { id } = created(await api.post("/v2/investors/", body, "exposed"))
    await brings("identification", { investor: id, outcome: "verified" }, { kyc_status: "REVIEW" })
    await brings("identification", { investor: id, outcome: "approved" }, { kyc_status: "SUCCESS" })
  })

  it("an order is accepted, paid, or rejected, and its deadline passes", async () => {
    const open = ["accepted_at", "paid_at"]
    const investment = await subscribed(server, api, "accepted", open)
    await brings("acceptance", { investment, outcome: "accepted" }, { id: investment, status: "ACCEPTED" })
    await brings("payment", { investment }, { status: "PAID" })
    const rejected = await subscribed(server, api, "rejected", open)
    expect((await trigger("deadline", { investment: rejected })).status).toBe(400)
    await brings("acceptance", { investment: rejected, outcome: "rejected" }, { status: "REJECTION" })
    expect((await trigger("review", { investment, outcome: "passed" })).json.code).toBe("outside_review_not_open")
    const late = await subscribed(server, api, "missed", ["paid_at"])
    expect((await trigger("deadline", { investment: late })).json.ahead_seconds).toBeGreaterThan(13 * 86_400)
    await isAt(api, late, "PAYMENT_MISSING")
    expect(await statusOf(api, investment)).toBe("PAID")
  })

  /** The credit of an investment of so many units, as it was requested. */
  const credited = async (mark: string, units: number): Promise<string> => {
    const { investor, wallet } = await onboard(api, mark)
    const body = investmentBody(server, investor, wallet, units)
    const { id } = created(await api.post("/v2/investments/", body, `investment-${mark}`))
    const path = `/v2/investments/${id}/credits/`
    return `${path}${created(await api.post(path, undefined, `credit-${mark}`)).id}/`
  }
  const settles = (path: string, status: string) =>
    eventually(async () => ((await api.get(path)).json.status === status ? true : undefined))

  const statuses = { failed: "failed", unknown: "unknown", delayed: "processing", unreachable: "unknown" } as const
  it.each(magicUnits)("$units units: $meaning", async ({ outcome, units }) => {
    const path = await credited(`magic-${units}`, units)
    const status = statuses[outcome as keyof typeof statuses]
    await settles(path, status)
    if (status !== "processing") return
    await beside(server, authorization, "POST", "/sandbox/clock/", { advance: "25h" })
    await settles(path, "succeeded")
  })

  it("the ledger says what it is told, of the next task or of one under way", async () => {
    await brings("ledger", { outcome: "failed" }, { outcome: "failed" })
    await settles(await credited("told-next", 10), "failed")
    await settles(await credited("told-after", 10), "succeeded")
    await brings("ledger", { outcome: "delayed" }, {})
    const path = await credited("told-later", 10)
    await settles(path, "processing")
    const task = path.split("/").at(-2)
    await brings("ledger", { task, outcome: "failed" }, {})
    await settles(path, "failed")
    expect((await trigger("ledger", { task, outcome: "failed" })).json.code).toBe("task_not_found")
  })

  it("the registrar undoes a change, which the ledger may fail, and a person says what became of the unknown", async () => {
    const path = await credited("reversed", 10)
    await settles(path, "succeeded")
    const change = path.split("/")[3]!
    const reversal = { kind: "credit", change }
    await brings("reversal", { ...reversal, outcome: "failed" }, { ...reversal, units: 10, status: "failed" })
    const unknown = await trigger("reversal", { ...reversal, outcome: "unknown" })
    expect(unknown).toMatchObject({ status: 200, json: { status: "unknown" } })
    const asked = await trigger("reversal", { ...reversal, outcome: "failed" })
    expect(asked).toMatchObject({ status: 409, json: { code: "reversal_in_flight" } })
    // What was said of the one that was refused holds for none that follows.
    await settles(await credited("reversed-after", 10), "succeeded")
    const args = ["trigger", "reversal", "--kind", "credit", "--change", change, "--data", folderOf("triggers")]
    expect((await effekten(args)).stderr).toMatch(/reversal_in_flight/)
    expect(await statusOf(api, change)).toBe("DELIVERED")
    const task = unknown.json.id
    const resolved = { kind: "reversal", reverses: "credit", change, task, outcome: "succeeded" }
    await brings("resolution", resolved, { kind: "reversal", task, status: "succeeded" })
    expect(await statusOf(api, change)).toBe("PAID")
    expect((await trigger("resolution", resolved)).json.code).toBe("nothing_to_resolve")

    await brings("ledger", { outcome: "unknown" }, {})
    const credit = await credited("unresolved", 10)
    await settles(credit, "unknown")
    const [investment, id] = [credit.split("/")[3], credit.split("/")[5]]
    await brings("resolution", { kind: "credit", investment, task: id, outcome: "failed" }, { status: "failed" })
    await settles(credit, "failed")
  })

  it("the registrar redeems a bond that no platform can, and moves units: the platform sees both", async () => {
    const { bondCampaignId } = JSON.parse(readFileSync(join(folderOf("triggers"), "sandbox.json"), "utf8"))
    const { investor, wallet } = await onboard(api, "bond")
    const body = { ...investmentBody(server, investor, wallet, 10), campaign_id: bondCampaignId }
    const investment = created(await api.post("/v2/investments/", body, "investment-bond"))
    const credit = `/v2/investments/${investment.id}/credits/`
    await settles(`${credit}${created(await api.post(credit, undefined, "credit-bond")).id}/`, "succeeded")
    const asked = { investor_id: investor, product_id: investment.product_id, wallet_id: wallet, units: 4 }
    expect((await api.post("/v2/redemptions/", asked, "bond")).json.code).toBe("redemption_of_crypto_security")

    const due = { investment: investment.id, units: 4 }
    const redeemed = await trigger("redemption", due)
    expect(redeemed).toMatchObject({ status: 200, json: { kind: "redemption", units: 4, status: "succeeded" } })
    const redemption = await api.get(`/v2/redemptions/${redeemed.json.id}/`)
    expect(redemption.json).toMatchObject({ ...asked, status: "success" })
    await brings("redemption", { ...due, outcome: "failed" }, { status: "failed" })
    expect((await trigger("redemption", { ...due, units: 7 })).json.code).toBe("insufficient_units")

    const other = created(
      await api.post(`/v2/investors/${investor}/wallets/eth-generic/`, { address: `0x${"b".repeat(40)}` }, "bond-other")
    )
    const args = ["transfer", "--investment", investment.id, "--units", "2", "--target-address", other.address]
    const moved = await effekten(["trigger", ...args, "--data", folderOf("triggers")])
    const task = JSON.parse(moved.stdout)
    expect(task).toMatchObject({ kind: "transfer", units: 2, status: "succeeded" })
    const transfer = await api.get(`/v2/transfers/${task.id}/`)
    expect(transfer.json).toMatchObject({ source_wallet: wallet, target_address: other.address, status: "succeeded" })
    expect((await api.get(`/v2/investments/${investment.id}/`)).json.remaining_units).toBe(4)
    const unknown = { investment: "01a20498-e100-7457-a6b0-8c94fc43d4ee", units: 1 }
    expect((await trigger("redemption", unknown)).json.code).toBe("investment_not_found")
  })

  it("a key forces each refusal that an operation has, and no other", async () => {
    const before = (await api.get("/v2/investors/")).json.count
    const id = "01a20498-e100-7457-a6b0-8c94fc43d4ee"
    const commands = platformResources
      .flatMap(({ resource }) => Object.values<Operation.Any>(resource.operations))
      .filter(({ _tag }) => _tag === "Command")
    for (const operation of commands) {
      const [method, path] = operation.route!.split(" ") as [string, string]
      for (const code of [...operation.refusals, ...SandboxRefusals.ofAnyCommand]) {
        const key = { "x-idempotency-key": `refuse:${code}:${operation.route}`.replaceAll(" ", "-") }
        const sent = () =>
          api.send(method, path.replaceAll(/:\w+/g, id), {
            headers: { ...key, "content-type": "application/json" },
            body: "{}"
          })
        const first = await sent()
        const { status } = ProblemTypes.problemTypes[code]!
        expect({ code, httpStatus: first.status, ...first.json }).toMatchObject({ code, httpStatus: status, status })
        expect(first.headers.has("www-authenticate")).toBe(status === 401 || status === 403)
        expect(first.headers.has("retry-after")).toBe(status === 429 || status === 503)
        if (first.status === 409) expect((await sent()).bytes).toEqual(first.bytes)
      }
    }
    expect((await api.get("/v2/investors/")).json.count).toBe(before)
    // Not one of this operation's.
    created(await api.post("/v2/investors/", investorBody("other"), "refuse:allocation_exhausted:1"))
  })

  it("a terminal shows each webhook, whose endpoint ends with it", async () => {
    const args = ["listen", "--data", folderOf("triggers")]
    const child = spawn(process.execPath, [bin, ...args], { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
    let heard = ""
    child.stdout.on("data", (piece) => (heard += String(piece)))
    const ended = new Promise((done) => child.once("close", done))
    await eventually(async () => (heard.includes("listening") ? true : undefined))
    const investment = await subscribed(server, api, "heard", ["accepted_at", "paid_at"])
    await brings("acceptance", { investment, outcome: "accepted" }, {})
    const line = await eventually(async () => heard.split("\n").find((each) => each.includes('"ACCEPTED"')))
    expect(line).toMatch(/^signed {2}\{/)
    expect(JSON.parse(line.slice(8))).toMatchObject({ investment_id: investment, status: "ACCEPTED" })
    expect((await beside(server, authorization, "POST", "/sandbox/webhooks/", { port: 0 })).status).toBe(400)
    child.kill("SIGINT")
    expect(await ended).toBe(0)
    const unknown = await beside(server, authorization, "POST", "/sandbox/webhooks/removals/", { id: "endpoint-0" })
    expect(unknown.status).toBe(404)
    await server.stop()
    expect((await effekten(["webhook", "list", "--data", folderOf("triggers")])).stdout).toBe("")
    server = await startServer(folderOf("triggers"), { port: new URL(server.url).port })
  })

  it("a terminal shows each request that is answered, and none of its own looks", async () => {
    const data = folderOf("triggers")
    const args = ["logs", "--follow", "--data", data]
    const child = spawn(process.execPath, [bin, ...args], { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
    let heard = ""
    child.stdout.on("data", (piece) => (heard += String(piece)))
    const ended = new Promise((done) => child.once("close", done))
    await eventually(async () => (heard.includes("/oauth/token") ? true : undefined))
    expect((await api.get("/v2/nothing-there/?limit=1")).status).toBe(404)
    await eventually(async () => (/ {2}404 {2}GET {2}\S+\/v2\/nothing-there\/ {2}/.test(heard) ? true : undefined))
    expect(heard).not.toContain("/sandbox/logs/")
    child.kill("SIGINT")
    expect(await ended).toBe(0)
    expect((await effekten(["logs", "--data", data])).stdout).toContain("nothing-there")
  })

  it("what a body lacks is told member by member, and what another platform has is unknown", async () => {
    expect(await trigger("payment", {})).toMatchObject({
      status: 400,
      json: { code: "invalid_request", errors: [{ pointer: "/investment" }] }
    })
    const investment = "01a20498-e100-7457-a6b0-8c94fc43d4ee"
    for (const event of ["payment", "deadline"])
      expect((await trigger(event, { investment })).json.code).toBe("investment_not_found")
    for (const [event, outcome] of [
      ["acceptance", "rejected"],
      ["review", "refused"]
    ] as const)
      expect((await trigger(event, { investment, outcome })).json.code).toBe("investment_not_found")
    const told = await effekten(["trigger", "payment", "--investment", investment, "--data", folderOf("triggers")])
    expect(told).toMatchObject({ code: 6, stdout: "" })
    expect(told.stderr).toMatch(/investment_not_found/)
  })
})

describe("outside of a sandbox", () => {
  it("no key refuses, and no number of units fails", async () => {
    const served = await serve("memory")
    const api = await connect(served)
    const { investor, wallet } = await onboard(api, "refuse:rate_limited:1")
    for (const { units } of magicUnits) {
      const body = investmentBody(served, investor, wallet, units)
      const key = `refuse:allocation_exhausted:${units}`
      const path = `/v2/investments/${created(await api.post("/v2/investments/", body, key)).id}/credits/`
      const { id } = created(await api.post(path, undefined, `refuse:unavailable:${units}`))
      await eventually(async () => ((await api.get(`${path}${id}/`)).json.status === "succeeded" ? true : undefined))
    }
    await served.close()
  })
})

describe("a sandbox's routes", () => {
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
