/**
 * One process at a time in a folder. For programs that open a register's files to write.
 */
import { realpathSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Schema, type Scope } from "effect"
import { resultCode } from "./OpenDatabase.ts"

/** Another process has the folder, or its lock cannot be taken. The message says what to do. @category errors */
export class FolderLocked extends Schema.TaggedError<FolderLocked>()("FolderLocked", {
  folder: Schema.String,
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

const FILE = "lock.db"
const BUSY = 5

/** Folders that this process holds, by their real paths: a lock does not say whose it is. */
const held = new Set<string>()

/**
 * Holds the folder until the scope closes. It is a lock of the operating system on an open file, so a crash releases it too. The file
 * itself stays; nobody has to remove it.
 *
 * @category constructors
 */
export const acquire = (folder: string): Effect.Effect<void, FolderLocked, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({ try: () => locked(folder), catch: (cause) => refused(folder, cause) }),
    ({ database, path }) =>
      Effect.sync(() => {
        held.delete(path)
        database.close()
      })
  ).pipe(Effect.asVoid)

const locked = (folder: string): { readonly database: DatabaseSync; readonly path: string } => {
  const database = lock(join(folder, FILE))
  const path = realpathSync(folder)
  held.add(path)
  return { database, path }
}

const lock = (filename: string): DatabaseSync => {
  const database = new DatabaseSync(filename, { timeout: 0 })
  try {
    database.exec("BEGIN EXCLUSIVE")
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

const refused = (folder: string, cause: unknown): FolderLocked =>
  new FolderLocked({
    folder,
    message:
      resultCode(cause) === BUSY
        ? held.has(realpathSync(folder))
          ? `${folder} is in use by another layer of this process: build the layer once and share it`
          : `${folder} is in use by another process: stop it first, or open the folder for reading`
        : `${folder} cannot be locked: check that the folder exists and can be written`,
    cause
  })
