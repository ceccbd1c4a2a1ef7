/**
 * What the pages say of the laws of a simulation. Each law stands beside its promise. Each invariant has a law or a test, or says what it
 * needs. For a developer that adds a law.
 */
import { Invariants } from "@effekten/simulation"
import { existsSync, globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { expect, it } from "vitest"
import { root } from "./Process.ts"

const textOf = (page: string): string => readFileSync(join(root, page), "utf8")
const folder = "packages/simulation/src/invariants"

/** Laws of a promise begin with its number, or with several. */
const promisesOf = (law: string): ReadonlyArray<string> => /^(\d+(?:, \d+)*): /.exec(law)?.[1]!.split(", ") ?? []

it("every law stands beside its promise in the guarantees, and no other does", () => {
  const sections = textOf("docs/reference/guarantees.md").split(/^## /m).slice(1)
  const told = sections.flatMap((section) => {
    const [line] = /^\[Invariants\].* Laws: .*$/m.exec(section) ?? [""]
    return [...line.matchAll(/"([^"]+)" \(`([^`]+)`\)/g)].map(([, law, file]) => ({
      law: `${section.split(".", 1)[0]} ${law}`,
      isIn: textOf(join(folder, file!)).includes(`name: "${law}"`)
    }))
  })
  const laws = Invariants.standard.flatMap(({ name }) => promisesOf(name).map((promise) => `${promise} ${name}`))
  expect(told.map(({ law }) => law).toSorted()).toEqual(laws.toSorted())
  expect(told.filter(({ isIn }) => !isIn)).toEqual([])
})

it("every invariant has a law or a test, or says what it needs; and every law has an invariant", () => {
  const rows = [...textOf("docs/reference/simulation.md").matchAll(/^\| (\d+) \| (.+) \| (.+) \|$/gm)]
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 42 }, (_, index) => index + 1))
  const named = rows.flatMap(([, , , by]) => [...by!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!))
  const fileOf = (name: string): string => (name.includes("/") ? name : join(folder, name))
  expect(named.filter((name) => !existsSync(join(root, fileOf(name))))).toEqual([])
  expect(rows.filter(([, , , by]) => !by!.includes("`") && !by!.startsWith("needs "))).toEqual([])
  const laws = globSync(`${folder}/*.ts`, { cwd: root })
    .map((file) => basename(file))
    .filter((file) => !["Invariant.ts", "Standard.ts", "Watching.ts"].includes(file))
  expect(laws.filter((file) => !named.includes(file))).toEqual([])
})
