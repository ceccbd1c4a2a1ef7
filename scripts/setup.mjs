// Installs what the workspace needs, once. Plain JavaScript without dependencies: it runs on the Node a bare machine has.
// `npm start` and `npm test` call it first; afterwards `node` on the PATH of an npm script is the pinned Node 24.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const lock = `${root}package-lock.json`
const installed = `${root}node_modules/.package-lock.json`

const upToDate = () =>
  existsSync(installed) &&
  (statSync(installed).mtimeMs >= statSync(lock).mtimeMs || versions(installed) === versions(lock, true))

/** The versions a lock file pins, without what differs between the two files by nature. */
const versions = (file, skipRoot) => {
  const { packages } = JSON.parse(readFileSync(file, "utf8"))
  return Object.entries(packages)
    .filter(([path, entry]) => path !== "" && !entry.link && path.startsWith("node_modules/") && !entry.optional)
    .map(([path, entry]) => `${path}@${entry.version}`)
    .sort()
    .join(skipRoot ? "\n" : "\n")
}

if (!upToDate()) {
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
