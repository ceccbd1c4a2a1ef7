/**
 * Every planted bug still fits the sources; `npm run planted-bugs` sees whether the simulation finds it.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { bugs } from "../planted/Bugs.ts"
import { planted } from "../planted/Edits.ts"

it.each(Object.entries(bugs))('the source of the bug "%s" is the one it was made for', (_name, bug) => {
  const source = readFileSync(fileURLToPath(new URL(`../../${bug.file}`, import.meta.url)), "utf8")
  expect(planted(source, bug)).not.toBe(source)
})
