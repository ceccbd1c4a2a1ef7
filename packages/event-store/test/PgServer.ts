/** A PostgreSQL server of its own for a test file: started in a temporary folder, gone afterwards. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { Redacted } from "effect"
import type { PgEventStore } from "@effekten/event-store/postgres"
import { password, startPostgres, username } from "./PostgresProcess.ts"

export interface PgTestServer {
  readonly port: number
  /** The folder of its data. */
  readonly data: string
  /** How a store reaches it; another port for a proxy in front. */
  readonly server: (overrides?: Partial<PgEventStore.PgServer>) => PgEventStore.PgServer
  readonly url: (database?: string) => string
  /** Every process of the server dies where it stands; then it is started again and recovers from its write-ahead log. */
  readonly crash: (whileItIsDown?: () => void) => Promise<void>
  /** `kill -9` of the process that starts all others: nothing is tidied up. Then it is started again. */
  readonly kill: () => Promise<void>
  /** Stops the server and starts it again as a standby, which it is until `pg_promote()`. */
  readonly becomeStandby: () => Promise<void>
}

export const startServer = async (): Promise<PgTestServer & { readonly stop: () => Promise<void> }> => {
  const folder = mkdtempSync(join(tmpdir(), "event-store-pg-"))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const template = process.env["EFFEKTEN_POSTGRES_TEMPLATE"]
  const postgres = await startPostgres({ folder, initdbFlags: ["--no-sync"], template }).catch((cause: unknown) => {
    remove()
    throw cause
  })
  const { port, data } = postgres
  const pidFile = join(data, "postmaster.pid")
  const pid = () => Number(readFileSync(pidFile, "utf8").split("\n")[0])
  const pause = () => new Promise((resolve) => setTimeout(resolve, 10))
  return {
    port,
    data,
    server: (overrides = {}) => ({
      host: "127.0.0.1",
      port,
      username,
      password: Redacted.make(password),
      database: "postgres",
      ...overrides
    }),
    url: (database = "postgres") => `postgres://${username}:${password}@127.0.0.1:${port}/${database}`,
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
      writeFileSync(join(data, "standby.signal"), "")
      // It says that it is ready when it is promoted.
      postgres.start().catch(() => undefined)
      while (!existsSync(pidFile) || readFileSync(pidFile, "utf8").split("\n")[7]?.trim() !== "ready") await pause()
    },
    stop: async () => {
      await postgres.stop()
      remove()
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
    get data() {
      return started().data
    },
    server: (overrides) => started().server(overrides),
    url: (database) => started().url(database),
    crash: (whileItIsDown) => started().crash(whileItIsDown),
    kill: () => started().kill(),
    becomeStandby: () => started().becomeStandby()
  }
}
