/**
 * Files and databases in a register's folder, for the owner's eyes only. For the modules that open the folder.
 */
import { Effect } from "effect"
import { closeSync, openSync } from "node:fs"
import { join } from "node:path"
import { RegisterUnavailable } from "../base/RegisterUnavailable.ts"

/** The folder of the contents. */
export const blobsName = "blobs"

/** @category running */
export const attempt = <A>(what: string, run: () => A): Effect.Effect<A, RegisterUnavailable> =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new RegisterUnavailable({ message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause })
  })

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
