/**
 * Every planted bug still fits the sources, and those of decisions are found. `npm run planted-bugs` sees whether the others are.
 */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { bugs } from "../planted/Bugs.ts"
import { planted } from "../planted/Edits.ts"
import { rules } from "../planted/Rules.ts"
import type { Found } from "../planted/run.ts"

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

it.each(Object.entries(bugs))('the source of the bug "%s" is the one it was made for', (_name, bug) => {
  const source = readFileSync(pathOf(`../../${bug.file}`), "utf8")
  expect(planted(source, bug)).not.toBe(source)
})

it("there are thirty bugs of decisions", () => {
  expect(Object.keys(rules).length).toBeGreaterThanOrEqual(30)
})

const all = process.env["EFFEKTEN_STEPS"] === "all"
const seed = Number(process.env["EFFEKTEN_SEED"] ?? Math.floor(Math.random() * 1_000_000))
/** Each run looks for three others; the long tests look for all. */
const chosen = Object.keys(rules).filter((_name, at, { length }) => all || (at + seed) % Math.ceil(length / 3) === 0)
const program = ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning", "--import"]

it.each(chosen)(`the bug "%s" is found within 30,000 calls (seed ${seed})`, async (name) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...program, pathOf("../planted/plant.ts"), pathOf("../planted/run.ts")],
    { env: { ...process.env, EFFEKTEN_BUG: name, EFFEKTEN_CALLS: "30000" }, maxBuffer: 64 * 1024 * 1024 }
  )
  const found = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Found
  expect(found).toMatchObject({ invariant: expect.any(String) })
})
