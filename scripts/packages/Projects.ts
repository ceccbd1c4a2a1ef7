/**
 * Empty projects in which tarballs are installed and tried: what a stranger does who follows the README. For the checks of packages.
 *
 * A project lies outside of the repository. So nothing of the workspace is found by it, and nothing hides what a package lacks.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** What a command came to. */
export interface Ran {
  readonly ok: boolean
  readonly said: string
}

/** Runs a command to its end; a hanging one is given up after ten minutes. */
export const run = (
  cwd: string,
  command: string,
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv = process.env
): Ran => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    timeout: 600_000,
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === "win32"
  })
  return { ok: status === 0, said: [error?.message, stdout, stderr].filter(Boolean).join("\n").trim() }
}

interface Project {
  readonly workspaces?: ReadonlyArray<string>
  /** The version of `effect` for all, whatever ranges say. Default: as they say. */
  readonly effect?: string | undefined
}

/** Makes a project and installs what is named: tarballs by path, others by name and range. */
export const install = (
  folder: string,
  what: ReadonlyArray<string>,
  { effect, workspaces = [] }: Project = {}
): Ran => {
  mkdirSync(folder, { recursive: true })
  const manifest = {
    private: true,
    type: "module",
    ...(workspaces.length === 0 ? {} : { workspaces }),
    ...(effect === undefined ? {} : { dependencies: { effect }, overrides: { effect: "$effect" } })
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest)}\n`)
  return run(folder, "npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", ...what])
}

/** Node 22 says of its database that it is experimental. A package can do nothing about it. */
const quiet = Number.parseInt(process.versions.node) < 24 ? ["--disable-warning=ExperimentalWarning"] : []

/** Imports an entry in a process of its own. It has to say nothing. */
export const importEntry = (folder: string, entry: string): Ran => {
  const { ok, said } = run(folder, process.execPath, [
    ...quiet,
    "--input-type=module",
    "--eval",
    `await import(${JSON.stringify(entry)})`
  ])
  return { ok: ok && said === "", said }
}

/** How a user's compiler may be set. */
export const resolutions = ["nodenext", "bundler"] as const

export interface Compilation {
  readonly tsc: string
  readonly resolution: (typeof resolutions)[number]
  readonly files: ReadonlyArray<string>
  /** Packages of types that the program takes for granted. Default: none. */
  readonly types?: ReadonlyArray<string>
}

/** Checks the types of files of a project as strictly as TypeScript can, declarations of packages included. */
export const compile = (folder: string, { files, resolution, tsc, types = [] }: Compilation): Ran => {
  const compilerOptions = {
    target: "es2023",
    module: resolution === "bundler" ? "esnext" : "nodenext",
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: false,
    noEmit: true,
    types
  }
  const config = `tsconfig.${resolution}.json`
  writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, files }))
  return run(folder, process.execPath, [tsc, "--project", config])
}

/** What the code of a module imports. */
const specifiersIn = (path: string): ReadonlyArray<string> =>
  [...readFileSync(path, "utf8").matchAll(/^(?!\s*\*).*(?:\bfrom |\bimport |\bimport\()"([^"]+)"/gm)].map(
    ([, name]) => name!
  )

const packageOf = (specifier: string): string => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")

/** The packages that a module imports. */
export const importsOfModule = (path: string): ReadonlySet<string> =>
  new Set(
    specifiersIn(path)
      .filter((specifier) => !specifier.startsWith("."))
      .map(packageOf)
  )

/** The packages that the declarations of an entry import, those of the modules that it exports among them. */
export const importsOfTypes = (declarations: string): ReadonlySet<string> => {
  const seen = new Set([declarations])
  for (const path of seen)
    for (const specifier of specifiersIn(path))
      if (specifier.startsWith(".")) seen.add(join(dirname(path), specifier).replace(/\.ts$|\.js$/, ".d.ts"))
  return new Set([...seen].flatMap((path) => [...importsOfModule(path)]))
}

/** A module that names everything that entries export. */
export const writeEntries = (folder: string, entries: ReadonlyArray<string>): string => {
  const names = entries.map((entry, index) => ({ entry, name: `entry${index}` }))
  const lines = [
    ...names.map(({ entry, name }) => `import * as ${name} from ${JSON.stringify(entry)}`),
    `export { ${names.map(({ name }) => name).join(", ")} }`
  ]
  writeFileSync(join(folder, "entries.ts"), `${lines.join("\n")}\n`)
  return "entries.ts"
}
