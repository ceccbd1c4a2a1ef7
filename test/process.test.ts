/**
 * The server as a process: how it starts, how it ends, and what it refuses to work with. For operators.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connect, eventually, investorBody } from "./Api.ts"
import {
  bin,
  effekten,
  printed,
  root,
  run,
  serveArgs,
  startServer,
  temporaryFolder,
  type Ended,
  type Server,
  type StartOptions
} from "./Process.ts"

const temporary = temporaryFolder()
afterAll(() => temporary.remove())

let folders = 0
const folder = (): string => join(temporary.path, `data-${++folders}`)

const serve = (data: string, options?: StartOptions): Promise<Ended> => effekten(serveArgs(data, options))

/** One line on standard error for a person, and no stack trace. */
const refusesPlainly = (ended: Ended, exitCode: number, says: RegExp): void => {
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: exitCode, stdout: "" })
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1)
  expect(ended.stderr).toMatch(says)
  expect(ended.stderr).not.toMatch(/^\s+at /m)
}

/** A register that was used and stopped, to be copied and spoilt. */
const used = folder()
const copyOfUsed = (): string => {
  const copy = folder()
  cpSync(used, copy, { recursive: true })
  return copy
}

beforeAll(async () => {
  const server = await startServer(used)
  const api = await connect(server)
  for (let i = 0; i < 3; i++) await api.post("/v2/investors/", investorBody(), `first-${i}`)
  expect((await server.stop()).code).toBe(0)
})

describe("a start", () => {
  it("prints first, on standard output, exactly the five lines a program needs", async () => {
    const data = folder()
    const server = await startServer(data)
    const lines = server.stdout().split("\n")
    expect(lines.slice(0, 5).map((line) => line.slice(0, line.indexOf("=")))).toEqual([...printed])
    expect(lines[0]).toMatch(/^URL=http:\/\/127\.0\.0\.1:\d+\/api\/external$/)
    for (const line of lines.slice(1, 5)) expect(line).toMatch(/^[A-Z_]+=[A-Za-z0-9_-]{16,}$/)
    await eventually(async () => (server.stdout().includes("Ctrl-C") ? true : undefined))
    expect(server.stdout()).toContain(data)
    expect(server.stdout()).toContain("/docs")
    expect(server.stdout()).toContain("effekten guide")
    expect(server.stderr()).toBe("")
    await server.stop()
  })

  it("is the same sandbox the next time, and tokens outlive it", async () => {
    const data = copyOfUsed()
    const first = await startServer(data)
    const api = await connect(first)
    const port = new URL(first.url).port
    await first.stop()
    const second = await startServer(data, { port })
    expect({ ...second, ...ignored }).toEqual({ ...first, ...ignored })
    expect((await api.get("/v2/investors/")).json.count).toBe(3)
    await second.stop()
  })

  it("keeps the client's secret in a file of the owner alone, and elsewhere only its hash", async () => {
    const data = copyOfUsed()
    const server = await startServer(data)
    await connect(server)
    expect(statSync(join(data, "sandbox.json")).mode & 0o777).toBe(0o600)
    for (const name of ["log.db", "log.db-wal", "state.db", "state.db-wal", "keys.db", "views.db", "register.key"]) {
      const bytes = readIfThere(join(data, name))
      expect({ name, secret: bytes.includes(server.clientSecret) }).toEqual({ name, secret: false })
    }
    await server.stop()
  })

  it("a first start that is cut short at any moment is finished by the next", async () => {
    const whole = await startAndStop(folder())
    // From before the first file to after the last step.
    const steps = ["register.key", "log.db", "keys.db", "views.db", "sandbox.json"]
    for (const [attempt, step] of steps.entries()) {
      const data = folder()
      const child = spawn(process.execPath, [bin, ...serveArgs(data)], {
        stdio: "ignore"
      })
      const closed = once(child, "close")
      await eventually(async () => (readIfThere(join(data, step)).length > 0 ? true : undefined))
      child.kill("SIGKILL")
      await closed
      const { position, products } = await startAndStop(data)
      expect({ attempt, position, products }).toEqual({ attempt, position: whole.position, products: whole.products })
    }
  })

  it("goes on when its reader stops reading", async () => {
    const data = folder()
    const child = spawn(process.execPath, [bin, ...serveArgs(data)], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    child.stdout.destroy()
    const sandbox = await eventually(async () => {
      const text = readIfThere(join(data, "sandbox.json")).toString("utf8")
      return text.includes('"url"') ? (JSON.parse(text) as Server) : undefined
    })
    const api = await connect(sandbox)
    expect((await api.post("/v2/investors/", investorBody(), "after")).status).toBe(201)
    const closed = once(child, "close")
    child.kill("SIGTERM")
    expect(await closed).toEqual([0, null])
  })
})

it("a server behind a proxy: its own name in links, no docs, and not ready before it takes no more", async () => {
  const data = folder()
  const args = ["--no-docs", "--public-origin", "https://register.example.org/"]
  const server = await startServer(data, {
    args,
    env: { EFFEKTEN_DRAIN: "60", EFFEKTEN_PUBLIC_ORIGIN: "http://other" }
  })
  expect(server.stdout()).not.toContain("/docs")
  const { origin } = new URL(server.url)
  const statusOf = async (path: string) => (await fetch(`${origin}${path}`)).status
  expect(await Promise.all(["/docs", "/openapi.json", "/readyz"].map(statusOf))).toEqual([404, 404, 200])
  const api = await connect(server)
  const made = await api.post("/v2/investors/", investorBody(), "named")
  expect(made.headers.get("location")).toBe(`https://register.example.org/api/external/v2/investors/${made.json.id}/`)
  const stopped = server.stop()
  await eventually(async () => ((await statusOf("/readyz")) === 503 ? true : undefined))
  const draining = await api.post("/v2/investors/", investorBody(), "draining")
  expect([draining.status, draining.headers.get("connection")]).toEqual([201, "close"])
  await server.kill()
  await stopped

  const env = { EFFEKTEN_PUBLIC_ORIGIN: "https://by.example", EFFEKTEN_DOCS: "false" }
  const again = await startServer(data, { env })
  const repeated = await (await connect(again)).post("/v2/investors/", investorBody(), "named")
  expect(repeated.bytes).toEqual(made.bytes)
  expect(repeated.headers.get("location")).toMatch(/^https:\/\/by\.example\//)
  expect((await fetch(`${new URL(again.url).origin}/docs`)).status).toBe(404)
  await again.stop()
})

it("each client has a limit, which flags and the environment set, and 0 takes away", async () => {
  const data = folder()
  const limitOf = async (options: StartOptions) => {
    const server = await startServer(data, options)
    try {
      const { headers } = await (await connect(server)).get("/v2/investors/")
      return headers.get("ratelimit-policy")
    } finally {
      await server.stop()
    }
  }
  const flags = ["--rate-limit", "20", "--rate-limit-at-once", "70"]
  expect(await limitOf({ env: { EFFEKTEN_RATE_LIMIT: undefined } })).toBe('"default";q=1000;w=10')
  expect(await limitOf({ env: { EFFEKTEN_RATE_LIMIT: "50" } })).toBe('"default";q=1000;w=20')
  expect(await limitOf({ args: flags })).toBe('"default";q=70;w=4')
  expect(await limitOf({ env: { EFFEKTEN_RATE_LIMIT: "0" } })).toBeNull()
})

it("npm start passes on the signal that asks it to stop, and nothing stays behind", async () => {
  const data = folder()
  const env = { ...process.env, EFFEKTEN_DATA: data, PORT: "0" }
  const child = spawn("npm", ["start", "--silent"], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] })
  const closed = once(child, "close")
  let stdout = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  await eventually(async () => (stdout.includes("Ctrl-C") ? true : undefined))
  expect(stdout.split("\n", 5).map((line) => line.split("=", 1)[0])).toEqual([...printed])
  child.kill("SIGTERM")
  expect(await closed).toEqual([0, null])
  // The folder is free again: the process that had it has ended.
  expect((await startAndStop(data)).products).toBe(2)
})

describe.concurrent("a refusal says what and what to do", () => {
  it("a second process on the same folder", async () => {
    const data = copyOfUsed()
    const server = await startServer(data)
    refusesPlainly(await serve(data), 4, /in use by another process/)
    expect((await connect(server)) !== undefined).toBe(true)
    await server.stop()
  })

  it("a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    await once(other, "listening")
    const { port } = other.address() as { readonly port: number }
    refusesPlainly(
      await serve(copyOfUsed(), { port: String(port) }),
      5,
      new RegExp(`port ${port} .* is taken .*--port`)
    )
    other.close()
  })

  it("a folder that cannot be made", async () => {
    const file = join(temporary.path, "a-file")
    writeFileSync(file, "")
    refusesPlainly(await serve(join(file, "data")), 4, /a-file/)
  })

  it("a folder that cannot be written", async () => {
    // Root writes everywhere but where the kernel itself says no.
    const root = process.getuid?.() === 0
    const data = root ? "/proc/self" : folder()
    if (!root) mkdirSync(data, { mode: 0o500 })
    refusesPlainly(await serve(data), 4, /cannot be/)
  })

  it("a log that is no database any more", async () => {
    const data = copyOfUsed()
    writeFileSync(join(data, "log.db"), Buffer.alloc(8192, "x"))
    refusesPlainly(await serve(data), 4, /log\.db.*(damaged|not a database)/)
  })

  it("a log of a newer version", async () => {
    const data = copyOfUsed()
    const database = new DatabaseSync(join(data, "log.db"))
    database.exec("PRAGMA user_version = 4711")
    database.close()
    refusesPlainly(await serve(data), 4, /log\.db has layout 4711.*run the version that wrote it/)
  })

  for (const name of ["register.key", "master.key", "log.db"]) {
    it(`a register whose ${name} is missing`, async () => {
      const data = copyOfUsed()
      rmSync(join(data, name))
      refusesPlainly(await serve(data), 4, new RegExp(`${name.replace(".", "\\.")} is missing.*[Rr]estore`))
    })
  }

  it("wrong arguments", async () => {
    for (const args of [
      ["serve", "--port", "65536"],
      ["serve", "--prot", "1"],
      ["serve", "--public-origin", "example.org"],
      ["serve", "--drain", "-1"],
      ["nothing"],
      ["replay", "--to", "x"]
    ]) {
      const ended = await effekten(args)
      expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code: 2, stdout: "" })
      expect(ended.stderr).toMatch(/^effekten: /)
    }
  })

  it("a guide without a sandbox, or without a server", async () => {
    const none = await effekten(["guide", "--data", folder()])
    expect(none.code).toBe(2)
    expect(none.stderr).toMatch(/--url is missing.*npm start/)
    const stopped = await effekten(["guide", "--data", used])
    expect(stopped.code).toBe(1)
    expect(stopped.stderr).toMatch(/could not be reached/)
  })
})

describe("replay", () => {
  it("promise 6: an altered event is found, and its position named", async () => {
    const data = copyOfUsed()
    const database = new DatabaseSync(join(data, "log.db"))
    const altered = "position IN (SELECT position FROM events WHERE body LIKE '%natural%' ORDER BY position LIMIT 1)"
    const [row] = database.prepare(`SELECT position FROM events WHERE ${altered}`).all()
    database.exec(`UPDATE events SET body = replace(body, 'natural', 'Natural') WHERE ${altered}`)
    database.close()
    const ended = await effekten(["replay", "--data", data])
    expect(ended.code).toBe(3)
    expect(ended.stderr).toContain(`damaged at position ${String(row!["position"])}`)
  })

  it("promise 6: a missing event is found, and its position named", async () => {
    const data = copyOfUsed()
    const database = new DatabaseSync(join(data, "log.db"))
    database.exec("DELETE FROM events WHERE position = 6")
    database.close()
    const ended = await effekten(["replay", "--data", data])
    expect(ended.code).toBe(3)
    expect(ended.stderr).toMatch(/damaged at position 6/)
  })

  it("works beside a running server, and as of any position", async () => {
    const data = copyOfUsed()
    const server = await startServer(data)
    const now = await replayed(data)
    const then = await replayed(data, "--to", "3")
    await server.stop()
    expect(now).toMatchObject({ conservation: "holds", violations: [] })
    expect(now.position).toBeGreaterThan(then.position)
    expect(then.position).toBe(3)
  })

  it("says for people what it found", async () => {
    const ended = await effekten(["replay", "--data", used])
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.stdout).toMatch(/Promise 1, conservation: holds/)
  })
})

describe("an end", () => {
  it("O7 a signal that means nothing to a server does nothing, and opens no debugger", async () => {
    const server = await startServer(copyOfUsed())
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
      process.kill(server.pid, signal)
      await eventually(async () => (server.stderr().includes(`${signal} means nothing to a server`) ? true : undefined))
    }
    expect((await fetch(`${new URL(server.url).origin}/livez`)).status).toBe(200)
    const ended = await server.stop()
    expect(ended.code).toBe(0)
    expect(ended.stderr).not.toMatch(/Debugger/)
  })

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`promise 5: ${signal} with requests in flight loses nothing that was acknowledged, and exits 0`, async () => {
      const data = copyOfUsed()
      const server = await startServer(data)
      const api = await connect(server)
      const acknowledged: Array<string> = []
      let unfinished = 0
      let stopping = false
      const client = async (name: number): Promise<void> => {
        for (let i = 0; ; i++) {
          try {
            const answer = await api.post("/v2/investors/", investorBody(), `${signal}-${name}-${i}`)
            if (answer.status === 201) acknowledged.push(answer.json.id)
            else expect(answer.status).toBe(503)
          } catch {
            unfinished++
            // Before it was told to stop, the server answers everything.
            expect(stopping).toBe(true)
            return
          }
        }
      }
      const clients = Promise.allSettled(Array.from({ length: 32 }, (_, name) => client(name)))
      await eventually(async () => (acknowledged.length >= 64 ? true : undefined))
      stopping = true
      const ended = await server.stop(signal)
      expect((await clients).filter(({ status }) => status === "rejected")).toEqual([])
      expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: "" })
      expect(unfinished).toBe(32)

      const again = await startServer(data)
      const after = await connect(again)
      const found = await Promise.all(acknowledged.map(async (id) => (await after.get(`/v2/investors/${id}/`)).status))
      expect(found.filter((status) => status !== 200)).toEqual([])
      await again.stop()
    })
  }
})

it("--help, --version and a bare call answer on standard output", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../packages/cli/package.json", import.meta.url), "utf8"))
  expect((await effekten(["--version"])).stdout).toContain(version)
  for (const args of [["--help"], ["serve", "--help"], ["guide", "--help"], ["replay", "--help"], []]) {
    expect(await effekten(args)).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("USAGE") })
  }
  expect((await effekten(["serve", "--help"])).stdout).toContain("effekten serve --sandbox")
})

const oldNode = "/usr/bin/node"
const isOldNode = await run(oldNode, ["--version"]).then(
  ({ stdout }) => Number(/^v(\d+)\./.exec(stdout)?.[1]) < 22,
  () => false
)

it.skipIf(!isOldNode)("on an old Node it finds the workspace's own, or says what is needed", async () => {
  expect(await run(oldNode, [bin, "--version"])).toMatchObject({ code: 0, stderr: "" })
  const alone = await run(oldNode, [bin, "--version"], { env: { EFFEKTEN_NODE: oldNode } })
  expect(alone.code).toBe(1)
  expect(alone.stderr).toMatch(/needs Node 22\.19 or newer/)
})

/** What differs between two starts. */
const ignored = { pid: 0, stdout: undefined, stderr: undefined, ended: undefined, kill: undefined, stop: undefined }

const readIfThere = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}

const replayed = async (data: string, ...args: ReadonlyArray<string>) => {
  const ended = await effekten(["replay", "--json", "--data", data, ...args])
  expect(ended).toMatchObject({ code: 0, stderr: "" })
  return JSON.parse(ended.stdout)
}

const startAndStop = async (data: string) => {
  const server = await startServer(data)
  await connect(server)
  await server.stop()
  const result = await replayed(data)
  return { position: result.position, products: result.products.length }
}
