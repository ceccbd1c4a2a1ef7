// Breaks the sources on purpose, one place at a time, and counts how many of these mutants the tests notice. For a developer who asks what
// the tests are worth. Run by `npm run mutation`; it takes minutes for a sample, hours for everything.
//
//     npm run mutation                              100 lines of the domain and of the deciding part of the registrar
//     npm run mutation -- --seed 7 --lines 300      the same lines again, or more
//     npm run mutation -- --part domain             one of the two
//     npm run mutation -- --part domain --tests "test/{Tasks,Values}.test.ts"
//     npm run mutation -- --file packages/domain/src/Fifo.ts
//
// Stryker makes the mutants. npm brings it along when it is asked for, so that a clone does not install it.
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const root = fileURLToPath(new URL("..", import.meta.url))
process.chdir(root)

/** What is broken, and the tests that should notice: those without another process, for it would run sources that are whole. */
const parts = {
  domain: { sources: "packages/domain/src/**/*.ts", tests: "test/*.test.ts" },
  registrar: {
    sources: "packages/registrar/src/deciding/*.ts",
    tests: "test/{Answers,Contention,DecisionCache,Decisions,Faults,Lists,Queue,Repeat,Snapshots}.test.ts"
  }
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    lines: { type: "string", default: "100" },
    part: { type: "string", default: "" },
    tests: { type: "string", default: "" },
    file: { type: "string", multiple: true, default: [] }
  }
})

/** mulberry32: small, seeded, good enough to choose lines. */
const random = (seed) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Lines with code in them, of all files. A mutant is taken where it fits into one line. */
const linesOf = (files) =>
  files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .map((line, index) => ({ line: line.trim(), at: `${file}:${index + 1}-${index + 1}` }))
      .filter(
        ({ line }) =>
          /[=(?<>&|!+-]/.test(line) && !/^(\/\/|\/?\*|import\b|export (type|interface)\b|readonly\b)/.test(line)
      )
      .map(({ at }) => at)
  )

const drawn = (lines, count, seed) => {
  const next = random(seed)
  return lines
    .map((line) => ({ line, key: next() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ line }) => line)
}

const { version: vitest } = JSON.parse(readFileSync("node_modules/vitest/package.json", "utf8"))
const stryker = ["core", "vitest-runner"].map((name) => `--package=@stryker-mutator/${name}@10.1.1`)

const seed = Number(values.seed)
console.log(`seed ${seed}`)
mkdirSync(".mutation", { recursive: true })
let status = 0
for (const [name, { sources, tests }] of Object.entries(parts)) {
  if (values.part !== "" && values.part !== name) continue
  const files = globSync(sources).sort()
  const mutate =
    values.file.length > 0
      ? values.file.filter((file) => files.includes(file))
      : drawn(linesOf(files), Math.round(Number(values.lines) / Object.keys(parts).length), seed)
  if (mutate.length === 0) continue
  writeFileSync(
    `.mutation/${name}.config.mjs`,
    `export default { ssr: { resolve: { conditions: ["@effekten/source", "module", "node"] } }, test: { root: "packages/${name}", include: ["${values.tests || tests}"], testTimeout: 300_000 } }\n`
  )
  writeFileSync(
    `.mutation/${name}.stryker.json`,
    JSON.stringify({
      testRunner: "vitest",
      plugins: ["@stryker-mutator/vitest-runner"],
      vitest: { configFile: `.mutation/${name}.config.mjs`, related: false },
      mutate,
      coverageAnalysis: "perTest",
      concurrency: 1,
      timeoutMS: 60_000,
      dryRunTimeoutMinutes: 60,
      reporters: ["clear-text", "progress-append-only", "json"],
      clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
      jsonReporter: { fileName: `.mutation/${name}.report.json` },
      ignorePatterns: ["dist", ".effekten", "bench", ".mutation/*.report.json"],
      // It would read TypeScript's configuration with an interface that TypeScript 7 does not have; nothing of it is needed here.
      tsconfigFile: ".mutation/none.json",
      disableTypeChecks: false
    })
  )
  console.log(`\n${name}: ${mutate.length} places`)
  const ran = spawnSync(
    "npm",
    [
      "exec",
      "--yes",
      ...stryker,
      `--package=vitest@${vitest}`,
      "--",
      "stryker",
      "run",
      `.mutation/${name}.stryker.json`
    ],
    { stdio: "inherit" }
  )
  status ||= ran.status ?? 1
}
process.exit(status)
