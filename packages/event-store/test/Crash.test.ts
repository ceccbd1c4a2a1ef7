/** `kill -9` at random moments, over many lives of several logs in SQLite. For a developer who changes how the store writes. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { run, storeIn, unauthenticated } from "./Harness.ts"

/** Logs side by side, and lives of each: a log is killed, looked at, and goes on from where it was. */
const LOGS = 3
const LIVES = 10

/** Acknowledgements that a life waits for before its end is near. */
const awaited = (life: number): number => 1 + (life % 3)

/** Runs a child until it is killed `delay` milliseconds after so many acknowledgements; what it acknowledged, line by line. */
const killed = (path: string, life: number, delay: number): Promise<ReadonlyArray<string>> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        "--conditions=@effekten/source",
        "--disable-warning=ExperimentalWarning",
        join(import.meta.dirname, "CrashChild.ts"),
        path,
        String(life)
      ],
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    let output = ""
    let errors = ""
    child.stdout.on("data", (data: Buffer) => {
      const enough = () => output.split("\n").length > awaited(life)
      const before = enough()
      output += data.toString()
      if (!before && enough()) setTimeout(() => child.kill("SIGKILL"), delay)
    })
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()))
    child.on("error", reject)
    child.on("close", (_code, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`the child ended by itself: ${errors}`))
      // The last line may be cut: then it was not acknowledged.
      else resolve(output.split("\n").slice(0, -1))
    })
  })

describe("kill -9", () => {
  it(`promise 5: every acknowledged append is there, once and whole, after each of ${LOGS * LIVES} kills`, async () => {
    const rounds = async (log: number) => {
      const path = mkdtempSync(join(tmpdir(), "event-store-crash-"))
      const acknowledged: Array<string> = []
      for (let life = 0; life < LIVES; life++) {
        acknowledged.push(...(await killed(path, life, (life * 7 + log * 3) % 31)))
        await run(
          Effect.gen(function* () {
            const store = yield* storeIn(path)
            const events = yield* store.readAll("all")
            events.forEach(({ position }, index) => expect(position).toBe(index + 1))
            // Whole: every group ends where its kind says, with what belongs to it.
            const groups = new Map<string, { first: number; last: number }>()
            let start: (typeof events)[number] | undefined
            for (const event of events) {
              start ??= event
              expect(start.tags[0]).toBe("group")
              if (event.type !== "Opened" || start.type !== "Noted") continue
              expect(groups.has(start.data.text)).toBe(false)
              const { group, size } = JSON.parse(start.data.text) as { group: number; size: number }
              expect(event.position - start.position).toBe(group % 3 === 0 ? 2 : size + 1)
              groups.set(start.data.text, { first: start.position, last: event.position })
              start = undefined
            }
            expect(start).toBeUndefined()
            expect(yield* unauthenticated(store)).toBeUndefined()
            for (const line of acknowledged) {
              const [first, last, ...text] = line.split(" ")
              expect(groups.get(text.join(" "))).toEqual({ first: Number(first), last: Number(last) })
            }
            // The keys were durable before the events: everything personal opens.
            const named = events.filter(({ type }) => type === "Named").slice(-50)
            const revealed = yield* store.reveal(named.map(({ position }) => position))
            expect(revealed.every(({ _tag }) => _tag === "Present")).toBe(true)
          })
        )
      }
      rmSync(path, { recursive: true, force: true })
      return acknowledged.length
    }
    const counts = await Promise.all(Array.from({ length: LOGS }, (_, log) => rounds(log)))
    const least = Array.from({ length: LIVES }, (_, life) => awaited(life)).reduce((sum, lines) => sum + lines, 0)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(least)
  })
})
