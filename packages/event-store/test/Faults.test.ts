/** System calls of the SQLite store that fail: syncs, writes, a full disk. For a developer who changes what the store does after a fault. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { type Finding, inspect } from "./images/Inspection.ts"
import { planOf } from "./images/Plan.ts"
import { type Call, callsOf, promised, record } from "./images/Runs.ts"
import { type Ended, limited, strace, withoutStrace } from "./images/Strace.ts"

const STEPS = 8
/** Before it the process ends as if it were killed: nothing is closed or tidied up. */
const LAST = 6
/** So that the log is folded into its file at one of the steps. */
const settings = { checkpointAfter: 15 }
const plan = planOf(STEPS)

/** All faults and kills instead of some of them. */
const every = process.env["CRASH_IMAGES"] === "all"
const first = <A>(count: number, of: ReadonlyArray<A>): ReadonlyArray<A> => (every ? of : of.slice(0, count))
/** Processes side by side. */
const AT_ONCE = 3

const files = ["log.db", "log.db-wal", "keys.db", "keys.db-wal"] as const
type Name = (typeof files)[number]

interface Said {
  readonly said: string
  readonly reason?: string
  readonly message?: string
}

interface Outcome {
  readonly said: ReadonlyArray<Said>
  readonly signal: NodeJS.Signals | null
  /** What is wrong with the files, opened again without the fault. */
  readonly finding: Finding | undefined
}

const live = async (run: (data: string) => Promise<Ended>): Promise<Outcome> => {
  const data = mkdtempSync(join(tmpdir(), "event-store-faults-"))
  try {
    const { said, signal } = await run(data)
    const finding = await inspect(data, plan, promised(said))
    return { said: said.map((line): Said => JSON.parse(line)), signal, finding }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

const parameters = (data: string, how = settings) => [data, `${STEPS}`, "0", `${LAST}`, JSON.stringify(how)]

/** A life in which a call on one of these files fails or kills, as strace's `inject` has it. */
const faulted = (
  call: Call | undefined,
  fault: string,
  among: ReadonlyArray<Name> = files,
  on = ""
): Promise<Outcome> =>
  live((data) => {
    if (call === undefined) throw new Error("there is no such call")
    const only = among.flatMap((name) => ["-P", join(data, name)])
    const inject = `inject=${call.name}:${fault}:when=${call.nth}${on}`
    return strace(
      ["-o", "/dev/null", "-e", `trace=${call.name}`, "-e", inject, ...only],
      "Workload.ts",
      parameters(data)
    )
  })

const refusals = ({ said }: Outcome): ReadonlyArray<Said> => said.filter((each) => /unknown|refused/.test(each.said))

/** The caller is told of the fault at once. Afterwards nothing is written, every caller is told why, and nothing acknowledged is lost. */
const closes = (outcome: Outcome, expected: string, why: RegExp) => {
  expect(outcome.finding).toBeUndefined()
  const [told, ...others] = refusals(outcome)
  expect(told?.reason ?? told?.said).toBe(expected)
  expect(others.length).toBeGreaterThan(0)
  expect(new Set(others.map(({ reason }) => reason))).toEqual(new Set(["read_only"]))
  for (const { message } of refusals(outcome)) expect(message).toMatch(why)
}

describe.skipIf(withoutStrace !== undefined)("a system call that", () => {
  const whole = withoutStrace === undefined ? record({ steps: STEPS, settings }) : undefined
  const calls = async (step: number, name: Call["name"], file: Name, among: ReadonlyArray<Name> = files) =>
    callsOf(step, (await whole!).operations, among).filter((call) => call.name === name && call.file === file)

  it("invariant 35: syncs the log and fails leaves the append unknown, and the log closed for writing", async () => {
    const syncs = await Promise.all(first(1, [3, 1]).map((step) => calls(step, "fsync,fdatasync", "log.db-wal")))
    for (const outcome of await Promise.all(syncs.map(([sync]) => faulted(sync, "error=EIO"))))
      closes(outcome, "unknown", /disk I\/O error/)
  })

  it("invariant 35: writes to a full disk refuses the append, and the log is closed for writing, also with room again", async () => {
    const among = ["log.db-wal"] as const
    const writes = await calls(3, "pwrite64", "log.db-wal", among)
    const faults = first(2, [
      () => faulted(writes[0], "error=ENOSPC", among, "+"),
      () => faulted(writes.at(-1), "retval=0", among),
      () => faulted(writes.at(-1), "error=ENOSPC", among),
      () => faulted(writes[5], "error=ENOSPC", among)
    ])
    for (const outcome of await Promise.all(faults.map((fault) => fault()))) closes(outcome, "unavailable", /full/)
  })

  it("invariant 35: writes to the log and fails leaves the append unknown, and the log closed for writing", async () => {
    const writes = await calls(3, "pwrite64", "log.db-wal")
    for (const outcome of await Promise.all(
      first(1, [writes.at(-1), writes[1]]).map((write) => faulted(write, "error=EIO"))
    ))
      closes(outcome, "unknown", /disk I\/O error/)
  })

  it("folds the write-ahead log into the file and fails loses nothing: what was acknowledged stays in that log", async () => {
    let step = 1
    while (step < LAST && (await calls(step, "pwrite64", "log.db")).length === 0) step++
    const [writes, syncs] = [await calls(step, "pwrite64", "log.db"), await calls(step, "fsync,fdatasync", "log.db")]
    const faults = first(2, [
      () => faulted(syncs[0], "error=EIO"),
      () => faulted(writes[3], "error=EIO"),
      () => faulted(writes[0], "error=ENOSPC", ["log.db"], "+")
    ])
    for (const outcome of await Promise.all(faults.map((fault) => fault()))) {
      expect(outcome.finding).toBeUndefined()
      expect(refusals(outcome)).toEqual([])
    }
  })

  it("makes a key durable and fails refuses the append before it: the log stays open, and goes on when keys can be kept", async () => {
    const [writes, syncs] = [
      await calls(3, "pwrite64", "keys.db-wal"),
      await calls(3, "fsync,fdatasync", "keys.db-wal")
    ]
    const faults = first(2, [
      () => faulted(syncs[0], "error=EIO"),
      () => faulted(writes[0], "error=ENOSPC"),
      () => faulted(writes[1], "error=EIO")
    ])
    for (const outcome of await Promise.all(faults.map((fault) => fault()))) {
      expect(outcome.finding).toBeUndefined()
      expect(refusals(outcome).map(({ reason }) => reason)).toEqual(["unavailable"])
      expect(outcome.said.at(-1)?.said).toBe("acknowledged")
    }
  })

  it("promise 5: is the next of an append and is never made, for `kill -9` was faster: at every step of it", async () => {
    const { operations } = await whole!
    // Two new keys, an append, and the log is folded into its file; with `every`, also the making of the files and the other appends.
    const steps = every ? [-1, 0, 1, 2, 3, 4, 5] : [4]
    const kills = steps
      .flatMap((step) => callsOf(step, operations, files))
      .filter((_, index) => every || index % 6 === 1)
    expect(kills.length).toBeGreaterThan(3)
    for (let from = 0; from < kills.length; from += AT_ONCE) {
      const together = kills.slice(from, from + AT_ONCE)
      for (const outcome of await Promise.all(together.map((call) => faulted(call, "signal=SIGKILL")))) {
        expect(outcome.finding).toBeUndefined()
        expect(outcome.signal).toBe("SIGKILL")
      }
    }
  }, 900_000)
})

describe.skipIf(process.platform === "win32")("a file that may not grow", () => {
  it("invariant 35: cuts a write short, wherever that is, and closes the log for writing", async () => {
    const outcomes = await Promise.all(
      first(1, [90, 101]).map((kibibytes) =>
        live((data) => limited(kibibytes, "Workload.ts", parameters(data, { checkpointAfter: 1_000 })))
      )
    )
    for (const outcome of outcomes) closes(outcome, "unknown", /disk I\/O error/)
  })
})
