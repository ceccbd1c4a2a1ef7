/**
 * Small files and databases in a register's folder: written durably, for the owner's eyes only. For the modules that open the folder.
 */
import { Effect } from "effect"
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { RegisterUnavailable } from "../base/RegisterUnavailable.ts"

/** @category running */
export const attempt = <A>(what: string, run: () => A): Effect.Effect<A, RegisterUnavailable> =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new RegisterUnavailable({ message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause })
  })

/** Writes a small file so that it is there whole or not at all, even after a power loss. For the owner's eyes only. */
export const writeDurably = (folder: string, name: string, content: string): void => {
  const path = join(folder, name)
  const temporary = `${path}.new`
  const file = openSync(temporary, "w", 0o600)
  try {
    // Not a single write, which may end early.
    writeFileSync(file, content)
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
 * Makes a database if it is missing, readable for its owner only, and returns its path. SQLite itself would let every user that can see the
 * folder read it. The files beside a database get the mode of the database.
 */
export const database = (folder: string, name: string): Effect.Effect<string, RegisterUnavailable> =>
  attempt(`${join(folder, name)} cannot be made`, () => {
    const path = join(folder, name)
    closeSync(openSync(path, "a", 0o600))
    return path
  })

/** The failure for a missing file that belongs to another one. @category constructors */
export const restore = (folder: string, name: string, file: string): RegisterUnavailable =>
  new RegisterUnavailable({
    message: `${join(folder, name)} is missing, but ${file} is there. Restore ${name} from your backup; a new one would not fit.`
  })
