/**
 * What an operator does with a register, as processes: backs it up and restores it, admits platforms, sees that it cannot write. For
 * operators.
 */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { connect, created, eventually, investorBody } from "./Api.ts"
import { effekten, startServer, temporaryFolder, type Ended, type Server } from "./Process.ts"

const temporary = temporaryFolder()
afterAll(() => temporary.remove())
const at = (name: string): string => join(temporary.path, name)

const run = (...args: ReadonlyArray<string>): Promise<Ended> => effekten(args)

/** One line on standard error for a person, and nothing on standard output. */
const refuses = (ended: Ended, exitCode: number, says: RegExp): void => {
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: exitCode, stdout: "" })
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1)
  expect(ended.stderr).toMatch(says)
}

const valuesOf = (stdout: string): { readonly [name: string]: string } =>
  Object.fromEntries([...stdout.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]))

const statusOf = async (server: Server, path: string): Promise<number> =>
  (await fetch(`${new URL(server.url).origin}${path}`)).status

describe("a backup", () => {
  it("beside a server at work, restored elsewhere, is the register: verified, served, and true to its keys", async () => {
    const server = await startServer(at("served"))
    const api = await connect(server)
    const answers = new Map<string, Buffer>()
    const stopping = new AbortController()
    const client = async (name: number): Promise<void> => {
      for (let i = 0; !stopping.signal.aborted; i++) {
        const key = `investor-${name}-${i}`
        const answer = await api.post("/v2/investors/", investorBody(), key)
        expect(answer.status).toBe(201)
        answers.set(key, answer.bytes)
      }
    }
    const clients = Promise.allSettled([1, 2, 3, 4].map(client))
    const document: string = created(await api.upload("protocol.pdf", "nothing in it", "document")).id
    await eventually(async () => (answers.size >= 40 ? true : undefined))
    const acknowledged = new Map(answers)
    const backup = await run("backup", at("backup"), "--data", at("served"), "--json")
    stopping.abort()
    expect((await clients).filter(({ status }) => status === "rejected")).toEqual([])
    expect(backup).toMatchObject({ code: 0, stderr: "" })
    expect(answers.size).toBeGreaterThan(acknowledged.size)
    refuses(await run("backup", at("backup"), "--data", at("served")), 1, /is there already/)
    expect((await server.kill()).signal).toBe("SIGKILL")

    refuses(await run("restore", at("backup"), "--data", at("served")), 4, /not empty/)
    const restored = await run("restore", at("backup"), "--data", at("restored"))
    expect(restored).toMatchObject({ code: 0, stderr: "" })
    expect(restored.stdout).toMatch(/^Restored to .*\n\nNext:\n1\. effekten verify/)
    // D-15: a server that erases by the clock would not know of the hold.
    expect(restored.stdout).toMatch(
      /Legal holds since then are gone.*\n +Erasures since then.*\n(?:.*\n)*3\. effekten serve/
    )
    expect(await run("verify", "--data", at("restored"))).toMatchObject({ code: 0, stderr: "" })
    const replay = await run("replay", "--data", at("restored"), "--json")
    expect(JSON.parse(replay.stdout)).toMatchObject({
      position: JSON.parse(backup.stdout).position,
      conservation: "holds"
    })

    const again = await startServer(at("restored"))
    expect([again.clientId, again.clientSecret]).toEqual([server.clientId, server.clientSecret])
    const after = await connect(again)
    for (const [key, bytes] of [...acknowledged].slice(-20)) {
      const repeated = await after.post("/v2/investors/", investorBody(), key)
      expect(repeated.headers.get("idempotent-replayed")).toBe("true")
      expect(repeated.bytes).toEqual(bytes)
    }
    expect((await after.get(`/v2/documents/${document}/`)).status).toBe(200)
    expect((await again.stop()).code).toBe(0)
  })

  it("that was altered is not restored, and one without secrets says what it lacks", async () => {
    cpSync(at("backup"), at("altered"), { recursive: true })
    const [part] = readdirSync(join(at("altered"), "blobs"))
    const [id] = readdirSync(join(at("altered"), "blobs", part!))
    writeFileSync(join(at("altered"), "blobs", part!, id!), "another content")
    refuses(
      await run("restore", at("altered"), "--data", at("nothing")),
      3,
      new RegExp(`${id} is not what was backed up`)
    )
    expect(readdirSync(at("nothing")).filter((name) => !name.startsWith("lock"))).toEqual([])

    const bare = await run("backup", at("bare"), "--data", at("restored"), "--without-secrets")
    expect(bare.code).toBe(0)
    expect(bare.stderr).toMatch(/^effekten: .*without register\.key, master\.key, checkpoint\.key/)
    expect(
      readdirSync(at("bare")).filter((name) => !/\.db$|^blobs$|^manifest\.json$|^checkpoint\.anchor$/.test(name))
    ).toEqual([])
    const restored = await run("restore", at("bare"), "--data", at("nothing"))
    expect(restored.stdout).toMatch(/1\. Put register\.key, master\.key, checkpoint\.key/)
  })
})

describe("a platform", () => {
  it("is added while no server has the register; its clients are added, given new secrets and removed beside one", async () => {
    const data = at("restored")
    refuses(await run("platform", "add", "Erste Plattform", "--data", at("nowhere")), 4, /holds no register/)
    expect(existsSync(at("nowhere"))).toBe(false)
    refuses(await run("platform", "add", "Erste Plattform", "--scopes", "everything", "--data", data), 2, /is no scope/)
    const added = await run("platform", "add", "Erste Plattform", "--data", data)
    expect(added).toMatchObject({ code: 0, stderr: "" })
    const first = valuesOf(added.stdout)
    expect(Object.keys(first)).toEqual(["PLATFORM_ID", "CLIENT_ID", "CLIENT_SECRET"])
    for (const name of readdirSync(data).filter((name) => name.includes(".db"))) {
      expect(readFileSync(join(data, name)).indexOf(first["CLIENT_SECRET"]!)).toBe(-1)
    }
    refuses(await run("platform", "add", "Erste Plattform", "--data", data), 6, /client add/)
    const reader = valuesOf(
      (await run("client", "add", first["PLATFORM_ID"]!, "--scopes", "investors:read", "--data", data)).stdout
    )

    const server = await startServer(data)
    refuses(await run("platform", "add", "Zweite Plattform", "--data", data), 4, /in use by another process/)
    const list = JSON.parse((await run("platform", "list", "--json", "--data", data)).stdout)
    expect(list).toMatchObject([
      { name: "Sandbox platform", clients: [{ clientId: server.clientId }] },
      { id: first["PLATFORM_ID"], name: "Erste Plattform" }
    ])
    expect(list[1].clients.map(({ clientId }: { readonly clientId: string }) => clientId).sort()).toEqual(
      [first["CLIENT_ID"], reader["CLIENT_ID"]].sort()
    )
    const as = (values: { readonly [name: string]: string }) =>
      connect({ url: server.url, clientId: values["CLIENT_ID"]!, clientSecret: values["CLIENT_SECRET"]! })
    const writing = await as(first)
    const investor = created(await writing.post("/v2/investors/", investorBody(), "first")).id
    const reading = await as(reader)
    expect((await reading.get(`/v2/investors/${investor}/`)).status).toBe(200)
    expect((await reading.post("/v2/investors/", investorBody(), "second")).status).toBe(403)

    // Clients are changed beside the server. It may remember a token for five seconds.
    refuses(await run("client", "rotate-secret", "nobody", "--data", data), 6, /client list/)
    const rotated = valuesOf((await run("client", "rotate-secret", reader["CLIENT_ID"]!, "--data", data)).stdout)
    expect(rotated).toMatchObject({ CLIENT_ID: reader["CLIENT_ID"], PLATFORM_ID: first["PLATFORM_ID"] })
    expect(await run("client", "remove", first["CLIENT_ID"]!, "--data", data)).toMatchObject({ code: 0, stderr: "" })
    await expect(as(first)).rejects.toThrow(/no token: 401/)
    await expect(as(reader)).rejects.toThrow(/no token: 401/)
    const another = await run("client", "add", first["PLATFORM_ID"]!, "--scopes", "investors:read", "--data", data)
    for (const client of [rotated, valuesOf(another.stdout)]) {
      const still = await as(client)
      expect((await still.get(`/v2/investors/${investor}/`)).status).toBe(200)
      expect((await still.post("/v2/investors/", investorBody(), "third")).status).toBe(403)
    }
    for (const ended of [writing, reading]) {
      const statusNow = async () => (await ended.get(`/v2/investors/${investor}/`)).status
      await eventually(async () => ((await statusNow()) === 401 ? true : undefined))
    }
    await server.stop()
  })
})

describe("an issuer", () => {
  it("has clients of its own, which are added, listed and given new secrets beside a server", async () => {
    const data = at("restored")
    const issuer = valuesOf((await run("issuer", "add", "--data", data)).stdout)["ISSUER_ID"]!
    const server = await startServer(data)
    const add = (...args: ReadonlyArray<string>) => run("client", "add", ...args, "--data", data)
    refuses(await add(), 2, /name a platform, or an issuer/)
    refuses(await add("--issuer", "nobody"), 6, /issuer list/)
    refuses(await add("--issuer", issuer, "--scopes", "investors:read"), 2, /is no scope; there are issuers:read/)
    const added = valuesOf((await add("--issuer", issuer)).stdout)
    expect(added["ISSUER_ID"]).toBe(issuer)
    const list = JSON.parse((await run("client", "list", "--json", "--data", data)).stdout)
    const scopes = ["issuers:read", "issuers:write", "products:read", "products:write", "investments:read"]
    expect(list).toContainEqual({ clientId: added["CLIENT_ID"], issuer, scopes })
    const rotated = valuesOf((await run("client", "rotate-secret", added["CLIENT_ID"]!, "--data", data)).stdout)
    expect(rotated).toMatchObject({ CLIENT_ID: added["CLIENT_ID"], ISSUER_ID: issuer })
    const api = await connect({
      url: server.url,
      clientId: rotated["CLIENT_ID"]!,
      clientSecret: rotated["CLIENT_SECRET"]!
    })
    expect((await api.get("/issuer/v2/issuers/")).json.results).toEqual([
      { id: issuer, bank_account: null, legal_person: null, natural_person: null }
    ])
    await server.stop()
  })
})

const canLimit = (() => {
  try {
    execFileSync("prlimit", ["--version"])
    return true
  } catch {
    return false
  }
})()

it.skipIf(!canLimit)(
  "a server whose disk takes nothing more lives, is not ready, and says that nothing was executed",
  async () => {
    mkdirSync(at("full"))
    const server = await startServer(at("full"))
    const api = await connect(server)
    const before = await api.post("/v2/investors/", investorBody(), "before")
    const unidentified = () => api.post(`/v2/investors/${before.json.id}/wallets/eth-managed/`, undefined, "wallet")
    const refused = await unidentified()
    expect([before.status, refused.status, await statusOf(server, "/readyz")]).toEqual([201, 409, 200])
    execFileSync("prlimit", ["--pid", String(server.pid), "--fsize=0"])
    for (const key of ["first", "second"]) {
      expect(await api.post("/v2/investors/", investorBody(), key)).toMatchObject({
        status: 503,
        json: { executed: "no" }
      })
    }
    await eventually(async () => ((await statusOf(server, "/readyz")) === 503 ? true : undefined))
    expect(await statusOf(server, "/livez")).toBe(200)
    // What shows nothing personal goes on. An opening could not be recorded, so nothing personal is shown.
    const repeated = await unidentified()
    expect([repeated.status, repeated.bytes]).toEqual([refused.status, refused.bytes])
    const hidden = await api.get(`/v2/investors/${before.json.id}/`)
    expect(hidden).toMatchObject({ status: 503, json: { executed: "no" } })
    expect(hidden.bytes.toString()).not.toMatch(/Beispiel/)
    expect((await server.kill()).stderr).toMatch(/not ready: .*takes no writes/)

    const again = await startServer(at("full"))
    const after = await connect(again)
    expect(await statusOf(again, "/readyz")).toBe(200)
    expect((await after.get(`/v2/investors/${before.json.id}/`)).bytes).toEqual(before.bytes)
    expect((await after.post("/v2/investors/", investorBody(), "first")).headers.get("idempotent-replayed")).not.toBe(
      "true"
    )
    await again.stop()
  }
)
