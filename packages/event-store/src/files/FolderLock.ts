/**
 * One process at a time in a folder. For programs that open a register's files to write.
 */
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

/**
 * Holds the folder until the scope closes. It is a lock of the operating system on an open file, so a crash releases it too. The file
 * itself stays; nobody has to remove it.
 *
 * @category constructors
 */
export const acquire = (folder: string): Effect.Effect<void, FolderLocked, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({ try: () => lock(join(folder, FILE)), catch: (cause) => refused(folder, cause) }),
    (database) => Effect.sync(() => database.close())
  ).pipe(Effect.asVoid)

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
        ? `${folder} is in use by another process: stop it first, or open the folder for reading`
        : `${folder} cannot be locked: check that the folder exists and can be written`,
    cause
  })
