/**
 * Runs one of our programs under `strace`, to see what it does to its files or to let a system call fail. For the tests that need it.
 */
import { spawn, spawnSync } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { traced } from "./Trace.ts"

const works = process.platform === "linux" && spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0

/** Why a test that needs it cannot run; undefined when it can. */
export const withoutStrace = works
  ? undefined
  : "NOT RUN: it needs Linux with strace that may trace (Debian: apt-get install strace)"

export interface Ended {
  /** Lines the program has said, whole ones only. */
  readonly said: ReadonlyArray<string>
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
  readonly errors: string
}

const node = ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"]

const program = (script: string, parameters: ReadonlyArray<string>): ReadonlyArray<string> => [
  process.execPath,
  ...node,
  join(import.meta.dirname, script),
  ...parameters
]

const run = (command: string, parameters: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    let errors = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text))
    child.on("error", reject)
    child.on("close", (code, signal) => resolve({ said: output.split("\n").slice(0, -1), code, signal, errors }))
  })

/** `script` lies beside this file. */
export const strace = (
  flags: ReadonlyArray<string>,
  script: string,
  parameters: ReadonlyArray<string>
): Promise<Ended> => run("strace", ["-f", "-qq", ...flags, ...program(script, parameters)])

/** Without strace: no file may grow beyond this, and a write over the border is cut short. */
export const limited = (kibibytes: number, script: string, parameters: ReadonlyArray<string>): Promise<Ended> =>
  run("bash", ["-c", `trap "" XFSZ; ulimit -f ${kibibytes}; exec "$@"`, "bash", ...program(script, parameters)])

/** Runs it to its end, and returns what it said with the trace of what it did. */
export const trace = async (
  file: string,
  script: string,
  parameters: ReadonlyArray<string>,
  faults: ReadonlyArray<string> = []
): Promise<Ended & { readonly trace: string }> => {
  closeSync(openSync(file, "w"))
  const injections = faults.flatMap((fault) => ["-e", `inject=${fault}`])
  // Four times as fast, but where it stops the process no signal can be given to it.
  const fast = faults.length === 0 ? ["--seccomp-bpf"] : []
  const flags = [...fast, "-xx", "-s", "1000000", "-e", `trace=${traced}`, "-e", "signal=none"]
  const ended = await strace([...flags, ...injections, "-o", file], script, parameters)
  return { ...ended, trace: readFileSync(file, "latin1") }
}
