/**
 * The faces of the packages: a name that one package exports means nothing else in another. For everyone who exports a name.
 */
import { parseSync } from "oxc-parser"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, it } from "vitest"
import { root } from "./Modules.ts"

const packages = ["domain", "event-store", "services", "projections", "registrar", "http", "simulation"]

/** The names that a module exports, those of modules it exports as they are among them. */
const namesOf = (path: string): ReadonlyArray<string> => {
  const { module } = parseSync(path, readFileSync(path, "utf8"))
  return module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ exportName, importName, moduleRequest }) => {
      if (exportName.kind === "Name" && exportName.name !== null) return [exportName.name]
      if (importName.kind === "AllButDefault" && moduleRequest !== null)
        return namesOf(join(dirname(path), moduleRequest.value))
      return []
    })
  )
}

const faces = new Map(packages.map((name) => [name, new Set(namesOf(join(root, `packages/${name}/src/index.ts`)))]))

it("finds the names it is about to compare", () => {
  expect([...faces.get("domain")!]).toEqual(expect.arrayContaining(["Id", "Investor", "Refusal", "Units"]))
  expect([...faces.get("services")!]).toEqual(expect.arrayContaining(["Api", "Investors", "Rejection", "Page"]))
})

it("a name is exported by one package", () => {
  const twice = [...faces].flatMap(([name, names]) =>
    [...names].flatMap((each) => {
      const others = [...faces].filter(([other, theirs]) => other > name && theirs.has(each))
      return others.map(([other]) => `${each}: ${name} and ${other}`)
    })
  )
  expect(twice).toEqual([])
})

it("the domain and what it means are reached by namespaces, and by nothing else", () => {
  for (const name of ["domain", "projections"])
    expect(readFileSync(join(root, `packages/${name}/src/index.ts`), "utf8")).not.toMatch(/^export (?!\* as )/m)
})
