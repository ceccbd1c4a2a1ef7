/**
 * Uploads to a served register: what they take of memory, and what a kill and a full disk leave of them. For operators.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { connect, created, eventually } from "./Api.ts"
import { effekten, startServer, temporaryFolder, type Server } from "./Process.ts"

const mebibyte = 1 << 20
const block = Buffer.alloc(mebibyte, "Erfundene Zeilen eines Vertrags. ")

const cleaning: Array<() => unknown> = []
afterEach(async () => {
  for (const clean of cleaning.splice(0).toReversed()) await clean()
})

const folderOf = () => {
  const { path, remove } = temporaryFolder()
  cleaning.push(remove)
  return path
}

const serving = async (...started: Parameters<typeof startServer>) => {
  const server = await startServer(...started)
  cleaning.push(() => server.stop())
  return server
}

const tokenOf = async ({ clientId, clientSecret, url }: Server): Promise<string> => {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret
  })
  return ((await (await fetch(`${url}/oauth/token`, { method: "POST", body })).json()) as { access_token: string })
    .access_token
}

/** An upload that is never in memory of this process as a whole. Told to stop after so many mebibytes, it waits there. */
const upload = (server: Server, token: string, key: string, mebibytes: number, stopAfter = mebibytes) => {
  const head = `--b\r\nContent-Disposition: form-data; name="file"; filename="${key}.pdf"\r\n\r\n`
  const tail = "\r\n--b--\r\n"
  const sending = request(`${server.url}/v2/documents/`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "x-idempotency-key": key,
      "content-type": "multipart/form-data; boundary=b",
      "content-length": head.length + mebibytes * mebibyte + tail.length
    }
  })
  const answer = new Promise<{ readonly status: number; readonly json: any }>((resolve, reject) => {
    sending.on("error", reject)
    sending.on("response", (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (more: string) => (text += more))
      response.on("end", () => resolve({ status: response.statusCode!, json: JSON.parse(text) }))
    })
  })
  sending.write(head)
  let sent = 0
  const go = (): void => {
    while (sent < stopAfter) {
      sent++
      if (!sending.write(block)) {
        sending.once("drain", go)
        return
      }
    }
    if (stopAfter === mebibytes) sending.end(tail)
  }
  go()
  return answer
}

/** What a process holds in memory, in mebibytes. */
const resident = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))

describe.runIf(process.platform === "linux").each([
  ["in a folder", async () => serving(folderOf())],
  [
    "in PostgreSQL",
    async () => {
      const postgres = await startPostgres()
      cleaning.push(() => postgres.stop())
      return serving(folderOf(), { args: ["--store", postgres.url()] })
    }
  ]
] as const)("a register %s", (_, start) => {
  it("API4 takes 24 uploads of 25 MiB at once with less than 200 MiB more than it has when idle", async () => {
    const server = await start()
    const token = await tokenOf(server)
    for (let count = 0; count < 10; count++) expect((await upload(server, token, `small-${count}`, 0)).status).toBe(201)
    const idle = resident(server.pid)
    let most = idle
    const looking = setInterval(() => (most = Math.max(most, resident(server.pid))), 5)
    const answers = await Promise.all(Array.from({ length: 24 }, (_, at) => upload(server, token, `at-once-${at}`, 25)))
    clearInterval(looking)
    console.log(`24 uploads of 25 MiB: ${(most - idle).toFixed(0)} MiB over ${idle.toFixed(0)} MiB`)
    for (const { json, status } of answers) expect([status, json.size]).toEqual([201, 25 * mebibyte])
    expect(new Set(answers.map(({ json }) => json.sha256)).size).toBe(1)
    expect(most - idle).toBeLessThan(200)
  })
})

describe("a served register", () => {
  it("promise 5, I-20: a kill in the midst of an upload leaves nothing after the next start, and its key is free", async () => {
    const folder = folderOf()
    const server = await startServer(folder)
    const token = await tokenOf(server)
    const kept: string = (await upload(server, token, "kept", 1)).json.id
    const broken = upload(server, token, "broken", 20, 10).catch(() => "broken")
    const pending = join(folder, "blobs", "pending")
    await eventually(
      async () => readdirSync(pending).some((name) => statSync(join(pending, name)).size > mebibyte) || undefined
    )
    await server.kill()
    expect(await broken).toBe("broken")
    expect(readdirSync(pending)).toHaveLength(1)

    const again = await serving(folder)
    expect(filesIn(join(folder, "blobs"))).toEqual([kept])
    const repeated = await upload(again, await tokenOf(again), "broken", 20)
    expect(repeated.status).toBe(201)
    expect(filesIn(join(folder, "blobs")).toSorted()).toEqual([kept, repeated.json.id].toSorted())
    await again.stop()
    expect(await effekten(["verify", "--data", folder])).toMatchObject({ code: 0 })
  })

  it("an upload to a full volume is refused without effect and leaves nothing; the server says so, and repeats what is recorded", async () => {
    const folder = folderOf()
    const blobs = join(folder, "blobs")
    mkdirSync(blobs, { mode: 0o700 })
    const mounted = process.platform === "linux" && spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", blobs])
    if (mounted === false || mounted.status !== 0) return console.log("not run: no volume may be mounted here")
    cleaning.push(() => spawnSync("umount", [blobs]))
    const server = await serving(folder)
    const token = await tokenOf(server)
    const api = await connect(server)
    const ready = async () => (await fetch(new URL("/readyz", server.url))).status
    const first = created(await api.upload("a.pdf", "a", "first"))

    const refused = await upload(server, token, "large", 8)
    expect([refused.status, refused.json.executed]).toEqual([503, "no"])
    expect(filesIn(blobs)).toEqual([first.id])
    expect((await upload(server, token, "small", 1)).status).toBe(201)

    const stopgap = join(blobs, "stopgap.tmp")
    writeFileSync(stopgap, "")
    const fill = () => spawnSync("dd", ["if=/dev/zero", `of=${stopgap}`, "bs=1M"])
    fill()
    await eventually(async () => ((await ready()) === 503 ? true : undefined))
    expect(server.stderr()).toMatch(/not ready: .*blobs takes no writes/)
    expect((await api.upload("b.pdf", "b", "second")).json).toMatchObject({ status: 503, executed: "no" })
    expect((await api.upload("a.pdf", "a", "first")).json).toEqual(first)

    rmSync(stopgap)
    await eventually(async () => ((await ready()) === 200 ? true : undefined))
    expect((await api.upload("b.pdf", "b", "second")).status).toBe(201)
  })
})
