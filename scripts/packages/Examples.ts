/**
 * The examples, run from tarballs. An example is one file, or a program of its own; the packed command serves those that need a server. For
 * the checks of packages.
 *
 * A folder of `examples/` with a `package.json` is a program. It is copied, what it depends on is installed, its types are checked, and
 * `npm test` has to pass in it. Nothing else has to be told here.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { importsOfModule, type Ran, run } from "./Projects.ts"
import { type Manifest, root } from "./Tarballs.ts"

/** The folders of programs. */
const programs = (): ReadonlyArray<string> =>
  globSync("examples/*/package.json", { cwd: root })
    .map((path) => dirname(path).slice("examples/".length))
    .toSorted()

/** Copies the examples into a project that is still empty. Returns its workspaces. */
export const copyExamples = (project: string): ReadonlyArray<string> => {
  cpSync(join(root, "examples"), project, { recursive: true, filter: (path) => !/node_modules|\.db$/.test(path) })
  return programs()
}

/** The modules of all examples. */
export const modulesOf = (project: string): ReadonlyArray<string> => [
  ...globSync("*.ts", { cwd: project }),
  ...programs().flatMap((name) => globSync(`${name}/**/*.ts`, { cwd: project, exclude: ["**/node_modules/**"] }))
]

/** What a program imports and its manifest does not name: found by it only because others are installed beside it. */
const undeclared = (folder: string): ReadonlyArray<string> => {
  const { dependencies, devDependencies }: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const declared = new Set(Object.keys({ ...dependencies, ...devDependencies }))
  const modules = globSync("**/*.ts", { cwd: folder, exclude: ["**/node_modules/**"] })
  const imported = new Set(modules.flatMap((path) => [...importsOfModule(join(folder, path))]))
  return [...imported].filter((name) => !name.startsWith("node:") && !declared.has(name))
}

/** Runs every program. */
export const runPrograms = (project: string): ReadonlyArray<readonly [name: string, ran: Ran]> =>
  programs().map((name) => {
    const missing = undeclared(join(project, name))
    if (missing.length > 0) return [name, { ok: false, said: `its package.json does not name ${missing.join(", ")}` }]
    return [name, run(join(project, name), "npm", ["test", "--silent"])]
  })

/** What a sandbox prints when it is ready. */
const settings = ["URL", "CLIENT_ID", "CLIENT_SECRET", "CAMPAIGN_ID", "PRODUCT_ID"]

/** Serves a sandbox with the packed command, and runs the examples that are one file. */
export const runFiles = async (project: string): Promise<ReadonlyArray<readonly [name: string, ran: Ran]>> => {
  const data = join(project, "sandbox")
  const bin = join(project, "node_modules/effekten/bin/effekten.js")
  const server = spawn(process.execPath, [bin, "serve", "--sandbox", "--port", "0", "--data", data], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = once(server, "exit")
  const environment: NodeJS.ProcessEnv = { ...process.env }
  try {
    for await (const line of createInterface(server.stdout)) {
      const [name = "", value = ""] = line.split(/=(.*)/)
      if (settings.includes(name)) environment[name] = value
      if (settings.every((each) => environment[each] !== undefined)) break
    }
    const here = (...args: ReadonlyArray<string>): Ran => run(project, process.execPath, args, environment)
    return [
      ["embedded.ts", here("embedded.ts")],
      ["store.ts", here("store.ts")],
      ["guide.ts", here("guide.ts")],
      ["intents.ts", here("intents.ts", "customer-4711", join(project, "intents.db"))],
      ["audit-replay.ts", here("audit-replay.ts", data)],
      ["effekten guide", here(bin, "guide", "--data", data)],
      ["effekten verify", here(bin, "verify", "--data", data)]
    ]
  } finally {
    server.kill("SIGTERM")
    await ended
  }
}
