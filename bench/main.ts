/**
 * Runs the measurements and prints ratios: `npm run bench -- [--events N] [--rounds N] [--folder DIR] [commands|replay]`.
 * The folder must lie on a real disk: on a file system in memory a sync costs nothing and the figures mean nothing.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { arch, cpus, platform } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Commands from "./Commands.ts"
import { print } from "./Measure.ts"
import * as Replay from "./Replay.ts"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "5" },
    folder: { type: "string", default: "." }
  }
})
const options = { events: Number(values.events), rounds: Number(values.rounds) }
const chosen = positionals.length === 0 ? ["commands", "replay"] : positionals
const folder = mkdtempSync(join(values.folder, ".bench-"))

console.log(`Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim()}`)
console.log(`on a log of ${options.events.toLocaleString("en")} events; medians of ${options.rounds} rounds in turns\n`)
try {
  if (chosen.includes("commands")) {
    const ratios = await Effect.runPromise(Commands.measure({ ...options, folder, callers: [1, 64] }))
    ratios.forEach(print)
  }
  if (chosen.includes("replay")) (await Effect.runPromise(Replay.measure({ ...options, folder }))).forEach(print)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
