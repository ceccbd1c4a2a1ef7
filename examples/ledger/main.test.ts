/**
 * Nothing is submitted twice, whenever the program is killed, and what the ledger did is what the register says.
 */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { test } from "node:test"
import { start } from "./Service.ts"

const folder = mkdtempSync(join(tmpdir(), "example-ledger-"))
const main = join(import.meta.dirname, "main.ts")

/** Runs the program; kills it when something has happened. */
const run = async (url: string, killed?: Promise<void>) => {
  const child = spawn(process.execPath, [...process.execArgv, main, folder, url], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = once(child, "close")
  void killed?.then(() => child.kill("SIGKILL"))
  const lines: Array<string> = []
  for await (const line of createInterface(child.stdout)) lines.push(line)
  await ended
  return lines
}

test("each credit is submitted at most once, and ends as the ledger says", async () => {
  const service = await start()
  try {
    // In the midst of a submission: the ledger has it, and the register was not told.
    for (const count of [1, 2, 3]) await run(service.url, service.taken(count))
    const ends = (await run(service.url)).filter((line) => !line.endsWith("asked")).map((line) => line.split(" ")[1]!)
    assert.equal(ends.length, 4)
    assert.deepEqual([...new Set(service.times())], [1])
    // A kill between the claim and the submission leaves `unknown`: a person looks, and nothing is tried again.
    assert.equal(ends.filter((end) => end === "succeeded").length, service.times().length)
    assert.equal(ends.filter((end) => end === "unknown").length, 4 - service.times().length)
  } finally {
    service.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
