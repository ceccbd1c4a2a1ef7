/**
 * Runs the measurements, prints ratios, and writes them as JSON. For a developer who wants to know how fast the register is, and beside
 * what.
 *
 *     npm run bench -- [--quick] [--events N] [--rounds N] [--callers 1,16,64,256] [--store sqlite,postgresql] [--long] [--no-peers]
 *                      [--folder DIR] [SECTION …]
 *
 * Sections: commands, appends, grouping, reading, replay, gets, http, fairness, sealing, json, audit, latency, contention. The folder must lie on a real
 * disk: on a file system in memory a sync costs nothing and the figures mean nothing.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { Effect, Result as Outcome } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { arch, cpus, platform, release, totalmem } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Appends from "./Appends.ts"
import * as Audit from "./Audit.ts"
import * as Commands from "./Commands.ts"
import * as Contention from "./Contention.ts"
import * as Fairness from "./Fairness.ts"
import * as Gets from "./Gets.ts"
import * as Grouping from "./Grouping.ts"
import * as Http from "./Http.ts"
import * as Json from "./Json.ts"
import * as Latency from "./Latency.ts"
import { print, type Result } from "./Measure.ts"
import * as Peer from "./Peer.ts"
import * as PgSubject from "./PgSubject.ts"
import * as Reading from "./Reading.ts"
import * as Register from "./Register.ts"
import * as Replay from "./Replay.ts"
import * as Sealing from "./Sealing.ts"
import { sqlite } from "./SqliteSubject.ts"
import type { Subject } from "./Subject.ts"

const sections = [
  "json",
  "sealing",
  "grouping",
  "audit",
  "replay",
  "reading",
  "appends",
  "commands",
  "gets",
  "fairness",
  "http",
  "latency",
  "contention"
] as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    events: { type: "string" },
    rounds: { type: "string" },
    store: { type: "string", default: "sqlite,postgresql" },
    callers: { type: "string", default: "1,16,64,256" },
    long: { type: "boolean", default: false },
    "no-peers": { type: "boolean", default: false },
    folder: { type: "string", default: "." }
  }
})
for (const name of positionals) {
  if (!sections.some((section) => section === name)) {
    console.error(`There is no section ${name}. There are: ${sections.join(", ")}.`)
    process.exit(2)
  }
}
const { quick } = values
const events = Number(values.events ?? (quick ? 10_000 : 1_000_000))
const rounds = Number(values.rounds ?? (quick ? 1 : 5))
const callers = values.callers.split(",").map(Number)
/** An audit is of a register that commands made, and they take their time. */
const auditedEvents = 100_000
/** They fill no log, or one of their own. */
const withoutLog: ReadonlyArray<string> = [
  "gets",
  "http",
  "fairness",
  "latency",
  "contention",
  "sealing",
  "json",
  "grouping",
  "audit"
]
const wanted = (section: (typeof sections)[number]) => positionals.length === 0 || positionals.includes(section)

const machine = {
  processors: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}`,
  memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
  system: `${platform()} ${release()} ${arch()}`,
  node: process.version,
  sqlite: process.versions.sqlite
}

const program = Effect.gen(function* () {
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(resolve(values.folder), ".bench-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  const results: Array<Result> = []
  const report = (found: ReadonlyArray<Result>) => {
    found.forEach(print)
    results.push(...found)
  }
  const measuresPeers = !values["no-peers"] && (wanted("commands") || wanted("reading"))
  const peers: Array<Peer.Peer> = []
  const missing: Array<Peer.Missing> = []
  const startPeers = Effect.fnUntraced(function* (
    options: Pick<Parameters<typeof Peer.start>[0], "store" | "database">
  ) {
    if (!measuresPeers) return []
    const started = yield* Peer.start({ ...options, folder: root, events, quick })
    peers.push(...started.peers)
    missing.push(...started.missing)
    return started.peers
  })
  const subjects: Array<readonly [Subject, ReadonlyArray<Peer.Peer>]> = []
  const without: Array<string> = []
  let postgres: PgSubject.PgSubject | undefined
  if (values.store.includes("sqlite")) subjects.push([sqlite, yield* startPeers({ store: "sqlite" })])
  if (values.store.includes("postgresql")) {
    const started = yield* Effect.result(PgSubject.start(root))
    if (Outcome.isFailure(started)) without.push(`PostgreSQL is not measured: ${started.failure.message}`)
    else {
      const database = measuresPeers ? yield* started.success.database("emmett") : ""
      subjects.push([started.success, yield* startPeers({ store: "postgresql", database })])
      postgres = started.success
    }
  }
  for (const { name, settings } of peers) {
    console.log(`${name} (${settings.versions}): ${settings.durability}`)
    for (const note of settings.notes) console.log(`  ${note}`)
  }
  for (const { name, why } of missing) console.log(`${name} is not measured: ${why}`)
  without.forEach((line) => console.log(line))
  for (const [subject, beside] of subjects) {
    console.log(`${subject.name}: ${subject.durability}\n`)
    const folder = join(root, subject.name)
    mkdirSync(folder)
    // Each peer stands on a store: it is measured beside ours on the same.
    const common = { subject, folder, rounds, quick, peers: beside }
    if (positionals.length === 0 || positionals.some((section) => !withoutLog.includes(section)))
      yield* Effect.provide(Register.fill(events), Register.layerOver(folder, subject.layer(folder)))
    if (wanted("replay")) report(yield* Replay.measure(common))
    if (wanted("reading")) report(yield* Reading.measure({ ...common, lengths: [10, 100, 1_000] }))
    if (wanted("appends")) report(yield* Appends.measure({ ...common, groups: callers }))
    if (wanted("commands")) report(yield* Commands.measure({ ...common, events, callers }))
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    // Without a log, and the same on every store.
    if (wanted("json") && subject === subjects[0]?.[0]) report(Json.measure(common))
    if (wanted("sealing") && subject === subjects[0]?.[0]) report(yield* Sealing.measure(common))
    if (wanted("grouping") && subject === sqlite) report(yield* Grouping.measure({ root: folder, rounds, quick }))
    if (wanted("audit") && subject === sqlite)
      report(yield* Audit.measure({ folder, rounds, events: Math.min(events, auditedEvents) }))
    if (wanted("gets")) report(yield* Gets.measure({ ...common, callers }))
    if (wanted("fairness")) report(yield* Fairness.measure(common))
    if (wanted("http") && subject === sqlite) report(yield* Http.measure(common))
    if (wanted("latency"))
      report(
        yield* Latency.measure({
          subject,
          folder,
          logs: quick ? [1_000, 10_000] : [1_000, 100_000, ...(values.long ? [10_000_000] : [])],
          restarts: quick ? 4 : 20,
          commands: quick ? 100 : 1_000
        })
      )
    // A folder belongs to one process; a database to as many as there are.
    if (wanted("contention") && subject === postgres)
      report(yield* Contention.measure({ subject: postgres, folder, callers: 16, quick }))
  }
  return {
    date: new Date().toISOString(),
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    machine,
    events,
    rounds,
    without,
    peers: [...peers.map(({ name, settings }) => ({ name, ...settings })), ...missing],
    results
  }
}).pipe(Effect.scoped)

console.log(
  `Node ${machine.node}, SQLite ${machine.sqlite}, ${machine.system}, ${machine.processors}, ${machine.memory}`
)
console.log(`on a log of ${events.toLocaleString("en")} events; medians of ${rounds} rounds in turns\n`)
const report = await Effect.runPromise(program)
const folder = join(dirname(fileURLToPath(import.meta.url)), "results")
mkdirSync(folder, { recursive: true })
const file = join(folder, `${report.date.replaceAll(/[:.]/g, "-")}.json`)
writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
console.log(`\nwritten to bench/results/${file.slice(folder.length + 1)}`)
