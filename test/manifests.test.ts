/**
 * The manifests of the packages: what npm shows of them, what they need, what they export. For a developer that adds a package or a
 * dependency. What a tarball then does in an empty project, `npm run test:packages` tries.
 */
import { parseSync } from "oxc-parser"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { packages, root, sourceCondition } from "../scripts/packages/Tarballs.ts"
import { sourcesOf } from "./Modules.ts"

const textOf = (path: string): string => readFileSync(join(root, path), "utf8")
const all = packages()

/** Without names that differ by nature. */
const commonOf = (folder: string) => {
  const manifest = JSON.parse(textOf(`${folder}/package.json`))
  const { author, bugs, engines, homepage, license, publishConfig, repository, scripts, sideEffects, type, version } =
    manifest
  const text = JSON.stringify({ homepage, repository }).replaceAll(folder, "packages/…")
  return { author, bugs, engines, license, publishConfig, scripts, sideEffects, type, version, where: JSON.parse(text) }
}

/**
 * The modules of Effect that a program with the package imports, by the paths of their sources. What an entry `testing` imports is for tests
 * alone: no program stops for it.
 */
const modulesOfEffect = (folder: string): ReadonlySet<string> => {
  const effect = join(root, "node_modules/effect/src")
  const found = new Set<string>()
  for (const path of sourcesOf(folder, "src").filter((path) => !path.includes("/src/testing/"))) {
    const { module } = parseSync(path, readFileSync(path, "utf8"))
    for (const { entries, moduleRequest } of module.staticImports) {
      const [name, ...parts] = moduleRequest.value.split("/")
      if (name !== "effect") continue
      const place = join(effect, ...parts)
      if (existsSync(`${place}.ts`)) found.add(`${place}.ts`)
      else for (const { importName } of entries) found.add(join(place, `${importName.name}.ts`))
    }
  }
  return found
}

const header = (path: string): string => /^\/\*\*[\s\S]*?\*\//.exec(readFileSync(path, "utf8"))?.[0] ?? ""
const isUnstable = (path: string): boolean => /@stability (?:unstable|experimental)/.test(header(path))

describe("the manifests", () => {
  it("say the same of everything that is the same", () => {
    const [first, ...others] = all.map(({ folder }) => commonOf(folder))
    expect(first).toMatchObject({
      license: "MIT",
      publishConfig: { access: "public", provenance: true },
      where: { repository: { type: "git", directory: "packages/…" } }
    })
    for (const other of others) expect(other).toEqual(first)
  })

  it.each(all.map(({ folder }) => folder))(
    "%s has a license, a page, a page for assistants and a changelog",
    (folder) => {
      expect(textOf(`${folder}/LICENSE`)).toBe(textOf("LICENSE"))
      const { files, keywords, name, version } = JSON.parse(textOf(`${folder}/package.json`))
      expect(files).toEqual(expect.arrayContaining(["dist", "!dist/.tsbuildinfo", "AGENTS.md", "CHANGELOG.md"]))
      expect(keywords.length).toBeGreaterThan(4)
      expect(textOf(`${folder}/README.md`)).toMatch(new RegExp(`^# ${name}\n`))
      expect(textOf(`${folder}/AGENTS.md`)).toMatch(new RegExp(`^# How to use ${name} right\n`))
      expect(textOf(`${folder}/CHANGELOG.md`)).toMatch(new RegExp(`^# Changelog of ${name}\n[\\s\\S]*\n## ${version}`))
    }
  )

  it("packages of one version need one another in that version", () => {
    const versions = new Map(all.map(({ manifest: { name, version } }) => [name, version]))
    const wrong = all.flatMap(({ manifest: { dependencies = {}, name } }) =>
      Object.entries(dependencies)
        .filter(([other, range]) => versions.has(other) && versions.get(other) !== range)
        .map(([other, range]) => `${name} needs ${other} ${range}`)
    )
    expect(wrong).toEqual([])
  })

  it.each(all.map(({ folder }) => folder))(
    "%s leaves Effect its minor versions, unless it imports an unstable module",
    (folder) => {
      const modules = [...modulesOfEffect(folder.slice("packages/".length))]
      expect(modules.filter((path) => !existsSync(path))).toEqual([])
      const range = all.find((each) => each.folder === folder)!.manifest.peerDependencies?.["effect"]
      expect(range).toMatch(modules.some(isUnstable) ? /^~4\./ : /^\^4\./)
    }
  )

  it("the sources are reached by our own condition alone, which stands first", () => {
    for (const { manifest } of all)
      for (const target of Object.values(manifest.exports))
        if (typeof target !== "string") expect(Object.keys(target)).toEqual([sourceCondition, "types", "default"])
  })
})
