/**
 * Runs of the workload and their traces: in one life or in two, as the store is or turned down, with a fault or without. For the tests.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, noPromises, type Promises } from "./Promises.ts"
import { type Ended, trace } from "./Strace.ts"
import { type Operation, operationsOf } from "./Trace.ts"

export interface Settings {
  /** `PRAGMA synchronous` of the log and the key file, set after the store has set its own. */
  readonly log?: "NORMAL" | "OFF"
  readonly keys?: "NORMAL" | "OFF"
  readonly checkpointAfter?: number
}

export interface Run {
  readonly steps: number
  readonly settings?: Settings
  /** The first life ends before this step, with nothing closed, and a second one goes on. */
  readonly restartAt?: number
  /** What fails or kills in the first life, as strace's `inject` has it. */
  readonly fault?: string
}

export interface Recorded {
  readonly operations: ReadonlyArray<Operation>
  readonly lives: ReadonlyArray<Ended>
  /** What was promised in the end. */
  readonly promises: Promises
}

/** What a life said, as promises. */
export const promised = (said: ReadonlyArray<string>, before: Promises = noPromises): Promises =>
  said.reduce(after, before)

export const record = async ({ steps, settings = {}, restartAt, fault }: Run): Promise<Recorded> => {
  const folder = mkdtempSync(join(tmpdir(), "event-store-traced-"))
  const data = join(folder, "data")
  mkdirSync(data)
  const live = (life: number, from: number, to: number, faults: ReadonlyArray<string>) =>
    trace(
      join(folder, `trace-${life}`),
      "Workload.ts",
      [data, `${steps}`, `${from}`, `${to}`, JSON.stringify(settings)],
      faults
    )
  try {
    const lives = [await live(0, 0, restartAt ?? steps, fault === undefined ? [] : [fault])]
    let promises = promised(lives[0]?.said ?? [])
    if (restartAt !== undefined || fault !== undefined) {
      // What it was at when it ended may have happened; it is not tried again.
      const second = await live(1, promises.at + 1, steps, [])
      lives.push(second)
      promises = promised(second.said, promises)
    }
    const last = lives.at(-1)
    if (last?.code !== 0) throw new Error(`the workload ended with ${last?.code ?? last?.signal}: ${last?.errors}`)
    const operations = operationsOf(
      lives.map((life) => life.trace),
      data
    )
    return { operations, lives, promises }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A fault at the n-th sync of a life, from 1. Which of the two calls SQLite syncs with depends on how it was built. */
export const failingSync = (n: number): string => `fsync,fdatasync:error=EIO:when=${n}`

/** `kill -9` just before the n-th sync. */
export const killedAtSync = (n: number): string => `fsync,fdatasync:signal=SIGKILL:when=${n}`

/** Which sync of a life is the first of a step: the one that makes an append durable, unless it has keys to write. */
export const firstSyncOf = (step: number, operations: ReadonlyArray<Operation>): number => {
  let syncs = 0
  let promises = noPromises
  for (const operation of operations) {
    if (operation.kind === "say") promises = after(promises, operation.line)
    if (operation.kind !== "sync" && operation.kind !== "syncFolder") continue
    syncs += 1
    if (promises.at === step && promises.logId !== undefined) return syncs
  }
  throw new Error(`step ${step} syncs nothing`)
}

/** How many syncs a life makes. */
export const syncsOf = (operations: ReadonlyArray<Operation>): number =>
  operations.filter(({ kind }) => kind === "sync" || kind === "syncFolder").length

/** One system call among those of a life on certain files: its name, and how many of that name there were by then. */
export interface Call {
  readonly name: "pwrite64" | "fsync,fdatasync" | "ftruncate"
  readonly nth: number
  readonly file: string
}

const callNames = { write: "pwrite64", sync: "fsync,fdatasync", truncate: "ftruncate" } as const

/** The calls of a step that change these files, in their order. Before the files are open it is step -1. */
export const callsOf = (
  step: number,
  operations: ReadonlyArray<Operation>,
  among: ReadonlyArray<string>
): ReadonlyArray<Call> => {
  const names = new Map<number, string>()
  const counts = new Map<string, number>()
  const calls: Array<Call> = []
  let promises = noPromises
  for (const operation of operations) {
    if (operation.kind === "say") promises = after(promises, operation.line)
    if (operation.kind === "create") names.set(operation.file, operation.name)
    if (operation.kind !== "write" && operation.kind !== "sync" && operation.kind !== "truncate") continue
    const file = names.get(operation.file) ?? ""
    if (!among.includes(file)) continue
    const name = callNames[operation.kind]
    const nth = (counts.get(name) ?? 0) + 1
    counts.set(name, nth)
    if ((promises.logId === undefined ? -1 : promises.at) === step) calls.push({ name, nth, file })
  }
  return calls
}
