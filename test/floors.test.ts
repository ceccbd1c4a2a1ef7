/**
 * The floors of the house: which package may import from which. For a developer that adds an import.
 */
import { describe, expect, it } from "vitest"
import { readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { circlesOf, foldersOf, graphOf, importsIn, importsOf, modulesOf, root, sourcesOf } from "./Modules.ts"

/** A package imports only from floors below its own: so those on one floor do not know each other. */
const floors: { readonly [folder: string]: number } = {
  domain: 0,
  "event-store": 0,
  services: 1,
  projections: 2,
  registrar: 3,
  http: 3,
  simulation: 4,
  cli: 5
}

/** What the domain may take from outside. */
const domainMayUse = ["effect", "iso-3166-1", "@noble/curves", "@noble/hashes"]

interface Manifest {
  readonly name: string
  readonly exports: { readonly [path: string]: unknown }
  readonly dependencies?: { readonly [name: string]: string }
  readonly peerDependencies?: { readonly [name: string]: string }
  readonly peerDependenciesMeta?: { readonly [name: string]: { readonly optional?: boolean } }
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"))

/** Whether one of our packages can do without another, as a register in a folder does without the driver of PostgreSQL. */
const leavesOpen = (name: string, peer: string): boolean => {
  const folder = folderOf.get(name)
  return folder !== undefined && manifestOf(folder).peerDependenciesMeta?.[peer]?.optional === true
}

const folders = Object.keys(floors)
const folderOf = new Map(folders.map((folder) => [manifestOf(folder).name, folder]))

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

const isBare = (specifier: string): boolean => !specifier.startsWith(".") && !specifier.startsWith("node:")

const everyImport = folders.flatMap((folder) =>
  sourcesOf(folder, "src").flatMap((path) => importsOf(path).map((specifier) => ({ folder, path, specifier })))
)

const arrowsUp = everyImport.filter(({ folder, specifier }) => {
  const other = folderOf.get(packageOf(specifier))
  return other !== undefined && floors[other]! >= floors[folder]!
})

const where = ({ path, specifier }: { readonly path: string; readonly specifier: string }): string =>
  `${relative(root, path)} imports ${specifier}`

describe("a circle that is planted is found", () => {
  const planted = (...edges: ReadonlyArray<readonly [string, string]>) => circlesOf(graphOf(edges))

  it("none where arrows only run down, even if ways meet again", () => {
    expect(planted(["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"])).toEqual([])
  })

  it("of two modules, of three, and of a module that imports itself", () => {
    expect(planted(["a", "b"], ["b", "a"])).toEqual([["a", "b", "a"]])
    expect(planted(["a", "b"], ["b", "c"], ["c", "a"], ["d", "a"])).toEqual([["a", "b", "c", "a"]])
    expect(planted(["a", "a"])).toEqual([["a", "a"]])
  })

  it("each knot is told once, by the shortest way round", () => {
    expect(planted(["a", "b"], ["b", "c"], ["c", "a"], ["c", "b"], ["x", "y"], ["y", "x"])).toEqual([
      ["b", "c", "b"],
      ["x", "y", "x"]
    ])
  })

  it("of folders where no module is in one; a module outside of every folder stands for itself", () => {
    const modules = graphOf([
      ["desk/Tray.ts", "log/Append.ts"],
      ["log/Read.ts", "desk/Paper.ts"]
    ])
    expect(circlesOf(modules)).toEqual([])
    expect(circlesOf(foldersOf(modules))).toEqual([["desk", "log", "desk"]])
    const flat = graphOf([
      ["Catalogue.ts", "events/Joined.ts"],
      ["events/Joined.ts", "Id.ts"]
    ])
    expect(circlesOf(foldersOf(flat))).toEqual([])
  })

  it("whatever kind of import closes it", () => {
    const kinds = [
      'import { a } from "./A.ts"',
      'import type { A } from "./A.ts"',
      'import "./A.ts"',
      'export * from "./A.ts"',
      'export type { A } from "./A.ts"',
      'const a = await import("./A.ts")',
      'type A = import("./A.ts").A',
      'import {\n  a,\n  b\n} from "./A.ts"'
    ]
    for (const kind of kinds) expect(importsIn(kind)).toEqual(["./A.ts"])
    expect(importsIn('/** As in: import { a } from "./A.ts" */\n// import "./A.ts"')).toEqual([])
  })
})

describe("the house has floors", () => {
  it("finds the imports it is about to judge", () => {
    expect(everyImport.length).toBeGreaterThan(200)
    expect(everyImport.some(({ specifier }) => specifier === "@effekten/domain")).toBe(true)
  })

  it("a package imports only from floors below its own", () => {
    expect(arrowsUp.map(where)).toEqual([])
  })

  it("nothing imports what another package keeps internal, or reaches into it by path", () => {
    const wrong = everyImport.filter(({ folder, path, specifier }) => {
      if (specifier.startsWith(".")) {
        const target = resolve(dirname(path), specifier)
        return !target.startsWith(join(root, "packages", folder, "src"))
      }
      const other = folderOf.get(packageOf(specifier))
      if (other === undefined) return false
      const subpath = `.${specifier.slice(packageOf(specifier).length)}`
      return !(subpath in manifestOf(other).exports)
    })
    expect(wrong.map(where)).toEqual([])
  })

  it("tests reach into another package's internals as little as its code does", () => {
    const wrong = folders
      .flatMap((folder) => sourcesOf(folder, "test").map((path) => ({ folder, path })))
      .flatMap(({ folder, path }) =>
        importsOf(path)
          .filter((specifier) => specifier.startsWith("."))
          .filter((specifier) => !resolve(dirname(path), specifier).startsWith(join(root, "packages", folder)))
          .map((specifier) => where({ path, specifier }))
      )
    expect(wrong).toEqual([])
  })

  it("what a package imports, it depends on; what it depends on, it imports", () => {
    const wrong = folders.flatMap((folder) => {
      const { dependencies = {}, peerDependencies = {} } = manifestOf(folder)
      const declared = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])
      const imported = new Set(
        everyImport
          .filter((each) => each.folder === folder && isBare(each.specifier))
          .map(({ specifier }) => packageOf(specifier))
      )
      return [
        ...[...imported].filter((name) => !declared.has(name)).map((name) => `${folder} does not declare ${name}`),
        ...[...declared]
          .filter((name) => !imported.has(name) && !Object.keys(dependencies).some((other) => leavesOpen(other, name)))
          .map((name) => `${folder} does not use ${name}`)
      ]
    })
    expect(wrong).toEqual([])
  })

  it("the domain is pure: it imports effect and small data libraries only", () => {
    const wrong = everyImport.filter(
      ({ folder, specifier }) =>
        folder === "domain" && !specifier.startsWith(".") && !domainMayUse.includes(packageOf(specifier))
    )
    expect(wrong.map(where)).toEqual([])
  })

  it("the client runs where there is no Node: what it imports, and what that imports, needs none", () => {
    const [entries, seen, foreign] = [["packages/http/src/client/index.ts"], new Set<string>(), new Set<string>()]
    for (let path = entries.pop(); path !== undefined; path = entries.pop()) {
      if (seen.has(path)) continue
      seen.add(path)
      for (const specifier of importsOf(join(root, path))) {
        const folder = folderOf.get(packageOf(specifier))
        if (specifier.startsWith(".")) entries.push(join(dirname(path), specifier))
        else if (folder === undefined) foreign.add(packageOf(specifier))
        else entries.push(`packages/${folder}/src/index.ts`)
      }
    }
    expect(seen.size).toBeGreaterThan(50)
    expect([...foreign].filter((name) => !domainMayUse.includes(name))).toEqual([])
  })

  it("there is no circle of imports: not of modules, not of a package's folders, and no arrow runs up", () => {
    const circles = folders.flatMap((folder) => {
      const modules = modulesOf(folder)
      return [...circlesOf(modules), ...circlesOf(foldersOf(modules))].map(
        (circle) => `${folder}: ${circle.join(" → ")}`
      )
    })
    const up = arrowsUp.map(where)
    console.log(`circles ${circles.length}, arrows up ${up.length}`)
    expect([...circles, ...up]).toEqual([])
  })
})
