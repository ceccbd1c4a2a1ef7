#!/usr/bin/env node
// The command `effekten`. Plain JavaScript, so that any Node can at least say what it lacks.
// In a clone it runs the TypeScript sources as they are, without a build; as an installed package it runs what was built.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import * as module from "node:module"
import { delimiter, dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const sources = join(here, "..", "src", "Main.ts")
const built = join(here, "..", "dist", "Main.js")
// A published package carries its sources too, but Node takes no types away below node_modules.
const fromSources = existsSync(sources) && !here.split(/[\\/]/).includes("node_modules")

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const isNewEnough = major > 22 || (major === 22 && minor >= 19)

if (!isNewEnough) await runOnWorkspaceNode()
else await run()

async function run() {
  // A reader of the output may stop reading (`effekten serve | head`): no reason to stop working.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (error.code !== "EPIPE") throw error
    })
  }
  // On Node 22 the database and the type stripping announce themselves as experimental; a person can do nothing about it.
  process.removeAllListeners("warning")
  process.on("warning", (warning) => {
    if (warning.name !== "ExperimentalWarning") process.stderr.write(`${warning.name}: ${warning.message}\n`)
  })
  module.enableCompileCache?.()
  if (fromSources) {
    module.registerHooks({
      resolve: (specifier, context, next) =>
        specifier.startsWith("@effekten/") || specifier === "effekten"
          ? next(specifier, { ...context, conditions: [...context.conditions, "@effekten/source"] })
          : next(specifier, context)
    })
  } else if (!existsSync(built)) {
    process.stderr.write("effekten: this package was not built. Run `npm run build` in the workspace.\n")
    process.exit(1)
  }
  const { main } = await import(pathToFileURL(fromSources ? sources : built).href)
  main()
}

/** A machine's own Node may be old while the workspace has brought a newer one. */
async function runOnWorkspaceNode() {
  const node = workspaceNode()
  if (node === undefined || process.env.EFFEKTEN_NODE !== undefined) {
    process.stderr.write(
      `effekten: needs Node 22.19 or newer, and this is ${process.versions.node}. ` +
        "In a clone, `npm start` and `npm test` bring their own; elsewhere, install Node 24 (https://nodejs.org).\n"
    )
    process.exit(1)
  }
  const child = spawn(node, process.argv.slice(1), {
    stdio: "inherit",
    env: { ...process.env, EFFEKTEN_NODE: node, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` }
  })
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  child.on("error", (error) => {
    process.stderr.write(`effekten: ${node} could not be started: ${error.message}\n`)
    process.exit(1)
  })
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    for (const each of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
}

function workspaceNode() {
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const node = join(folder, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node")
    if (existsSync(node)) return node
  }
  return undefined
}
