/**
 * Loaded by a server process that a test starts, before its program: it writes every answer to a pipe that the test reads.
 */
import { writeSync } from "node:fs"
import { observe } from "../packages/http/test/Answers.ts"

/** The descriptor of the pipe, behind input, output and errors. */
export const pipe = 3

observe((answered) => {
  try {
    writeSync(pipe, `${JSON.stringify(answered)}\n`)
  } catch (error) {
    // The test is gone, and nobody reads.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error
  }
})
