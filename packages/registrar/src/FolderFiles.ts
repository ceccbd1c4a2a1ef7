/**
 * Small files in a register's folder, and why a register cannot be opened. For everything that opens one.
 */
import { Effect, Schema } from "effect"
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs"
import { join } from "node:path"

/** The register could not be opened. The message says what is wrong and what to do. @category errors */
export class RegisterUnavailable extends Schema.TaggedError<RegisterUnavailable>()("RegisterUnavailable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** Runs what may throw, and says what it was for. @category files */
export const attempt = <A>(what: string, run: () => A): Effect.Effect<A, RegisterUnavailable> =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new RegisterUnavailable({ message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause })
  })

/** Writes a small file so that it is there whole or not at all, even after a power loss. For the owner's eyes only. @category files */
export const writeDurably = (folder: string, name: string, content: string): void => {
  const path = join(folder, name)
  const temporary = `${path}.new`
  const file = openSync(temporary, "w", 0o600)
  try {
    writeSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const directory = openSync(folder, "r")
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/**
 * The path of a database, which is there afterwards and readable for its owner only: SQLite would make it readable for whoever can see the
 * folder, and gives the files beside a database the mode of the database.
 *
 * @category files
 */
export const database = (folder: string, name: string): Effect.Effect<string, RegisterUnavailable> =>
  attempt(`${join(folder, name)} cannot be made`, () => {
    const path = join(folder, name)
    closeSync(openSync(path, "a", 0o600))
    return path
  })
