/**
 * Makes durable what SQLite leaves to chance in a write-ahead log. For the log and the key file.
 */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import type { DatabaseSync } from "node:sqlite"

/** Bytes taken at once. */
const CHUNK = 1 << 20

/** Its path; undefined where there is none, as in memory. SQLite takes no locks on this file that closing it here could lose. */
const pathOf = (database: DatabaseSync): string | undefined => {
  const location = database.location()
  return location === null || !existsSync(`${location}-wal`) ? undefined : `${location}-wal`
}

/** Syncs the log as it is: SQLite cuts it off, or begins it anew, and leaves that to chance. */
export const syncLog = (database: DatabaseSync): void => {
  const path = pathOf(database)
  if (path !== undefined) withFile(path, "r+", fsyncSync)
}

/**
 * Takes the log that an earlier process left behind, writes it again as it is, and syncs it.
 *
 * SQLite takes over every commit it finds there, even a commit that was never synced. Either its process was killed on the way, or the sync
 * failed. After a failed sync the pages read as written and a later sync succeeds, but nothing is on the disk. A power loss would take that
 * commit, and all that was acknowledged after it. Written again, it is as durable as any other.
 */
export const settleLog = (database: DatabaseSync): void => {
  const path = pathOf(database)
  if (path === undefined) return
  // No other connection writes to the log meanwhile.
  database.exec("BEGIN IMMEDIATE")
  try {
    withFile(path, "r+", (file) => {
      const { size } = fstatSync(file)
      if (size === 0) return
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size))
      for (let at = 0; at < size;) {
        const read = readSync(file, chunk, 0, Math.min(chunk.length, size - at), at)
        if (read === 0) break
        let written = 0
        while (written < read) written += writeSync(file, chunk, written, read - written, at + written)
        at += read
      }
      fsyncSync(file)
      if (process.platform !== "win32") withFile(dirname(path), "r", fsyncSync)
    })
  } finally {
    database.exec("ROLLBACK")
  }
}

const withFile = (path: string, flags: string, work: (file: number) => void): void => {
  const file = openSync(path, flags)
  try {
    work(file)
  } finally {
    closeSync(file)
  }
}
