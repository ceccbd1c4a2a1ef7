/**
 * Plants bugs, one at a time, and sees whether the simulation finds them. For everyone who changes it: a bug that is missed says what it
 * lacks, and one that is found though it is none says that it cries wolf.
 *
 *     npm run planted-bugs -- [--calls 30000] [--jobs 1] [--write] [NAME …]
 *
 * With `--write` the table of docs/reference/simulation.md says what became of these bugs; rows of others stay.
 */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseArgs, promisify } from "node:util"
import type { Bug } from "./Bug.ts"
import { bugs } from "./Bugs.ts"
import { planted } from "./Edits.ts"
import { writeRow } from "./Table.ts"
import type { Found } from "./run.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: "string", default: "30000" },
    jobs: { type: "string", default: "1" },
    write: { type: "boolean", default: false }
  }
})

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const options = ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"]

const search = async (name: string): Promise<Found> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...options, "--import", new URL("plant.ts", import.meta.url).href, pathOf("run.ts")],
    { env: { ...process.env, EFFEKTEN_BUG: name, EFFEKTEN_CALLS: values.calls }, maxBuffer: 64 * 1024 * 1024 }
  )
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Found
}

/** Today's sources may be others than those a bug was made for. */
const fits = (bug: Bug): boolean => {
  try {
    return planted(readFileSync(pathOf(`../../${bug.file}`), "utf8"), bug) !== ""
  } catch {
    return false
  }
}

const chosen = Object.keys(bugs).filter(
  (name) => positionals.length === 0 || positionals.some((part) => name.includes(part))
)
if (chosen.length === 0) throw new Error("no bug has such a name")
const stale = chosen.filter((name) => !fits(bugs[name]!))
if (stale.length > 0)
  throw new Error(`the sources have changed under ${stale.join(", ")}: see packages/simulation/planted/Bugs.ts`)

let wrong = 0
const take = async (names: Array<string>): Promise<void> => {
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const found = await search(name)
    const isFound = found.invariant !== undefined
    const isRight = isFound === (bugs[name]?.equivalent === undefined)
    if (!isRight) wrong += 1
    if (values.write) writeRow(name, found)
    const what = isFound
      ? `found after ${found.calls} calls, seed ${found.seed}, by "${found.invariant}"`
      : `not found in ${found.calls} calls`
    console.log(`${isRight ? "  " : "! "}${name}: ${what}`)
    if (!isRight && isFound) console.log(`    ${found.message}`)
  }
}

const left = [...chosen]
await Promise.all(Array.from({ length: Number(values.jobs) }, () => take(left)))
console.log(`${chosen.length - wrong} of ${chosen.length} as they should be`)
process.exitCode = wrong === 0 ? 0 : 1
