/**
 * Opens a SQLite file of this program durably, or says why not. For the log and the key file; no other module may open them to write.
 */
import { DatabaseSync } from "node:sqlite"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import { connectToRead, isOnReadOnlyMedium, NotReadable } from "./ReadOnlyMedia.ts"
import { runtimeFault } from "./Runtime.ts"
import { settleLog } from "./WriteAheadLog.ts"

/** Makes the connection; a test puts faults in between. */
export type Connect = (
  filename: string,
  options: { readonly readOnly: boolean; readonly timeout: number }
) => DatabaseSync

export interface OpenDatabase {
  readonly filename: string
  /** `PRAGMA application_id`: which of our files it is. */
  readonly applicationId: number
  /** `PRAGMA user_version`: the layout this program reads and writes. */
  readonly version: number
  /** Creates the layout in an empty database. Runs in a transaction. */
  readonly create: (database: DatabaseSync) => void
  readonly readOnly?: boolean | undefined
  readonly connect?: Connect | undefined
}

/** How long to wait for a lock another process holds, before giving up, in milliseconds. */
const LOCK_TIMEOUT = 5_000

/** Bytes that the write-ahead log keeps when it begins anew: a few times of what it has between two checkpoints. */
const LOG_LIMIT = 16 * 1024 * 1024

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** The primary result code of an error of `node:sqlite`; undefined for any other error. */
export const resultCode = (cause: unknown): number | undefined =>
  typeof cause === "object" && cause !== null && "errcode" in cause && typeof cause.errcode === "number"
    ? cause.errcode & 0xff
    : undefined

/** Whether the connection was closed under its user, at the end of its scope. */
export const isClosed = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_INVALID_STATE"

export const isCorruption = (cause: unknown): boolean => {
  const code = resultCode(cause)
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

/** Throws {@link DatabaseRefused}. A file that is refused is not written to. */
export const openDatabase = (options: OpenDatabase): DatabaseSync => {
  const { filename, applicationId, version } = options
  const readOnly = options.readOnly === true
  const refuse = (reason: DatabaseRefused["reason"], message: string, cause?: unknown) =>
    new DatabaseRefused({
      filename,
      reason,
      message: `${filename} ${message}`,
      ...(cause === undefined ? {} : { cause })
    })
  const connect = options.connect ?? ((file, how) => new DatabaseSync(file, how))
  const runtime = runtimeFault(process.versions.node)
  if (runtime !== undefined) throw refuse("runtime", runtime)

  let database: DatabaseSync
  try {
    database = readOnly
      ? connectToRead(filename, (file) => connect(file, { readOnly, timeout: LOCK_TIMEOUT }))
      : connect(filename, { readOnly, timeout: LOCK_TIMEOUT })
  } catch (cause) {
    if (cause instanceof NotReadable) throw refuse("unavailable", cause.message, cause.cause)
    throw readOnly
      ? refuse("missing", "cannot be opened for reading: check the path and its permissions", cause)
      : refuse("unavailable", "cannot be opened: check that its folder exists and can be written", cause)
  }
  try {
    const foundId = number(database, "application_id")
    const foundVersion = number(database, "user_version")
    const tables = Number(database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"])
    const fresh = foundId === 0 && foundVersion === 0 && tables === 0
    if (fresh && readOnly) throw refuse("missing", "holds nothing yet: start the program that writes it first")
    if (!fresh && foundId !== applicationId)
      throw refuse("foreign", "is not a database of this kind: choose another path, nothing was changed")
    if (!fresh && foundVersion > version)
      throw refuse("newer", `has layout ${foundVersion}, this program knows ${version}: run the version that wrote it`)
    if (!readOnly) {
      makeDurable(database, filename, refuse)
      settleLog(database)
    }
    if (fresh) {
      database.exec("BEGIN IMMEDIATE")
      options.create(database)
      database.exec(`PRAGMA application_id = ${applicationId}`)
      database.exec(`PRAGMA user_version = ${version}`)
      database.exec("COMMIT")
    }
    return database
  } catch (cause) {
    database.close()
    if (cause instanceof DatabaseRefused) throw cause
    if (isCorruption(cause))
      throw refuse("damaged", "is damaged: keep a copy of it and restore it from a backup", cause)
    if (isOnReadOnlyMedium(filename))
      throw refuse("unavailable", "lies on a read-only medium: open it to read, or copy its folder to a disk", cause)
    const code = resultCode(cause)
    throw refuse(
      "unavailable",
      code === SQLITE_BUSY || code === SQLITE_LOCKED
        ? "cannot be opened: is another program holding it?"
        : `cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause
    )
  }
}

/** Sets what an acknowledged commit needs to survive a power loss, and looks whether it is set. */
const makeDurable = (
  database: DatabaseSync,
  filename: string,
  refuse: (reason: "not_durable", message: string) => DatabaseRefused
): void => {
  const require = (pragma: string, value: string, expected: string | number) => {
    database.exec(`PRAGMA ${pragma} = ${value}`)
    const found = database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]
    if (found !== expected)
      throw refuse(
        "not_durable",
        `cannot be made durable: ${pragma} is ${String(found)} instead of ${expected}; use a local disk`
      )
  }
  if (filename !== ":memory:") require("journal_mode", "WAL", "wal")
  require("synchronous", "FULL", 2)
  // A long reader lets the write-ahead log grow. Without a limit it would keep that size for as long as the file is open.
  require("journal_size_limit", String(LOG_LIMIT), LOG_LIMIT)
  if (process.platform === "darwin") {
    require("fullfsync", "1", 1)
    require("checkpoint_fullfsync", "1", 1)
  }
}

const number = (database: DatabaseSync, pragma: string): number =>
  Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
