/**
 * Opens a SQLite file to read, also where nothing can be written: on read-only media. For readers such as auditors; a writer never opens a
 * file so.
 */
import { accessSync, constants, statSync } from "node:fs"
import { dirname } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"

/** Why a file that is there cannot be read where it lies. The message goes on from its name. */
export class NotReadable extends Error {}

/**
 * SQLite makes a file beside a database with a write-ahead log, even to read it. Where the medium is read-only it can't, nor need it: no
 * process writes there. Then the file is opened as one that does not change. A log that was left behind would be passed over, so it is
 * refused.
 */
export const connectToRead = (filename: string, connect: (filename: string) => DatabaseSync): DatabaseSync => {
  const database = connect(filename)
  try {
    database.prepare("SELECT count(*) FROM sqlite_schema").get()
    return database
  } catch (cause) {
    const refused = refusalOf(filename)
    if (refused === undefined) return database
    database.close()
    if (refused !== "read-only") throw new NotReadable(refused, { cause })
    return connect(`${pathToFileURL(filename).href}?immutable=1`)
  }
}

/** Whether no process can write where a file lies. */
export const isOnReadOnlyMedium = (filename: string): boolean => writeFault(filename) === "EROFS"

/** What keeps SQLite from making a file beside this one; undefined where nothing does. */
const refusalOf = (filename: string): "read-only" | (string & {}) | undefined => {
  const fault = writeFault(filename)
  if (fault === undefined) return undefined
  if (fault !== "EROFS")
    return `cannot be read by this user: SQLite has to make a file beside it, and its folder may not be written to (${fault})`
  return hasLog(filename)
    ? "was not closed cleanly and lies on a read-only medium, where its write-ahead log cannot be read: copy the folder to a disk"
    : "read-only"
}

/** The code of the operating system where the folder of a file may not be written to. */
const writeFault = (filename: string): string | undefined => {
  try {
    accessSync(dirname(filename), constants.W_OK)
    return undefined
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code
  }
}

const hasLog = (filename: string): boolean => (statSync(`${filename}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
