/** A PostgreSQL primary with a streaming standby, both of which a test starts, stops and promotes. Gone after the tests of the file. */
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"

import { tmpdir } from "node:os"
import { join } from "node:path"
import { PgConnection } from "@effect/sql-pg"
import type { PgEventStore } from "@effekten/event-store/postgres"
import { Effect, Redacted } from "effect"
import { afterAll, beforeAll } from "vitest"
import { password, type PostgresProcess, startPostgres, username } from "./PostgresProcess.ts"

export interface PgPair {
  /** The port that the name in front of both points to: the primary's, and after a failover the standby's. */
  readonly port: () => number
  /** How a store reaches the pair, over the port of a proxy. */
  readonly server: (port?: number) => PgEventStore.PgServer
  /** Waits until the standby has all, then stops it: what is committed from now on does not reach it. */
  readonly holdStandby: () => Promise<void>
  /** `kill -9` of the primary; then the standby is started, promoted, and takes its name. */
  readonly failOver: () => Promise<void>
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10))
const linesOf = ({ data }: PostgresProcess) => {
  const file = join(data, "postmaster.pid")
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : []
}
const isReady = (process: PostgresProcess) => linesOf(process)[7]?.trim() === "ready"

const serverAt = (port: number): PgEventStore.PgServer => ({
  host: "127.0.0.1",
  port,
  username,
  password: Redacted.make(password),
  database: "postgres"
})

const ask = (port: number, sql: string) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(PgConnection.make(serverAt(port)), (session) => session.queryValues(sql)))
  )

/** Files that the server's user can read and write. */
const write = (primary: PostgresProcess, path: string, text: string) => {
  writeFileSync(path, text)
  const { gid, uid } = statSync(primary.data)
  chownSync(path, uid, gid)
}

/** A copy of the primary's data that follows it. The primary is stopped while it is copied. */
const followerOf = async (primary: PostgresProcess, folder: string): Promise<PostgresProcess> => {
  await primary.stop()
  mkdirSync(folder, { mode: 0o755 })
  execFileSync("cp", ["-a", primary.data, join(folder, "data")])
  const data = join(folder, "data")
  write(primary, join(data, "standby.signal"), "")
  appendFileSync(
    join(data, "postgresql.auto.conf"),
    `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=${username} password=${password}'\n`
  )
  await primary.start()
  return startPostgres({ folder, existing: true })
}

const startFollower = async (standby: PostgresProcess) => {
  // It says that it is ready when it is promoted.
  standby.start().catch(() => undefined)
  while (!isReady(standby)) await pause()
}

const end = async (process: PostgresProcess, signal: "SIGINT" | "SIGKILL") => {
  const pid = Number(linesOf(process)[0])
  globalThis.process.kill(pid, signal)
  if (signal === "SIGINT") while (linesOf(process).length > 0) await pause()
}

const startPair = async () => {
  const folder = mkdtempSync(join(tmpdir(), "event-store-pair-"))
  // As root the servers run under another user.
  execFileSync("chmod", ["755", folder])
  mkdirSync(join(folder, "primary"), { mode: 0o755 })
  const primary = await startPostgres({ folder: join(folder, "primary"), initdbFlags: ["--no-sync"] })
  const standby = await followerOf(primary, join(folder, "standby"))
  await startFollower(standby)
  let port = primary.port
  const pair: PgPair = {
    port: () => port,
    server: (through = port) => serverAt(through),
    holdStandby: async () => {
      const [written] = await ask(primary.port, "SELECT pg_current_wal_flush_lsn()::text")
      const has = `SELECT pg_last_wal_replay_lsn() >= '${String(written?.[0])}'::pg_lsn`
      while ((await ask(standby.port, has))[0]?.[0] !== true) await pause()
      await end(standby, "SIGINT")
    },
    failOver: async () => {
      await end(primary, "SIGKILL")
      // As left behind as its process is gone: nothing is to be stopped there any more.
      rmSync(join(primary.data, "postmaster.pid"))
      await startFollower(standby)
      await ask(standby.port, "SELECT pg_promote()")
      port = standby.port
    }
  }
  const stop = async () => {
    for (const each of [standby, primary]) if (isReady(each)) await each.stop().catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  }
  return { pair, stop }
}

/** One pair for all tests of a file. */
export const usePair = (): (() => PgPair) => {
  let running: Awaited<ReturnType<typeof startPair>> | undefined
  beforeAll(async () => {
    running = await startPair()
  })
  afterAll(() => running?.stop())
  return () => {
    if (running === undefined) throw new Error("the servers run while the tests do")
    return running.pair
  }
}
