/**
 * The modules of the house and what they import, as a graph. For the tests that judge how the house is built.
 *
 * Imports are read from the text: nothing is compiled or run here, so that a broken module is still judged.
 */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))

/** Files of a package's folder, by absolute path. */
export const sourcesOf = (folder: string, part: string): ReadonlyArray<string> =>
  globSync(`packages/${folder}/${part}/**/*.{ts,js}`, { cwd: root }).map((path) => join(root, path))

/** A module without its comments: an import in one of them is an example for a reader. */
const codeOf = (text: string): string => text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "")

/** Static and dynamic imports, imports of types, and re-exports. */
export const importsIn = (text: string): ReadonlyArray<string> => {
  const code = codeOf(text)
  return [
    ...code.matchAll(/(?:^|\s)(?:import|export)\s[^"']*?from\s*["']([^"']+)["']/g),
    ...code.matchAll(/(?:^|\s)import\s*["']([^"']+)["']/g),
    ...code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)
  ].map(([, specifier]) => specifier!)
}

export const importsOf = (path: string): ReadonlyArray<string> => importsIn(readFileSync(path, "utf8"))

/** Which node points at which. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>

export const graphOf = (edges: Iterable<readonly [from: string, to: string]>): Graph => {
  const graph = new Map<string, Set<string>>()
  for (const [from, to] of edges) {
    if (!graph.has(from)) graph.set(from, new Set())
    if (!graph.has(to)) graph.set(to, new Set())
    graph.get(from)!.add(to)
  }
  return graph
}

/** All that can be reached from a node by at least one step. */
const reachedFrom = (graph: Graph, start: string): ReadonlySet<string> => {
  const reached = new Set<string>()
  const next = [...(graph.get(start) ?? [])]
  for (let node = next.pop(); node !== undefined; node = next.pop()) {
    if (reached.has(node)) continue
    reached.add(node)
    next.push(...(graph.get(node) ?? []))
  }
  return reached
}

/** The shortest way from a node back to itself: the circle a person has to cut. */
const wayBack = (graph: Graph, start: string): ReadonlyArray<string> => {
  const ways: Array<ReadonlyArray<string>> = [[start]]
  const seen = new Set<string>()
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const node of graph.get(way.at(-1)!) ?? []) {
      if (node === start) return [...way, start]
      if (seen.has(node)) continue
      seen.add(node)
      ways.push([...way, node])
    }
  }
  return []
}

/** For each knot of nodes that reach one another, its shortest circle. */
export const circlesOf = (graph: Graph): ReadonlyArray<ReadonlyArray<string>> => {
  const reached = new Map([...graph.keys()].map((node) => [node, reachedFrom(graph, node)]))
  const isTied = (one: string, other: string) => reached.get(one)!.has(other) && reached.get(other)!.has(one)
  const knots: Array<ReadonlyArray<string>> = []
  const told = new Set<string>()
  for (const node of [...graph.keys()].sort()) {
    if (told.has(node) || !isTied(node, node)) continue
    const knot = [...graph.keys()].filter((other) => isTied(node, other))
    for (const each of knot) told.add(each)
    const circles = knot.map((each) => wayBack(graph, each)).sort((a, b) => a.length - b.length)
    knots.push(circles[0]!)
  }
  return knots
}

/** A module's name inside its package, and the folder that it is a part of. A module outside of every folder stands for itself. */
const nameIn = (folder: string, path: string): string => relative(join(root, "packages", folder, "src"), path)
export const folderIn = (name: string): string => {
  const folder = dirname(name)
  return folder === "." ? name : folder.split(sep).join("/")
}

/** What the modules of a package import from one another. */
export const modulesOf = (folder: string): Graph =>
  graphOf(
    sourcesOf(folder, "src").flatMap((path) =>
      importsOf(path)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => [nameIn(folder, path), nameIn(folder, resolve(dirname(path), specifier))] as const)
    )
  )

/** The same, of its folders. */
export const foldersOf = (modules: Graph): Graph =>
  graphOf(
    [...modules].flatMap(([from, all]) =>
      [...all].map((to) => [folderIn(from), folderIn(to)] as const).filter(([one, other]) => one !== other)
    )
  )
