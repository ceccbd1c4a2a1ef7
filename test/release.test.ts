/**
 * What a release changes in the tree. For a developer that changes the command that releases.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { manifestPaths, packages, root } from "../scripts/packages/Tarballs.ts"
import { faultOfVersion, partOf, released, withVersion } from "../scripts/release/Edits.ts"

it("a version is of three numbers, and not before the one that is there", () => {
  for (const [next, current] of [
    ["0.1.0", "0.1.0"],
    ["0.2.0", "0.1.9"],
    ["1.0.0", "0.9.9"]
  ] as const)
    expect(faultOfVersion(next, current)).toBeUndefined()
  expect(faultOfVersion("0.1.9", "0.2.0")).toMatch(/is before/)
  for (const wrong of ["", "1.0", "v1.0.0", "1.0.0-rc.1"])
    expect(faultOfVersion(wrong, "0.1.0")).toMatch(/is no version/)
})

it("a manifest and what it needs of its siblings move together, and nothing else does", () => {
  const siblings = new Set(packages().map(({ manifest }) => manifest.name))
  for (const { manifest } of packages()) {
    const moved = JSON.parse(withVersion(JSON.stringify(manifest), "9.9.9", siblings))
    const { dependencies = {} } = manifest
    expect(moved).toEqual({
      ...manifest,
      version: "9.9.9",
      ...(manifest.dependencies === undefined
        ? {}
        : {
            dependencies: Object.fromEntries(
              Object.entries(dependencies).map(([name, range]) => [name, siblings.has(name) ? "9.9.9" : range])
            )
          })
    })
  }
})

it("every manifest in the tree that needs one of them moves, those of examples too", () => {
  const siblings = new Set(packages().map(({ manifest }) => manifest.name))
  const needs = (text: string): ReadonlyArray<string> => {
    const { dependencies, devDependencies, peerDependencies } = JSON.parse(text)
    const all = [dependencies, devDependencies, peerDependencies].flatMap((each = {}) => Object.entries<string>(each))
    return all.flatMap(([name, range]) => (siblings.has(name) ? [range] : []))
  }
  const paths = globSync("{.,*,*/*}/package.json", { cwd: root, exclude: ["**/node_modules/**"] })
  const texts = new Map(paths.map((path) => [join(path), readFileSync(join(root, path), "utf8")] as const))
  const needing = [...texts].filter(([, text]) => needs(text).length > 0)
  expect(manifestPaths()).toEqual(expect.arrayContaining(needing.map(([path]) => path)))
  for (const [, text] of needing)
    expect(new Set(needs(withVersion(text, "9.9.9", siblings)))).toEqual(new Set(["9.9.9"]))
  // A program has no version of its own.
  expect(JSON.parse(withVersion('{ "private": true }', "9.9.9", siblings))).toEqual({ private: true })
})

it("a changelog gets its day once, and its part can be taken out", () => {
  const before = "# Changelog\n\n## 0.2.0 (unreleased)\n\n* New.\n\n## 0.1.0 (2026-01-01)\n\n* Old.\n"
  const after = released(before, "0.2.0", "2026-02-01")!
  expect(after).toBe(before.replace("(unreleased)", "(2026-02-01)"))
  expect(released(after, "0.3.0", "2026-03-01")).toBeUndefined()
  expect(partOf(after, "0.2.0")).toBe("* New.")
  expect(partOf(after, "0.1.0")).toBe("* Old.")
})
