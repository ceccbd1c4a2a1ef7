// Installs what the workspace needs, once, and then runs `effekten` if it was asked to. Plain JavaScript without dependencies: it runs
// on the Node a bare machine has. `npm start` and `npm test` call it first; afterwards `node` on the PATH of an npm script is Node 24.
//
//     node scripts/setup.mjs
//     node scripts/setup.mjs effekten serve --sandbox
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const lock = `${root}package-lock.json`
const installed = `${root}node_modules/.package-lock.json`
const command = `${root}node_modules/.bin/effekten${process.platform === "win32" ? ".cmd" : ""}`

/** The versions a lock file pins, without what differs between the two files by nature. */
const versions = (file) => {
  const { packages } = JSON.parse(readFileSync(file, "utf8"))
  return Object.entries(packages)
    .filter(([path, entry]) => path.startsWith("node_modules/") && !entry.link && !entry.optional)
    .map(([path, entry]) => `${path}@${entry.version}`)
    .sort()
    .join("\n")
}

/** A package that is new in the workspace has no link yet. */
const areLinked = () =>
  Object.entries(JSON.parse(readFileSync(lock, "utf8")).packages).every(
    ([path, entry]) => !entry.link || existsSync(`${root}${path}`)
  )

const isUpToDate = () =>
  existsSync(installed) &&
  existsSync(command) &&
  areLinked() &&
  (statSync(installed).mtimeMs >= statSync(lock).mtimeMs || versions(installed) === versions(lock))

if (!isUpToDate()) {
  process.stderr.write("Installing dependencies (once) …\n")
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32"
  })
  if (error || status !== 0) {
    process.stderr.write(`Could not install the dependencies with npm ci${error ? `: ${error.message}` : ""}.\n`)
    process.exit(1)
  }
}

// In this very process, and `npm start` says `exec`: a shell in between would not pass on the signal that asks the server to stop.
if (process.argv[2] === "effekten") {
  const bin = new URL("../packages/cli/bin/effekten.js", import.meta.url)
  process.argv.splice(1, 2, fileURLToPath(bin))
  await import(bin.href)
}
