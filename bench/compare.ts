/**
 * Two versions of the code, measured in turns: the CPU time of a command here, and in another checkout. For an author of a change that
 * must not make commands slower. It starts processes and changes nothing.
 *
 *     npm run bench:compare -- ../before --rounds 20 --callers 64
 *
 * A round measures the versions in the order A B B A, and the next one in the order B A A B. So a machine that grows slower or faster
 * meanwhile says nothing about either. What is compared is the CPU time, which hardly depends on what else the machine does.
 */
import { execFileSync } from "node:child_process"
import { globSync, readFileSync, rmSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { median, quantile, type Result } from "./Measure.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "20" },
    events: { type: "string", default: "20000" },
    callers: { type: "string", default: "64" }
  }
})
const [other] = positionals
if (other === undefined) throw new Error("name the folder of the other checkout, with its dependencies installed")

const here = dirname(dirname(fileURLToPath(import.meta.url)))
/** What disturbs a round only ever adds to it. */
const figure = "CPU µs/command, least round"

const microsecondsIn = (checkout: string): number => {
  const args = [
    "--events",
    values.events,
    "--rounds",
    "12",
    "--callers",
    values.callers,
    "--store",
    "sqlite",
    "--no-peers"
  ]
  const before = new Set(globSync("bench/results/*.json", { cwd: checkout }))
  execFileSync(process.execPath, ["--conditions=@effekten/source", "bench/main.ts", ...args, "commands"], {
    cwd: checkout
  })
  const [written] = globSync("bench/results/*.json", { cwd: checkout }).filter((path) => !before.has(path))
  if (written === undefined) throw new Error(`${checkout} wrote no result`)
  const path = join(checkout, written)
  const { results } = JSON.parse(readFileSync(path, "utf8")) as { readonly results: ReadonlyArray<Result> }
  rmSync(path)
  return results[0]!.figures[figure]!
}

const checkouts = { before: resolve(other), after: here }
const measured = { before: [] as Array<number>, after: [] as Array<number> }
for (let round = 1; round <= Number(values.rounds); round++) {
  const [first, second] = round % 2 === 0 ? (["after", "before"] as const) : (["before", "after"] as const)
  const taken = { before: 0, after: 0 }
  for (const version of [first, second, second, first]) taken[version] += microsecondsIn(checkouts[version]) / 2
  measured.before.push(taken.before)
  measured.after.push(taken.after)
  const { after, before } = taken
  console.log(`round ${round}: ${before.toFixed(1)} before, ${after.toFixed(1)} after, ${(before / after).toFixed(3)}`)
}

const spread = (numbers: ReadonlyArray<number>, digits: number): string =>
  [0, 0.25, 0.5, 0.75, 1].map((part) => quantile(numbers, part).toFixed(digits)).join(" ")
const ratios = measured.before.map((before, at) => before / measured.after[at]!)

console.log(
  `\n${figure}: least, quartiles and most of ${values.rounds} rounds, ${values.callers} callers, ${values.events} events in the log`
)
console.log(`  before  ${spread(measured.before, 1)}`)
console.log(`  after   ${spread(measured.after, 1)}`)
console.log(`  ratio   ${spread(ratios, 3)}`)
console.log(`median before / median after: ${(median(measured.before) / median(measured.after)).toFixed(3)}`)
