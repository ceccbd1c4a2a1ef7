/**
 * What a release changes in the tree, as functions of texts. For the command that releases, and for its test.
 *
 * All packages have one version, and need one another in exactly that one: a register is put together of all of them.
 */
import type { Manifest } from "../packages/Tarballs.ts"

/** A version without a label, in numbers. */
const numbersOf = (version: string): ReadonlyArray<number> | undefined =>
  /^\d+\.\d+\.\d+$/.test(version) ? version.split(".").map(Number) : undefined

/** What is wrong with a version that is to follow another; the same one may follow as long as it is not released. */
export const faultOfVersion = (next: string, current: string): string | undefined => {
  const [to, from] = [numbersOf(next), numbersOf(current)]
  if (to === undefined || from === undefined) return `${next} is no version: write it as in 1.2.3`
  const differing = to.findIndex((number, index) => number !== from[index])
  return differing >= 0 && to[differing]! < from[differing]! ? `${next} is before ${current}` : undefined
}

/** A manifest in the next version, which needs our packages in that version too. A program that no other needs has no version. */
export const withVersion = (text: string, version: string, siblings: ReadonlySet<string>): string => {
  const manifest: Partial<Manifest> = JSON.parse(text)
  const { dependencies } = manifest
  const moved = Object.fromEntries(
    Object.entries(dependencies ?? {}).map(([name, range]) => [name, siblings.has(name) ? version : range])
  )
  const next = {
    ...manifest,
    ...(manifest.version === undefined ? {} : { version }),
    ...(dependencies === undefined ? {} : { dependencies: moved })
  }
  return `${JSON.stringify(next, null, 2)}\n`
}

const heading = /^## .*\(unreleased\)$/m

/** A changelog whose unreleased part gets its version and its day; undefined where it has none. */
export const released = (changelog: string, version: string, day: string): string | undefined =>
  heading.test(changelog) ? changelog.replace(heading, `## ${version} (${day})`) : undefined

/** The part of a changelog about a version, without its heading. */
export const partOf = (changelog: string, version: string): string => {
  const after = changelog.split(`\n## ${version} `)[1]?.split("\n").slice(1).join("\n") ?? ""
  return after.split(/^## /m)[0]!.trim()
}
