/**
 * The command as a person runs it: a process of its own, its output and its end. For the tests of this folder.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import type { Answered } from "../packages/http/test/Answers.ts"

/** The bin of the package, as npx runs it. */
export const bin = fileURLToPath(new URL("../packages/cli/bin/effekten.js", import.meta.url))
export const root = fileURLToPath(new URL("..", import.meta.url))

/** What a sandbox prints for programs. */
export const printed = ["URL", "CLIENT_ID", "CLIENT_SECRET", "CAMPAIGN_ID", "PRODUCT_ID"] as const

/** No variable of the machine reaches a test's process by accident. */
const environment = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
  const own = new Set<string>([...printed, "HOST", "PORT"])
  const rest = Object.entries(process.env).filter(([name]) => !own.has(name) && !name.startsWith("EFFEKTEN_"))
  // What one test sends in a second is not what a client does.
  return { ...Object.fromEntries(rest), NO_COLOR: "1", EFFEKTEN_RATE_LIMIT: "0", ...extra }
}

/** A folder that is gone after the test. */
export const temporaryFolder = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), "effekten-"))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Collects what a process prints, and how it ends. */
class Watched {
  stdout = ""
  stderr = ""
  readonly ended: Promise<Ended>
  readonly child: ChildProcess

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (this.stdout += text))
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.stderr += text))
    this.ended = once(child, "close").then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr
    }))
  }
}

/** Sees each answer of a server process. */
const observing = ["--import", new URL("Answers.ts", import.meta.url).href]

/** Holds each answer of a server process to the OpenAPI document as its pipe brings it, so that a long test keeps none of them. */
const conforming = async (pipe: Readable): Promise<void> => {
  const { expectConforming } = await import("../packages/http/test/Conforms.ts")
  let begun = ""
  // What a killed process was about to write has no end of line.
  for await (const text of pipe.setEncoding("utf8")) {
    const lines = `${begun}${text}`.split("\n")
    begun = lines.pop()!
    for (const line of lines) expectConforming(JSON.parse(line) as Answered)
  }
}

/** Milliseconds after which a process that neither ends nor gets ready is given up. None comes near it, on a busy machine either. */
const patience = 180_000

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Runs any program to its end. */
export const run = async (program: string, args: ReadonlyArray<string>, options: RunOptions = {}): Promise<Ended> => {
  const child = spawn(program, args, {
    cwd: options.cwd ?? root,
    env: environment(options.env),
    stdio: ["ignore", "pipe", "pipe"]
  })
  const watched = new Watched(child)
  const timer = setTimeout(() => child.kill("SIGKILL"), patience)
  try {
    return await watched.ended
  } finally {
    clearTimeout(timer)
  }
}

/** Runs `effekten …` to its end. */
export const effekten = (args: ReadonlyArray<string>, options?: RunOptions): Promise<Ended> =>
  run(process.execPath, [bin, ...args], options)

/** What a command printed for programs, by name: `CLIENT_ID=…`. */
export const valuesOf = ({ stdout }: Ended): { readonly [name: string]: string } =>
  Object.fromEntries([...stdout.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]))

export interface Server {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly campaignId: string
  readonly productId: string
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Fails if an answer was not what the OpenAPI document says. */
  readonly ended: Promise<Ended>
  /** `kill -9`, and waits for the end. */
  readonly kill: () => Promise<Ended>
  /** Asks it to stop, and waits for the end. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ended>
}

export interface StartOptions {
  readonly port?: string
  readonly args?: ReadonlyArray<string>
  readonly env?: NodeJS.ProcessEnv
}

/** The command line of a sandbox, at a free port if none is said. */
export const serveArgs = (folder: string, { args = [], port = "0" }: StartOptions = {}): ReadonlyArray<string> => [
  "serve",
  "--sandbox",
  "--data",
  folder,
  "--port",
  port,
  ...args
]

/** Starts `effekten serve --sandbox` and waits until it says that it is ready. */
export const startServer = async (folder: string, options?: StartOptions): Promise<Server> => {
  const child = spawn(process.execPath, [...observing, bin, ...serveArgs(folder, options)], {
    cwd: root,
    env: environment(options?.env),
    stdio: ["ignore", "pipe", "pipe", "pipe"]
  })
  const watched = new Watched(child)
  // A failure is told when the process has ended, not in the midst of whatever the test does then.
  const conform = Promise.allSettled([conforming(child.stdio[3] as Readable)])
  const ended = watched.ended.then(async (how) => {
    const [held] = await conform
    if (held.status === "rejected") throw held.reason
    return how
  })
  const values = await new Promise<Map<string, string>>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ${patience} ms: ${watched.stderr}`)), patience)
    const look = () => {
      const lines = watched.stdout.split("\n").slice(0, -1)
      if (lines.length < printed.length) return
      clearTimeout(timer)
      child.stdout!.off("data", look)
      resolve(new Map(lines.slice(0, printed.length).map((line) => splitOnce(line))))
    }
    child.stdout!.on("data", look)
    void watched.ended.then(({ code, signal, stderr }) => {
      clearTimeout(timer)
      reject(new Error(`ended before it was ready (${code ?? signal}): ${stderr}`))
    })
  }).catch((error: unknown) => {
    child.kill("SIGKILL")
    throw error
  })
  const value = (name: (typeof printed)[number]): string => {
    const found = values.get(name)
    if (found === undefined) throw new Error(`${name} was not printed:\n${watched.stdout}`)
    return found
  }
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  return {
    url: value("URL"),
    clientId: value("CLIENT_ID"),
    clientSecret: value("CLIENT_SECRET"),
    campaignId: value("CAMPAIGN_ID"),
    productId: value("PRODUCT_ID"),
    pid: child.pid!,
    stdout: () => watched.stdout,
    stderr: () => watched.stderr,
    ended,
    kill: () => end("SIGKILL"),
    stop: (signal = "SIGTERM") => end(signal)
  }
}

const splitOnce = (line: string): readonly [string, string] => {
  const at = line.indexOf("=")
  return [line.slice(0, at), line.slice(at + 1)]
}
