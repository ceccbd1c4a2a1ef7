/** Two nodes of one register: processes of their own, in folders of their own, on one PostgreSQL database. For operators. */
import { existsSync, readdirSync, writeFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import {
  connect,
  created,
  eventually,
  identificationBody,
  investmentBody,
  investorBody,
  onboard,
  type Api
} from "./Api.ts"
import { effekten, root, run, startServer, temporaryFolder, valuesOf, type Server } from "./Process.ts"

const folders = [temporaryFolder(), temporaryFolder()] as const
const [near, far] = [folders[0].path, folders[1].path]
/** Of an auditor. */
const elsewhere = temporaryFolder()
let postgres: Awaited<ReturnType<typeof startPostgres>>
let first: Server
let second: Server
/** Settlement takes so long that a node can be killed in the midst of it. */
const node = (folder: string) => startServer(folder, { args: ["--store", postgres.url(), "--settle-after", "700"] })

beforeAll(async () => {
  postgres = await startPostgres()
  // What every node of a register is given. They start together, on a database in which nothing is.
  for (const folder of [near, far])
    writeFileSync(join(folder, "master.key"), Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 })
  ;[first, second] = await Promise.all([node(near), node(far)])
})

afterAll(async () => {
  await first?.stop()
  await second?.stop()
  await postgres?.stop()
  for (const { remove } of [...folders, elsewhere]) remove()
})

const walk = (server: Server, folder: string) => effekten(["guide", "--url", server.url, "--data", folder])

const investments = async (api: Api, name: string, count: number): Promise<ReadonlyArray<string>> => {
  const { investor, wallet } = await onboard(api, name)
  const made: Array<string> = []
  for (let index = 0; index < count; index++)
    made.push(
      created(await api.post("/v2/investments/", investmentBody(first, investor, wallet, 5), `${name}-${index}`)).id
    )
  return made
}

const statusOf = async (api: Api, investment: string): Promise<string> =>
  (await api.get(`/v2/investments/${investment}/`)).json.status

describe("two nodes on one database", () => {
  it("both walk the guide, and see what the other has written", async () => {
    for (const [server, folder] of [
      [first, near],
      [second, far]
    ] as const) {
      const { code, stderr, stdout } = await walk(server, folder)
      expect(`${code} ${stderr}`).toBe("0 ")
      expect(stdout).toMatch(/DELIVERED/)
    }
    expect([second.productId, second.campaignId]).toEqual([first.productId, first.campaignId])
    const one = await connect(first)
    const other = await connect(second)
    const { investor } = await onboard(one, "seen")
    expect((await other.get(`/v2/investors/${investor}/`)).status).toBe(200)
    const lists = await Promise.all([one.get("/v2/investors/"), other.get("/v2/investors/")])
    expect(lists[0].json.results.length).toBeGreaterThanOrEqual(3)
    expect(lists[1].json.results.map(({ id }: { id: string }) => id)).toEqual(
      lists[0].json.results.map(({ id }: { id: string }) => id)
    )
    // A token of one is a token of the other.
    const document = created(await one.upload("deed.pdf", "written here", "deed")).id
    const elsewhere = await connect({ ...first, url: second.url })
    expect((await elsewhere.get(`/v2/documents/${document}/`)).status).toBe(200)
  })

  it("promise 4: the same key at both at once takes effect once, and both give the same answer", async () => {
    const apis = [await connect(first), await connect(second)]
    const before = (await apis[0]!.get("/v2/investors/")).json.count
    const keys = Array.from({ length: 12 }, (_, index) => `at-once-${index}`)
    const answers = await Promise.all(
      keys.flatMap((key) => apis.map((api) => api.post("/v2/investors/", investorBody("zugleich"), key)))
    )
    const byKey = new Map<string, Set<string>>()
    answers.forEach((answer, index) => {
      const key = keys[Math.floor(index / 2)]!
      byKey.set(key, (byKey.get(key) ?? new Set()).add(`${answer.status} ${answer.bytes.toString("utf8")}`))
    })
    for (const said of byKey.values()) {
      expect([...said]).toHaveLength(1)
      expect([...said][0]).toMatch(/^201 /)
    }
    expect(new Set([...byKey.values()].flatMap((said) => [...said])).size).toBe(keys.length)
    expect((await apis[1]!.get("/v2/investors/")).json.count - before).toBe(keys.length)
    // And with another body, the key is taken at the other node too.
    expect((await apis[1]!.post("/v2/investors/", investorBody("anders"), keys[0]!)).status).toBe(422)
  })

  it("a platform and its offer are set up beside them, both nodes sell it, and a closed one is sold by none", async () => {
    const command = (...args: ReadonlyArray<string>) =>
      effekten([...args, "--data", near], { env: { EFFEKTEN_STORE: postgres.url() } })
    const done = async (...args: ReadonlyArray<string>) => {
      const ended = await command(...args)
      expect(ended).toMatchObject({ code: 0, stderr: "" })
      return ended
    }
    const client = valuesOf(await done("platform", "add", "Zweite Plattform"))
    const [platform, clientId, clientSecret] = ["PLATFORM_ID", "CLIENT_ID", "CLIENT_SECRET"].map(
      (name) => client[name]!
    )
    const sellers = await Promise.all(
      [first, second].map(({ url }) => connect({ url, clientId: clientId!, clientSecret: clientSecret! }))
    )
    for (const api of sellers) expect((await api.get("/v2/investors/")).json.count).toBe(0)
    expect((await done("platform", "list")).stdout).toMatch(new RegExp(`Zweite Plattform\n  client ${clientId}`))

    // One key, two processes at once: one issuer.
    const added = await Promise.all([1, 2].map(() => done("issuer", "add", "--key", "issuer-beside")))
    const [issuer, same] = added.map((ended) => valuesOf(ended)["ISSUER_ID"]!)
    expect(same).toBe(issuer)
    const terms = ["--issuer-id", issuer!, "--product-type", "BOND", "--issue-volume", "1000"]
    const product = valuesOf(await done("product", "add", "Beispielanleihe", ...terms))["PRODUCT_ID"]!
    const offer = ["campaign", "add", "--product-id", product, "--platform-id", platform!, "--allocation", "100"]
    const early = await command(...offer)
    expect([early.code, early.stderr]).toEqual([6, expect.stringContaining("product_not_listed")])
    await done("product", "list-on", product, platform!)
    const campaign = valuesOf(await done(...offer))["CAMPAIGN_ID"]!

    const { investor } = await onboard(sellers[0]!, "buyer")
    const buy = (api: Api, key: string) =>
      api.post(
        "/v2/investments/",
        { campaign_id: campaign, investor_id: investor, units: 30, signed_at: "2024-05-06T07:14:13Z" },
        key
      )
    const sold = await Promise.all(sellers.map((api, index) => buy(api, `offer-${index}`)))
    expect(sold.map(({ status }) => status)).toEqual([201, 201])
    const shown = JSON.parse((await done("campaign", "show", campaign, "--json")).stdout)
    expect(shown).toMatchObject({ product_id: product, allocation: 100, used_units: 60, open: true })
    await done("campaign", "close", campaign)
    for (const [index, api] of sellers.entries())
      expect(await buy(api, `too-late-${index}`)).toMatchObject({ status: 409, json: { code: "campaign_not_open" } })
  })

  it("nobody stays in review: a person decides beside them, and both nodes say so", async () => {
    const store = { env: { EFFEKTEN_STORE: postgres.url() } }
    const api = await connect(first)
    const { natural_person, ...rest } = investorBody("review")
    const body = { ...rest, natural_person: { ...natural_person, is_pep: true } }
    const { id } = created(await api.post("/v2/investors/", body, "review"))
    const protocol = created(await api.upload("review.pdf", "ASD", "review-protocol")).id
    const proof = await api.post(`/v2/investors/${id}/identifications/`, identificationBody(protocol), "review-proof")
    expect(proof.json.kyc_status).toBe("REVIEW")
    const decide = (...args: ReadonlyArray<string>) => effekten(["decide", "investor", ...args, "--data", near], store)
    expect((await decide("list")).stdout).toContain(`${id}  platform `)
    expect(await decide("approve", id, "--reason", "management_agreed")).toMatchObject({ code: 0, stderr: "" })
    for (const server of [first, second])
      expect((await (await connect(server)).get(`/v2/investors/${id}/`)).json.kyc_status).toBe("SUCCESS")
    expect(await decide("refuse", id)).toMatchObject({ code: 2 })
    expect(await decide("approve", id)).toMatchObject({ code: 6 })
    expect((await decide("list")).stdout).toBe("No review is open.\n")
  })

  it("promise 2: under contention for one campaign from both sides, every subscription is counted once", async () => {
    const apis = [await connect(first), await connect(second)]
    const holders = await Promise.all(apis.map((api, index) => onboard(api, `rush-${index}`)))
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        apis[index % 2]!.post(
          "/v2/investments/",
          investmentBody(first, holders[index % 2]!.investor, holders[index % 2]!.wallet, 1),
          `rush-${index}`
        )
      )
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(40)
  })

  it("a credit is answered when it is settled, at the node that learns of it from the log", async () => {
    const told: Array<string> = []
    for (const [index, server] of [first, second].entries()) {
      const api = await connect(server)
      const [id] = await investments(api, `answered-${index}`, 1)
      created(await api.post(`/v2/investments/${id}/credits/`, undefined, `answered-credit-${index}`))
      told.push(await statusOf(api, id!))
      await eventually(async () => ((await statusOf(api, id!)) === "DELIVERED" ? true : undefined))
    }
    // The node that settles hears from the ledger that it takes its time, and lets the caller go.
    expect(told).toContain("DELIVERED")
  })

  it("kill -9 of the node that settles, in the midst of it: the other goes on and settles, nothing twice", async () => {
    const one = await connect(first)
    const [ahead, ...made] = await investments(one, "orphans", 7)
    // Alone, the first node holds the lease; what it has settled shows that it does.
    await second.stop()
    created(await one.post(`/v2/investments/${ahead}/credits/`, undefined, "credit-ahead"))
    await eventually(async () => ((await statusOf(one, ahead!)) === "DELIVERED" ? true : undefined))
    second = await node(far)
    const credits = made.map((id, index) =>
      one.post(`/v2/investments/${id}/credits/`, undefined, `orphan-credit-${index}`).catch(() => undefined)
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    await first.kill()
    await Promise.all(credits)
    const other = await connect(second)
    // A credit whose answer was lost is asked for again, with its key, at the node that lives.
    for (const [index, id] of made.entries())
      expect((await other.post(`/v2/investments/${id}/credits/`, undefined, `orphan-credit-${index}`)).status).toBe(201)
    for (const id of made)
      await eventually(async () => ((await statusOf(other, id)) === "DELIVERED" ? true : undefined))
    for (const id of made) expect((await other.get(`/v2/investments/${id}/credits/`)).json.results).toHaveLength(1)
    // The node comes back, and the other may go.
    first = await node(near)
    await second.stop()
    const again = await connect(first)
    const [late] = await investments(again, "afterwards", 1)
    created(await again.post(`/v2/investments/${late}/credits/`, undefined, "late-credit"))
    await eventually(async () => ((await statusOf(again, late!)) === "DELIVERED" ? true : undefined))
    second = await node(far)
  })

  it("after a crash of the database both nodes go on by themselves, and nothing acknowledged is lost", async () => {
    const apis = [await connect(first), await connect(second)]
    const kept = await Promise.all(apis.map((api, index) => onboard(api, `kept-${index}`)))
    await postgres.crash()
    for (const [index, api] of apis.entries()) {
      const again = await eventually(async () => {
        const answer = await api.post("/v2/investors/", investorBody("danach"), `after-crash-${index}`)
        return answer.status === 201 ? answer : undefined
      })
      expect((await api.get(`/v2/investors/${again.json.id}/`)).status).toBe(200)
      for (const { investor } of kept) expect((await api.get(`/v2/investors/${investor}/`)).status).toBe(200)
      expect((await api.get("/v2/investors/")).status).toBe(200)
    }
    const [id] = await investments(apis[0]!, "after-crash", 1)
    created(await apis[1]!.post(`/v2/investments/${id}/credits/`, undefined, "credit-after-crash"))
    await eventually(async () => ((await statusOf(apis[1]!, id!)) === "DELIVERED" ? true : undefined))
  })

  it("promise 6: beside the nodes the log is verified, replayed and exported, without the master key", async () => {
    const api = await connect(first)
    await onboard(api, "audited")
    const command = (...args: ReadonlyArray<string>) =>
      effekten(args, { env: { EFFEKTEN_STORE: postgres.url() }, cwd: elsewhere.path })
    const verified = await command("verify", "--json")
    expect(`${verified.code} ${verified.stderr}`).toBe("0 ")
    expect(JSON.parse(verified.stdout)).toMatchObject({ verified: "register", store: "PostgreSQL", faultCount: 0 })
    expect(JSON.parse(verified.stdout).events).toBeGreaterThan(100)
    expect(await command("rebuild-index")).toMatchObject({ code: 0, stderr: "" })
    expect(JSON.parse((await command("verify", "--json")).stdout)).toMatchObject({ faultCount: 0 })
    const replayed = await command("replay", "--json")
    expect(`${replayed.code} ${replayed.stderr}`).toBe("0 ")
    expect(JSON.parse(replayed.stdout)).toMatchObject({ conservation: "holds", violations: [] })
    const audited = await effekten(["audit", postgres.url(), "--json"], { cwd: elsewhere.path })
    expect(`${audited.code} ${audited.stderr}`).toBe("0 ")
    expect(JSON.parse(audited.stdout)).toMatchObject({ audited: "register", store: "PostgreSQL", verdict: "holds" })
    const exported = join(elsewhere.path, "export")
    expect(await command("export", exported)).toMatchObject({ code: 0, stderr: "" })
    // An export is an export, wherever the register lies.
    expect(await command("verify", exported)).toMatchObject({ code: 0, stderr: "" })
    expect(await command("audit", exported)).toMatchObject({ code: 0, stderr: "" })
    const offline = [join(root, "examples/verify-offline.mjs"), exported, "--keys", join(exported, "keys")]
    expect(await run(process.execPath, offline)).toMatchObject({ code: 0, stderr: "" })
    expect(readdirSync(elsewhere.path)).toEqual(["export"])
    const key = await effekten(["checkpoint-key", "rotate", "--data", near], {
      env: { EFFEKTEN_STORE: postgres.url() }
    })
    expect(`${key.code} ${key.stderr}`).toMatch(/^4 effekten: .*stop all nodes first/)
  })

  it("promise 9: beside the nodes an investor is disclosed, and is not forgotten within retention", async () => {
    const { investor } = await onboard(await connect(second), "told")
    const command = (...args: ReadonlyArray<string>) => effekten([...args, "--store", postgres.url(), "--data", near])
    const told = await command("disclose", investor)
    expect(`${told.code} ${told.stderr}`).toBe("0 ")
    expect(JSON.parse(told.stdout)).toMatchObject({ investor_id: investor, erased: false })
    expect(told.stdout).toContain("Erika Beispiel")
    const kept = await command("forget", investor)
    expect([kept.code, kept.stdout]).toEqual([6, ""])
    expect(kept.stderr).toMatch(/^effekten: retention_running: .* Until \d{4}-01-01T00:00:00\+01:00\.\n$/)
    // Where there is no master key, none is made.
    const without = await effekten(["disclose", investor, "--store", postgres.url(), "--data", elsewhere.path])
    expect(without.code).toBe(4)
    expect(existsSync(join(elsewhere.path, "master.key"))).toBe(false)
  })

  it("a node with another master key is refused, and says what to do", async () => {
    const { code, stderr } = await effekten(["serve", "--port", "0", "--data", near], {
      env: { EFFEKTEN_STORE: postgres.url(), EFFEKTEN_MASTER_KEY: Buffer.alloc(32, 1).toString("base64") }
    })
    expect(code).toBe(4)
    expect(stderr).toMatch(/master key/)
    expect(stderr).not.toMatch(/secret/)
  })

  it("D-06 another master key: not beside a node, once for all of them, and nothing else changes", async () => {
    const { investor } = await onboard(await connect(second), "rewrapped")
    const told = (key?: string) =>
      effekten(
        ["disclose", investor, "--store", postgres.url(), "--data", near],
        key === undefined ? {} : { env: { EFFEKTEN_MASTER_KEY: key } }
      )
    const before = await told()
    expect(before.stdout).toContain("Erika Beispiel")
    const next = Buffer.alloc(32, 9).toString("base64")
    const rotate = (env: NodeJS.ProcessEnv = { EFFEKTEN_NEXT_MASTER_KEY: next }) =>
      effekten(["rotate-master-key", "--store", postgres.url(), "--data", near], { env })
    expect(await rotate({})).toMatchObject({ code: 2, stderr: expect.stringContaining("openssl rand -base64 32") })
    expect(await rotate()).toMatchObject({ code: 4, stderr: expect.stringContaining("stop all nodes first") })
    await first.stop()
    await second.stop()
    expect(await rotate()).toMatchObject({ code: 0, stderr: "" })
    // An operator that does not know whether it was done does it again.
    const again = await rotate()
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("already") })
    expect(await told()).toMatchObject({ code: 4, stderr: expect.stringContaining("the master key is not the one") })
    expect(await told(next)).toMatchObject({ code: 0, stdout: before.stdout })
    expect(await effekten(["verify", "--store", postgres.url()])).toMatchObject({ code: 0 })
  })

  it("the register's secrets are taken out once, into a file that is needed from then on, and fit as before", async () => {
    const env = { EFFEKTEN_MASTER_KEY: Buffer.alloc(32, 9).toString("base64") }
    const command = (...args: ReadonlyArray<string>) =>
      effekten([...args, "--store", postgres.url(), "--data", near], { env })
    const file = join(elsewhere.path, "register.key")
    expect(await command("take-out-secrets", join(near, "master.key"))).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("is there already")
    })
    expect(await command("take-out-secrets", file)).toMatchObject({ code: 0, stderr: "" })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await command("take-out-secrets", `${file}.again`)).toMatchObject({ code: 4 })
    expect(existsSync(`${file}.again`)).toBe(false)
    expect((await command("platform", "add", "Dritte")).stderr).toContain("lie elsewhere, and none were given")
    expect(await command("platform", "add", "Dritte", "--register-key", file)).toMatchObject({ code: 0, stderr: "" })
    const counted = async (...args: ReadonlyArray<string>) => {
      const { code, stdout } = await command("verify", ...args)
      return { code, counted: stdout.includes("the MACs were only counted") }
    }
    expect(await counted()).toEqual({ code: 0, counted: true })
    expect(await counted("--register-key", file)).toEqual({ code: 0, counted: false })
  })
})
