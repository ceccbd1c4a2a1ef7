/**
 * The rows are the fold of the log: after kills, and rebuilt.
 */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { test } from "node:test"

const folder = mkdtempSync(join(tmpdir(), "example-projection-"))
const main = join(import.meta.dirname, "main.ts")

/** Runs the program; kills it after so many lines. */
const run = async ({ command = [], killAfter = Infinity }: { command?: Array<string>; killAfter?: number }) => {
  const child = spawn(process.execPath, [...process.execArgv, main, folder, ...command], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = once(child, "close")
  const lines: Array<string> = []
  for await (const line of createInterface(child.stdout)) if (lines.push(line) === killAfter) child.kill("SIGKILL")
  await ended
  return lines
}

test("each customer holds 200 units, however often the program was killed, and after a rebuild", async () => {
  for (const killAfter of [1, 2, 3]) await run({ killAfter })
  const sold = ["ada", "grace", "katherine"].map((name) => `sold to ${name}`)
  const held = ["ada", "grace", "katherine"].map((name) => `${name} holds 200`)
  assert.deepEqual(await run({}), [...sold, ...held])
  assert.deepEqual(await run({ command: ["rebuild"] }), [...sold, ...held])
  rmSync(folder, { recursive: true, force: true })
})
