/** Kills a child of a test in the midst of what it does. For the tests that a register survives it. */
import { spawn } from "node:child_process"
import { join } from "node:path"

/** Runs a script of this folder until it is killed `delay` milliseconds after it printed a line like this; what it printed, line by line. */
export const killed = (script: string, folder: string, line: RegExp, delay: number): Promise<ReadonlyArray<string>> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        "--conditions=@effekten/source",
        "--disable-warning=ExperimentalWarning",
        join(import.meta.dirname, script),
        folder
      ],
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    let output = ""
    let errors = ""
    child.stdout.on("data", (data: Buffer) => {
      const before = line.test(output)
      output += data.toString()
      if (!before && line.test(output)) setTimeout(() => child.kill("SIGKILL"), delay)
    })
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()))
    child.on("error", reject)
    child.on("close", (_code, signal) => {
      if (signal === "SIGKILL") resolve(output.split("\n").slice(0, -1))
      else reject(new Error(`the child ended by itself: ${errors}`))
    })
  })
