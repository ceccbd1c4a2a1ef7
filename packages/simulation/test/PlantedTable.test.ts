/**
 * The table of planted bugs in the docs. A row is replaced, or added in its place, and none is left of a bug that is gone. For the author of a
 * bug.
 */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { bugs } from "../planted/Bugs.ts"
import { withRow } from "../planted/Table.ts"

const [first, second, third] = Object.keys(bugs)
const equivalent = Object.keys(bugs).find((name) => bugs[name]!.equivalent !== undefined)!

const pageOf = (...rows: ReadonlyArray<string>): string =>
  ["Before.", "", "| planted | found after calls | by |", "| --- | --- | --- |", ...rows, "", "After.", ""].join("\n")
const row = (name: string | undefined, number: string, by = "a law"): string => `| ${name} | ${number} | ${by} |`
const found = { calls: 1_234, seed: 7, invariant: "a law", message: "it does not hold" }

it("a row is replaced, and what stands around the table stays", () => {
  const page = pageOf(row(first, "9"), row(second, "10"))
  expect(withRow(page, second!, found)).toBe(pageOf(row(first, "9"), row(second, "1,234")))
})

it("a row is added where its bug stands among the others, and that of a bug that is gone goes", () => {
  const page = pageOf(row(first, "9"), row("a bug of yesterday", "1"), row(third, "11"))
  expect(withRow(page, second!, { ...found, alone: true })).toBe(
    pageOf(row(first, "9"), row(second, "1,234 decisions"), row(third, "11"))
  )
})

it("what was not found is missed, or says why it cannot be", () => {
  const page = pageOf(row(first, "9"))
  expect(withRow(page, first!, { calls: 30_001 })).toBe(pageOf(row(first, "not in 30,001", "missed")))
  expect(withRow(pageOf(), equivalent, { calls: 30_001 })).toContain(
    row(equivalent, "not in 30,001", bugs[equivalent]!.equivalent)
  )
})

it("a page without the table is refused, and that of the docs has it", () => {
  expect(() => withRow("Nothing.", first!, found)).toThrow(/no table/)
  const page = readFileSync(new URL("../../../docs/reference/simulation.md", import.meta.url), "utf8")
  expect(withRow(page, first!, found)).toContain(row(first, "1,234"))
})
