/** Every disk that a power loss can leave, for a sample of moments. For a developer who changes how the SQLite store writes or syncs. */
import { describe, expect, it } from "vitest"
import { make } from "./images/Disk.ts"
import { enumerate, type Tally } from "./images/Images.ts"
import { planOf } from "./images/Plan.ts"
import { failingSync, firstSyncOf, killedAtSync, record, type Recorded } from "./images/Runs.ts"
import { numbers } from "./images/Seed.ts"
import { withoutStrace } from "./images/Strace.ts"
import { operationsOf } from "./images/Trace.ts"

/** A sample, the same every time. `npm run crash-images` is the whole. */
const SEED = 42
const STEPS = 24

const look = (recorded: Recorded, share: number, failedSyncLoses = true): Promise<Tally> =>
  enumerate({ operations: recorded.operations, plan: planOf(STEPS), seed: SEED, tosses: 1, share, failedSyncLoses })

/** The step whose append is hit: it has no keys to write. */
const HIT = 13

it("strace is there, or what needs it is NOT RUN", (test) => {
  test.skip(withoutStrace !== undefined, withoutStrace)
})

describe.skipIf(withoutStrace !== undefined)("crash images", () => {
  const plain = withoutStrace === undefined ? record({ steps: STEPS }) : undefined
  // The tests await it. If it fails before, the failure is theirs, and not an error outside of any test.
  plain?.catch(() => undefined)
  const hit = async () => firstSyncOf(HIT, (await plain!).operations)

  it("promise 5: whatever a power loss leaves of the unsynced, everything acknowledged is there, once and whole", async () => {
    const recorded = await plain!
    const kinds = new Set(recorded.operations.map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual(["create", "say", "sync", "syncFolder", "truncate", "unlink", "write"])
    const { images, examples } = await look(recorded, 0.12)
    expect(examples).toEqual([])
    expect(images).toBeGreaterThan(60)
  })

  it("promise 5: what a start has found survives a power loss, though the process before was killed before its sync", async () => {
    const recorded = await record({ steps: STEPS, fault: killedAtSync(await hit()) })
    expect(recorded.lives[0]?.signal).toBe("SIGKILL")
    expect((await look(recorded, 0.12)).examples).toEqual([])
  })

  it("promise 5: what is acknowledged after a start survives a power loss, though a sync failed before it", async () => {
    const recorded = await record({ steps: STEPS, restartAt: HIT + 2, fault: failingSync(await hit()) })
    expect(recorded.lives[0]?.said.filter((line) => line.includes('"unknown"'))).toHaveLength(1)
    for (const failedSyncLoses of [true, false])
      expect((await look(recorded, 0.08, failedSyncLoses)).examples).toEqual([])
  })

  it("the tester finds the loss when `synchronous` is turned down, for the log and for the keys", async () => {
    const faults = async (settings: Parameters<typeof record>[0]["settings"]) =>
      (await look(await record({ steps: STEPS, settings: settings! }), 0.04)).faults
    const [normal, off, keys] = await Promise.all([
      faults({ log: "NORMAL" }),
      faults({ log: "OFF" }),
      faults({ keys: "NORMAL" })
    ])
    expect(normal.get("lost")).toBeGreaterThan(10)
    expect(off.get("lost")).toBeGreaterThan(5)
    expect(keys.get("key")).toBeGreaterThan(5)
  })
})

describe("a disk", () => {
  const bytes = (text: string) => Buffer.from(text)
  const disk = (failedSyncLoses = true) => {
    const made = make({ failedSyncLoses })
    made.apply({ kind: "create", name: "a", file: 0 })
    made.apply({ kind: "write", file: 0, offset: 0, bytes: bytes("1234") })
    return made
  }
  const shown = (made: ReturnType<typeof make>, mode: Parameters<ReturnType<typeof make>["image"]>[0], coin = true) =>
    Object.fromEntries([...made.image(mode, () => coin)].map(([name, content]) => [name, content.toString()]))

  it("keeps what was synced, and of the rest what the mode says", () => {
    const made = disk()
    expect(shown(made, "all")).toEqual({ a: "1234" })
    expect(shown(made, "none")).toEqual({ a: "" })
    expect(shown(made, "entries", false)).toEqual({})
    made.apply({ kind: "sync", file: 0, failed: false })
    made.apply({ kind: "write", file: 0, offset: 6, bytes: bytes("78") })
    made.apply({ kind: "truncate", file: 0, size: 7 })
    expect(shown(made, "none")).toEqual({ a: "1234" })
    expect(shown(made, "all")).toEqual({ a: "1234\0\x007" })
    expect(shown(made, "entries", false)).toEqual({})
    made.apply({ kind: "syncFolder" })
    expect(shown(made, "entries", false)).toEqual({ a: "1234" })
    made.apply({ kind: "unlink", name: "a" })
    expect(shown(made, "all")).toEqual({})
    expect(shown(made, "entries", false)).toEqual({ a: "1234" })
  })

  it("loses with a failed sync what was written before it, also for the next sync; or not", () => {
    for (const loses of [true, false]) {
      const made = disk(loses)
      made.apply({ kind: "sync", file: 0, failed: true })
      made.apply({ kind: "sync", file: 0, failed: false })
      expect(shown(made, "none")).toEqual({ a: loses ? "" : "1234" })
    }
  })

  it("tears a write at its sectors, in every way there is", () => {
    const made = make({ failedSyncLoses: true })
    made.apply({ kind: "create", name: "a", file: 0 })
    made.apply({ kind: "write", file: 0, offset: 500, bytes: Buffer.alloc(600, "x") })
    const random = numbers(SEED)
    const images = new Set(
      Array.from({ length: 100 }, () => {
        const content =
          made
            .image("torn", () => random() < 0.5)
            .get("a")
            ?.toString() ?? ""
        return [content.slice(500, 512), content.slice(512, 1_024), content.slice(1_024)]
          .map((part) => part.includes("x"))
          .join()
      })
    )
    expect(images.size).toBe(8)
  })
})

describe("a trace", () => {
  const hex = (text: string) =>
    [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
  const open = `7 openat(AT_FDCWD, "${hex("/d/log")}", O_RDWR|O_CREAT, 0644) = 5`

  it("is read as operations, calls of several threads in the order of their ends", () => {
    const trace = [
      open,
      `7 pwrite64(5, "${hex("abc")}", 3, 10 <unfinished ...>`,
      `8 openat(AT_FDCWD, "${hex("/e/log")}", O_RDWR|O_CREAT, 0644) = 6`,
      `8 fsync(6) = 0`,
      `7 <... pwrite64 resumed>) = 2`,
      `7 fsync(5) = -1 EIO (Input/output error) (INJECTED)`,
      `7 openat(AT_FDCWD, "${hex("/d")}", O_RDONLY|O_CLOEXEC) = 9`,
      `7 fsync(9)                          = 0`,
      `7 write(1, "${hex("one\ntwo\n")}", 8) = 8`,
      `7 ftruncate(5, 0) = 0`,
      `7 close(5) = 0`,
      `7 unlink("${hex("/d/log")}") = 0`,
      "7 +++ exited with 0 +++"
    ].join("\n")
    expect(operationsOf([trace], "/d")).toEqual([
      { kind: "create", name: "log", file: 0 },
      { kind: "write", file: 0, offset: 10, bytes: Buffer.from("ab") },
      { kind: "sync", file: 0, failed: true },
      { kind: "syncFolder" },
      { kind: "say", line: "one" },
      { kind: "say", line: "two" },
      { kind: "truncate", file: 0, size: 0 },
      { kind: "unlink", name: "log" }
    ])
  })

  it("with a call that is not understood is refused", () => {
    for (const call of [
      `7 fallocate(5, 0, 0, 4096) = 0`,
      `7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 5, 0) = 0x7f0000000000`,
      `7 pwrite64(5, "${hex("abc")}"..., 3, 0) = 3`
    ])
      expect(() => operationsOf([`${open}\n${call}`], "/d")).toThrow(/not understood|cuts/)
  })
})
