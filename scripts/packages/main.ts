/**
 * What a stranger gets, tried: every package is packed, installed into an empty project, imported, type-checked and bundled. For `.ci/run`
 * and before a release.
 *
 *     npm run test:packages
 *     npm run test:packages -- newest     with the registry's newest `effect` instead of the one in the lock file
 *     npm run test:packages -- pages      the TypeScript of the pages, and the examples, and nothing else
 *     npm run test:packages -- imports    every entry imported and the command started, by the Node that runs this, and nothing else
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { bundle } from "./Bundle.ts"
import { compile, importEntry, importsOfTypes, install, resolutions, run, writeEntries } from "./Projects.ts"
import { copyExamples, modulesOf, runFiles, runPrograms } from "./Examples.ts"
import { writeSnippets } from "./Snippets.ts"
import {
  closureOf,
  declarationsOf,
  entriesOf,
  faultsOf,
  type Manifest,
  optionalPeersOf,
  pack,
  type Packed,
  root
} from "./Tarballs.ts"

const { positionals, values } = parseArgs({ allowPositionals: true, options: { tarballs: { type: "string" } } })
const [mode = "all"] = positionals
if (!["all", "newest", "pages", "imports"].includes(mode))
  throw new Error(`usage: test:packages [-- newest | pages | imports], not ${mode}`)
/** The `effect` of all projects: the registry's newest, also one that no range allows yet, where it is asked for. */
const effect = mode === "newest" ? "latest" : undefined
/** The oldest TypeScript that is promised. The newest is the one in package-lock.json. */
const oldTypeScript = "typescript@5.9.3"

const place = mkdtempSync(join(tmpdir(), "effekten-packages-"))
const failures: Array<string> = []
const began = performance.now()

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const fail = (what: string, said = ""): void => {
  failures.push(what)
  say(`✗ ${what}${said === "" ? "" : `\n${said.replaceAll(/^/gm, "    ")}`}`)
}
const check = (what: string, { ok, said }: { readonly ok: boolean; readonly said: string }): boolean => {
  if (!ok) fail(what, said)
  return ok
}
const part = (name: string): void => say(`\n── ${name} (${Math.round((performance.now() - began) / 1000)} s)`)

/** Checks that others made for the manifest and the declarations of a tarball. */
const lint = ({ manifest: { name }, tarball }: Packed): void => {
  const publint = ["exec", "--yes", "--package=publint@0.3.25", "--", "publint", "run", tarball, "--strict"]
  const attw = ["exec", "--yes", "--package=@arethetypeswrong/cli@0.18.5", "--", "attw", tarball]
  check(`publint finds nothing in ${name}`, run(place, "npm", publint))
  check(`attw finds nothing in ${name}`, run(place, "npm", [...attw, "--profile", "esm-only", "--format", "ascii"]))
}

interface Compiler {
  readonly name: string
  readonly tsc: string
}

const compilers = (): readonly [Compiler, Compiler] => {
  const folder = join(place, "typescript")
  check(`${oldTypeScript} is installed`, install(folder, [oldTypeScript]))
  const of = (at: string, name: string) => ({ name, tsc: join(at, "node_modules/typescript/bin/tsc") })
  return [of(root, "TypeScript 7"), of(folder, "TypeScript 5.9")]
}

interface Checking {
  readonly compilers: ReadonlyArray<Compiler>
  readonly ways?: ReadonlyArray<(typeof resolutions)[number]>
  readonly types?: ReadonlyArray<string>
}

/** Types of all entries, in every way that is promised. */
const checkTypes = (
  what: string,
  folder: string,
  entries: ReadonlyArray<string>,
  { compilers, types = [], ways = resolutions }: Checking
): void => {
  const files = [writeEntries(folder, entries)]
  for (const { name, tsc } of compilers)
    for (const resolution of ways)
      check(`${what} has types under ${name}, ${resolution}`, compile(folder, { tsc, resolution, files, types }))
}

/**
 * A package alone, without its optional peers. Only an entry beside the main one may need one of them. Types are checked in every way where no
 * other package has this one below it; elsewhere one compiler sees what is missing.
 */
const tryAlone = (each: Packed, all: ReadonlyArray<Packed>, compilers: ReadonlyArray<Compiler>): void => {
  const { name } = each.manifest
  const folder = join(place, each.folder)
  const closure = closureOf(all, each)
  if (
    !check(
      `${name} is installed`,
      install(
        folder,
        closure.map(({ tarball }) => tarball),
        { effect }
      )
    )
  )
    return
  const bare = closure.flatMap((one) => entriesOf(one).filter((entry) => isBare(one, entry)))
  for (const entry of bare.filter((entry) => entry === name || entry.startsWith(`${name}/`)))
    check(`${entry} is imported without optional peers`, importEntry(folder, entry))
  const isTop = !all.some((other) => other !== each && !bringsPeers(other, all) && closureOf(all, other).includes(each))
  checkTypes(name, folder, bare, isTop ? { compilers } : { compilers: compilers.slice(0, 1), ways: ["nodenext"] })
}

/** Whether an entry does without optional peers. The main one has to. */
const isBare = (each: Packed, entry: string): boolean => {
  const foreign = importsOfTypes(declarationsOf(each, entry))
  return entry === each.manifest.name || !optionalPeersOf(each).some(([peer]) => foreign.has(peer))
}

/** Whether a package brings along what others leave to their users. */
const bringsPeers = (each: Packed, all: ReadonlyArray<Packed>): boolean => {
  const optional = new Set(all.flatMap(optionalPeersOf).map(([peer]) => peer))
  return closureOf(all, each).some(({ manifest }) =>
    Object.keys(manifest.dependencies ?? {}).some((name) => optional.has(name))
  )
}

/** All packages with all optional peers: every entry. The driver of PostgreSQL takes the types of Node for granted. */
const tryTogether = (all: ReadonlyArray<Packed>, compilers: ReadonlyArray<Compiler>): string => {
  const folder = join(place, "together")
  const peers = new Set(all.flatMap(optionalPeersOf).map(([name, range]) => `${name}@${range}`))
  check("all are installed", install(folder, [...all.map(({ tarball }) => tarball), ...peers, ...tools()], { effect }))
  const entries = all.flatMap(entriesOf)
  for (const entry of entries) check(`${entry} is imported`, importEntry(folder, entry))
  const command = join(folder, "node_modules/effekten/bin/effekten.js")
  check("effekten says its version", run(folder, process.execPath, [command, "--version"]))
  checkTypes("everything together", folder, entries, { compilers, types: ["node"] })
  return folder
}

/** The examples, installed from tarballs and run. */
const tryExamples = async (all: ReadonlyArray<Packed>, { tsc }: Compiler): Promise<void> => {
  const project = join(place, "examples")
  const workspaces = copyExamples(project)
  const what = [...all.map(({ tarball }) => tarball), ...tools()]
  if (!check("the examples are installed", install(project, what, { effect, workspaces }))) return
  const files = modulesOf(project)
  check("the examples have types", compile(project, { tsc, resolution: "nodenext", files, types: ["node"] }))
  for (const [name, ran] of [...(await runFiles(project)), ...runPrograms(project)])
    if (check(`${name} runs`, ran)) say(`  ${name} runs`)
}

/** What pages and examples may use besides, in the versions of this tree. */
const tools = (): ReadonlyArray<string> => {
  const { devDependencies }: Manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  return ["@effect/vitest", "@types/node", "vitest"].map((name) => `${name}@${devDependencies?.[name]}`)
}

/** The TypeScript that the pages show. */
const tryPages = (folder: string, { tsc }: Compiler): void => {
  const files = writeSnippets(folder)
  const ran = compile(folder, { tsc, resolution: "nodenext", files, types: ["node"] })
  if (!check("the TypeScript of the pages is right", ran)) return
  say(`  ${files.length} modules`)
  const tests = files.filter((file) => file.endsWith(".test.ts"))
  const vitest = join(folder, "node_modules/vitest/vitest.mjs")
  if (check("the tests on the pages pass", run(folder, process.execPath, [vitest, "run", ...tests])))
    say(`  ${tests.length} of them with tests`)
}

/** All that is promised of the packages on this Node, with every compiler. */
const tryAll = async (all: ReadonlyArray<Packed>): Promise<void> => {
  const [current, ...older] = compilers()
  if (mode === "all") {
    part("publint, attw")
    all.forEach(lint)
  }
  if (mode !== "pages") {
    part("each alone, without optional peers")
    for (const each of all) tryAlone(each, all, [current, ...older])
  }
  part("all together")
  const together = tryTogether(all, mode === "pages" ? [] : [current, ...older])
  part("a browser")
  const { bytes, faults, gzipped } = await bundle(together, "@effekten/http/client")
  for (const fault of faults) fail(fault)
  say(`  @effekten/http/client: ${bytes} bytes, ${gzipped} compressed`)
  part("the pages")
  tryPages(together, current)
  part("the examples")
  await tryExamples(all, current)
}

part("pack")
const all = pack(values.tarballs ?? join(place, "tarballs"))
for (const each of all) {
  say(`  ${each.manifest.name}@${each.manifest.version}: ${each.files.length} files`)
  for (const fault of faultsOf(each)) fail(fault)
}
if (mode === "imports") {
  part(`imports under Node ${process.versions.node}`)
  tryTogether(all, [])
} else await tryAll(all)

part(failures.length === 0 ? "all is well" : `${failures.length} failed; the projects are left in ${place}`)
for (const failure of failures) say(`✗ ${failure}`)
if (failures.length === 0) rmSync(place, { recursive: true, force: true })
process.exit(failures.length === 0 ? 0 : 1)
