/**
 * The packages as they are published: built anew, packed by npm, and looked through. For the checks of packages and for a release.
 *
 * Do not write a manifest here that differs from the one in the tree: what `npm pack` makes of the tree is what is published.
 */
import { execFileSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

/** The condition under which a clone runs the sources. It bears the project's name: no bundler and no test runner sets it. */
export const sourceCondition = "@effekten/source"

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: { readonly [entry: string]: string | { readonly [condition: string]: string } }
  readonly bin?: { readonly [command: string]: string }
  readonly dependencies?: { readonly [name: string]: string }
  readonly devDependencies?: { readonly [name: string]: string }
  readonly peerDependencies?: { readonly [name: string]: string }
  readonly peerDependenciesMeta?: { readonly [name: string]: { readonly optional?: boolean } }
}

export interface Package {
  /** The folder in `packages/`. */
  readonly folder: string
  readonly manifest: Manifest
}

export interface Packed extends Package {
  /** Absolute path. */
  readonly tarball: string
  readonly files: ReadonlyArray<string>
}

const readManifest = (path: string): Manifest => JSON.parse(readFileSync(path, "utf8"))

/** Every package that is published, those that others need first. */
export const packages = (): ReadonlyArray<Package> => {
  const found = globSync("packages/*/package.json", { cwd: root })
    .toSorted()
    .map((path): Package => ({ folder: dirname(path), manifest: readManifest(join(root, path)) }))
    .filter(({ manifest }) => manifest.private !== true)
  return found.toSorted((a, b) => closureOf(found, a).length - closureOf(found, b).length)
}

/** The manifests that name our packages: their own, and those of the programs in `examples/`. */
export const manifestPaths = (): ReadonlyArray<string> => [
  ...packages().map(({ folder }) => `${folder}/package.json`),
  ...globSync("examples/*/package.json", { cwd: root }).toSorted()
]

/** A package and those of ours that it depends on, directly or not. */
export const closureOf = <P extends Package>(all: ReadonlyArray<P>, of: P): ReadonlyArray<P> => {
  const reached = new Set<P>([of])
  for (const each of reached)
    for (const name of Object.keys(each.manifest.dependencies ?? {}))
      for (const other of all) if (other.manifest.name === name) reached.add(other)
  return [...reached]
}

/** The entries that a program imports, by their full names. */
export const entriesOf = ({ manifest: { exports, name } }: Package): ReadonlyArray<string> =>
  Object.keys(exports)
    .filter((entry) => !entry.endsWith(".json"))
    .map((entry) => name + entry.slice(1))

/** The declarations of an entry, in the tree. */
export const declarationsOf = ({ folder, manifest: { exports, name } }: Package, entry: string): string => {
  const target = exports[`.${entry.slice(name.length)}`]
  if (target === undefined || typeof target === "string" || target["types"] === undefined)
    throw new Error(`${entry} has no declarations`)
  return join(root, folder, target["types"])
}

/** The peers that a program may leave out, with their ranges. */
export const optionalPeersOf = ({ manifest }: Package): ReadonlyArray<readonly [name: string, range: string]> =>
  Object.entries(manifest.peerDependencies ?? {}).filter(
    ([name]) => manifest.peerDependenciesMeta?.[name]?.optional === true
  )

/** Builds everything from nothing, so that no output of a source that is gone is packed, and packs it. */
export const pack = (destination: string): ReadonlyArray<Packed> => {
  const all = packages()
  mkdirSync(destination, { recursive: true })
  for (const { folder } of all) rmSync(join(root, folder, "dist"), { recursive: true, force: true })
  execFileSync("npx", ["tsc", "-b"], { cwd: root, stdio: ["ignore", "inherit", "inherit"] })
  const said = execFileSync(
    "npm",
    [
      "pack",
      "--json",
      "--ignore-scripts",
      "--pack-destination",
      destination,
      ...all.map(({ folder }) => `./${folder}`)
    ],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }
  )
  const answer: unknown = JSON.parse(said)
  // An array, or an object by name: that depends on the version of npm.
  const packed = Object.values(answer as Record<string, Told>)
  return all.map((each) => {
    const told = packed.find(({ name }) => name === each.manifest.name)
    if (told === undefined) throw new Error(`npm packed no ${each.manifest.name}`)
    return { ...each, tarball: join(destination, told.filename), files: told.files.map(({ path }) => path) }
  })
}

interface Told {
  readonly name: string
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** What every tarball has, whatever is in it. */
const expected = ["AGENTS.md", "CHANGELOG.md", "LICENSE", "README.md", "package.json"]

/** What a tarball may have besides. */
const allowed = /^(?:bin\/.+\.js|src\/.+\.ts|dist\/.+\.(?:js|d\.ts)(?:\.map)?)$/

/** Signatures that answer anything: of a function, of an effect, of an operation. */
const anyAnswer = /=> (?:[\w.]+<)?any\b|, any, "[A-Z]\w+">/

/** Declarations in which some answer is known to nobody: upcasters of old events, and methods of all operations at once. */
const mayAnswerAny: ReadonlySet<string> = new Set([
  "packages/domain/dist/Event.d.ts",
  "packages/event-store/dist/port/Catalogue.d.ts",
  "packages/http/dist/server/Call.d.ts",
  "packages/registrar/dist/api/Reading.d.ts"
])

/** Declarations of a package that say `any` where a caller asks what is answered. */
const answeringAny = ({ files, folder }: Pick<Packed, "files" | "folder">): ReadonlyArray<string> =>
  files
    .filter((file) => file.endsWith(".d.ts"))
    .map((file) => `${folder}/${file}`)
    .filter((path) => !mayAnswerAny.has(path) && anyAnswer.test(readFileSync(join(root, path), "utf8")))

/** What is wrong with the files of a tarball. */
export const faultsOf = (packed: Packed): ReadonlyArray<string> => {
  const { files, manifest } = packed
  const missing = expected.filter((file) => !files.includes(file))
  const strange = files.filter((file) => !expected.includes(file) && !allowed.test(file))
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target)
  )
  const gone = targets.map((target) => target.replace("./", "")).filter((target) => !files.includes(target))
  const conditions = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [] : Object.keys(target)
  )
  const wide = [...new Set(conditions)].filter((each) => ![sourceCondition, "types", "default"].includes(each))
  return [
    ...answeringAny(packed).map((path) => `${path} answers any`),
    ...missing.map((file) => `${manifest.name} lacks ${file}`),
    ...strange.map((file) => `${manifest.name} ships ${file}`),
    ...gone.map((file) => `${manifest.name} exports ${file}, which it does not ship`),
    ...wide.map((condition) => `${manifest.name} exports something under the condition ${condition}`)
  ]
}
