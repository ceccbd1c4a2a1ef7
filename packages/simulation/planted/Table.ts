/**
 * The table of planted bugs in the docs, a row for each. For {@link main}, which writes it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { bugs } from "./Bugs.ts"
import type { Found } from "./run.ts"

const page = new URL("../../../docs/reference/simulation.md", import.meta.url)
const head = "| planted | found after calls | by |\n| --- | --- | --- |\n"

const rowOf = (name: string, { alone, calls, invariant }: Found): string => {
  const number = `${calls.toLocaleString("en")}${alone === true ? " decisions" : ""}`
  if (invariant !== undefined) return `| ${name} | ${number} | ${invariant} |`
  return `| ${name} | not in ${number} | ${bugs[name]?.equivalent ?? "missed"} |`
}

const nameOf = (row: string): string => row.split(" | ", 1)[0]!.slice(2)

/** The page with the row of a bug, replaced or added; rows stand in the order of the bugs. */
export const withRow = (text: string, name: string, found: Found): string => {
  const [before, after] = text.split(head)
  if (before === undefined || after === undefined)
    throw new Error("docs/reference/simulation.md has no table of planted bugs")
  const end = after.search(/^(?!\|)/m)
  const rows = new Map(
    after
      .slice(0, end)
      .trimEnd()
      .split("\n")
      .map((row) => [nameOf(row), row])
  )
  rows.set(name, rowOf(name, found))
  const sorted = Object.keys(bugs).flatMap((each) => rows.get(each) ?? [])
  return `${before}${head}${sorted.join("\n")}\n${after.slice(end)}`
}

/** Writes the row of a bug. */
export const writeRow = (name: string, found: Found): void =>
  writeFileSync(page, withRow(readFileSync(page, "utf8"), name, found))
