/** One command over the register in a folder, and what it took. Run by Audit.ts. */
import "effect/schema/SchemaJITCompiler/enable"
import { Console, Effect } from "effect"
import { runAudit } from "../packages/cli/src/Audit.ts"
import { folderPlace } from "../packages/cli/src/FolderPlace.ts"
import { runReplay } from "../packages/cli/src/Replay.ts"
import { runVerify } from "../packages/cli/src/Verify.ts"
import type { Command, Said } from "./Audit.ts"

const [command = "", folder = ""] = process.argv.slice(2)
const place = folderPlace(folder)
const trusted = { json: true, keys: undefined, checkpoints: [] }
const run = {
  replay: runReplay(place, { json: true, to: undefined }),
  verify: runVerify(place, trusted),
  audit: runAudit(place, { ...trusted, assumedPolicy: undefined })
}[command as Command]

const live = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 ** 2
}
const before = live()
const start = performance.now()
const cpu = process.cpuUsage()
let said: Said | undefined
/** A command prints when all is done, and still holds all that it folded. */
const print = (text: string): void => {
  const seconds = (performance.now() - start) / 1_000
  const { system, user } = process.cpuUsage(cpu)
  const { events, position } = JSON.parse(text) as { readonly events?: number; readonly position?: number }
  said = {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    liveMiB: live() - before,
    events: events ?? position ?? 0
  }
}
await Effect.runPromise(Effect.provideService(run, Console.Console, { ...globalThis.console, log: print }))
console.log(JSON.stringify(said))
