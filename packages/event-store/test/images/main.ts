/**
 * The full enumeration of crash images, printed as a table. Run by `npm run crash-images`; a seed may follow.
 */
import { enumerate, type Tally } from "./Images.ts"
import { planOf } from "./Plan.ts"
import { failingSync, firstSyncOf, killedAtSync, record, type Recorded, syncsOf } from "./Runs.ts"
import { withoutStrace } from "./Strace.ts"

const STEPS = 60
const TOSSES = 4
/** Of all syncs of a shorter run, each this many lets one fail. */
const SYNCS_APART = 5
const SHORT = 24

if (withoutStrace !== undefined) throw new Error(withoutStrace)
const seed = Number(process.argv[2] ?? Date.now() % 1_000_000)
const began = performance.now()
let wrong = 0
let healthy = 0

const print = (name: string, tallies: ReadonlyArray<Tally>, expected: "none" | "some") => {
  const sum = (count: (tally: Tally) => number) => tallies.reduce((total, tally) => total + count(tally), 0)
  const faults = new Map<string, number>()
  for (const tally of tallies)
    for (const [fault, count] of tally.faults) faults.set(fault, (faults.get(fault) ?? 0) + count)
  const found = [...faults].map(([fault, count]) => `${count} ${fault}`).join(", ")
  console.log(`| ${name} | ${sum(({ moments }) => moments)} | ${sum(({ images }) => images)} | ${found || "none"} |`)
  if (expected === "none") healthy += sum(({ images }) => images)
  if (faults.size > 0 === (expected === "some")) return
  wrong += 1
  for (const { examples } of tallies) for (const example of examples) console.log(`  ${example}`)
  if (expected === "some") console.log("  the tester is broken: it does not find the loss")
}

const look = (recorded: Recorded, steps: number, share: number, failedSyncLoses = true, tosses = TOSSES) =>
  enumerate({ operations: recorded.operations, plan: planOf(steps), seed, tosses, share, failedSyncLoses })

console.log(`seed ${seed}\n`)
console.log("| run | moments | images | bad |\n| --- | ---: | ---: | --- |")
const whole = await record({ steps: STEPS })
print("as it is", [await look(whole, STEPS, 1)], "none")

const short = await record({ steps: SHORT })
const step = 13
const sync = firstSyncOf(step, short.operations)
print(
  "killed before a sync, and started again",
  [await look(await record({ steps: SHORT, fault: killedAtSync(sync) }), SHORT, 1)],
  "none"
)

for (const failedSyncLoses of [true, false]) {
  const tallies: Array<Tally> = []
  for (let failing = 1; failing <= syncsOf(short.operations); failing += SYNCS_APART) {
    const recorded = await record({ steps: SHORT, restartAt: step + 2, fault: failingSync(failing) })
    tallies.push(await look(recorded, SHORT, 0.2, failedSyncLoses, 1))
  }
  print(
    `a sync fails, any of them, ${failedSyncLoses ? "and loses what it was for" : "and what it was for is written later"}; started again`,
    tallies,
    "none"
  )
}

for (const settings of [{ log: "NORMAL" }, { log: "OFF" }, { keys: "NORMAL" }, { keys: "OFF" }] as const) {
  const [[file, value]] = Object.entries(settings) as [[string, string]]
  const tally = await look(await record({ steps: STEPS, settings }), STEPS, 0.25)
  print(`turned down: \`synchronous=${value}\` for ${file === "log" ? "the log" : "the keys"}`, [tally], "some")
}

const seconds = (performance.now() - began) / 1_000
console.log(`\n${healthy} images of the store as it is, in ${Math.round(seconds)} s all in all`)
if (wrong > 0) process.exitCode = 1
